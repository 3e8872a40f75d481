"""The words behind each line of a plan: one fact, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.iam.limits import MANAGED_POLICY_CHARACTERS
from leastkey.spec.model import AccountUse, ServiceUse

if TYPE_CHECKING:
    from leastkey.compile.wanted import WantedIdentity
    from leastkey.iam.document import PolicyDocument

__all__ = ["duration", "policy_note", "role_note"]


def duration(seconds: int) -> str:
    """Give a span in words: `1 hour`, `90 minutes`."""
    if seconds % 3_600 == 0:
        return _count(seconds // 3_600, "hour")
    if seconds % 60 == 0:
        return _count(seconds // 60, "minute")
    return _count(seconds, "second")


def role_note(identity: WantedIdentity) -> str:
    """Say who may wear the role and for how long: `worn by that user only, 1 hour`."""
    wearers = [] if identity.user is None else ["that user"]
    wearers += [use.service for use in identity.spec.used_by if isinstance(use, ServiceUse)]
    wearers += [use.wearer for use in identity.spec.federated]
    wearers += [f"account {use.account}" for use in identity.spec.used_by if isinstance(use, AccountUse)]
    if not wearers:
        return f"worn by nobody, {duration(identity.session_seconds)}"
    only = " only" if len(wearers) == 1 else ""
    return f"worn by {' and '.join(wearers)}{only}, {duration(identity.session_seconds)}"


def policy_note(document: PolicyDocument) -> str:
    """Say how much a policy holds: `3 statements, 612 of 6,144 chars`."""
    statements = _count(len(document.statements), "statement")
    return f"{statements}, {document.characters():,} of {MANAGED_POLICY_CHARACTERS:,} chars"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
