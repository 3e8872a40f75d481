"""Which requests carry a condition key that AWS supplies, and what is said of one that is not there.

Source: IAM User Guide, "AWS global condition context keys",
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from typing import Any, Final, get_args

import pytest

from leastkey.evaluate.context_keys import CallFacts, absence, global_key
from leastkey.evaluate.request import PrincipalType

EVERYBODY: Final = frozenset(get_args(PrincipalType))
MEMBERS: Final = frozenset({"user", "role", "session", "feduser", "root"})
SESSIONS: Final = frozenset({"role", "session"})
MFA: Final = "only credentials given out after a second factor carry it"
LONG_LIVED: Final = "only temporary credentials carry it, long-lived keys do not"
BY: Final[dict[str, tuple[frozenset[str], str]]] = {
    "everybody": (EVERYBODY, ""),
    "signed": (EVERYBODY - {"anonymous", "federated"}, "only signed requests carry it"),
    "members": (MEMBERS, "only callers that belong to an account can carry it"),
    "temporary": (MEMBERS, LONG_LIVED),
    "mfa": (MEMBERS, MFA),
    "forwarded": (MEMBERS, "only a call that a service passes on for the caller carries it"),
    "tagged": (MEMBERS - {"root"} | {"federated"}, "the caller has no tag of this name"),
    "users": (frozenset({"user"}), "only IAM users carry it"),
    "root": (frozenset({"root"}), "only sessions made by sts:AssumeRoot carry it"),
    "services": (
        frozenset({"service"}),
        "only the direct call of an AWS service principal carries it",
    ),
    "sessions": (SESSIONS, "only sessions of a role can carry it"),
    "identified": (SESSIONS, "only sessions of a role that was given a source identity carry it"),
    "web identity": (
        SESSIONS | {"federated"},
        "only sessions made by sts:AssumeRoleWithWebIdentity carry it",
    ),
}
KEYS: Final = """
aws:PrincipalArn | signed | the caller's ARN does not tell it
aws:PrincipalAccount | everybody | the caller's account is not known
aws:PrincipalOrgPaths aws:PrincipalOrgID | members | the caller's place in an organization is not known
aws:PrincipalTag/ | tagged | the caller's tags are not known
aws:PrincipalIsAWSService | signed | who signs the call is not known
aws:PrincipalServiceName | services | the service's name is not known
aws:PrincipalServiceNamesList | services | the service's other names are not known
aws:PrincipalType | everybody | AWS names no value for this caller
aws:userid | everybody | AWS's unique id of the caller is not known
aws:username | users | the user's ARN does not tell it
aws:AssumedRoot | root | whether the session was made by sts:AssumeRoot is not known
aws:FederatedProvider | web identity | how the session was made is not known
aws:TokenIssueTime | temporary | when the credentials were given out is not known
aws:SignInSessionArn | members | whether the caller signed in by OAuth is not known
aws:MultiFactorAuthAge | mfa | when the second factor was given is not known
aws:MultiFactorAuthPresent | temporary | whether the credentials were given out after a second factor is not known
aws:ChatbotSourceArn | sessions | whether a chat channel made the session is not known
aws:Ec2InstanceSourceVpc aws:Ec2InstanceSourcePrivateIPv4 ec2:RoleDelivery ec2:SourceInstanceArn | sessions |\
 whether the credentials were delivered to an EC2 instance, and to which, is not known
aws:SourceIdentity | identified | the session's source identity is not known
glue:RoleAssumedBy glue:CredentialIssuingService | sessions | whether AWS Glue made the session is not known
codebuild:BuildArn codebuild:ProjectArn | sessions | whether CodeBuild made the session is not known
lambda:SourceFunctionArn | sessions | whether a Lambda function calls is not known
ssm:SourceInstanceArn | sessions | whether a managed instance calls is not known
identitystore:UserId | sessions | whether an Identity Center user calls is not known
aws:SourceIp | everybody | the caller's address is not known
aws:SourceVpc aws:SourceVpcArn aws:SourceVpce aws:VpceAccount aws:VpceOrgID aws:VpceOrgPaths aws:VpcSourceIp |\
 everybody | whether the call comes through a VPC endpoint, and through which, is not known
