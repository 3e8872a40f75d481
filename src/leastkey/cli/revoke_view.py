"""What a revocation did, and what the keys had done, as people read it and as programs read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.apply.revoke import Cut
    from leastkey.apply.trace import Deed, Trace
    from leastkey.cli.show import Show

__all__ = ["cut_document", "show_trace", "trace_document"]


def cut_document(cut: Cut) -> dict[str, Any]:
    """Give what was cut, for `--json`. Key ids are whole: they are what logs are searched for."""
    return {
        "revoked": not cut.failed,
        "steps": [
            {"noun": step.noun, "name": step.name, "note": step.note, "fault": step.fault or None}
            for step in cut.steps
        ],
        "keys": [{"id": key, "origin": origin} for key, origin in cut.keys.items()],
    }


def trace_document(traces: Sequence[Trace]) -> list[dict[str, Any]]:
    """Give what the keys did, for `--json`."""
    return [
        {
            "who": each.who,
            "whole": each.is_whole,
            "faults": list(each.faults),
            "calls": [
                {
                    "call": deed.call,
                    "source_ip": deed.source_ip,
                    "error": deed.error or None,
                    "count": deed.count,
                    "first": f"{deed.first:%Y-%m-%dT%H:%M:%SZ}",
                    "last": f"{deed.last:%Y-%m-%dT%H:%M:%SZ}",
                }
                for deed in each.deeds
            ],
        }
        for each in traces
    ]


def show_trace(show: Show, traces: Sequence[Trace], regions: Sequence[str], whose: str) -> None:
    """Print what the keys or sessions did, each region that could not be asked among it."""
    show.data()
    show.data(f"What {whose} did, by CloudTrail in {' and '.join(regions)}")
    show.data("  management events of 90 days, up to 15 minutes late; without what was")
    show.data("  done to single objects and rows, which only a trail of yours may have")
    for each in traces:
        show.data(f"  {each.who}")
        for fault in each.faults:
            show.data(f"    NOT KNOWN in {fault}")
        for deed in each.deeds:
            show.data(f"    {_words(deed)}")
        if not each.deeds and not each.faults and each.is_whole:
            show.data("    nothing recorded")
        if not each.is_whole:
            show.data("    and more: these are the latest")
    show.data()


def _words(deed: Deed) -> str:
    when = f"{deed.first:%Y-%m-%d %H:%M}Z"
    if deed.count > 1:
        when = f"{when} to {deed.last:%Y-%m-%d %H:%M}Z"
    refused = f"  refused: {deed.error}" if deed.error else ""
    return f"{deed.count} x {deed.call}  from {deed.source_ip or 'nowhere'}  {when}{refused}"
