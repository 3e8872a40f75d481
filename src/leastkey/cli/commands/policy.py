"""`leastkey policy`: what policies permit, asked of the engine alone. No account, no AWS call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leastkey.cli.options import output_options
from leastkey.errors import Exit, LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.cli.show import Show

__all__ = ["command"]


@click.group("policy")
def command() -> None:
    """Ask what policies permit: offline, by the engine that judges the proof and the sandbox."""


@command.command(
    epilog="Example: leastkey policy simulate --policy nightly.json --action s3:GetObject "
    "--resource arn:aws:s3:::acme-reports/nightly/a.csv"
)
@click.option(
    "--cases", metavar="FILE", help="Cases in the neutral format, one JSON object a line; - is stdin."
)
@click.option("--policy", "identity", metavar="FILE", multiple=True, help="Identity policy; several times.")
@click.option("--resource-policy", metavar="FILE", help="The resource's policy, or the role's trust policy.")
@click.option("--boundary", metavar="FILE", help="Permissions boundary.")
@click.option("--session-policy", metavar="FILE", multiple=True, help="Session policy; several times.")
@click.option(
    "--scp", metavar="FILE", multiple=True, help="Service control policy, one a level; several times."
)
@click.option(
    "--rcp", metavar="FILE", multiple=True, help="Resource control policy, one a level; several times."
)
@click.option(
    "--endpoint-policy",
    metavar="FILE",
    multiple=True,
    help="Policy of the VPC endpoint the request came through.",
)
@click.option("--action", metavar="NAME", help="What is asked, such as s3:GetObject.")
@click.option("--resource", metavar="ARN", help="On which resource; * for none.  [default: *]")
@click.option(
    "--resource-account", metavar="ID", help="Who owns it.  [default: the ARN's account, else the caller's]"
)
@click.option(
    "--principal",
    metavar="WHO",
    help="Who asks: an ARN, a service such as ec2.amazonaws.com, or anonymous.  [default: a user]",
)
@click.option(
    "--context", metavar="KEY=VALUE", multiple=True, help="A condition key of the request; several times."
)
@click.option(
    "--fill-context",
    "fills",
    is_flag=True,
    help="First fill in the keys AWS supplies, and say which are not known.",
)
@click.option(
    "--missing", "names", is_flag=True, help="With --cases: name absent keys and what would turn the verdict."
)
@output_options
def simulate(  # one parameter an option that is looked at here
    show: Show,
    cases: str | None,
    identity: tuple[str, ...],
    action: str | None,
    *,
    fills: bool,
    names: bool,
    **more: str | tuple[str, ...] | None,
) -> int:
    """Decide requests under policies, and say why. The context is complete as given, unless --fill-context is.

    Filled in are the keys that follow from caller, action and resource, and from a direct call made now over TLS.
    """
    if cases is not None:
        if action is not None or identity or any(more.values()):
            raise LeastkeyError(
                "usage", "`--cases` holds requests and policies; the other options do not go with it"
            )
        return _stream(show, cases, fills=fills, names=names)
    if action is None:
        raise LeastkeyError(
            "usage",
            "nothing is asked",
            remedy=("leastkey policy simulate --policy FILE --action NAME", "or many at once: --cases FILE"),
        )
    _refuse_idle(fills=fills, names=names, principal=more.get("principal"))
    from leastkey.cli.simulate import ask, facts_now, show_decision

    request, policies = ask(action, identity, more)
    show_decision(show, request, policies, facts_now() if fills else None)
    return int(Exit.OK)


def _refuse_idle(*, fills: bool, names: bool, principal: object) -> None:
    """Refuse an option that would say nothing, or nothing true."""
    if names:
        raise LeastkeyError("usage", "`--missing` goes with `--cases`; one request always names absent keys")
    if fills and principal is None:
        raise LeastkeyError(
            "usage",
            "`--fill-context` fills in keys about the caller, and none is named",
            remedy="--principal arn:aws:iam::111122223333:user/alice",
        )


def _stream(show: Show, cases: str, *, fills: bool, names: bool) -> int:
    """Answer case after case, each as soon as it is read; nothing is kept of one that is answered."""
    from leastkey.cli.show import as_json
    from leastkey.cli.simulate import facts_now
    from leastkey.evaluate.cases import answer_line

    facts = facts_now() if fills else None
    code = Exit.OK
    for line in _lines(cases):
        if line.strip():
            found, is_case = answer_line(line, facts, with_missing=names)
            show.write(f"{as_json(found)}\n")
            code = code if is_case else Exit.USAGE
    return int(code)


def _lines(cases: str) -> Iterator[bytes]:
    try:
        if cases == "-":
            yield from sys.stdin.buffer
            return
        with Path(cases).open("rb") as file:
            yield from file
    except OSError as error:
        raise LeastkeyError(
            "usage",
            f"`{cases}` cannot be read",
            why=str(error.strerror),
            remedy="--cases FILE, or - for stdin",
        ) from None
