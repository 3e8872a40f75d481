"""The quality gates: each is run, and tells in one line what it measured beside its bound.

Run: .venv/bin/python tools/check.py [GATE ...]   gates: lint format types rings house coverage
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT: Final = Path(__file__).parents[1]
BIN: Final = Path(sys.executable).parent


def _pure_ring() -> list[str]:
    """Give the packages that pyproject.toml holds to doing no input or output."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (packages,) = [each["source_modules"] for each in contracts if "pure ring" in each["name"]]
    return list(packages)


OVERALL: Final = 95.0
PURE_RING: Final = 100.0
PURE: Final = ",".join(f"src/{package.replace('.', '/')}/*" for package in _pure_ring())
COVERING: Final = (
    "tests/unit",
    "tests/laws/test_adopt_laws.py",
    "tests/laws/test_compile_laws.py",
    "tests/laws/test_plan_laws.py",
    "tests/contract",
    "tests/sandbox",
    "tests/plugin",
    "tests/security",
    "tests/e2e/test_seven_steps.py",
    "tests/e2e/test_adopt.py",
    "tests/e2e/test_doctor.py",
    "tests/e2e/test_revoke.py",
    "tests/e2e/test_status.py",
    "tests/hostile/test_terminal.py",
    "tests/hostile/test_streams.py",
    "tests/hostile/test_files_and_homes.py",
    "--ignore=tests/unit/spec/test_hostile.py",  # it measures time and memory, which measuring changes
    "--ignore=tests/unit/evaluate/test_hostile_cases.py",  # so does this
    "--ignore=tests/security/test_canary.py",  # processes that others have measured already
    "--ignore=tests/security/test_hardening.py",
    "--ignore=tests/security/test_link_races.py",
)
"""The tests that reach the code in the least time, which measuring makes two to three times longer; `make test` runs all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a gate ended: its lines when it passed, and what to read when it did not."""

    passed: bool
    lines: list[str]
    said: str = ""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the virtual environment from the repository's root."""
    environ = os.environ | {"COVERAGE_FILE": str(ROOT / ".coverage"), "NO_COLOR": "1"}
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )


def _tool(name: str, command: Sequence[str], value: str, fix: str) -> Outcome:
    """Run a tool; `value` is a pattern for what it measured, in its own output."""
    ended = run(*command)
    found = re.search(value, ended.stdout)
    if ended.returncode == 0 and found:
        return Outcome(passed=True, lines=[f"{name:<14} {' '.join(found.group(0).split())}"])
    return Outcome(passed=False, lines=[f"{name:<14} failed"], said=f"{ended.stdout.rstrip()}\nfix: {fix}")


def lint() -> Outcome:
    """Ruff, every rule but those pyproject.toml lists with a reason."""
    return _tool(
        "lint", ("ruff", "check", "."), r"All checks passed!", "`make fix` does what ruff can do by itself"
    )


def formatting() -> Outcome:
    """Compare the layout of every file with the formatter's."""
    return _tool("format", ("ruff", "format", "--check", "."), r"\d+ files already formatted", "`make fix`")


def types() -> Outcome:
    """Mypy, strict, over sources, tests, tools and benchmarks."""
    return _tool(
        "types",
        ("mypy",),
        r"no issues found in \d+ source files",
        "say the type; an `Any` belongs at a door to an untyped library",
    )


def rings() -> Outcome:
    """Import-linter: every import points inwards."""
    return _tool(
        "rings",
        ("lint-imports",),
        r"\d+ kept, 0 broken",
        "move the code to the ring it belongs to; docs/architecture.md shows them",
    )


def house() -> Outcome:
    """Run the rules that no tool knows: tests/house."""
    ended = run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "tests/house")
    lines = re.findall(r"^gate (.+)$", ended.stdout, re.MULTILINE)
    passed = re.search(r"^(\d+) passed in", ended.stdout, re.MULTILINE)
    if ended.returncode == 0 and passed and lines:
        return Outcome(passed=True, lines=[*lines, f"{'house':<14} {passed.group(1)} rules hold"])
    said = ended.stdout.partition(" FAILURES ")[2] or ended.stdout
    return Outcome(passed=False, lines=[*lines, f"{'house':<14} failed"], said=said)


