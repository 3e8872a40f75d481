"""The tree is as docs/architecture.md says, packages open with a paragraph, and modules say what they give."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/leastkey"
PAGE = (ROOT / "docs/architecture.md").read_text()


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")


TREES = {module(path): ast.parse(path.read_text()) for path in SOURCE.rglob("*.py")}


def names_given(tree: ast.Module) -> set[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return None


def test_every_file_the_page_names_is_there() -> None:
    named = re.findall(r"`?((?:[a-z_]+/)+[a-z_*]+\.(?:py|json)|[a-z_]+\.py)", PAGE)
    assert len(named) > 20
    places = (SOURCE, ROOT)
    gone = {
        name for name in named if "NAME" not in name and not any(list(place.glob(name)) for place in places)
    }
    assert gone == set()


def test_the_page_shows_every_package_and_only_those() -> None:
    picture = PAGE.split("```text")[1].split("```")[0]
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert {package for package in packages if not re.search(rf"\b{package}\b", picture)} == set()


def test_every_package_says_what_lives_in_it() -> None:
    first = {
        path.parent.name: ast.get_docstring(ast.parse(path.read_text()))
        for path in SOURCE.rglob("__init__.py")
    }
    assert {name for name, text in first.items() if text is None or len(text) < 60} == set()


def test_what_another_module_takes_is_in_the_givers_all() -> None:
    taken = {
        (node.module, alias.name)
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in TREES
        for alias in node.names
    }
    unsaid = {
        f"{giver}.{name}"
        for giver, name in taken
        if f"{giver}.{name}" not in TREES
        and name != "__version__"
        and name not in (names_given(TREES[giver]) or ())
    }
    assert unsaid == set()


FOR_OTHER_PROGRAMS = {"leastkey.evaluate"}
"""Packages that name, in one place, what programs outside may import."""


def test_what_a_module_gives_is_defined_in_it() -> None:
    loose = {
        f"{name}.{given}"
        for name, tree in TREES.items()
        if name not in FOR_OTHER_PROGRAMS
        for given in names_given(tree) or ()
        if given not in {target for node in tree.body for target in _defined(node)}
    }
    assert loose == set()


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [ast.unparse(target) for target in targets]
        case ast.AnnAssign(target=target):
            return [ast.unparse(target)]
        case _:
            return []
