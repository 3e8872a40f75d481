"""The proof of each identity: its session from the broker, the probes as real calls, the report as people read it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from leastkey.aws.sts_direct import assume
from leastkey.broker.session import session_for
from leastkey.errors import LeastkeyError
from leastkey.plan.revoked import restore_command, revoked_identities
from leastkey.ports.local import SANDBOX_ENDPOINT
from leastkey.verify.report import exit_of
from leastkey.verify.run import verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.cli.show import Show
    from leastkey.cli.wiring import Project
    from leastkey.compile.wanted import WantedIdentity
    from leastkey.plan.seen import Seen
    from leastkey.ports.aws import Calls
    from leastkey.verify.report import Report

__all__ = ["first_run", "outcome", "prove", "show_reports"]


def prove(project: Project, seen: Seen, name: str | None, *, settling: bool) -> list[Report]:
    """Prove one identity, or all that are not revoked. `settling`: something was changed moments ago, and AWS may still carry it about."""
    revoked = revoked_identities(project.wanted, seen)
    if name in revoked:
        raise _is_revoked(name)
    return [
        verify(
            identity,
            project.wanted,
            seen.managed,
            _calls(project, identity),
            clock=project.machine.clock,
            progress=project.progress,
            settling=settling,
            is_secure=(project.endpoint_url or "https:").startswith("https:"),
            honours_conditions=project.key.endpoint in {None, SANDBOX_ENDPOINT},
        )
        for identity in project.wanted.identities
        if identity.name not in revoked and name in {None, identity.name}
    ]


def outcome(project: Project, seen: Seen, reports: Sequence[Report]) -> int:
    """Give the exit code of a proof; says what kept a revoked identity out of it, after the one document is written."""
    code = exit_of(reports)
    revoked = sorted(revoked_identities(project.wanted, seen))
    if not revoked or (reports and code):
        return code
    error = _is_revoked(revoked[0], project.options.again("revoke"))
    project.options.show.error(error)
    return int(error.exit_code)


def _is_revoked(name: str, again: str = "") -> LeastkeyError:
    return LeastkeyError(
        "revoked",
        f"`{name}` is revoked: it has no key, and what it has is denied everything",
        state="it was not proved; all else is as described",
        remedy=f"{restore_command(name)}{again}",
    )


def _calls(project: Project, identity: WantedIdentity) -> Calls | None:
    """Give calls as the identity; None where nothing on this computer can wear its role."""
    if identity.user is None:
        return None
    binding = project.local.bindings.get(project.key.binding(identity.name))
    if binding is None:
        raise LeastkeyError(
            "not-set-up",
            f"`{identity.name}` is not set up on this computer",
            state="nothing was proved",
            remedy="leastkey up",
        )
    return project.connect.calls(session_for(binding, project.local, assume))


def show_reports(show: Show, reports: Sequence[Report], *, verbose: bool, most: int | None = None) -> None:
    """Print the reports, each under its identity's name where there are several."""
    for report in reports:
        if len(reports) > 1:
            show.data(f"{report.identity}:")
        for line in report.lines(verbose=verbose, most=most):
            show.data(line)


def first_run(project: Project, named: str | None = None) -> str:
    """Give a command that the identity named, or the first with a key, may run; without a key, how its role is used."""
    identities = project.wanted.identities
    meant = [identity for identity in identities if named in {None, identity.name}]
    first = next((identity for identity in meant if identity.user is not None), None)
    if first is None:
        return "leastkey help keyless"
    name = f" {first.name}" if len(identities) > 1 else ""
    call = "ec2 describe-regions" if _may_describe_regions(first) else "sts get-caller-identity"
    return f"leastkey run{name}{project.options.again('run')} -- aws {call}"


def _may_describe_regions(identity: WantedIdentity) -> bool:
    """Say whether our own policies plainly allow the call everybody tries first."""
    statements = [statement for policy in identity.policies for statement in policy.document.statements]
    speaking = [
        statement
        for statement in statements
        if any(fnmatchcase("ec2:describeregions", action.lower()) for action in statement.actions)
    ]
    return bool(speaking) and all(each.effect == "Allow" and not each.conditions for each in speaking)
