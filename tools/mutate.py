"""Break `src/leastkey/evaluate/` on purpose, one small thing at a time, and see whether the tests notice.

Run: make mutate [FILES="match.py truth.py"] [ONLY=TEXT] [JOBS=2], or .venv/bin/python -m tools.mutate --help
Each mutant is tried in a process of its own: the cases of `cases/`, where they are content the tests, then generated cases
beside the naive evaluator. A mutant that all of them let pass has survived; `tests/mutation/survivors.toml`
says why it may. One that is not listed there fails the run, and so does a listed one that is noticed or is there no more.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib.abc
import importlib.machinery
import json
import os
import resource
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import hypothesis  # noqa: F401  # read once here, as pytest is, and not again in each process
import pytest
from tests.differential.generate import generate
from tests.differential.naive import verdict as naive_verdict
from tools.mutants import mutants

import leastkey.iam.document  # noqa: F401  # as hypothesis
from leastkey.iam.catalog import rcp_services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    from tools.mutants import Mutant

ROOT: Final = Path(__file__).parents[1]
ENGINE: Final = ROOT / "src/leastkey/evaluate"
SURVIVORS: Final = ROOT / "tests/mutation/survivors.toml"
TESTS: Final = (
    "tests/unit/evaluate",
    "--ignore=tests/unit/evaluate/test_cases.py",
    "--ignore=tests/unit/evaluate/test_hostile_cases.py",
)
"""The first decides the cases, as is done here before; what is hostile takes long."""
SEED: Final = 1
GENERATED: Final = 300
CPU_SECONDS: Final = 120
MEMORY: Final = 2 << 30
SURVIVED, BY_CASES, BY_GENERATED, BY_TESTS = range(4)


Known = dict[str, dict[str, str]]
"""By file the survivors that are known, each with the reason why it may survive."""


@dataclass(frozen=True)
class Trial:
    """A mutant and the file it is of."""

    file: str
    tree: ast.Module
    mutant: Mutant | None


@dataclass(frozen=True)
class Material:
    """What a mutant is shown first: cases with what they expect, and generated ones with the naive verdict."""

    cases: list[dict[str, Any]]
    generated: list[tuple[str, str]]


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module of the engine from a changed tree."""

    def __init__(self, trial: Trial) -> None:
        self.module = f"leastkey.evaluate.{trial.file.removesuffix('.py')}"
        self.path = str(ENGINE / trial.file)
        self.tree = trial.tree

    def find_spec(self, fullname: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        """Find the one module."""
        if fullname != self.module:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=self.path)

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed tree as the module."""
        exec(compile(self.tree, self.path, "exec"), module.__dict__)  # noqa: S102  # our own source, changed on purpose


def cases_are_content(cases: Sequence[dict[str, Any]]) -> bool:
    """Say whether the engine still decides every case of `cases/` as the case says, explained and in brief."""
    from leastkey.evaluate.cases import read_case
    from leastkey.evaluate.decide import decide

    for case in cases:
        read, expected = read_case(case), case["expect"]
        full, brief = (decide(read.request, read.policies, explain=explain) for explain in (True, False))
        by = expected.get("decided_by", full.decided_by)
        if not (
            full.verdict == brief.verdict == expected["verdict"]
            and full.decided_by == brief.decided_by == by
            and list(full.undocumented) == expected.get("undocumented", [])
        ):
            return False
    return True


def generated_are_content(lines: Sequence[tuple[str, str]]) -> bool:
    """Say whether the engine agrees with the naive evaluator wherever it says that AWS documents the answer."""
    from leastkey.evaluate.cases import answer_line

    for line, verdict in lines:
        found = answer_line(line)[0]
        if not found.get("undocumented") and found["verdict"] != verdict:
            return False
    return True


def tests_are_content() -> bool:
    """Run the tests of the engine, in this process, always the same."""
    seeds = (f"--randomly-seed={SEED}", f"--hypothesis-seed={SEED}")
    return (
        pytest.main(
            ["-q", "-x", "--assert=plain", "-p", "no:cacheprovider", "-m", "not speed", *seeds, *TESTS]
        )
        == pytest.ExitCode.OK
    )


def apart(work: Callable[[], int]) -> int:
    """Start work in a process of its own, silent, with bounds on time and memory; gives the process."""
    child = os.fork()
    if child:
        return child
    code = BY_TESTS
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        code = work()
    finally:
        os._exit(code)  # whatever was raised: a mutant that breaks down is noticed


def attempt(trial: Trial, material: Material) -> int:
    """Try one mutant; gives what noticed it."""
    if trial.mutant is not None:
        trial.mutant.swap()
        sys.meta_path.insert(0, Mutated(trial))
    if not _content(cases_are_content, material.cases):
        return BY_CASES
    if not tests_are_content():
        return BY_TESTS
    return SURVIVED if _content(generated_are_content, material.generated) else BY_GENERATED


def _content(check: Callable[[Any], bool], with_what: Any) -> bool:
    try:
        return check(with_what)
    except Exception:  # noqa: BLE001  # whatever a mutant raises, it was noticed
        return False


def run(trials: Sequence[Trial], jobs: int, material: Material) -> Iterator[tuple[Trial, int]]:
    """Try all, so many at a time; gives each as it ends."""
    waiting, running = list(reversed(trials)), dict[int, Trial]()
    while waiting or running:
        while waiting and len(running) < jobs:
            trial = waiting.pop()
            running[apart(lambda trial=trial: attempt(trial, material))] = trial  # type: ignore[misc]  # the default binds it
        child, status = os.wait()
        yield running.pop(child), os.waitstatus_to_exitcode(status)


def trials(files: Sequence[str], only: str, known: Known, *, listed: bool) -> list[Trial]:
    """Give the mutants of some files: all, those with a text in their name, those that are listed."""
    return [
        Trial(file, tree, mutant)
        for file in files
        for tree in (ast.parse((ENGINE / file).read_text(encoding="utf-8")),)
        for mutant in mutants(tree)
        if only in mutant.name and (not listed or mutant.name in known.get(file, {}))
    ]


def cases() -> list[dict[str, Any]]:
    """Give every case of `cases/`, mixed: those beside each other notice the same mutants."""
    found = [
        case
        for file in sorted((ROOT / "cases").glob("*.json"))
        for case in json.loads(file.read_text(encoding="utf-8"))
    ]
    Random(SEED).shuffle(found)  # noqa: S311  # the same order every time
    return found


def generated() -> list[tuple[str, str]]:
    """Give generated cases, each as a line, with what the naive evaluator decides."""
    some = [generate(SEED, number) for number in range(GENERATED)]
    return [(json.dumps(case), naive_verdict(case)) for case in some]


def report(
    results: Sequence[tuple[Trial, int]], known: Known, files: Sequence[str], *, is_whole: bool
) -> int:
    """Print the score a file and what is not as the list says; 1 when there is such a thing."""
    tried: Counter[str] = Counter(trial.file for trial, _ in results)
    mutant_of = {(trial.file, trial.mutant.name): trial.mutant for trial, _ in results if trial.mutant}
    survived = {(t.file, t.mutant.name) for t, code in results if code == SURVIVED and t.mutant}
    for file, count in [*sorted(tried.items()), ("all", len(results))]:
        left = sum(1 for name, _ in survived if file in (name, "all"))
        print(f"{file:<18} {count - left:>5} of {count:<5} noticed  {100 * (count - left) / count:5.1f} %")
    expected = {(file, name) for file in files for name in known.get(file, {})}
    wrong = survived - expected
    for file, name in sorted(wrong):
        line = mutant_of[file, name].line
        print(f"survived, not listed: {file}:{line}\n  {json.dumps(name, ensure_ascii=False)} = ")
    for file, name in sorted(expected - survived):
        if is_whole or (file, name) in mutant_of:
            wrong.add((file, name))
            state = "is noticed now" if (file, name) in mutant_of else "is there no more"
            print(f"listed, and {state}: {file} {name}")
    return 1 if wrong else 0


def main() -> int:
    """Try the mutants chosen and tell how the tests did."""
    parser = argparse.ArgumentParser(
        description="break the engine on purpose and see whether the tests notice"
    )
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="files of the engine, such as match.py; without one, all that the list has",
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants whose name has this text")
    parser.add_argument("--listed", action="store_true", help="no others than those that are listed")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes at a time")
    chosen = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is the same every time too
        again = [sys.executable, "-m", "tools.mutate", *sys.argv[1:]]
        os.execve(sys.executable, again, os.environ | {"PYTHONHASHSEED": "0"})  # noqa: S606  # this program
    known: Known = tomllib.loads(SURVIVORS.read_text(encoding="utf-8"))
    files = chosen.files or sorted(known)
    missing = [file for file in files if not (ENGINE / file).is_file()]
    if missing:
        print(f"{ENGINE.relative_to(ROOT)} has no {missing[0]}", file=sys.stderr)
        return 2
    began = monotonic()
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    rcp_services()  # read once here, and not again in each process
    material = Material(cases(), generated())
    gc.freeze()
    whole = Trial("nothing", ast.Module([], []), None)
    if any(code != SURVIVED for _, code in run([whole], 1, material)):
        print("the tests fail on the engine as it is: make test first", file=sys.stderr)
        return 2
    some = trials(files, chosen.only, known, listed=chosen.listed)
    results = []
    for trial, code in run(some, chosen.jobs, material):
        results.append((trial, code))
        if code == SURVIVED and trial.mutant:
            print(f"survived: {trial.file} {trial.mutant.name}", file=sys.stderr)
        if len(results) % 100 == 0:
            print(f"{len(results)} of {len(some)} mutants tried", file=sys.stderr)
    by = Counter(min(code, BY_TESTS) if code >= 0 else "time" for _, code in results)
    ended = report(results, known, files, is_whole=not chosen.only)
    print(
        f"noticed by cases {by[BY_CASES]}, generated cases {by[BY_GENERATED]}, tests {by[BY_TESTS]}, "
        f"time or memory {by['time']}; {monotonic() - began:.0f} s"
    )
    return ended


if __name__ == "__main__":
    sys.exit(main())
