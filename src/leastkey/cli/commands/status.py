"""`leastkey status`: how each identity stands: keys, secret, profile, session, drift. It changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leastkey.cli.options import key_age_options, project_options
from leastkey.errors import Exit, LeastkeyError

if TYPE_CHECKING:
    from leastkey.apply.status import Drift, IdentityStatus
    from leastkey.cli.options import Options
    from leastkey.cli.wiring import Project
    from leastkey.plan.seen import Seen

__all__ = ["command", "online"]


@click.command("status", epilog="Example: leastkey status nightly --json")
@click.argument("identity", metavar="[NAME]", required=False)
@key_age_options
@project_options
def command(options: Options, identity: str | None, *, offline: bool, rotate_days: int) -> int:
    """Show each identity's keys with age and last use, where its secret lies, what is due and what has drifted."""
    from leastkey.cli.status_view import next_command, show_status, status_document

    where, found = _offline(options) if offline else online(options, rotate_days)
    if identity is not None:
        found = tuple(each for each in found if each.name == identity)
        if not found:
            raise LeastkeyError(
                "unknown-name",
                f"neither the spec nor this computer knows an identity `{identity}`",
                remedy="leastkey status",
            )
    options.show.document(
        "status", {**where, "offline": offline, "identities": [status_document(each) for each in found]}
    )
    show_status(options.show, found)
    options.show.data(f"Next: {next_command(found, options)}")
    return int(Exit.OK)


def online(options: Options, rotate_days: int) -> tuple[dict[str, str], tuple[IdentityStatus, ...]]:
    """Give how the identities stand, by this computer and by AWS."""
    from leastkey.apply.status import here_alone, with_account
    from leastkey.cli.planning import look, who_and_where
    from leastkey.cli.wiring import build

    project = build(options, bare=True)
    options.show.talk(who_and_where(project))
    known = here_alone(project.wanted, project.endpoint_url, project.local)
    seen = look(project, removing=True)
    found = with_account(
        known,
        project.wanted,
        seen,
        project.connect.iam(),
        project.local,
        project.endpoint_url,
        drift=_drift(project, seen),
        rotate_days=rotate_days,
    )
    return {"account": project.caller.account, "project": project.wanted.project}, found


def _drift(project: Project, seen: Seen) -> Drift:
    from leastkey.apply.status import drift_of
    from leastkey.cli.planning import known_here
    from leastkey.plan.diff import make_plan

    try:
        return drift_of(make_plan(project.wanted, seen, known_here(project)))
    except LeastkeyError as error:
        return f"[{error.code}] {error.what}"


def _offline(options: Options) -> tuple[dict[str, str], tuple[IdentityStatus, ...]]:
    """Give what this computer knows, for each account the project has identities in."""
    from leastkey.apply.status import here_alone
    from leastkey.cli.machine import machine
    from leastkey.cli.offline import places, wanted_in
    from leastkey.cli.read_spec import read_spec

    spec = read_spec(options.spec, sandbox=options.sandbox)
    here = machine()
    local = here.local(here.any_vault(options, spec.target))
    found: list[IdentityStatus] = []
    for place in places(spec, here.bindings.all()):
        found += here_alone(wanted_in(spec, place), place.endpoint_url, local)
    return {"project": spec.project}, tuple(found)
