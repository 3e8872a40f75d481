"""`leastkey creds`: what the profile's helper prints, by hand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from leastkey.cli.options import common_options
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.options import Options

__all__ = ["command"]


@click.command("creds", epilog="Example: leastkey creds automation | jq -r .Expiration")
@click.argument("identity", metavar="[NAME]", required=False)
@click.option("--force", is_flag=True, help="Print at a terminal too.")
@common_options
def command(options: Options, identity: str | None, *, force: bool) -> int:
    """Assume the identity's role and print the session as credential_process JSON, for AWS tools to read."""
    from leastkey.cli.binding import binding_of
    from leastkey.cli.machine import machine
    from leastkey.cli.sessions import session_of
    from leastkey.iam.credentials import process_document

    if sys.stdout.isatty() and not force:
        raise LeastkeyError(
            "terminal-secret",
            "this prints a secret; it is for the AWS CLI to read",
            state="no credentials were issued",
            remedy=(
                "use it: `leastkey run -- aws sts get-caller-identity`",
                "print it all the same: `--force`",
            ),
        )
    here = machine()
    binding = binding_of(here, options, identity, "leastkey creds NAME")
    session = session_of(here, binding)
    options.show.write(process_document(session, binding.key.account) + "\n")
    return 0