def coverage() -> Outcome:
    """Branches that tests reach: all of the pure ring's, and most of the others'."""
    print("coverage: running tests, some minutes", file=sys.stderr, flush=True)
    run("coverage", "erase")
    ended = run(
        *(
            "coverage",
            "run",
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-n",
            "2",
            "--dist",
            "worksteal",
        ),
        *COVERING,
    )
    if ended.returncode != 0:
        said = ended.stdout.partition(" FAILURES ")[2] or ended.stdout
        return Outcome(passed=False, lines=[f"{'coverage':<14} its tests failed"], said=said)
    run("coverage", "combine", "--quiet")
    for cut_off in ROOT.glob(".coverage.*"):
        cut_off.unlink()  # of a process that a test killed while it wrote: it would be counted as an error
    totals = [run("coverage", "report", "--format=total", "--precision=2", *some).stdout for some in _PARTS]
    if not all(re.fullmatch(r"\d+\.\d+\s*", each) for each in totals):
        return Outcome(passed=False, lines=[f"{'coverage':<14} not measured"], said="\n".join(totals))
    overall, pure = (float(each) for each in totals)
    line = f"{'coverage':<14} {overall} % of {OVERALL:g}, pure ring {pure:g} % of {PURE_RING:g}, branches counted"
    if overall >= OVERALL and pure >= PURE_RING:
        return Outcome(passed=True, lines=[line])
    short = ("--sort=miss",) if pure >= PURE_RING else ("--include", PURE)
    return Outcome(
        passed=False,
        lines=[line],
        said=run("coverage", "report", *short).stdout
        + "fix: a test that would see these lines go wrong, or take them out if nothing needs them",
    )


_PARTS: Final = ((), ("--include", PURE))
QUICK: Final[dict[str, Callable[[], Outcome]]] = {
    "lint": lint,
    "format": formatting,
    "types": types,
    "rings": rings,
    "house": house,
}
"""These run side by side; coverage has the computer for itself."""
GATES: Final = QUICK | {"coverage": coverage}


def _run_by_gates() -> Iterator[str]:
    """Give the folders and files whose tests a gate runs; of a folder with exceptions, its files one by one."""
    left_out = {ROOT / each.removeprefix("--ignore=") for each in COVERING if each.startswith("-")}
    for each in (*COVERING, "tests/house"):
        if each.startswith("-"):
            continue
        if any(ROOT / each in file.parents for file in left_out):
            files = sorted({*(ROOT / each).rglob("test_*.py")} - left_out)
            yield from (str(file.relative_to(ROOT)) for file in files)
        else:
            yield each


def main(chosen: Sequence[str]) -> int:
    """Run the gates chosen, or all; 1 when one fails. `--rest` tells pytest of the tests that no gate runs."""
    if list(chosen) == ["--rest"]:
        print("tests", *(f"--ignore={each}" for each in _run_by_gates()))
        return 0
    unknown = [each for each in chosen if each not in GATES]
    if unknown:
        print(f"no gate {', '.join(unknown)}; there are: {', '.join(GATES)}", file=sys.stderr)
        return 2
    began = perf_counter()
    failed: list[tuple[str, str]] = []
    with ThreadPoolExecutor(2) as side_by_side:
        quick = {name: side_by_side.submit(QUICK[name]) for name in QUICK if not chosen or name in chosen}
        ended = [(name, future.result) for name, future in quick.items()]
        for name, result in [*ended, *([("coverage", coverage)] if "coverage" in (chosen or GATES) else [])]:
            outcome = result()
            print(*outcome.lines, sep="\n", flush=True)
            if not outcome.passed:
                failed.append((name, outcome.said))
    for name, said in failed:
        print(f"\n==== {name}\n{said}")
    words = f"failed: {', '.join(name for name, _ in failed)}" if failed else "all gates hold"
    print(f"\n{words}, {perf_counter() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
