"""`leastkey sandbox why` and `sandbox events`: the calls the sandbox saw, and what decided on one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from leastkey.cli.options import output_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.cli.show import Show

__all__ = ["events", "why"]

_SHOWN: Final = 6


@click.command(epilog="Example: leastkey sandbox why last-denied")
@click.argument("request", metavar="REQUEST-ID")
@click.option("--state-dir", metavar="DIR", type=click.Path(path_type=Path), help="Where it keeps its state.")
@output_options
def why(show: Show, request: str, state_dir: Path | None) -> None:
    """Explain a call: who asked for what, what each layer said, and what nearly matched.

    REQUEST-ID is the id that AWS tools print with an error, or `last`, or `last-denied`.
    """
    from leastkey.errors import LeastkeyError
    from leastkey.sandbox.server import lifecycle

    call = lifecycle.control("why", state_dir, request=request)["call"]
    if call is None:
        raise LeastkeyError(
            "unknown-name",
            f"the sandbox knows no call `{request}`",
            why="it remembers the latest 2,000 since it started",
            remedy="`leastkey sandbox events`",
        )
    show.document("sandbox why", call)
    show.data(f"{call['verdict']:<8} {call['action']} {call['resource']}".rstrip())
    show.data(f"  who      {call['who']}")
    show.data(f"  when     {call['time']}, request {call['request_id']}")
    if call["code"]:
        show.data(f"  answer   {call['status']} {call['code']}: {call['message']}")
    for question in call["questions"]:
        _show_question(show, question)
    if not call["questions"]:
        show.data("  No policy was asked.")


def _show_question(show: Show, question: Mapping[str, Any]) -> None:
    from leastkey.cli.explain_view import VERDICTS
    from leastkey.evaluate.request import Verdict

    verdict = Verdict(question["verdict"])
    show.data(f"{VERDICTS[verdict]}: {question['action']} on {question['resource']}")
    for layer, result in question["layers"].items():
        if result != "not applicable":
            decided = "  <- decided" if layer == question["decided_by"] else ""
            show.data(f"  {layer:<8} {result}{decided}")
    if verdict is Verdict.IMPLICITLY_DENIED:
        _show_misses(show, question)
        return
    for reason in question["because"]:
        says = "allows" if reason["effect"] == "Allow" else "denies"
        show.data(f"  {_where(reason)} {says} it")


def _show_misses(show: Show, question: Mapping[str, Any]) -> None:
    from leastkey.cli.explain_view import MATCHES_UP_TO, differing

    misses = [
        each
        for each in question["because"]
        if each["effect"] == "Allow" and MATCHES_UP_TO.get(each["failed"])
    ]
    for miss in misses[:_SHOWN]:
        show.data(f"  {_where(miss)}: {MATCHES_UP_TO[miss['failed']]}")
        for line in differing(miss["failed"], miss["pattern"], miss["asked"]):
            show.data(f"    {line}")
    if len(misses) > _SHOWN:
        show.data(f"  {len(misses) - _SHOWN} more match the action and not the rest")
    show.data(f"  no {'other ' if misses else ''}statement allows {question['action']}")


def _where(statement: Mapping[str, Any]) -> str:
    sid = f" ({statement['sid']})" if statement["sid"] else ""
    name = str(statement["policy"]).rsplit("/", 1)[-1]
    return f"{statement['layer']} {name}, statement {statement['statement'] + 1}{sid}"


@click.command(epilog="Example: leastkey sandbox events --denied")
@click.option("--denied", is_flag=True, help="Only calls that were not let through.")
@click.option("--count", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@click.option("--state-dir", metavar="DIR", type=click.Path(path_type=Path), help="Where it keeps its state.")
@output_options
def events(show: Show, state_dir: Path | None, count: int, *, denied: bool) -> None:
    """List the latest calls: when, who, what, how it ended, and the request id for `sandbox why`."""
    from leastkey.sandbox.server import lifecycle

    given = {"count": str(count), **({"denied": "yes"} if denied else {})}
    found = lifecycle.control("events", state_dir, **given)["events"]
    show.document("sandbox events", {"events": found})
    for call in found:
        show.data(
            f"{call['time']}  {call['verdict']:<7}  {call['who'].rpartition(':')[2]}  {call['action']}"
            f"  {call['resource'] or '-'}  {call['request_id']}"
        )
    if not found:
        show.data("No calls yet.")
