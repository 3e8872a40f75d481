"""What is to be proved: a probe for each line of the spec, and a dozen things nobody granted.

An expected denial is never asserted for something the documents allow, nor where the engine cannot know.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from leastkey.compile.s3 import SCHEME, S3Location
from leastkey.iam.arn import role_arn, user_arn
from leastkey.spec.model import ActionsGrant, LevelGrant, ManagedGrant
from leastkey.verify.calls import (
    ABSENT,
    CHECK_KEY,
    Call,
    Target,
    bucket_targets,
    common_targets,
    object_targets,
    whole_bucket_targets,
)
from leastkey.verify.lines import Chance, chances, line_name, statements_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.compile.wanted import Wanted, WantedIdentity
    from leastkey.iam.statement import Effect
    from leastkey.spec.model import Grant
    from leastkey.verify.judge import Judge

__all__ = ["DENIALS", "Probe", "Side", "matrix"]

Side = Literal["allowed", "denied"]

DENIALS: Final = 12
"""How many things that nobody granted are tried."""
_FALLBACKS: Final = 3
"""How many targets stand in for one another where an answer decides nothing."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One row of the proof: what must be allowed or denied. Without `chances` nothing can be said about the line."""

    side: Side
    chances: tuple[Chance, ...]
    line: str = ""


def matrix(identity: WantedIdentity, wanted: Wanted, judge: Judge) -> tuple[Probe, ...]:
    """Give the probes: the lines that allow, the lines that deny, then what nobody granted."""
    allowed = (_line(grant, "Allow", wanted, judge) for grant in identity.grants)
    denied = (_line(grant, "Deny", wanted, judge) for grant in identity.spec.deny)
    asserted = (
        Probe("denied", (Chance(target),)) for target in islice(_ungranted(identity, wanted, judge), DENIALS)
    )
    return (*(probe for probe in (*allowed, *denied) if probe is not None), *asserted)


def _line(grant: Grant, effect: Effect, wanted: Wanted, judge: Judge) -> Probe | None:
    side: Side = "allowed" if effect == "Allow" else "denied"
    if statements_of(grant, effect, wanted, judge) == ():
        return None  # the compiler has said that the line grants nothing
    found = chances(grant, effect, wanted, judge)
    if effect == "Allow":
        # What a `deny` line takes away again does not speak for the line, as long as something is left.
        found = tuple(sorted(found, key=lambda chance: judge.forbids(chance.target)))
    return Probe(side, found[:_FALLBACKS], line_name(grant))


def _ungranted(identity: WantedIdentity, wanted: Wanted, judge: Judge) -> Iterator[Target]:
    taken = {
        (chance.target.action, chance.target.resource)
        for grant in identity.spec.deny
        for chance in chances(grant, "Deny", wanted, judge)[:1]
    }
    for target in _candidates(identity, wanted):
        if (target.action, target.resource) not in taken and judge.judge(target).verdict == "deny":
            yield target


def _candidates(identity: WantedIdentity, wanted: Wanted) -> Iterator[Target]:
    """Give what is tried, the most telling first."""
    common = {target.action: target for target in common_targets(wanted)}
    bucket = _bucket(identity)
    if bucket:
        put, get = object_targets(wanted.partition, bucket, CHECK_KEY)
        yield get
        yield put
        yield from bucket_targets(wanted.partition, bucket, "")
    yield common["s3:ListAllMyBuckets"]
    yield from _user_targets(identity, wanted)
    yield _other_role(identity, wanted)
    for action in ("iam:ListUsers", "ec2:TerminateInstances", "ec2:CreateVpc"):
        yield common[action]
    yield _attach(wanted)
    for action in ("iam:GetAccountAuthorizationDetails", "iam:ListRoles"):
        yield common[action]
    if bucket:
        yield from whole_bucket_targets(wanted.partition, bucket)
    for action in (
        "ec2:DescribeInstances",
        "ec2:DescribeVpcs",
        "iam:ListPolicies",
        "iam:ListGroups",
        "iam:GetAccountSummary",
    ):
        yield common[action]


def _user_targets(identity: WantedIdentity, wanted: Wanted) -> Iterator[Target]:
    """Ask to make the identity's own user, which is there; without a user nothing so harmless can be asked."""
    name = identity.role.name if identity.user is None else identity.user.name
    arn = str(user_arn(wanted.partition, wanted.account, "/", name))
    taken = Call("iam", "CreateUser", {"UserName": name}, frozenset({"EntityAlreadyExists"}), must_fail=True)
    yield Target("iam:CreateUser", arn, None if identity.user is None else taken)


def _other_role(identity: WantedIdentity, wanted: Wanted) -> Target:
    """Ask for another role: another identity's where there is one."""
    other = next((each.role for each in wanted.identities if each.name != identity.name), None)
    arn = str(role_arn(wanted.partition, wanted.account, "/", ABSENT) if other is None else other.arn)
    call = Call("sts", "AssumeRole", {"RoleArn": arn, "RoleSessionName": "leastkey-check"})
    return Target("sts:AssumeRole", arn, call, "another role" if other is None else other.name)


def _attach(wanted: Wanted) -> Target:
    """Ask to attach AdministratorAccess to a role that is not there."""
    arn = str(role_arn(wanted.partition, wanted.account, "/", ABSENT))
    policy = f"arn:{wanted.partition}:iam::aws:policy/AdministratorAccess"
    call = Call(
        "iam",
        "AttachRolePolicy",
        {"RoleName": ABSENT, "PolicyArn": policy},
        frozenset({"NoSuchEntity"}),
        must_fail=True,
    )
    return Target("iam:AttachRolePolicy", arn, call, "AdministratorAccess")


def _bucket(identity: WantedIdentity) -> str:
    """Give a bucket that the spec names."""
    for grant in (*identity.spec.allow, *identity.spec.deny):
        if isinstance(grant, LevelGrant | ActionsGrant):
            for target in grant.on:
                name = _bucket_of(target)
                if name:
                    return name
        elif not isinstance(grant, ManagedGrant):
            names = (
                _bucket_of(resource) for each in grant.document.statements for resource in each.resources
            )
            name = next((name for name in names if name), "")
            if name:
                return name
    return ""


def _bucket_of(text: str) -> str:
    if text.startswith(SCHEME):
        return S3Location.parse(text).bucket
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[2] != "s3":
        return ""
    name = parts[5].partition("/")[0]
    return "" if any(mark in name for mark in "*?$") else name
