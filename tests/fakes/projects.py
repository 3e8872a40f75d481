"""Small projects for plans: wanted states made by hand, so that a test says what it wants and nothing else."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes.account import ACCOUNT

from leastkey.compile.wanted import (
    Wanted,
    WantedIdentity,
    WantedInstanceProfile,
    WantedPolicy,
    WantedProfile,
    WantedRole,
    WantedUser,
)
from leastkey.iam.arn import AccountId, Arn, policy_arn, role_arn, root_arn, user_arn
from leastkey.iam.canonical import digest
from leastkey.iam.document import PolicyDocument
from leastkey.iam.marks import path_of
from leastkey.iam.statement import Condition, Principals, Statement
from leastkey.spec.model import Identity, Names, Place, ServiceUse, UserUse

PROJECT = "acme"
PATH = path_of(PROJECT)
PLACE = Place("leastkey.yaml", 5, 3)
READ_ONLY = Arn("aws", "iam", "", "aws", "policy/ReadOnlyAccess")


def allows(*actions: str) -> PolicyDocument:
    """Give a document that allows actions everywhere."""
    return PolicyDocument((Statement("Allow", actions=actions, resources=("*",)),))


def trust_of(user: Arn | None, service: str | None = None) -> PolicyDocument:
    """Give a trust policy for a user, a service, or both."""
    statements = []
    if user is not None:
        root = str(root_arn("aws", AccountId(user.account)))
        only = Condition("ArnEquals", "aws:PrincipalArn", (str(user),))
        statements.append(
            Statement(
                "Allow", actions=("sts:AssumeRole",), principal=Principals(aws=(root,)), conditions=(only,)
            )
        )
    if service is not None:
        principal = Principals(service=(f"{service}.amazonaws.com",))
        statements.append(Statement("Allow", actions=("sts:AssumeRole",), principal=principal))
    return PolicyDocument(tuple(statements))


def identity(
    name: str = "reports",
    *,
    project: str = PROJECT,
    actions: tuple[str, ...] = ("ec2:DescribeRegions",),
    policies: int = 1,
    user: bool = True,
    ec2: bool = False,
    managed: tuple[Arn, ...] = (),
    boundary: bool = False,
    hours: int = 1,
    suffix: str = "",
) -> WantedIdentity:
    """Give one identity; `suffix` renames its entities."""
    path = path_of(project)
    full = f"{project}-{name}{suffix}"
    tags = (("leastkey:identity", name), ("leastkey:project", project))
    role = role_arn("aws", ACCOUNT, path, full)
    owner = user_arn("aws", ACCOUNT, path, full)
    made = tuple(
        WantedPolicy(
            policy_arn("aws", ACCOUNT, path, full if number == 1 else f"{full}-{number}"),
            path,
            full if number == 1 else f"{full}-{number}",
            allows(*actions, f"s3:Number{number}"),
            "made by leastkey",
            tags,
        )
        for number in range(1, policies + 1)
    )
    limit = WantedPolicy(
        policy_arn("aws", ACCOUNT, path, f"{full}-boundary"),
        path,
        f"{full}-boundary",
        allows("ec2:*"),
        "made by leastkey",
        tags,
    )
    uses = (*((UserUse(None, PLACE),) if user else ()), *((ServiceUse("ec2", PLACE),) if ec2 else ()))
    return WantedIdentity(
        name=name,
        spec=Identity(name, "", Names(), (), (), None, hours * 3_600, uses, PLACE),
        role=WantedRole(
            arn=role,
            path=path,
            name=full,
            trust=trust_of(owner if user else None, "ec2" if ec2 or not user else None),
            description="",
            max_session_seconds=hours * 3_600,
            attached=(*(policy.arn for policy in made), *managed),
            boundary=limit.arn if boundary else None,
            tags=(*tags, ("leastkey:settings", digest([hours]))),
        ),
        policies=made,
        boundary=limit if boundary else None,
        user=_user(owner, path, full, role, tags) if user else None,
        instance_profile=_profile(path, full, tags) if ec2 else None,
        profile=WantedProfile(name, "eu-west-1", "json") if user else None,
        session_seconds=hours * 3_600,
        origins=(),
        can=(),
        cannot=(),
        cautions=(),
    )


def _user(arn: Arn, path: str, name: str, role: Arn, tags: tuple[tuple[str, str], ...]) -> WantedUser:
    only = PolicyDocument((Statement("Allow", actions=("sts:AssumeRole",), resources=(str(role),)),))
    return WantedUser(arn, path, name, "assume-role", only, tags)


def _profile(path: str, name: str, tags: tuple[tuple[str, str], ...]) -> WantedInstanceProfile:
    arn = Arn("aws", "iam", "", ACCOUNT, f"instance-profile{path}{name}")
    return WantedInstanceProfile(arn, path, name, name, tags)


def project(*identities: WantedIdentity, name: str = PROJECT) -> Wanted:
    """Give a project of identities."""
    return Wanted(name, path_of(name), ACCOUNT, "aws", "eu-west-1", "aws", identities)


def many(count: int) -> Wanted:
    """Give a project of so many identities."""
    return project(*(identity(f"job-{number}") for number in range(count)))


def without_user(one: WantedIdentity) -> WantedIdentity:
    """Give the identity without its user, key and profile."""
    return replace(one, user=None, profile=None)
