"""`leastkey help`: error codes, exit codes, and the few words we coin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leastkey.cli.codes import error_lines, exit_lines
from leastkey.cli.options import output_options
from leastkey.cli.topics import TOPICS
from leastkey.errors import KINDS, LeastkeyError
from leastkey.iam.catalog import nearest

if TYPE_CHECKING:
    from leastkey.cli.show import Show

__all__ = ["command"]


@click.command("help", epilog="Examples: leastkey help exit-codes, leastkey help key-limit")
@click.argument("topic", required=False)
@output_options
def command(show: Show, topic: str | None) -> None:
    """Explain an error code, the exit codes, or a topic: errors, exit-codes, keyless, steps, vaults, words."""
    text = _text(topic)
    show.data(text) if not show.as_json else show.document("help", {"topic": topic, "text": text})


def _text(topic: str | None) -> str:
    if topic is None:
        return "\n".join(["Topics:", *(f"  {name}" for name in sorted([*TOPICS, "errors", "exit-codes"]))])
    if topic == "exit-codes":
        return "\n".join(exit_lines())
    if topic == "errors":
        return "\n".join(error_lines())
    if topic in TOPICS:
        return TOPICS[topic]
    if topic in KINDS:
        kind = KINDS[topic]
        return f"error[{topic}]: {kind.meaning}\nexit code {int(kind.exit)}"
    close = nearest(topic, [*TOPICS, *KINDS, "errors", "exit-codes"])
    raise LeastkeyError(
        "unknown-name",
        f"there is no help on `{topic}`",
        state="",
        remedy=f"leastkey help {close}" if close else "leastkey help",
    )
