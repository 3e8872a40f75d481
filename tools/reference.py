"""Generate docs/reference/ and the picture in docs/explain/keys.md from the code. `--write` writes, else it compares.

Run: .venv/bin/python -m tools.reference [--write]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tools.keys_page import keys_page
from tools.sandbox_services import services_page

from leastkey.cli.codes import error_lines, exit_lines
from leastkey.cli.main import COMMANDS, cli
from leastkey.cli.topics import TOPICS
from leastkey.spec.schema import schema_text

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[1] / "docs/reference"
KEYS = FOLDER.parent / "explain/keys.md"
NOTICE = "<!-- Made by tools/reference.py from the code; `make docs` makes it again. -->\n"

EDITOR = """\
## In an editor
`leastkey help schema` prints a JSON Schema (draft 2020-12) of the spec, made from the tables the parser reads by; this folder has
it as [leastkey.schema.json](leastkey.schema.json). Editors complete keys, services, levels and regions from it, explain each key,
and mark what cannot be right before any command runs. Nothing is fetched: the schema is a file beside the spec.

```console
$ leastkey help schema > leastkey.schema.json
```
Editors with the YAML language server (VS Code's YAML extension, Neovim, Helix and others) are told by a comment in the spec's first
line, whose path is seen from the spec's folder; others map the file name `leastkey.yaml` to the schema in their settings:

```yaml
# yaml-language-server: $schema=leastkey.schema.json
```
The parser has the last word: a spec it takes is right by the schema too, and it refuses more, such as an action that does not
exist, a name that two identities want, or a bucket's name that S3 would not give.
"""


def pages() -> dict[str, str]:
    """Give every page of the reference by file name."""
    return {
        "commands.md": _commands(),
        "errors.md": _page(
            "Errors",
            "Every error has a code that stays. `leastkey help CODE` says the same.\n\n```text\n"
            + "\n".join(["code" + " " * 18 + "exit  meaning", *error_lines()])
            + "\n```\n",
        ),
        "exit-codes.md": _page("Exit codes", "```text\n" + "\n".join(exit_lines()) + "\n```\n"),
        "sandbox-services.md": _page("The sandbox's services", services_page()),
        "spec.md": _page(
            "The spec",
            "`leastkey help spec` prints the same. An unknown key is an error that names the nearest one.\n\n"
            f"```yaml\n{TOPICS['spec']}\n```\n\n{EDITOR}",
        ),
        "leastkey.schema.json": schema_text() + "\n",
        "words.md": _page("Words", f"```text\n{TOPICS['words']}\n```\n"),
    }


def differences() -> list[str]:
    """Name the pages that are not as the code says."""
    stale = [
        name
        for name, text in pages().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text() != text
    ]
    return stale if keys_page(KEYS.read_text()) == KEYS.read_text() else [*stale, str(KEYS)]


def _page(title: str, body: str) -> str:
    return f"{NOTICE}# {title}\n\n{body}"


def _commands() -> str:
    settings = {**cli.context_settings, "terminal_width": 100}
    context = click.Context(cli, info_name="leastkey", **settings)
    parts: list[str] = []
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is None:
            raise SystemExit(f"no command {name}")
        parts.extend(_helps(command, name, context))
    return _page("Commands", "\n".join(parts))


def _helps(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """Give a command's section and, below a group, those of its commands."""
    yield _help(command, name, parent)
    if isinstance(command, click.Group):
        inner = click.Context(
            command, info_name=name, parent=parent, terminal_width=100, max_content_width=100
        )
        for each in sorted(command.commands):
            yield from _helps(command.commands[each], each, inner)


def _help(command: click.Command, name: str, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100)
    return f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"


def main() -> int:
    """Write the pages, or say which are stale."""
    if "--write" in sys.argv[1:]:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in pages().items():
            (FOLDER / name).write_text(text)
        KEYS.write_text(keys_page(KEYS.read_text()))
        return 0
    stale = differences()
    if stale:
        print(f"stale: {', '.join(stale)}; run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
