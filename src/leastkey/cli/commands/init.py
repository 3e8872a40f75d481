"""`leastkey init`: write a commented spec, from flags or from answers at the terminal. It never writes over a file."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leastkey.cli.init.adopt import adopt_existing, adopt_options, old_of
from leastkey.cli.init.new_file import refuse_existing, write_new
from leastkey.cli.options import DEFAULT_SPEC, output_options
from leastkey.cli.show import plain
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.init.found import Flags
    from leastkey.cli.show import Show
    from leastkey.spec.starter import Starter

__all__ = ["command", "words_of"]


@click.command(
    "init",
    epilog="Example: leastkey init --identity nightly --allow ec2:DescribeInstances "
    "--allow 's3 list,read,write on s3://acme-reports/nightly/'",
)
@click.option("--spec", metavar="FILE", default=DEFAULT_SPEC, show_default=True, help="The file to write.")
@click.option("--project", metavar="NAME", help="Owner mark in AWS.  [default: the folder's name]")
@click.option("--identity", metavar="NAME", help="What the script is called.  [default: the project's name]")
@click.option(
    "--allow",
    metavar="GRANT",
    multiple=True,
    help="What it may do, several times: actions, or a service, levels and `on` a resource. Given, nothing is asked."
    "  [default: ec2:DescribeRegions]",
)
@click.option(
    "--region", metavar="NAME", help="AWS region.  [default: AWS_REGION, AWS_DEFAULT_REGION, us-east-1]"
)
@click.option(
    "--output", metavar="FORMAT", default="json", show_default=True, help="What the AWS CLI prints."
)
@click.option("--account", metavar="ID", help="Refuse to run anywhere else.")
@click.option("--user", metavar="NAME", help="Name of the IAM user.  [default: PROJECT-IDENTITY]")
@click.option(
    "--service", metavar="NAME", help="An AWS service wears the role, such as ec2: no key is needed."
)
@adopt_options
@click.option("--sandbox", is_flag=True, help="Target the embedded AWS.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing: what no flag says takes its default.")
@output_options
def command(show: Show, *, yes: bool, **given: Any) -> None:
    """Write a commented spec. It never writes over a file.

    At a terminal and without --allow it looks for account, region, vault and project, asking AWS whose credentials are
    set, and then asks you. Else nobody is asked, AWS neither, except with --from-user or --from-role: these read what
    somebody made by hand, changing nothing, and write the spec that would replace it with the steps to move over.
    """
    from leastkey.cli.init.found import Flags, tell_region
    from leastkey.cli.init.specs_beside import tell_beside
    from leastkey.spec.starter import starter_spec

    old = old_of(given)
    flags = Flags(**given)
    if old is not None:
        adopt_existing(show, flags, old)
        return
    path = Path(flags.spec)
    is_asking = not (yes or flags.allow or show.as_json) and sys.stdin.isatty() and sys.stderr.isatty()
    answers, chosen = _asked(show, flags, path) if is_asking else (_unasked(flags, path), {})
    text = starter_spec(answers)
    if is_asking:
        show.talk("The same again without questions:")
        show.say("".join(f"{plain(line)}\n" for line in _command(answers, flags.spec, show.talk_columns)))
    write_new(path, flags.spec, text)
    if not is_asking:
        show.talk(_region_line(flags))
        tell_region(show, answers.region)
    tell_beside(show, path, answers.project)
    _tell_next(show, answers, len(text.splitlines()), {**_place(flags.spec), **chosen})


def _region_line(flags: Flags) -> str:
    from leastkey.cli.init.found import region_of

    region, source = region_of(flags, os.environ)
    return f"Region    {region}, {f'from {source}' if source else 'the default: no setting names one'}"


def _asked(show: Show, flags: Flags, path: Path) -> tuple[Starter, dict[str, str]]:
    """Look around, show what was found, and ask for the rest; with it the options that `up` will need."""
    from leastkey.cli.ask import TerminalPrompter
    from leastkey.cli.init.found import find, found_lines, tell_region
    from leastkey.cli.init.questions import ask_for_spec

    refuse_existing(path, flags.spec)
    try:
        found = find(flags, os.environ)
        for line in found_lines(found, show.talk_columns):
            show.talk(line)
        tell_region(show, found.region.value)
        answers = ask_for_spec(TerminalPrompter(show, yes=False), flags, found)
    except KeyboardInterrupt:
        show.talk()
        raise LeastkeyError(
            "interrupted",
            "stopped by you",
            state="nothing was written",
            remedy="begin again: `leastkey init`",
        ) from None
    return answers, {"--vault": found.vault_to_name} if found.vault_to_name else {}


def _unasked(flags: Flags, path: Path) -> Starter:
    """Take the flags, and defaults for the rest."""
    from leastkey.cli.init.found import region_of
    from leastkey.cli.init.questions import FIRST_GRANT
    from leastkey.cli.read_spec import default_project
    from leastkey.spec.starter import Starter

    project = flags.project or default_project(path)
    region, _ = region_of(flags, os.environ)
    return Starter(
        project=project,
        identity=flags.identity or project,
        allow=flags.allow or (FIRST_GRANT,),
        region=region,
        output=flags.output,
        target=flags.target,
        account=flags.account,
        user=flags.user,
        service=flags.service,
    )


def words_of(answers: Starter, spec: str) -> list[str]:
    """Give the command that writes the same spec and asks nothing: its name, and each option as a shell reads it."""
    options = (
        ("--spec", None if spec == DEFAULT_SPEC else spec),
        ("--project", answers.project),
        ("--identity", answers.identity),
        *(("--allow", grant) for grant in answers.allow),
        ("--region", answers.region),
        ("--output", None if answers.output == "json" else answers.output),
        ("--account", answers.account),
        ("--user", answers.user),
        ("--service", answers.service),
    )
    words = [f"{name} {shlex.quote(value)}" for name, value in options if value is not None]
    return ["leastkey init", *words, *(["--sandbox"] if answers.target == "sandbox" else [])]


def _command(answers: Starter, spec: str, columns: int) -> list[str]:
    """Set the command in lines that can be pasted: they break between options only, never inside a quoted value."""
    first, *options = words_of(answers, spec)
    lines = [f"  {first}"]
    for option in options:
        if len(f"{lines[-1]} {option} \\") <= columns:
            lines[-1] += f" {option}"
        else:
            lines[-1] += " \\"
            lines.append(f"    {option}")
    return lines


def _place(spec: str) -> dict[str, str]:
    return {} if spec == DEFAULT_SPEC else {"--spec": spec}


def _tell_next(show: Show, answers: Starter, lines: int, chosen: dict[str, str]) -> None:
    from leastkey.cli.hints import words_for

    spec = chosen.get("--spec", DEFAULT_SPEC)
    show.document("init", {"spec": spec, "lines": lines, "region": answers.region})
    show.data(f"Wrote {spec}, {lines} lines, no secrets in it, safe to commit")
    show.data(f"Next: leastkey up{words_for('up', chosen)}")
    if answers.target != "sandbox":
        here = words_for("up", {**_place(spec), "--sandbox": ""})
        show.data(f"No AWS account at hand: leastkey up{here}")
