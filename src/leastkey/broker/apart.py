"""Sessions minted by a process of its own: a server holds sessions only, the long-lived secret never.

That process is the credential helper, which shares its cache and its lock with every other helper of this computer.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Final

from leastkey.errors import KINDS, LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.ports.local import HelperCommand

__all__ = ["minting_apart"]

SECONDS: Final = 60.0
"""What AWS's tools give the helper."""
_REFUSAL: Final = re.compile(r"leastkey: \[([a-z-]+)\] (.*?)(?: \((.*)\))?(?:; fix: (.*))?")
_NOTHING: Final = "no credentials were issued"


def minting_apart(helper: HelperCommand, binding: str) -> Callable[[], bytes]:
    """Give what asks the helper for a binding's session: its document, or the LeastkeyError the helper told."""
    command = [*helper.argv(binding), "alone"]

    def mint() -> bytes:
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            # Only the kind: what was printed so far may be a part of a session.
            raise LeastkeyError(
                "no-answer",
                "the credential helper did not answer",
                why=type(error).__name__,
                state=_NOTHING,
                remedy="try again: `leastkey run -- CMD` shows more",
            ) from None
        if done.returncode != 0:
            raise _refused(done.stderr.decode(errors="replace").strip())
        return done.stdout

    return mint


def _refused(line: str) -> LeastkeyError:
    """Give the helper's one line as the error it was there."""
    told = _REFUSAL.fullmatch(line)
    if told is None or told[1] not in KINDS:
        return LeastkeyError("internal", "the credential helper failed", state=_NOTHING)
    code, what, why, remedy = told.groups("")
    return LeastkeyError(code, what, why=why or (), state=_NOTHING, remedy=remedy or ())
