"""CPU of the warm credential helper, beside the same interpreter doing nothing."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import line, medians
from warm_home import warm_helper

RUNS = 150


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        helper, place = warm_helper(Path(folder))
        bare = [sys.executable, "-I", "-S", "-c", "pass"]
        ours, floor = medians([helper, bare], {"HOME": folder}, RUNS)
    line(
        f"warm helper, CPU, median of {RUNS}",
        f"{ours.cpu * 1000:.1f} ms (session {place})",
        f"python -I -S -c pass {floor.cpu * 1000:.1f} ms",
        ours.cpu / floor.cpu,
    )


if __name__ == "__main__":
    main()
