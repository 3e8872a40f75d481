"""Secrets to look for, in every spelling they could leave in, and a look at what processes show of themselves."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Canary", "Shown", "showing", "spellings"]

_PART: Final = 24
_ISSUED: Final = re.compile(rb"<(SecretAccessKey|SessionToken)>([^<]{16,})")


def spellings(secret: bytes) -> set[bytes]:
    """Give the ways a secret can be written: whole, its ends, backwards, in base64 from any offset, hex, as part of a URL."""
    found = {secret, secret[:_PART], secret[-_PART:], secret[::-1], quote(secret, safe="").encode()}
    found |= {secret.hex().encode(), secret.hex().upper().encode()}
    for offset in range(3):
        # Without the characters that what stands before and after it has a part in.
        encoded = base64.b64encode(bytes(offset) + secret)
        found.add(encoded[4 if offset else 0 : len(encoded) // 4 * 4 - 4])
    return found


class Canary:
    """All secrets there are so far. It takes in what AWS gives out from the answers that pass."""

    def __init__(self) -> None:
        self._spelt: dict[bytes, str] = {}
        self.names: set[str] = set()

    def add(self, name: str, secret: str | bytes) -> None:
        """Look for one more secret from now on."""
        given = secret.encode() if isinstance(secret, str) else secret
        assert len(given) >= 16, name
        self.names.add(name)
        self._spelt |= dict.fromkeys(spellings(given), name)

    def read_answer(self, action: str, answer: bytes) -> None:
        """Take in the secrets of an answer of AWS: of a new key, or of a session."""
        kind = "key" if action == "CreateAccessKey" else "session"
        for _, secret in _ISSUED.findall(answer):
            self.add(kind, secret)

    def found_in(self, data: bytes | str) -> set[str]:
        """Give the names of the secrets that stand in data, in any spelling."""
        text = data.encode(errors="surrogateescape") if isinstance(data, str) else data
        return {name for spelt, name in self._spelt.items() if spelt in text}


class Shown:
    """What processes showed: their arguments and variables, and the content of files that are there for a moment."""

    def __init__(self) -> None:
        self.arguments: set[bytes] = set()
        self.variables: set[tuple[bytes, bytes]] = set()
        """The arguments of a process, and what it has in its environment."""


@contextlib.contextmanager
def showing() -> Iterator[Shown]:
    """Look at all processes below this one until the block ends."""
    shown = Shown()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            for pid in _below(os.getpid()):
                with contextlib.suppress(OSError):  # it has ended
                    line = Path(f"/proc/{pid}/cmdline").read_bytes()
                    shown.arguments.add(line)
                    shown.variables.add((line, Path(f"/proc/{pid}/environ").read_bytes()))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield shown
    finally:
        over.set()
        thread.join()


def _below(pid: int) -> Iterator[int]:
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, file.read_text().split()):
                yield child
                yield from _below(child)
