"""A secret leaves its wrapper at counted places, is never bound to a name there, and nothing walks around the wrapper."""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING

from tests.house.sources import Source, nothing, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.house.conftest import Measured

REVEALS = {
    "aws/sigv4.py": 1,  # we sign
    "iam/credentials.py": 1,  # handed over whole: helper document, child's environment, botocore
    "vault/sealed.py": 1,  # encrypted
}
DOORS = 5
"""More boundaries than these would be too many to watch."""
SANDBOX_REVEALS = {
    # These secrets open nothing but the embedded AWS that made them.
    "cli/sandbox/door.py": 1,
    "sandbox/gate/old_signature.py": 1,
    "sandbox/state/accounts.py": 1,
    "sandbox/server/control.py": 1,
    "sandbox/server/process.py": 1,
    "sandbox/server/runfile.py": 1,
    "sandbox/server/seal.py": 2,  # the key of its snapshots: over a pipe to its process, and into the cipher
    "sandbox/server/selftest.py": 1,
    "sandbox/state/sessions.py": 2,
    "sandbox/sts/answers.py": 2,
    "sandbox/testing/identity.py": 2,
}
SERIALIZERS = {"copyreg", "dbm", "dill", "jsonpickle", "marshal", "pickle", "shelve"}
PICKLES = "sandbox/server/snapshot.py"  # the embedded AWS keeps its own state so, under a seal
AROUND = ("_Secret__value", "__closure__", "cell_contents", "__reduce__", "__reduce_ex__", "__getstate__")


def inside(source: Source) -> str:
    return source.name.removeprefix("src/leastkey/")


def is_reveal(node: ast.AST) -> bool:
    """Tell `x.reveal`, called or handed on, and the word as a text, which getattr and its kin take."""
    match node:
        case ast.Attribute(attr="reveal") | ast.Constant(value="reveal"):
            return True
        case _:
            return False


def bound(source: Source) -> Iterator[int]:
    """Give the lines where a revealed text, alone or in a text or a collection, gets a name."""
    for node in source.nodes:
        match node:
            case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.NamedExpr(value=value):
                held: ast.AST | None = value
            case ast.AnnAssign(value=value) | ast.Return(value=value):
                held = value
            case ast.For(iter=value) | ast.comprehension(iter=value) | ast.withitem(context_expr=value):
                held = value
            case ast.Lambda(body=value):
                held = value
            case _:
                continue
        if held is not None and _bare(held) and not isinstance(node, ast.Return):
            yield held.lineno  # type: ignore[attr-defined]  # an expression has a line


def _bare(node: ast.AST) -> bool:
    """Tell whether a revealed text is this value or an element of it: not merely handed to a call in it."""
    if is_reveal(node):
        return True
    if isinstance(node, ast.Call):
        return is_reveal(node.func)
    return any(_bare(child) for child in ast.iter_child_nodes(node))


def test_secrets_leave_their_wrapper_at_known_places_only(measured: Measured) -> None:
    found = Counter(inside(each) for each in sources("src") for node in each.nodes if is_reveal(node))
    wanted = REVEALS | SANDBOX_REVEALS
    ours, sandbox = sum(REVEALS.values()), sum(SANDBOX_REVEALS.values())
    measured(
        "reveal() sites",
        f"{ours} of {DOORS} at our doors, {sandbox} in the embedded AWS",
    )
    assert ours <= DOORS
    nothing(
        [
            f"{name}: {found[name]} instead of {wanted.get(name, 0)}"
            for name in sorted(found.keys() | wanted)
            if found[name] != wanted.get(name, 0)
        ],
        "hand the Secret on; a new boundary is named in tests/house/test_secrets_have_one_exit.py, with its reason",
    )


def test_a_revealed_secret_is_never_bound_to_a_name() -> None:
    nothing(
        [f"{each.name}:{line}" for each in sources("src") for line in bound(each)],
        "call reveal() inline, as the argument of what takes it: a traceback shows names",
    )


def test_nothing_walks_around_the_wrapper() -> None:
    others = [each for each in sources("src") if inside(each) != "secret.py"]
    around = [
        f"{each.name}:{node.lineno} {node.attr if isinstance(node, ast.Attribute) else node.value!r}"
        for each in others
        for node in each.nodes
        if (isinstance(node, ast.Attribute) and node.attr in AROUND)
        or (isinstance(node, ast.Constant) and node.value in AROUND)
    ]
    serializers = [
        f"{each.name}:{node.lineno} {module}"
        for each in others
        if inside(each) != PICKLES
        for node in each.nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in [*(alias.name for alias in node.names), getattr(node, "module", None) or ""]
        if module.partition(".")[0] in SERIALIZERS
    ]
    nothing([*around, *serializers], "a secret is handed on as a Secret and comes out with reveal() alone")


def test_the_check_sees_every_way_of_binding() -> None:
    ways = (
        "x = s.reveal()",
        "x: str = s.reveal()",
        "x, y = a.reveal(), b.reveal()",
        "x = f'{s.reveal()}'",
        "x = {'key': s.reveal()}",
        "x = s.reveal",
        "x = lambda: s.reveal()",
        "f(x := s.reveal())",
        "for x in s.reveal(): pass",
        "x = getattr(s, 'reveal')",
        "x = 'a' + s.reveal()",
    )
    blind = []
    for way in ways:
        source = Source(sources("src")[0].path)
        source.__dict__["nodes"] = tuple(ast.walk(ast.parse(way)))
        if not list(bound(source)) and "getattr" not in way:
            blind.append(way)
        assert any(map(is_reveal, source.nodes))
    assert blind == []
