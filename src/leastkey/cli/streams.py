"""Standard streams that are closed, full or without a reader: what a command does never hangs on them."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["delivering", "escape_unwritable", "open_missing", "silence", "undelivered"]


def open_missing() -> None:
    """Open the null device where we were started without a stream, before a file of ours gets its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def escape_unwritable(stream: TextIO) -> None:
    """Have a character that the stream's encoding lacks written as an escape, as Python does on stderr."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def delivering(stream: TextIO) -> Iterator[None]:
    """Write to stdout: what a reader that went away (`| head`) does not take is dropped, a full disk is an error."""
    try:
        yield
    except BrokenPipeError:
        silence(stream)
    except OSError as error:
        silence(stream)
        raise undelivered(error) from None


def undelivered(error: OSError) -> LeastkeyError:
    """Give the error for output that its place did not take."""
    return LeastkeyError(
        "io-failed",
        "the output could not be written",
        why=str(error.strerror),
        state="what was done before stands; the same command goes on",
        remedy="run the same command again, with its output to a place that takes it",
    )


def silence(stream: TextIO) -> None:
    """Lead a stream nowhere, with what it still holds back: the interpreter must not stumble over it at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