aws:ResourceAccount | everybody | the account that owns the resource is not known
aws:ResourceOrgPaths aws:ResourceOrgID | everybody | the resource's place in an organization is not known
aws:ResourceTag/ | everybody | the resource's tags are not known
aws:CalledVia aws:CalledViaFirst aws:CalledViaLast aws:CalledViaAWSMCP aws:ViaAWSMCPService | forwarded |\
 whether a service passes the call on is not known
aws:ViaAWSService | everybody | whether a service passes the call on is not known
aws:CurrentTime aws:EpochTime | everybody | the time of the call is not known
aws:Referer | everybody | whether a browser calls is not known
aws:RequestedRegion | everybody | neither service nor resource tells the region
aws:RequestTag/ aws:TagKeys | everybody | the tags in the request are not known
aws:SecureTransport | everybody | whether the call uses TLS is not known
aws:SourceAccount aws:SourceArn aws:SourceOrgID aws:SourceOrgPaths | services |\
 the resource for which the service calls is not known
aws:UserAgent | everybody | the caller's program is not known
aws:IsMcpServiceAction | everybody | whether an MCP service asks is not known
"""
ROWS: Final = [
    (name, who, unknown)
    for names, who, unknown in (row.split(" | ") for row in KEYS.strip().replace(" |\n", " | ").splitlines())
    for name in names.split()
]


@pytest.mark.parametrize(("name", "who", "unknown"), ROWS, ids=[name for name, _, _ in ROWS])
def test_a_key_is_carried_by_the_callers_aws_names_and_by_no_other(name: str, who: str, unknown: str) -> None:
    key, (carriers, only) = global_key(name), BY[who]
    assert key is not None
    assert (key.name, key.unknown) == (name, unknown)
    for kind in get_args(PrincipalType):
        assert absence(key, kind, CallFacts()) == ("" if kind in carriers else only)


PUBLIC = "a call through a VPC endpoint does not carry it"
ENDPOINT = "only calls through a VPC endpoint carry it"


@pytest.mark.parametrize(
    ("name", "facts", "why"),
    [
        ("aws:TokenIssueTime", {"is_temporary": False}, LONG_LIVED),
        ("aws:TokenIssueTime", {"is_temporary": True}, ""),
        ("aws:MultiFactorAuthAge", {"is_temporary": False, "mfa": True}, MFA),
        ("aws:MultiFactorAuthAge", {"is_temporary": True, "mfa": False}, MFA),
        ("aws:MultiFactorAuthAge", {"mfa": False}, MFA),
        ("aws:MultiFactorAuthAge", {"is_temporary": True, "mfa": True}, ""),
        ("aws:SourceIdentity", {"source_identity": ""}, BY["identified"][1]),
        ("aws:SourceIdentity", {"source_identity": "ann"}, ""),
        ("aws:FederatedProvider", {"federated_provider": ""}, BY["web identity"][1]),
        ("aws:FederatedProvider", {"federated_provider": "arn"}, ""),
        ("aws:SourceIp", {"through_endpoint": True}, PUBLIC),
        ("aws:SourceIp", {"through_endpoint": False}, ""),
        ("aws:SourceVpc", {"through_endpoint": False}, ENDPOINT),
        ("aws:SourceVpc", {"through_endpoint": True}, ""),
        ("aws:CalledVia", {"via": ()}, BY["forwarded"][1]),
        ("aws:CalledVia", {"via": ("athena.amazonaws.com",)}, ""),
        ("aws:Referer", {"referer": ""}, "only a link followed in a browser carries it"),
        ("aws:Referer", {"referer": "https://acme.example/"}, ""),
        ("aws:PrincipalTag/team", {"principal_tags": {"cost": "a"}}, BY["tagged"][1]),
        ("aws:RequestTag/team", {"request_tags": {}}, "the request sets no tag of this name"),
        ("aws:ResourceTag/team", {"resource_tags": {}}, "the resource has no tag of this name"),
    ],
)
def test_what_is_known_of_a_call_says_which_keys_it_lacks(name: str, facts: dict[str, Any], why: str) -> None:
    key = global_key(name)
    assert key is not None
    assert absence(key, "session", CallFacts(**facts)) == why
