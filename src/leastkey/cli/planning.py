"""Observe the account, look at this computer, and plan: what all commands on a project have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.apply.local_state import see_local
from leastkey.apply.observe import observe
from leastkey.plan.diff import make_plan
from leastkey.ports.people import Silent

if TYPE_CHECKING:
    from leastkey.cli.wiring import Project
    from leastkey.compile.wanted import Wanted
    from leastkey.iam.arn import Arn
    from leastkey.plan.plan import Plan
    from leastkey.plan.seen import Seen
    from leastkey.plan.seen_local import SeenLocal

__all__ = ["known_here", "look", "look_and_plan", "planned", "who_and_where"]


def look(project: Project, *, removing: bool = False) -> Seen:
    """Read the account in bulk. `removing`: instance profiles without a role count too, whatever the spec says now."""
    return observe(
        project.connect,
        project=project.wanted.project,
        named=_named(project.wanted),
        instance_profiles=removing
        or any(identity.instance_profile is not None for identity in project.wanted.identities),
        progress=Silent(),
        local=project.local,
        endpoint=project.key.endpoint,
        caller=project.caller,
    )


def planned(project: Project) -> tuple[Plan, Seen]:
    """Say which account is read, and plan against it as it is now."""
    project.options.show.talk(who_and_where(project))
    return look_and_plan(project)


def look_and_plan(project: Project) -> tuple[Plan, Seen]:
    """Plan against the account as it is now, without a word."""
    seen = look(project)
    return make_plan(project.wanted, seen, known_here(project)), seen


def known_here(project: Project) -> SeenLocal:
    """Give what this computer knows of the project."""
    return see_local(project.wanted, project.endpoint_url, project.local)


def who_and_where(project: Project) -> str:
    """Give the line that says which account is read, as whom."""
    if project.spec.target == "sandbox":
        return f"Sandbox {project.endpoint_url}, account {project.caller.account}, nothing goes to AWS"
    endpoint = f" at {project.endpoint_url}" if project.endpoint_url else ""
    return f"Reading account {project.caller.account} as {project.caller.arn}{endpoint}"


def _named(wanted: Wanted) -> tuple[Arn, ...]:
    """Give what the project uses and the dump leaves out: AWS's own policies, and OpenID Connect providers."""
    found: dict[Arn, None] = dict.fromkeys(provider.arn for provider in wanted.providers)
    for identity in wanted.identities:
        boundary = identity.role.boundary
        for arn in (*identity.role.attached, *(() if boundary is None else (boundary,))):
            if arn.account == "aws":
                found[arn] = None
    return tuple(found)
