"""What nobody reads is not there: every name that the sources define is used by the sources, not by tests alone."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.house.sources import Source, nothing, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.house.conftest import Measured

PLAIN = {
    "property", "staticmethod", "classmethod", "cached_property", "contextmanager", "contextlib.contextmanager",
    "cache", "functools.cache", "lru_cache", "final", "dataclass", "override",
}  # fmt: skip
"""Decorators that use nothing by themselves; any other hands the function to somebody."""
CALLED_FROM_OUTSIDE = {
    **dict.fromkeys(("list_commands", "format_commands", "convert"), "click"),
    **dict.fromkeys(("daemon_threads", "allow_reuse_address", "handle_error"), "socketserver"),
    **dict.fromkeys(("simple_response", "respond", "bind_socket", "error_log"), "cheroot"),
    **dict.fromkeys(("RequestHandlerClass", "ConnectionClass", "request_queue_size"), "cheroot"),
    **dict.fromkeys(("max_request_header_size", "max_request_body_size", "keep_alive_conn_limit"), "cheroot"),
    **dict.fromkeys(("persistent_id", "persistent_load", "reducer_override"), "pickle"),
    "pytest_addoption": "pytest",
    **dict.fromkeys(("as_role", "as_user", "recording", "expect_denied"), "tests with the pytest plugin"),
    **dict.fromkeys(("assert_allowed", "assert_denied"), "tests with the pytest plugin"),
    **dict.fromkeys(("assert_sufficient", "assert_minimal"), "tests with the pytest plugin"),
    "timeout": "socketserver and cheroot",
    "pages": "tests, which see there what was measured and asked",
    "assume_role": "the contract of both STS adapters; the helper asks by itself, without an SDK",
}
"""Names that somebody else reads, each with who does."""


def definitions(body: list[ast.stmt], *, is_enum: bool = False, mark: str = "") -> Iterator[tuple[int, str]]:
    """Give line and name of what a module defines, and with a dot in front what a class does."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if _is_plain(node):
                yield node.lineno, mark + name
            case ast.ClassDef(name=name):
                yield node.lineno, mark + name
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                yield from definitions(
                    node.body,
                    is_enum=bool(bases & {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}),
                    mark=".",
                )
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                if not is_enum:
                    yield node.lineno, mark + name
            case ast.If(body=inner) | ast.Try(body=inner):
                yield from definitions(inner, mark=mark)
            case _:
                pass


def _is_plain(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return all(ast.unparse(each).partition("(")[0] in PLAIN for each in node.decorator_list)


def uses(source: Source) -> Iterator[str]:
    """Give every name that is read; with a dot in front where it is read of something."""
    silent = {
        id(node)
        for outer in source.nodes
        if isinstance(outer, ast.Assign) and ast.unparse(outer.targets[0]) == "__all__"
        for node in ast.walk(outer)
    }
    by_text = any(word in source.text for word in ("getattr(", "attrgetter(", "methodcaller("))
    for node in source.nodes:
        if id(node) in silent:
            continue
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Load()):
                yield from (name, f".{name}")
            case ast.Constant(value=str(name)) if by_text and name.isidentifier():
                yield from (name, f".{name}")
            case ast.MatchClass(kwd_attrs=names):
                yield from (f".{name}" for name in names)
            case _:
                pass


def test_every_name_the_sources_define_is_used_by_them(measured: Measured) -> None:
    read = {name for each in sources("src") for name in uses(each)}
    defined = [
        (f"{each.name}:{line}", name)
        for each in sources("src")
        for line, name in definitions(each.tree.body)
        if not (name.strip(".").startswith("__") and name.endswith("__"))
    ]
    dead = [
        f"{where} {name}"
        for where, name in defined
        if name not in read and name.strip(".") not in CALLED_FROM_OUTSIDE
    ]
    measured("dead code", f"{len(dead)} of 0 names without a reader, among {len(defined)}")
    nothing(
        dead,
        "take it out, with what only tests it; a name that a library calls stands in CALLED_FROM_OUTSIDE",
    )
    nothing(
        CALLED_FROM_OUTSIDE.keys() - {name.strip(".") for _, name in defined if name not in read},
        "the sources read these or have them no more: take them out of CALLED_FROM_OUTSIDE",
    )
