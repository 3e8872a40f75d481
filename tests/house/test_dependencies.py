"""The dependency budget: what a user installs is counted, used, and declared."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.house.sources import ROOT, nothing

if TYPE_CHECKING:
    from tests.house.conftest import Measured

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OF_THE_VAULT = {"keyring", "pyrage", "secretstorage"}
OF_THE_HOST = {"pytest"}
"""What loads our plugin is there already."""
NOT_IMPORTED = {
    "keyring",  # its back ends are opened by name, from a list
    "flask",  # moto's own application, which our gate calls, imports these two
    "flask-cors",
}


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def installed(roots: set[str]) -> set[str]:
    """Give everything these distributions bring along on this platform, themselves included."""
    found: set[str] = set()
    waiting = [(root, "") for root in roots]
    while waiting:
        name, extra = waiting.pop()
        found.add(name)
        for text in distribution(name).requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                wanted = [(canonicalize_name(needed.name), each) for each in ("", *needed.extras)]
                waiting += [(each, more) for each, more in wanted if each not in found or more]
    return found


def imported() -> set[str]:
    """Give the distributions whose modules our sources import."""
    owners = packages_distributions()
    modules: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                modules.add(str(node.module).partition(".")[0])
    foreign = modules - sys.stdlib_module_names - {"leastkey"}
    return {canonicalize_name(each) for module in foreign for each in owners.get(module, [module])}


def test_the_core_stays_within_its_budget_of_distributions(measured: Measured) -> None:
    core = names(PROJECT["dependencies"])
    without, whole = len(installed(core - OF_THE_VAULT)), len(installed(core))
    measured("dependencies", f"core {without} of 10 distributions, with the vault {whole} of 28")
    assert without <= 10
    assert whole <= 28


def test_every_dependency_is_imported_and_every_import_declared() -> None:
    declared = names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["sandbox"])
    assert imported() - OF_THE_HOST == declared - NOT_IMPORTED


def test_the_lock_holds_what_the_project_asks_for() -> None:
    text = (ROOT / "requirements/all.lock").read_text()
    locked = {canonicalize_name(name) for name in re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)}
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    extras = [each for texts in PROJECT["optional-dependencies"].values() for each in texts]
    roots = names(PROJECT["dependencies"]) | names(extras) | names(groups["dev"])
    assert roots <= locked


def test_the_lock_pins_every_package_with_hashes_and_names_no_address(measured: Measured) -> None:
    text = (ROOT / "requirements/all.lock").read_text()
    entries = re.split(r"\n(?=\S)", text.replace("\\\n", "\n").strip())
    loose = [
        entry.splitlines()[0]
        for entry in entries
        if not re.fullmatch(
            r"[a-z0-9-]+==[^\s;]+( ; [^\n]+?)?\s*(\n\s+--hash=sha256:[0-9a-f]{64}\s*)+", entry
        )
    ]
    measured("lock", f"{len(entries)} packages of {len(entries)} pinned with sha256, no address")
    nothing(loose, "run `make lock`; write nothing into it by hand")
    assert not re.search(r"://|^-|git\+", text, re.MULTILINE)


def test_the_javascript_lock_holds_a_hash_for_every_package_and_no_address() -> None:
    text = (ROOT / "tests/clients/js/package-lock.json").read_text()
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert len(packages) > 6
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []
    assert "://" not in text
