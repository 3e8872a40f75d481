"""What a key did, from CloudTrail: its own calls, and those of the sessions it took out.

Whoever holds a key chooses the name of its sessions, so the names are read from the key's own AssumeRole events.
CloudTrail keeps events by region: the identity's region is asked, and the one where global services write.
Source: CloudTrail User Guide, "Working with CloudTrail Event history"; "CloudTrail userIdentity element".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leastkey.apply.refusals import refusal
from leastkey.broker.session import session_name
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.ports.aws import Connect
    from leastkey.ports.trail import TrailAttribute, TrailEvent

__all__ = ["Deed", "Trace", "regions_of", "trace"]

MOST: Final = 200
"""Events that are read for one key or session name in one region: four requests, of which AWS takes two a second."""
_NAMES: Final = 10
"""Session names that are looked up, the newest first."""
_GLOBAL: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@dataclass(frozen=True, slots=True)
class Deed:
    """One kind of call from one place: how often, and when first and last."""

    call: str
    source_ip: str
    error: str
    count: int
    first: datetime
    last: datetime


@dataclass(slots=True)
class Trace:
    """What one key, or one session name, did. `faults` say which regions could not be asked, and why."""

    who: str
    deeds: tuple[Deed, ...] = ()
    is_whole: bool = True
    faults: list[str] = field(default_factory=list)


def regions_of(partition: str, region: str) -> tuple[str, ...]:
    """Give the regions to ask, each once."""
    return tuple(dict.fromkeys((region, _GLOBAL.get(partition, region))))


def trace(
    connect: Connect, regions: tuple[str, ...], keys: Iterable[AccessKeyId], identity: str, role: str
) -> tuple[Trace, ...]:
    """Look each key up, then the sessions of the role under every name they were given."""
    found: list[Trace] = []
    names = {session_name(identity): None}
    for key in keys:
        one, events = _looked_up(connect, regions, "AccessKeyId", key, shown(key))
        found.append(one)
        names |= dict.fromkeys(each.session for each in events if each.session)
    wearing = f":assumed-role/{role}/"
    for name in list(names)[:_NAMES]:
        one, _ = _looked_up(connect, regions, "Username", name, f"sessions `{name}`", wearing)
        found.append(one)
    if len(names) > _NAMES:
        found.append(Trace(f"{len(names) - _NAMES} more session names", is_whole=False))
    return tuple(found)


def _looked_up(
    connect: Connect,
    regions: tuple[str, ...],
    attribute: TrailAttribute,
    value: str,
    who: str,
    wearing: str = "",
) -> tuple[Trace, list[TrailEvent]]:
    events: dict[str, TrailEvent] = {}
    one = Trace(who)
    for region in regions:
        try:
            page = connect.trail(region).lookup(attribute, value, most=MOST)
        except AwsError as error:
            one.faults.append(f"{region}: {refusal(error).what}")
            continue
        except LeastkeyError as error:
            one.faults.append(f"{region}: {error.what}")
            continue
        one.is_whole = one.is_whole and page.is_whole
        events |= {each.id: each for each in page.events if wearing in each.actor}
    newest = sorted(events.values(), key=lambda each: each.time, reverse=True)
    one.deeds = _deeds(newest)
    return one, newest


def _deeds(events: list[TrailEvent]) -> tuple[Deed, ...]:
    """Count events by call, place and outcome, the latest first."""
    groups: dict[tuple[str, str, str], list[TrailEvent]] = {}
    for event in events:
        groups.setdefault((event.call, event.source_ip, event.error), []).append(event)
    return tuple(Deed(*kind, len(group), group[-1].time, group[0].time) for kind, group in groups.items())
