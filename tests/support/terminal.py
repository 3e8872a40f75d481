"""A command at a terminal of its own, as a person has it: questions are read as they come, keys are pressed."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CTRL_C, CTRL_D = b"\x03", b"\x04"


class Terminal:
    """A process whose three streams are one terminal, which is also its controlling one: Ctrl-C reaches it."""

    def __init__(
        self, command: list[str], folder: Path, environ: dict[str, str], *, columns: int = 80
    ) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=folder,
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self._raw = b""
        self._pressed = 0

    @property
    def text(self) -> str:
        return self._raw.decode(errors="replace").replace("\r\n", "\n")

    def until_question(self) -> str:
        """Read until a question stands there; give it as one line, however narrow the terminal is."""
        while True:
            # What was pressed last is echoed onto the line of its question.
            new = self._raw[self._pressed :].decode(errors="replace")
            start = max(new.rfind("\n? ") + 1, 0)
            if new.startswith("? ", start) and new.endswith(" "):
                return " ".join(new[start:].split()) + " "
            self._raw += os.read(self._ours, 4_096)

    def type(self, answer: str) -> None:
        """Wait for the question and answer it."""
        self.until_question()
        self.press(answer.encode() + b"\n")

    def press(self, keys: bytes) -> None:
        self._pressed = len(self._raw)
        os.write(self._ours, keys)

    def end(self) -> int:
        """Read to the end; give the exit code."""
        try:
            while part := os.read(self._ours, 4_096):
                self._raw += part
        except OSError:  # the end of a terminal nobody is left at
            pass
        os.close(self._ours)
        return self._process.wait(60)
