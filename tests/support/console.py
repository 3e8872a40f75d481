"""Console blocks of a document, run in one shell and compared.

In a ```console block a line that begins with `$ ` is a command (`> ` goes on with it); what follows is its output,
both streams together. `...` inside a line stands for any text, a line of `...` alone for any lines.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "@@@ended"


@dataclass(frozen=True, slots=True)
class Step:
    """One command and the output the document promises."""

    line: int
    command: str
    expected: tuple[str, ...]


def steps_of(text: str) -> list[Step]:
    """Give the commands of all console blocks, in order."""
    steps: list[Step] = []
    for block in _BLOCK.finditer(text):
        number = text[: block.start(1)].count("\n") + 1
        command: list[str] = []
        output: list[str] = []
        at = number
        for offset, line in enumerate(block.group(1).splitlines()):
            if line.startswith("$ "):
                if command:
                    steps.append(Step(at, "\n".join(command), tuple(output)))
                command, output, at = [line[2:]], [], number + offset
            elif line.startswith("> ") and command and not output:
                command.append(line[2:])
            else:
                output.append(line)
        if command:
            steps.append(Step(at, "\n".join(command), tuple(output)))
    return steps


def run_steps(
    steps: list[Step], folder: Path, environ: dict[str, str], *, timeout: float = 240
) -> list[list[str]]:
    """Run all commands in one bash; give each one's output lines."""
    script = "".join(f"{step.command}\necho; echo '{_MARK}'\n" for step in steps)
    ended = subprocess.run(
        ["bash", "--norc", "-s"],
        input=script.encode(),
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )
    parts = ended.stdout.decode().split(f"\n{_MARK}\n")
    return [part.rstrip("\n").splitlines() if part.strip("\n") else [] for part in parts[: len(steps)]]


def differences(document: str, steps: list[Step], outputs: list[list[str]]) -> list[str]:
    """Say where the outputs differ from what the document promises."""
    found = (
        [] if len(outputs) == len(steps) else [f"{document}: the shell ended after {len(outputs)} commands"]
    )
    for step, output in zip(steps, outputs, strict=False):
        if not _pattern(step.expected).fullmatch("\n".join(line.rstrip() for line in output)):
            wanted, got = "\n".join(step.expected), "\n".join(output)
            found.append(
                f"{document}:{step.line}: $ {step.command}\n--- promised\n{wanted}\n--- printed\n{got}\n"
            )
    return found


def _pattern(expected: tuple[str, ...]) -> re.Pattern[str]:
    text = ""
    for line in expected:
        if line.strip() == "...":
            text += r"(?:[^\n]*(?:\n|\Z))*?"
            continue
        text += re.escape(line.rstrip()).replace(r"\.\.\.", r"[^\n]*?") + "\n"
    return re.compile(text.removesuffix("\n") if text.endswith("\n") else text.rstrip("\n") or "")
