"""House rules that a reader should never have to check: sizes, words, exits of secrets, the lock."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))

REVEALS = {
    "aws/connect.py": 2,  # botocore signs with a key or a session
    "aws/sigv4.py": 1,  # we sign
    "broker/run.py": 2,  # the child's environment
    "iam/credentials.py": 2,  # the credential_process document
    "vault/age_file.py": 1,  # encrypted
}
SANDBOX_REVEALS = {
    # These secrets open nothing but the embedded AWS that made them.
    "cli/sandbox_door.py": 1,
    "sandbox/state/accounts.py": 1,
    "sandbox/server/control.py": 1,
    "sandbox/server/process.py": 1,
    "sandbox/server/runfile.py": 1,
    "sandbox/state/sessions.py": 2,
    "sandbox/sts/service.py": 2,
}


def trees() -> list[tuple[str, ast.Module]]:
    return [(str(path.relative_to(ROOT / "src/leastkey")), ast.parse(path.read_text())) for path in SOURCES]


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 50
    ]
    assert long == []


def test_secrets_leave_their_wrapper_at_known_places_only() -> None:
    found: dict[str, int] = {}
    for name, tree in trees():
        calls = sum(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reveal"
            for node in ast.walk(tree)
        )
        if calls:
            found[name] = calls
    assert found == REVEALS | SANDBOX_REVEALS


def test_a_revealed_secret_is_never_bound_to_a_name() -> None:
    bound = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "reveal"
    ]
    assert bound == []


def test_no_mark_of_unfinished_work_stands_in_the_code() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError|pragma: no cover")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [
            *SOURCES,
            *sorted((ROOT / "tests").rglob("*.py")),
            *sorted((ROOT / "docs").rglob("*.md")),
        ]
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


def test_the_lock_holds_a_hash_for_every_package_and_no_address() -> None:
    text = (ROOT / "requirements/all.lock").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)
    packages = [entry for entry in entries if "==" in entry]
    assert packages
    assert [entry.splitlines()[0] for entry in packages if "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_the_javascript_lock_holds_a_hash_for_every_package_and_no_address() -> None:
    text = (ROOT / "tests/clients/js/package-lock.json").read_text()
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert len(packages) > 6
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []
    assert "://" not in text


def test_every_suppression_gives_its_code_and_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"#\s*(noqa|type:\s*ignore)", line)
        and not re.search(r"#\s*(noqa: [A-Z0-9, ]+|type: ignore\[[a-z-, ]+\])\s+# \S", line)
    ]
    assert bare == []
