"""`leastkey explain`: why the spec permits a request, or what denies it. Offline, from the spec alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import DEFAULT_SPEC, output_options
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.show import Show

__all__ = ["command"]

_USAGE: Final = "leastkey explain s3:GetObject arn:aws:s3:::acme-reports/weekly/x"


@click.command("explain", epilog=f"Example: {_USAGE}")
@click.argument("words", metavar="[NAME] ACTION [RESOURCE]", nargs=-1)
@click.option(
    "--context",
    metavar="KEY=VALUE",
    multiple=True,
    help="A condition key of the request; several times. Without a value the key is absent.",
)
@click.option("--spec", metavar="FILE", default=DEFAULT_SPEC, show_default=True, help="The spec file.")
@output_options
def command(show: Show, words: tuple[str, ...], context: tuple[str, ...], spec: str) -> None:
    """Say why an identity of the spec may do something or may not, and which line of the spec decides it.

    The engine judges, offline: no AWS call is made, so AWS-managed policies are not read.
    """
    from leastkey.cli.context import key_values
    from leastkey.cli.explain_view import show_answer
    from leastkey.cli.explaining import explained
    from leastkey.cli.read_spec import one_identity, read_spec

    identity, action, resource = _split(words)
    read = read_spec(spec)
    chosen = one_identity(read, identity, f"leastkey explain NAME {action} {resource}")
    answer = explained(read, chosen.name, action, resource, dict(key_values(context)))
    show_answer(show, answer, spec)


def _split(words: tuple[str, ...]) -> tuple[str | None, str, str]:
    """Tell identity, action and resource apart: an action has a colon, an identity's name has none."""
    name, rest = (words[0], words[1:]) if words and ":" not in words[0] else (None, words)
    if not rest or len(rest) > 2 or ":" not in rest[0]:
        raise LeastkeyError("usage", "one action is asked about, on one resource or none", remedy=_USAGE)
    return name, rest[0], rest[1] if len(rest) == 2 else "*"
