"""Who the administrator is, and that it is the one who is meant: where every command on an account begins."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.apply.refusals import refusal
from leastkey.aws.connect import connect_admin
from leastkey.cli.ask import mfa_code
from leastkey.cli.sandbox.door import connect_root, sandbox_root
from leastkey.disk.aws_config import AwsProfiles
from leastkey.errors import NOTHING_CHANGED, AwsError, LeastkeyError
from leastkey.iam.marks import OUR_PATH
from leastkey.keys.clock_skew import clock_skew

if TYPE_CHECKING:
    from leastkey.aws.connect import AwsConnect
    from leastkey.cli.machine import Machine
    from leastkey.plan.seen import Caller
    from leastkey.spec.model import Target

__all__ = ["Meant", "administrator"]

_NO_REGION: Final = "scoped to a valid region"
"""AWS's words for a signature made for a region it does not have, or for another than the one asked."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Which administrator is meant. `account` is the only one allowed, None for any; `said_at` is where that is said."""

    target: Target
    region: str
    account: str | None
    said_at: str
    profile: str | None
    allow_endpoint: str | None
    vault: str | None = None
    """Where secrets lie: the key of an embedded AWS that is started now."""


def administrator(here: Machine, meant: Meant) -> tuple[AwsConnect, Caller]:
    """Find the administrator and ask AWS who that is. Raises LeastkeyError where it is not the one who is meant."""
    connect = _sandbox(here, meant) if meant.target == "sandbox" else _aws(here, meant)
    caller = _caller(connect, here)
    _refuse_own(caller, here)
    if meant.account is not None and meant.account != caller.account:
        raise LeastkeyError(
            "wrong-account",
            f"{meant.said_at} says {meant.account}, you are in {caller.account}",
            why=f"as         {caller.arn}, from {connect.administrator.source}",
            state="nothing was changed, no IAM call was made",
            remedy="name an administrator of the right account: `--admin-profile NAME`",
        )
    return connect, caller


def _sandbox(here: Machine, meant: Meant) -> AwsConnect:
    return connect_root(sandbox_root(here, meant.account, meant.vault), meant.region)


def _aws(here: Machine, meant: Meant) -> AwsConnect:
    AwsProfiles(os.environ).refuse_unreadable()
    return connect_admin(
        os.environ,
        here.clock,
        region=meant.region,
        profile=meant.profile,
        allow_endpoint=meant.allow_endpoint,
        ask_code=lambda device: mfa_code(device, meant.profile or os.environ.get("AWS_PROFILE")),
    )


def _caller(connect: AwsConnect, here: Machine) -> Caller:
    """Ask AWS who we are: the first call, so it is here that a bad key, clock or network shows."""
    try:
        return connect.admin_sts().caller()
    except AwsError as error:
        skew = clock_skew(error, here.clock.now(), state=NOTHING_CHANGED)
        # A question whose answer is lost has changed nothing.
        failed = skew or refusal(error if error.code else AwsError(error.call, "", error.message))
        if failed.code in {"bad-credentials", "no-credentials"}:
            failed = failed.again(why=(f"from       {connect.administrator.source}", *failed.why))
            if _NO_REGION in error.message:
                failed = failed.again(remedy=("name a region that AWS has: `region:` in the spec",))
        if failed.code == "no-answer" and connect.endpoint_url is not None:
            failed = failed.again(why=(f"asked      {connect.endpoint_url}", *failed.why))
        raise failed from None


def _refuse_own(caller: Caller, here: Machine) -> None:
    """Refuse a user of ours, known by its path, and a role of ours, which this computer remembers: its session shows no path."""
    kind, _, rest = caller.arn.resource.partition("/")
    ours = OUR_PATH in f"/{rest}" or (
        kind == "assumed-role"
        and any(
            (binding.key.account, binding.role.name) == (caller.account, rest.split("/", 1)[0])
            for binding in here.bindings.all()
        )
    )
    if ours:
        raise LeastkeyError(
            "own-profile",
            "these credentials belong to an identity leastkey made for a script, it cannot administer IAM",
            why=f"you are {caller.arn}",
            remedy="name an administrator: `--admin-profile NAME`",
        )
