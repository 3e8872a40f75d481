"""The reference is what the code says: every command, every option, every error, each documented, raised and tested."""

from __future__ import annotations

import ast
import re
import runpy
from typing import TYPE_CHECKING

import click
from tests.house.sources import ROOT, Source, nothing, sources

from leastkey.cli.codes import EXIT_MEANINGS
from leastkey.cli.main import COMMANDS, cli
from leastkey.errors import KINDS, Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.house.conftest import Measured

REFERENCE = ROOT / "docs/reference"


def commands(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Give every command with the words that call it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        inner = click.Context(command, info_name=name, parent=context)
        yield inner.command_path, command
        if isinstance(command, click.Group):
            yield from commands(command, inner)


ALL_COMMANDS = dict(commands(cli, click.Context(cli, info_name="leastkey", **cli.context_settings)))


def test_the_reference_pages_are_as_the_code_says() -> None:
    tool = runpy.run_path(str(ROOT / "tools/reference.py"))
    nothing(tool["differences"](), "`make docs` writes docs/reference again")


def test_every_option_of_every_command_is_documented(measured: Measured) -> None:
    page = (REFERENCE / "commands.md").read_text()
    sections = dict(re.findall(r"^## ([^\n]+)\n\n```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    options = [
        (path, parameter)
        for path, command in ALL_COMMANDS.items()
        for parameter in command.params
        if isinstance(parameter, click.Option)
    ]
    measured("options", f"{len(options)} of {len(ALL_COMMANDS)} commands: all documented, each with its help")
    assert len(options) > 40
    nothing(ALL_COMMANDS.keys() ^ sections.keys(), "`make docs`")
    nothing(
        [
            f"{path} {word}"
            for path, option in options
            for word in [*option.opts, *option.secondary_opts]
            if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", sections[path])
        ],
        "`make docs`; an option that is hidden is not one we have",
    )
    nothing(
        [f"{path} {option.name}" for path, option in options if not option.help], "say what the option does"
    )


def said(source: Source) -> set[str]:
    """Give every text of a file that is not documentation: whole, and the codes that a printed error names."""
    documentation = {
        node.value.value
        for node in source.nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = {
        node.value
        for node in source.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in documentation
    }
    return texts | {code for text in texts for code in re.findall(r"error\[([a-z-]+)\]", text)}


def test_every_error_code_is_documented_raised_and_tested(measured: Measured) -> None:
    page = (REFERENCE / "errors.md").read_text()
    raised = set[str]().union(*(said(each) for each in sources("src") if each.path.name != "errors.py"))
    tested = set[str]().union(*(said(each) for each in sources("tests")))
    documented = set(re.findall(r"^([a-z-]+) ", page, re.MULTILINE))
    missing = {
        "documented": ([code for code in KINDS if code not in documented], "`make docs`"),
        "raised": ([code for code in KINDS if code not in raised], "take it out of errors.KINDS"),
        "tested": ([code for code in KINDS if code not in tested], "provoke the error and name its code"),
    }
    counts = ", ".join(f"{len(KINDS) - len(codes)} {how}" for how, (codes, _) in missing.items())
    measured("error codes", f"{counts} of {len(KINDS)}")
    for how, (codes, fix) in missing.items():
        nothing([f"{code} is not {how}" for code in codes], fix)


def test_every_exit_code_of_an_error_is_explained() -> None:
    assert {kind.exit for kind in KINDS.values()} <= set(EXIT_MEANINGS)
    assert set(EXIT_MEANINGS) == set(Exit)


def test_a_remedy_never_names_a_command_that_is_not_built() -> None:
    nothing(
        {
            f"{each.name}: leastkey {word}"
            for each in sources("src")
            for word in re.findall(r"`leastkey ([a-z][a-z-]*)", each.text)
            if word not in COMMANDS
        },
        "name a command that is there",
    )
