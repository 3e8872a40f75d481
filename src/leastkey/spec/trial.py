"""Lines of a spec tried on its own parser, in a spec of nothing else: what one entry means, or why it cannot stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.spec.parse import parse_spec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.iam.statement import Effect
    from leastkey.spec.model import Grant, Identity

__all__ = ["grant_of", "try_use"]

_HEAD: Final = "version: 1\nproject: trial\nidentities:\n  trial:\n"
_GRANT: Final = "- actions: [sts:GetCallerIdentity]"
"""Stands where a grant is needed and none is tried."""


def grant_of(lines: Iterable[str], effect: Effect = "Allow") -> Grant:
    """Give the grant that an entry of `allow:` or `deny:` is. Raises LeastkeyError where it is none."""
    if effect == "Allow":
        return _tried({"allow": lines, "used-by": ("- user",)}).allow[0]
    return _tried({"allow": (_GRANT,), "deny": lines, "used-by": ("- user",)}).deny[0]


def try_use(line: str) -> None:
    """Raise LeastkeyError where a line cannot be an entry of `used-by:`."""
    _tried({"allow": (_GRANT,), "used-by": (line,)})


def _tried(parts: dict[str, Iterable[str]]) -> Identity:
    text = "".join(
        f"    {name}:\n" + "".join(f"      {line}\n" for line in lines) for name, lines in parts.items()
    )
    return parse_spec(_HEAD + text, "trial", str).identities[0]
