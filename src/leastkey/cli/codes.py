"""The exit-code table and the error reference, for `leastkey help`."""

from __future__ import annotations

from typing import Final

from leastkey.cli.wrap import COLUMNS, wrapped
from leastkey.errors import KINDS, Exit

__all__ = ["EXIT_MEANINGS", "error_lines", "exit_lines"]

EXIT_MEANINGS: Final[dict[Exit, str]] = {
    Exit.OK: "ok",
    Exit.REFUSED: "refused or declined; nothing half done",
    Exit.USAGE: "usage or spec error",
    Exit.NO_IDENTITY: "no identity, or the wrong account",
    Exit.NO_CREDENTIALS: "cannot issue credentials: vault, clock, network",
    Exit.STOPPED: "stopped half way; the journal knows where",
    Exit.CHANGES: "changes exist (`plan --exit-code`)",
    Exit.ALLOWED_TOO_MUCH: "verify: something allowed that must be denied (wins over 12)",
    Exit.DENIED_TOO_MUCH: "verify: something denied that must be allowed",
    Exit.FINDINGS: "doctor: something is wrong, or a check could not look",
    Exit.UNPROVED: "verify: a probe broke, or the two judges disagree",
    Exit.BUG: "our bug",
    Exit.INTERRUPTED: "interrupted",
}


def exit_lines() -> list[str]:
    """Give the table of exit codes, one line a code."""
    return [f"{int(code):>3}  {meaning}" for code, meaning in EXIT_MEANINGS.items()]


def error_lines(columns: int = COLUMNS) -> list[str]:
    """Give every error code with its exit code and meaning."""
    width = max(map(len, KINDS))
    return [
        line
        for code, kind in sorted(KINDS.items())
        for line in wrapped(f"{code:<{width}}  {int(kind.exit):>3}  ", kind.meaning, columns=columns)
    ]
