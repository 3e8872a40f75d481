"""`leastkey sandbox export | import`: a whole account as the file that the AWS CLI prints of a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import output_options, state_dir_option

if TYPE_CHECKING:
    from pathlib import Path

    from leastkey.cli.show import Show

__all__ = ["ACCOUNT_COMMANDS"]

_MOST: Final = 64 * 1024 * 1024


@click.command("export", epilog="Example: leastkey sandbox export --account 111122223333 > account.json")
@click.option(
    "--account", metavar="ID", default="123456789012", help="Which account.  [default: 123456789012]"
)
@state_dir_option
@output_options
def export_account(show: Show, state_dir: Path | None, account: str) -> None:
    """Print an account as `aws iam get-account-authorization-details` does, with what AWS keeps elsewhere.

    Users, groups, roles and policies; buckets with their policies and OIDC providers stand under `Leastkey`.
    No keys, passwords or objects.
    """
    from leastkey.cli.show import as_json
    from leastkey.sandbox.server import lifecycle

    file = lifecycle.control("export", state_dir, account=account)["file"]
    show.document("sandbox export", {"account": account, "file": file})
    show.data(as_json(file, indent=2))


@click.command("import", epilog="Example: leastkey sandbox import account.json")
@click.argument("file", metavar="FILE|-")
@click.option("--account", metavar="ID", help="Which account.  [default: the one its ARNs name]")
@state_dir_option
@output_options
def import_account(show: Show, state_dir: Path | None, file: str, account: str | None) -> None:
    """Load the file of a real account, or of an exported one: all of it or nothing, into an empty account.

    It is what `aws iam get-account-authorization-details` prints; - is stdin.
    """
    from leastkey.cli.given_file import given_text
    from leastkey.sandbox.server import lifecycle

    found = lifecycle.control("import", state_dir, body=given_text(file, _MOST), account=account or "")
    show.document("sandbox import", found)
    counts = ", ".join(f"{count} {name}" for name, count in _spoken(found["loaded"]) if count)
    show.data(f"Account {found['account']}: {counts or 'nothing'}")
    for each in found["not_loaded"]:
        show.data(f"Not loaded: {each}")
    show.data("Never in the file: keys, passwords, MFA devices")
    show.data(f'Next: eval "$(leastkey sandbox env --account {found["account"]})"')


ACCOUNT_COMMANDS: Final = (export_account, import_account)


def _spoken(loaded: dict[str, int]) -> list[tuple[str, int]]:
    return [(name.replace("oidc_", "OIDC "), count) for name, count in loaded.items()]
