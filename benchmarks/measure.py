"""What the benchmarks share: CPU and wall time of a process, and the one line each of them prints."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # scripts find tests/support from here
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run of a process took."""

    wall: float
    cpu: float


def spent(command: Sequence[str], environ: Mapping[str, str]) -> Spent:
    """Run a process, its output shown only when it fails; its CPU time is the kernel's own account (wait4)."""
    with Path(os.devnull).open("r+b") as nothing, tempfile.TemporaryFile() as said:
        outputs = ((0, nothing), (1, nothing), (2, said))
        files = [(os.POSIX_SPAWN_DUP2, file.fileno(), number) for number, file in outputs]
        started = perf_counter()
        pid = os.posix_spawn(command[0], list(command), dict(environ), file_actions=files)
        _, status, usage = os.wait4(pid, 0)
        wall = perf_counter() - started
        if os.waitstatus_to_exitcode(status) != 0:
            said.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{said.read().decode()}")
    return Spent(wall, usage.ru_utime + usage.ru_stime)


def medians(commands: Sequence[Sequence[str]], environ: Mapping[str, str], runs: int) -> list[Spent]:
    """Run commands in turn, so that a slow moment of the machine meets all of them; give each one's medians."""
    taken: list[list[Spent]] = [[] for _ in commands]
    for number in range(runs + 2):
        for index, command in enumerate(commands):
            one = spent(command, environ)
            if number >= 2:  # the first ones fill the page cache
                taken[index].append(one)
    return [
        Spent(
            statistics.median(each.wall for each in runs_of),
            statistics.median(each.cpu for each in runs_of),
        )
        for runs_of in taken
    ]


def cpu_of_process(pid: int) -> float:
    """Give the CPU seconds a running process has used so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def line(figure: str, value: str, reference: str, ratio: float) -> None:
    """Print the one line of a benchmark."""
    print(f"{figure}: {value}; reference {reference}; ratio {ratio:.2f}")
