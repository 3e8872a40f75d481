"""CloudTrail as the flows see it: what was done, by whom and from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Trail", "TrailAttribute", "TrailEvent", "TrailPage"]

TrailAttribute = Literal["AccessKeyId", "Username"]


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """One management event of CloudTrail: when, who, which call, from where; `error` is empty where it was carried out.

    `session` is the session name that an AssumeRole asked for.
    """

    id: str
    time: datetime
    call: str
    source_ip: str
    error: str
    actor: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Events, newest first. `is_whole` False: there are more than were asked for."""

    events: tuple[TrailEvent, ...]
    is_whole: bool


class Trail(Protocol):
    """CloudTrail's event history of one region: management events of 90 days, which come some minutes late."""

    def lookup(self, attribute: TrailAttribute, value: str, *, most: int) -> TrailPage:
        """Look events up (LookupEvents): one request for each 50."""
        ...
