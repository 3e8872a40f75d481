"""Running another program for the vault's identity: briefly, without a shell or a terminal, and with bounds on all it says.

What is secret goes to it by its standard input and comes back by its standard output, never in its arguments.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.vault.identity_store import UNOPENED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LIMIT_SECONDS", "MOST_BYTES", "Ran", "found_program", "run_program"]

LIMIT_SECONDS: Final = 3.0
MOST_BYTES: Final = 65_536
"""An identity takes less than a hundred bytes; who says more is the wrong program."""
_WORDS: Final = 300
_NEVER_SHOWN: Final = "AGE-SECRET"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended. `out` may hold a secret and is not shown; `said` is the end of its standard error."""

    code: int
    out: bytes
    said: str

    def __repr__(self) -> str:
        return f"<a program that ended with {self.code}>"


def found_program(name: str, *, package: str) -> str:
    """Give the path of a program of the system. Raises LeastkeyError `no-vault` naming what would install it."""
    path = shutil.which(name)
    if path is None or not hasattr(os, "setsid"):
        raise LeastkeyError(
            "no-vault",
            f"this vault needs the program `{name}`, and it is not on this computer",
            why="looked in PATH",
            remedy=f"install it (Debian: `apt install {package}`), or choose another vault: `leastkey help vaults`",
        )
    return path


def run_program(
    arguments: Sequence[str],
    *,
    place: str,
    given: bytes = b"",
    variables: Mapping[str, str] | None = None,
    limit_seconds: float = LIMIT_SECONDS,
) -> Ran:
    """Run a program to its end. It has no terminal, so it can ask nobody anything.

    Raises LeastkeyError: `vault-locked` when it does not end in time, `vault-failed` when it cannot be started or says
    too much. `place` is what it stands for, in words; `variables` are set beside those of our environment that it gets.
    """
    try:
        process = subprocess.Popen(
            list(arguments),
            stdin=subprocess.PIPE if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment() | dict(variables or {}),
            cwd="/",
            umask=0o077,
            start_new_session=True,  # without a terminal to ask on, and with a group that can be ended
        )
    except OSError as error:
        raise LeastkeyError(
            "vault-failed", f"{place} could not be started", why=str(error.strerror)
        ) from None
    ended = False
    try:
        out, said = _talk(process, given, time.monotonic() + limit_seconds)
        ended = True
    except TimeoutError:
        raise _late(place, limit_seconds) from None
    except OverflowError:
        raise LeastkeyError(
            "vault-failed",
            f"{place} gave more than an identity",
            why=f"more than {MOST_BYTES} bytes came; it was ended",
        ) from None
    finally:
        _close(process, ended=ended)
    words = said.decode("utf-8", "replace").strip().rpartition("\n")[2][-_WORDS:]
    return Ran(process.returncode, out, "" if _NEVER_SHOWN in words.upper() else words)


def _talk(process: subprocess.Popen[bytes], given: bytes, until: float) -> tuple[bytes, bytes]:
    """Write what is given, read both streams to their ends, wait for the program. Raises TimeoutError, OverflowError."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin as door:
            door.write(given)  # shorter than what a pipe takes at once
    heard: dict[int, bytes] = {}
    with selectors.DefaultSelector() as selector:
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                heard[stream.fileno()] = b""
                selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                part = os.read(key.fd, MOST_BYTES)
                heard[key.fd] += part
                if len(heard[key.fd]) > MOST_BYTES:
                    raise OverflowError
                if not part:
                    selector.unregister(key.fileobj)
    try:
        process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    out, said = heard.values()
    return out, said


def _close(process: subprocess.Popen[bytes], *, ended: bool) -> None:
    """Let go of a program; one that did not come to its end is killed, with all that it started in its group."""
    if not ended:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _environment() -> dict[str, str]:
    """Give our environment without the AWS credentials in it, which are none of the program's business, in plain English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "LC_ALL": "C"}


def _late(place: str, limit_seconds: float) -> LeastkeyError:
    return LeastkeyError(
        "vault-locked",
        f"{place} holds the vault's identity and does not open",
        why=f"it did not answer within {limit_seconds:g} seconds",
        state=UNOPENED,
        remedy="try it by hand, then run the same command again",
    )
