"""Many cases through the program: memory stays the same, however many they are."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

CASES = Path(__file__).parents[2] / "cases"


def memory_for(lines: list[str], place: Path) -> int:
    """Give the largest memory of a run over these cases, in KB, having seen that it answers each."""
    asked, answers = place / "cases.jsonl", place / "answers.jsonl"
    asked.write_text("".join(lines), encoding="utf-8")
    with answers.open("wb") as out:
        command = [sys.executable, "-m", "leastkey", "policy", "simulate", "--cases", str(asked)]
        action = (os.POSIX_SPAWN_DUP2, out.fileno(), 1)
        _, status, usage = os.wait4(
            os.posix_spawn(sys.executable, command, os.environ, file_actions=[action]), 0
        )
    assert os.waitstatus_to_exitcode(status) == 0
    assert answers.read_bytes().count(b"\n") == len(lines)
    return usage.ru_maxrss


def test_memory_does_not_grow_with_the_number_of_cases(tmp_path: Path) -> None:
    cases = [
        case for file in sorted(CASES.glob("*.json")) for case in json.loads(file.read_text(encoding="utf-8"))
    ]
    lines = [json.dumps({**case, "id": f"{turn}/{case['id']}"}) + "\n" for turn in range(8) for case in cases]
    few, many = memory_for(lines[: len(cases)], tmp_path), memory_for(lines, tmp_path)
    assert many < few * 1.05 + 512
