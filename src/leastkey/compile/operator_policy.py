"""What the administrator of a project needs: every call that leastkey makes for it, on the project's own entities.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access Management".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.compile.federated import compile_providers
from leastkey.compile.role import managed_arn, managed_arns
from leastkey.compile.trust import service_principal
from leastkey.iam.document import PolicyDocument
from leastkey.iam.marks import PROJECT_TAG
from leastkey.iam.statement import Condition, Statement
from leastkey.spec.model import ServiceUse

if TYPE_CHECKING:
    from leastkey.compile.names import Home
    from leastkey.spec.model import Spec

__all__ = ["operator_policy"]


@dataclass(frozen=True, slots=True)
class _Part:
    """Calls on one kind of entity. `kind` begins its resource; the empty one means calls that name no entity."""

    sid: str
    kind: str
    calls: str

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(sorted(f"iam:{call}" for call in self.calls.split()))


_ACCOUNT: Final = _Part(
    "ReadTheAccount",
    "",
    """GetAccountAuthorizationDetails GetAccountSummary ListAccountAliases GenerateCredentialReport GetCredentialReport
    ListOpenIDConnectProviders GetOpenIDConnectProvider""",
)
_ROLES: Final = _Part(
    "Roles",
    "role",
    """GetRole CreateRole UpdateRole UpdateAssumeRolePolicy TagRole DetachRolePolicy PutRolePolicy DeleteRolePolicy DeleteRole
    PutRolePermissionsBoundary DeleteRolePermissionsBoundary""",
)
_POLICIES: Final = _Part(
    "Policies",
    "policy",
    "GetPolicy GetPolicyVersion CreatePolicy CreatePolicyVersion DeletePolicyVersion TagPolicy DeletePolicy",
)
_USERS: Final = _Part(
    "Users",
    "user",
    "GetUser CreateUser TagUser PutUserPolicy DeleteUserPolicy DetachUserPolicy DeleteUser",
)
_KEYS: Final = _Part(
    "AccessKeys",
    "user",
    "ListAccessKeys CreateAccessKey UpdateAccessKey DeleteAccessKey GetAccessKeyLastUsed",
)
_INSTANCE_PROFILES: Final = _Part(
    "InstanceProfiles",
    "instance-profile",
    """GetInstanceProfile CreateInstanceProfile TagInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile
    DeleteInstanceProfile ListInstanceProfiles""",
)


def operator_policy(spec: Spec, home: Home) -> PolicyDocument:
    """Give the policy with which a project can be planned, applied, proved, kept and destroyed, and no other touched.

    Roles take only policies of the project and the AWS-managed ones that the spec names; a role is handed to EC2 only
    where an identity is used there. Calls for users and keys are in it only where an identity has a user.
    """
    has_user = any(identity.user is not None for identity in spec.identities)
    for_ec2 = any(
        isinstance(use, ServiceUse) and use.service == "ec2"
        for identity in spec.identities
        for use in identity.used_by
    )
    parts = [_ACCOUNT, _ROLES, _POLICIES]
    parts += [_USERS, _KEYS] if has_user else []
    parts += [_INSTANCE_PROFILES] if for_ec2 else []
    statements = [_statement(part.sid, part.actions, home, part.kind) for part in parts]
    managed = {str(arn) for identity in spec.identities for arn in managed_arns(identity, home.partition)}
    boundaries = {each.boundary.managed: each.boundary for each in spec.identities if each.boundary}
    read_only = managed | {
        str(managed_arn(name, home.partition, boundary.place))
        for name, boundary in boundaries.items()
        if name
    }
    only = Condition("ArnLike", "iam:PolicyARN", (_ours(home, "policy"), *sorted(managed)))
    statements.append(_statement("AttachOwnPolicies", ("iam:AttachRolePolicy",), home, "role", only))
    if read_only:
        read = ("iam:GetPolicy", "iam:GetPolicyVersion")
        statements.append(
            Statement("Allow", sid="ReadManagedPolicies", actions=read, resources=tuple(sorted(read_only)))
        )
    if has_user:
        statements.append(
            Statement(
                "Allow",
                sid="LeaveGroups",
                actions=("iam:RemoveUserFromGroup",),
                resources=(f"arn:{home.partition}:iam::{home.account}:group/*",),
            )
        )
    if providers := compile_providers(spec.identities, home):
        statements += _of_providers(tuple(str(each.arn) for each in providers), home)
    if for_ec2:
        to_ec2 = Condition("StringEquals", "iam:PassedToService", (service_principal("ec2", home.partition),))
        statements.append(_statement("HandToInstances", ("iam:PassRole",), home, "role", to_ec2))
    statements.append(
        Statement("Allow", sid="SeeWhatAKeyDid", actions=("cloudtrail:LookupEvents",), resources=("*",))
    )
    return PolicyDocument(tuple(statements))


def _of_providers(arns: tuple[str, ...], home: Home) -> tuple[Statement, ...]:
    """Give what the providers of the spec's issuers need: they are the account's, and changed only where they are ours."""
    ours = Condition("StringEquals", f"aws:ResourceTag/{PROJECT_TAG}", (home.project,))
    return (
        Statement(
            "Allow",
            sid="MakeProviders",
            actions=(
                "iam:CreateOpenIDConnectProvider",
                "iam:TagOpenIDConnectProvider",
            ),
            resources=arns,
        ),
        Statement(
            "Allow",
            sid="ChangeOwnProviders",
            actions=("iam:AddClientIDToOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider"),
            resources=arns,
            conditions=(ours,),
        ),
    )


def _statement(
    sid: str, actions: tuple[str, ...], home: Home, kind: str, *conditions: Condition
) -> Statement:
    resource = _ours(home, kind) if kind else "*"
    return Statement("Allow", sid=sid, actions=actions, resources=(resource,), conditions=conditions)


def _ours(home: Home, kind: str) -> str:
    """Give the ARNs of the project's entities of a kind; its path is what marks them as ours."""
    return f"arn:{home.partition}:iam::{home.account}:{kind}{home.path}*"
