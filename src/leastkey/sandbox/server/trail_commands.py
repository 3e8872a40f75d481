"""What the control door tells of the calls: the latest ones, and why one was allowed or denied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.sandbox.trail.why import explanation, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Given = Mapping[str, str]
    Commands = Mapping[str, tuple[Callable[[Given], Mapping[str, object]], tuple[str, ...]]]
    """Each command with the fields it takes."""
    from leastkey.sandbox.trail.recorder import Trail
    from leastkey.sandbox.trail.why import Call

__all__ = ["trail_commands"]

_MOST: Final = 1_000


def trail_commands(trail: Trail) -> Commands:
    """Give the commands `events` and `why`."""

    def events(given: Given) -> Mapping[str, object]:
        count = given.get("count", "20")
        if not (count.isascii() and count.isdigit() and 0 < int(count) <= _MOST):
            raise ValueError(f"`{count}` is no count of events")
        found = [call for call in trail.calls() if call.is_denied or "denied" not in given]
        return {"events": [summary(call) for call in found[-int(count) :]]}

    def why(given: Given) -> Mapping[str, object]:
        found = _found(trail.calls(), given.get("request", ""))
        return {"call": None} if found is None else {"call": explanation(found)}

    return {"events": (events, ("count", "denied")), "why": (why, ("request",))}


def _found(calls: tuple[Call, ...], name: str) -> Call | None:
    """Give the call of a request id, `last` or `last-denied`."""
    wanted = name.lower()
    for call in reversed(calls):
        if wanted in ("last", call.request_id) or (wanted == "last-denied" and call.is_denied):
            return call
    return None
