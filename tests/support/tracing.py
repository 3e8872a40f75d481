"""What programs ask of the kernel, by strace: what they run, open, write, and how they closed themselves before that."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.home import Ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.home import Home

__all__ = ["CORE", "DUMPABLE", "UMASK", "Call", "Traced", "needs_strace", "traced"]

UMASK: Final = "umask(077"
CORE: Final = "RLIMIT_CORE, {rlim_cur=0,"
DUMPABLE: Final = "PR_SET_DUMPABLE, SUID_DUMP_DISABLE"
_CLOSING: Final = (UMASK, CORE, DUMPABLE)
_LINE: Final = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$")
_BYTE: Final = re.compile(r"\\x([0-9a-f]{2})")
_BORN: Final = re.compile(r"= (\d+)$")


def needs_strace() -> None:
    """Skip where there is no strace; under `.ci/run`, which installs it, that fails."""
    if shutil.which("strace"):
        return
    if os.environ.get("LEASTKEY_TEST_CLIENTS") == "required":
        pytest.fail("strace is not installed")
    pytest.skip("strace is not installed")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who made it, its name, its arguments and result with every text in full; how closed its process was by then, and what it ran."""

    pid: int
    name: str
    rest: str
    closed: frozenset[str]
    program: str


@dataclass(frozen=True, slots=True)
class Traced:
    """How a program ended, and what it and all its children asked for."""

    ended: Ended
    calls: tuple[Call, ...]


def traced(home: Home, script: str, names: str, environ: dict[str, str], *, timeout: float = 240) -> Traced:
    """Run a shell script to its end under strace, its children too; `names` are the calls to note."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "trace")
        line = ["strace", "-f", "-qq", "--seccomp-bpf", "-y", "-v", "-s", "1000000", "-xx"]
        noted = f"trace=prctl,prlimit64,umask,vfork,fork,clone,clone3,execve,{names}"
        ended = subprocess.run(
            [*line, "-e", noted, "-o", str(file), "sh", "-ec", script],
            cwd=home.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        calls = tuple(_read(file.read_text().splitlines()))
    assert calls, ended.stderr.decode()
    return Traced(Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode()), calls)


def _read(lines: list[str]) -> Iterator[Call]:
    found = [match for line in lines if (match := _LINE.match(line))]
    parents = {
        int(born[1]): int(each[1])
        for each in found
        if each[2] in {"vfork", "fork", "clone", "clone3"} and (born := _BORN.search(each[3]))
    }
    closed: dict[int, frozenset[str]] = {}
    programs: dict[int, str] = {}
    for each in found:
        pid, name, rest = int(each[1]), each[2], _BYTE.sub(_character, each[3])
        so_far = closed.get(pid, closed.get(parents.get(pid, 0), frozenset()))
        if name == "execve" and rest.endswith("= 0"):
            so_far -= {DUMPABLE}
        if name == "execve" and '"' in rest:
            programs[pid] = rest.split('"')[1].rpartition("/")[2]
        if name == "umask" and rest.startswith("0") and not rest.startswith("077"):  # `)`: it is resumed
            so_far -= {UMASK}
        closed[pid] = so_far | {mark for mark in _CLOSING if mark in f"{name}({rest}"}
        yield Call(pid, name, rest, closed[pid], programs.get(pid, ""))


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))
