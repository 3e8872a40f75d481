"""Every command of the command line, taken from its own table, and how to run one in this process."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from leastkey.cli.main import cli, run

if TYPE_CHECKING:
    import pytest

OWN_HOME = frozenset({("demo",)})
"""Runs itself in a home of its own, whatever is around it."""


def leaves() -> list[tuple[str, ...]]:
    """Give the words of every command, those of groups among them."""
    return list(_below(cli, click.Context(cli, info_name="leastkey"), ()))


def _below(group: click.Group, context: click.Context, words: tuple[str, ...]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        deeper = isinstance(command, click.Group)
        found += (
            _below(command, click.Context(command, parent=context), (*words, name))
            if isinstance(command, click.Group)
            else []
        )
        found += [] if deeper else [(*words, name)]
    return found


def options_of(words: tuple[str, ...]) -> set[str]:
    """Give the long options that a command takes."""
    command: click.Command = cli
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    return {option for each in command.params for option in each.opts if option.startswith("--")}


def bare() -> list[tuple[str, ...]]:
    """Give every command as somebody types it who knows nothing more of it."""
    return [(), *(words for words in leaves() if words not in OWN_HOME)]


def helps() -> list[tuple[str, ...]]:
    """Give every way to ask for help."""
    from leastkey.cli.topics import TOPICS

    asked = [("--help",), ("--version",), ("help",), *(("help", topic) for topic in sorted(TOPICS))]
    asked += [("help", "errors"), ("help", "exit-codes"), ("help", "clock-skew"), ("help", "no-such-thing")]
    return [*asked, *((*words, "--help") for words in leaves()), *(("help", *words) for words in leaves())]


@dataclass(frozen=True, slots=True)
class Said:
    """How a command in this process ended."""

    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def said(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, *, out: Any = None, err: Any = None
) -> Said:
    """Run one command in this process, on streams of the test's own."""
    out, err = out or io.StringIO(), err or io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    code = run(words)
    return Said(code, *(each.getvalue() if isinstance(each, io.StringIO) else "" for each in (out, err)))
