"""`leastkey sandbox clock | accounts | fault | limit`: the running sandbox made to do what AWS does rarely."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import output_options, state_dir_option

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from leastkey.cli.show import Show

__all__ = ["COMMANDS"]


@click.command(
    epilog="Example: leastkey sandbox clock +2h", context_settings={"ignore_unknown_options": True}
)
@click.argument("to", required=False)
@click.option("--strict", is_flag=True, help="Clients must sign with the moved time; SDKs in Python cannot.")
@state_dir_option
@output_options
def clock(show: Show, state_dir: Path | None, to: str | None, *, strict: bool) -> None:
    """Move the sandbox's clock: by `+2h` or `-30m`, to `2026-12-01T00:00:00Z`, back to `now`; or show it.

    It rules expiry, presigned URLs, `aws:CurrentTime` and timestamps until the sandbox stops.
    """
    found = _control("clock", state_dir, to=to or "", strict="yes" if strict else "no")
    show.document("sandbox clock", found)
    moved = timedelta(seconds=abs(found["offset_seconds"]))
    sign = "behind" if found["offset_seconds"] < 0 else "ahead of"
    show.data(f"{found['time']}, {f'{moved} {sign}' if moved else 'as'} the computer's clock")


@click.command(epilog="Example: leastkey sandbox accounts --add 444455556666")
@click.option("--add", metavar="ID", help="Make an account: twelve digits.")
@state_dir_option
@output_options
def accounts(show: Show, state_dir: Path | None, add: str | None) -> None:
    """List the accounts of the sandbox, or make one."""
    asked = {} if add is None else {"account": add}
    found = _control("add-account" if asked else "ping", state_dir, **asked)
    show.document("sandbox accounts", {"accounts": found["accounts"]})
    for account in found["accounts"]:
        show.data(account)


@click.group()
def fault() -> None:
    """Have calls fail on purpose, after they were verified and authorized; counted, never by chance."""


@fault.command(
    "add", epilog="Example: leastkey sandbox fault add iam:CreateAccessKey --kind lost --count 1 --after 2"
)
@click.argument("operation")
@click.option("--kind", metavar="KIND", required=True, help="throttle, error, reset, lost, cut or delay.")
@click.option("--count", default=1, help="On how many calls it fires.  [default: 1]")
@click.option("--after", default=0, help="How many calls it lets pass first.  [default: 0]")
@click.option("--seconds", default=0.0, help="How long it keeps a client waiting.  [default: 0]")
@click.option("--code", default="", help="The code of an error.  [default: the service's own internal error]")
@state_dir_option
@output_options
def add_fault(show: Show, state_dir: Path | None, **given: Any) -> None:
    """Add a fault for an operation such as `iam:CreateAccessKey`, or for a service, `iam:*`.

    Nothing is carried out on throttle, error and reset; on lost, cut and delay the call is done, and its answer does not
    arrive, arrives by half, or late.
    """
    found = _control("fault", state_dir, **{name: str(value) for name, value in given.items()})
    show.document("sandbox fault add", found)
    _show_faults(show, found["faults"])


@fault.command("list", epilog="Example: leastkey sandbox fault list --json")
@state_dir_option
@output_options
def list_faults(show: Show, state_dir: Path | None) -> None:
    """List the faults, and what fired."""
    found = _control("faults", state_dir)
    show.document("sandbox fault list", found)
    _show_faults(show, found["faults"])
    for each in found["fired"]:
        show.data(f"Fired     {each['time']} {each['kind']} {each['operation']} by {each['account']}")


@fault.command("clear", epilog="Example: leastkey sandbox fault clear")
@state_dir_option
@output_options
def clear_faults(show: Show, state_dir: Path | None) -> None:
    """Drop all faults, and the list of what fired."""
    found = _control("no-faults", state_dir)
    show.document("sandbox fault clear", found)
    show.data(f"{found['cleared']} cleared.")


@click.command(epilog="Example: leastkey sandbox limit 'iam:*' --rate 5 --burst 10")
@click.argument("operation", required=False)
@click.option("--rate", type=float, help="Calls a second.")
@click.option("--burst", type=int, help="Calls at once.")
@click.option("--clear", is_flag=True, help="Drop all limits.")
@state_dir_option
@output_options
def limit(
    show: Show,
    state_dir: Path | None,
    operation: str | None,
    rate: float | None,
    burst: int | None,
    *,
    clear: bool,
) -> None:
    """Throttle as AWS does: a bucket of tokens for each account and operation; or list the limits."""
    if clear and operation is None:
        found = _control("no-limits", state_dir)
        show.document("sandbox limit", found)
        show.data(f"{found['cleared']} cleared.")
        return
    if operation is None:
        found = _control("limits", state_dir)
    elif rate is None or burst is None or clear:
        raise click.UsageError("a limit takes an operation, --rate and --burst")
    else:
        found = _control("limit", state_dir, operation=operation, rate=str(rate), burst=str(burst))
    show.document("sandbox limit", found)
    for each in found["limits"]:
        show.data(f"{each['operation']}  {each['rate']:g} a second, {each['burst']} at once")
    if not found["limits"]:
        show.data("No limits.")


@click.command(epilog="Example: leastkey sandbox delay 3s")
@click.argument("span")
@state_dir_option
@output_options
def delay(show: Show, state_dir: Path | None, span: str) -> None:
    """Have new keys, principals and changed policies count later, as IAM does; `0s` for at once."""
    found = _control("delay", state_dir, span=span)
    show.document("sandbox delay", found)
    show.data(f"Changes count after {found['delay_seconds']} s, by the sandbox's clock")


@click.command("shared-oidc", epilog="Example: leastkey sandbox shared-oidc permit")
@click.argument("trust", metavar="permit|refuse", type=click.Choice(["permit", "refuse"]))
@state_dir_option
@output_options
def shared_oidc(show: Show, state_dir: Path | None, trust: str) -> None:
    """Take roles that trust everybody at a shared OIDC provider such as GitHub's, or refuse them as AWS does."""
    found = _control("shared-oidc", state_dir, set=trust)
    show.document("sandbox shared-oidc", found)
    show.data(
        "Trust in a shared OIDC provider without its claim is "
        + ("taken, which AWS would refuse" if trust == "permit" else "refused, as AWS does")
    )


COMMANDS: Final = (clock, accounts, fault, limit, delay, shared_oidc)


def _control(command: str, state_dir: Path | None, **given: str) -> dict[str, Any]:
    from leastkey.sandbox.server import lifecycle

    return lifecycle.control(command, state_dir, **given)


def _show_faults(show: Show, faults: list[dict[str, Any]]) -> None:
    for each in faults:
        passed = f", after {each['after']}" if each["after"] else ""
        late = f", {each['seconds']:g} s late" if each["seconds"] else ""
        show.data(
            f"{each['kind']:<9} {each['operation']}, fired {each['fired']} of {each['count']}{passed}{late}"
        )
    if not faults:
        show.data("No faults.")
