"""Many cases through the program: memory stays the same, however many they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CASES = Path(__file__).parents[2] / "cases"
RUN = """
import sys
from leastkey.cli.main import run
code = run(["policy", "simulate", "--cases", sys.argv[1]])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(code, peak.split()[1], file=sys.stderr)
"""
"""What the kernel says of the largest memory since the program began (Linux)."""


def memory_for(lines: list[str], place: Path) -> int:
    """Give the largest memory of a run over these cases, in KB, having seen that it answers each."""
    asked = place / "cases.jsonl"
    asked.write_text("".join(lines), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", RUN, str(asked)], check=True, capture_output=True)
    code, peak = done.stderr.split()
    assert (int(code), done.stdout.count(b"\n")) == (0, len(lines))
    return int(peak)


def test_memory_does_not_grow_with_the_number_of_cases(tmp_path: Path) -> None:
    cases = [
        case for file in sorted(CASES.glob("*.json")) for case in json.loads(file.read_text(encoding="utf-8"))
    ]
    lines = [json.dumps({**case, "id": f"{turn}/{case['id']}"}) + "\n" for turn in range(8) for case in cases]
    few, many = memory_for(lines[: len(cases)], tmp_path), memory_for(lines, tmp_path)
    assert many < few * 1.05 + 512
