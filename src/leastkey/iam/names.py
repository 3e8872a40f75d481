r"""What IAM accepts as a name, a path, a tag or an external id.

Source: IAM API Reference, CreateUser, CreateRole, CreatePolicy, TagUser, AssumeRole. AWS writes these as `\w`
and means ASCII. Names are unique per account ignoring case.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, Literal

__all__ = ["Kind", "fitted", "name_fault", "pattern_of"]

Kind = Literal["user", "role", "policy", "instance profile", "session", "external id", "tag key", "tag value"]

_NAME: Final = r"[A-Za-z0-9_+=,.@-]"
_RULES: Final[dict[Kind, tuple[re.Pattern[str], int, int, str]]] = {
    "user": (re.compile(_NAME), 1, 64, "letters, digits and _+=,.@-"),
    "role": (re.compile(_NAME), 1, 64, "letters, digits and _+=,.@-"),
    "policy": (re.compile(_NAME), 1, 128, "letters, digits and _+=,.@-"),
    "instance profile": (re.compile(_NAME), 1, 128, "letters, digits and _+=,.@-"),
    "session": (re.compile(_NAME), 2, 64, "letters, digits and _+=,.@-"),
    "external id": (re.compile(r"[A-Za-z0-9_+=,.@:/-]"), 2, 1_224, "letters, digits and _+=,.@:/-"),
    "tag key": (re.compile(r"[\w .:/=+@-]"), 1, 128, "letters, digits, spaces and _.:/=+-@"),
    "tag value": (re.compile(r"[\w .:/=+@-]"), 0, 256, "letters, digits, spaces and _.:/=+-@"),
}


def name_fault(kind: Kind, name: str) -> str | None:
    """Say what is wrong with a name, or None when AWS takes it."""
    pattern, least, most, words = _RULES[kind]
    article = "an" if kind[0] in "ei" else "a"
    if not least <= len(name) <= most:
        return f"{article} {kind} name has {least} to {most} characters, this has {len(name)}"
    bad = next((character for character in name if not pattern.fullmatch(character)), None)
    return None if bad is None else f"{article} {kind} name is made of {words}, not {bad!r}"


def pattern_of(kind: Kind) -> str:
    """Give the rule for a name as a regular expression of the whole, in the syntax Python and JavaScript share."""
    pattern, least, most, _ = _RULES[kind]
    return f"^{pattern.pattern}{{{least},{most}}}$"


def fitted(kind: Kind, name: str) -> str:
    """Cut a default name to AWS's limit; a cut name ends in a hash of the whole, so that it stays unique and stable."""
    most = _RULES[kind][2]
    if len(name) <= most:
        return name
    return f"{name[: most - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
