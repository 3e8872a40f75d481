"""`leastkey init`: write a commented spec from flags. It never writes over a file."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import DEFAULT_SPEC, output_options
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.show import Show

__all__ = ["command"]

FIRST_GRANT: Final = "ec2:DescribeRegions"
"""What a spec allows when nothing is asked for: the harmless call everybody tries first."""


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
    help="What it may do, several times: actions, or a service, levels and `on` a resource."
    f"  [default: {FIRST_GRANT}]",
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
@click.option("--sandbox", is_flag=True, help="Target the embedded AWS.")
@output_options
def command(
    show: Show,
    spec: str,
    project: str | None,
    identity: str | None,
    allow: tuple[str, ...],
    region: str | None,
    **answers: str | bool | None,
) -> None:
    """Write a commented spec. It never writes over a file, and no AWS call is made."""
    from leastkey.cli.again import words_for
    from leastkey.cli.read_spec import default_project
    from leastkey.spec.starter import Starter, starter_spec

    path = Path(spec)
    name = project or default_project(path)
    found, source = _region(region)
    text = starter_spec(
        Starter(
            project=name,
            identity=identity or name,
            allow=allow or (FIRST_GRANT,),
            region=found,
            output=str(answers["output"]),
            target="sandbox" if answers["sandbox"] else "aws",
            account=_text(answers["account"]),
            user=_text(answers["user"]),
            service=_text(answers["service"]),
        )
    )
    _write_new(path, spec, text)
    lines = len(text.splitlines())
    show.document("init", {"spec": spec, "lines": lines, "region": found})
    show.talk(f"Region    {found}, {f'from {source}' if source else 'the default: no setting names one'}")
    show.data(f"Wrote {spec}, {lines} lines, no secrets in it, safe to commit")
    chosen = {} if spec == DEFAULT_SPEC else {"--spec": spec}
    show.data(f"Next: leastkey up{words_for('up', chosen)}")
    if not answers["sandbox"]:
        here = words_for("up", {**chosen, "--sandbox": ""})
        show.data(f"No AWS account at hand: leastkey up{here}")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _region(given: str | None) -> tuple[str, str]:
    """Give the region and where it comes from, empty for the default."""
    if given is not None:
        return given, "--region"
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if value := os.environ.get(name):
            return value, name
    return "us-east-1", ""


def _write_new(path: Path, shown: str, text: str) -> None:
    """Write a file that must not exist yet, whole or not at all."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise LeastkeyError(
            "spec-exists",
            f"`{shown}` is there already",
            remedy=("look at it: `leastkey plan`", "write another: `leastkey init --spec OTHER.yaml`"),
        ) from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            path.unlink(missing_ok=True)
        raise LeastkeyError(
            "io-failed", f"`{shown}` cannot be written", why=str(error.strerror), remedy="--spec FILE"
        ) from None
