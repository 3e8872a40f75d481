"""Take a project down: keys, then what this computer knows, then IAM; what is gone already is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.apply.run import Applied, apply_plan

if TYPE_CHECKING:
    from leastkey.plan.plan import Plan
    from leastkey.ports.aws import Connect
    from leastkey.ports.local import HelperCommand, Local
    from leastkey.ports.people import Progress

__all__ = ["destroy"]


def destroy(
    plan: Plan,
    connect: Connect,
    local: Local,
    progress: Progress,
    *,
    helper: HelperCommand,
    endpoint: str | None = None,
    endpoint_url: str | None = None,
) -> Applied:
    """Carry out a plan of `make_destroy_plan`. Raises LeastkeyError as `apply_plan` does."""
    return apply_plan(
        plan, connect, local, progress, helper=helper, endpoint=endpoint, endpoint_url=endpoint_url
    )
