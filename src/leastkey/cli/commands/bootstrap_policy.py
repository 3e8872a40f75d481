"""`leastkey bootstrap-policy`: what the administrator of a project needs, and no more. Offline."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import DEFAULT_SPEC, output_options
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import ACCOUNT, AccountId

if TYPE_CHECKING:
    from leastkey.cli.show import Show

__all__ = ["command"]

_ANY: Final = AccountId("*")


@click.command(
    "bootstrap-policy", epilog="Example: leastkey bootstrap-policy --account 111122223333 > operator.json"
)
@click.option("--spec", default=DEFAULT_SPEC, metavar="FILE", show_default=True, help="The spec.")
@click.option("--account", metavar="ID", help="The account, where the spec names none.  [default: any]")
@output_options
def command(show: Show, *, spec: str, account: str | None) -> None:
    """Print the smallest policy with which this project can be run: its own entities, the calls leastkey makes.

    Give it to the role or user that runs `leastkey up`, as a managed policy. Who holds it can give the project's roles
    and users any permission and let anybody wear them. A boundary on the operator does not hold that in; an
    organization's policies do.
    """
    from leastkey.cli.read_spec import read_spec
    from leastkey.compile.names import Home
    from leastkey.compile.operator_policy import operator_policy
    from leastkey.iam.endpoints import partition_at
    from leastkey.iam.limits import MANAGED_POLICY_CHARACTERS

    project = read_spec(spec)
    owner = _account(project.account, account)
    document = operator_policy(project, Home(owner, partition_at(project.region), project.project))
    show.document("bootstrap-policy", {"policy": document.to_json(), "characters": document.characters()})
    show.data(json.dumps(document.to_json(), indent=2))
    count = f"{document.characters():,} of the {MANAGED_POLICY_CHARACTERS:,} characters of a managed policy"
    show.talk(
        f"{count}; for {'any account' if owner == _ANY else f'account {owner}'}, project {project.project}"
    )
    show.talk()
    show.talk(
        "Next: aws iam create-policy --policy-name leastkey-operator --policy-document file://operator.json"
    )


def _account(named: AccountId | None, given: str | None) -> AccountId:
    """Give the account that is meant. Raises LeastkeyError where spec and option name two."""
    if given is None:
        return named or _ANY
    if not ACCOUNT.fullmatch(given):
        raise LeastkeyError(
            "usage", f"`{given}` is no account id", why="it has 12 digits", remedy="--account 111122223333"
        )
    if named not in {None, given}:
        raise LeastkeyError(
            "usage",
            f"the spec names account {named}, `--account` names {given}",
            remedy="leave `--account` out",
        )
    return AccountId(given)
