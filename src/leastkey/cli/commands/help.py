"""`leastkey help`: error codes, exit codes, and the few words we coin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.codes import EXIT_MEANINGS, error_lines, exit_lines
from leastkey.cli.main import COMMANDS, cli
from leastkey.cli.options import output_options
from leastkey.cli.topics import TOPICS
from leastkey.errors import KINDS, LeastkeyError
from leastkey.iam.catalog import nearest

if TYPE_CHECKING:
    from leastkey.cli.show import Show

__all__ = ["command"]


@click.command("help", epilog="Examples: leastkey help exit-codes, leastkey help key-limit")
@click.argument("topic", nargs=-1, metavar="[TOPIC]")
@output_options
def command(show: Show, topic: tuple[str, ...]) -> None:
    """Explain a command, an error code, or a topic: errors, exit-codes, keyless, keys, schema, spec, steps, vaults, words."""
    is_command = bool(topic) and topic[0] in COMMANDS
    text = _help_of(topic) if is_command else _text(" ".join(topic) or None, show.columns)
    show.data(text) if not show.as_json else show.document(
        "help", {"topic": " ".join(topic) or None, "text": text}
    )


def _help_of(words: tuple[str, ...]) -> str:
    """Give what `leastkey COMMAND --help` prints."""
    context = click.Context(cli, info_name="leastkey", **cli.context_settings)
    for at, word in enumerate(words):
        found = (
            context.command.get_command(context, word) if isinstance(context.command, click.Group) else None
        )
        if found is None:
            raise _unknown(" ".join(words), f"leastkey help {' '.join(words[:at])}")
        context = click.Context(found, info_name=word, parent=context)
    return context.get_help()


def _text(topic: str | None, columns: int) -> str:
    if topic is None:
        rows = (f"  {name:<11} {about}" for name, about in sorted(_ABOUT.items()))
        return "\n".join(["Topics:", *rows, "", "And every command and error code: leastkey help rotate"])
    if topic in _MADE:
        return _MADE[topic](columns)
    if topic in TOPICS:
        return TOPICS[topic]
    if topic in KINDS:
        kind = KINDS[topic]
        return f"error[{topic}]: {kind.meaning}\nexit code {int(kind.exit)}: {EXIT_MEANINGS[kind.exit]}"
    close = nearest(topic, [*TOPICS, *KINDS, *COMMANDS, *_MADE])
    raise _unknown(topic, f"leastkey help {close}" if close else "leastkey help")


def _schema(_columns: int) -> str:
    """Give the spec's JSON Schema, which is one whatever the terminal."""
    from leastkey.spec.schema import schema_text

    return schema_text()


_MADE: Final = {
    "errors": lambda columns: "\n".join(error_lines(columns)),
    "exit-codes": lambda _columns: "\n".join(exit_lines()),
    "schema": _schema,
}
"""Topics made from the code when they are asked for, for a terminal of so many columns."""

_ABOUT: Final = {
    "errors": "every error code",
    "exit-codes": "what each exit code means",
    "keyless": "roles that need no key: EC2, GitHub Actions, GitLab CI",
    "keys": "how a key is made, renewed, watched, cut and moved",
    "schema": "the spec's JSON Schema",
    "spec": "every key of leastkey.yaml",
    "steps": "the seven steps",
    "vaults": "where secrets can lie",
    "words": "the few words of our own",
}
"""Every topic in a few words."""


def _unknown(topic: str, remedy: str) -> LeastkeyError:
    return LeastkeyError("unknown-name", f"there is no help on `{topic}`", state="", remedy=remedy)
