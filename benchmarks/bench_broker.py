"""What handing out credentials costs, all in one run: the helper with an agent, with a cache, cold; the endpoint.

The floor is the same interpreter doing nothing. AWS is a server of this computer that answers at once.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bench_helper_cli
from measure import line, medians, spent
from tests.support.home import Home
from tests.support.served import bind_warm, serving
from tests.unit.broker.test_sts_direct import OK, Sts
from tests.unit.broker.test_sts_direct import serving as sts_serving
from tests.unit.keys.world import KEY
from tests.unit.test_credential_process import bind, command, loaded
from warm_home import warm_helper

from leastkey.disk.home import prepare_home
from leastkey.disk.sessions import Sessions

RUNS = 60
ASKED = 2_000
BARE = [sys.executable, "-I", "-S", "-c", "pass"]


def main() -> None:
    bench_helper_cli.main()
    with tempfile.TemporaryDirectory(prefix="lk") as folder:
        _warm(Path(folder))
    with tempfile.TemporaryDirectory(prefix="lk") as folder:
        _minting(Path(folder))
    with tempfile.TemporaryDirectory(prefix="lk") as folder:
        _endpoint(Home(Path(folder)))


def _warm(folder: Path) -> None:
    helper, place = warm_helper(folder)
    ours, floor = medians([helper, BARE], {"HOME": str(folder)}, RUNS)
    _told(f"helper, cached {place}", ours.cpu, floor.cpu)


def _minting(folder: Path) -> None:
    home = folder / "state"
    prepare_home(home)
    end = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = (200, OK.replace("2026-03-01T13:00:00Z", end).encode())
    with sts_serving(Sts(*[answer] * (RUNS + 40))) as sts:
        bind(home, sts)
        helper = command(home)
        modules = len(loaded(helper))
        cold, floor = [], []
        for _ in range(15):
            Sessions(home).delete(KEY)
            cold.append(spent(helper, {}).cpu)
            floor.append(spent(BARE, {}).cpu)
        _told(f"helper, cold, {modules} modules", statistics.median(cold), statistics.median(floor))
        Sessions(home).delete(KEY)
        before = len(sts.seen)
        running = [subprocess.Popen(helper, stdout=subprocess.DEVNULL) for _ in range(32)]
        for each in running:
            each.wait()
        calls = len(sts.seen) - before
        line("32 cold helpers at once", f"{calls} calls of STS", "1", float(calls))
        _with_agent(home, helper)


def _with_agent(home: Path, helper: list[str]) -> None:
    environ = {"HOME": str(home.parent), "LEASTKEY_HOME": str(home), "PATH": "/usr/bin:/bin"}
    program = [sys.executable, "-m", "leastkey", "agent"]
    subprocess.run([*program, "start"], env=environ, stdout=subprocess.DEVNULL, check=True)
    try:
        subprocess.run(helper, stdout=subprocess.DEVNULL, check=True)
        ours, floor = medians([helper, BARE], {}, RUNS)
    finally:
        subprocess.run([*program, "stop"], env=environ, stdout=subprocess.DEVNULL, check=True)
    _told("helper, with an agent", ours.cpu, floor.cpu)


def _endpoint(home: Home) -> None:
    bind_warm(home)
    with serving(home) as server:
        token = server.token
        taken = []
        for _ in range(ASKED):
            started = time.perf_counter()
            server.ask(token=token)
            taken.append(time.perf_counter() - started)
    hundredths = statistics.quantiles(taken, n=100)
    line(
        f"endpoint, wall of {ASKED} answers",
        f"p50 {hundredths[49] * 1000:.2f} ms, p99 {hundredths[98] * 1000:.2f} ms",
        "1 ms",
        hundredths[49] * 1000,
    )


def _told(what: str, ours: float, floor: float) -> None:
    line(what, f"{ours * 1000:.1f} ms of CPU", f"python -I -S -c pass {floor * 1000:.1f} ms", ours / floor)


if __name__ == "__main__":
    main()
