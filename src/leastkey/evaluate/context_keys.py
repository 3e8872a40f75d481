"""The condition keys AWS supplies beside a service's own, and which requests carry each.

Source: IAM User Guide, "AWS global condition context keys" (availability of each key); "IAM policy elements: Variables
and tags", "Principal key values".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, get_args

from leastkey.evaluate.request import PrincipalType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

__all__ = ["PRINCIPAL_TYPES", "CallFacts", "GlobalKey", "absence", "global_key"]

PRINCIPAL_TYPES: Final[Mapping[PrincipalType, str]] = {
    "anonymous": "Anonymous",
    "feduser": "FederatedUser",
    "role": "AssumedRole",
    "root": "Account",
    "session": "AssumedRole",
    "user": "User",
}
"""Values of `aws:PrincipalType`. AWS's table has none for a service."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of a call beside who asks for what. None is not known; empty is known not to be there.

    `via` names the services that pass the caller's request on (`()`: the caller calls directly). `through_endpoint`
    says whether the call comes through a VPC endpoint; `vpce`, `vpc` and `vpc_source_ip` describe it.
    `is_temporary` says whether the credentials are; `mfa`, whether they were given out after a second factor.
    """

    now: datetime | None = None
    region: str | None = None
    is_secure: bool | None = None
    source_ip: str | None = None
    through_endpoint: bool | None = None
    vpce: str | None = None
    vpc: str | None = None
    vpc_source_ip: str | None = None
    user_agent: str | None = None
    referer: str | None = None
    via: tuple[str, ...] | None = None
    user_id: str | None = None
    is_temporary: bool | None = None
    mfa: bool | None = None
    issued_at: datetime | None = None
    source_identity: str | None = None
    federated_provider: str | None = None
    principal_tags: Mapping[str, str] | None = None
    resource_tags: Mapping[str, str] | None = None
    request_tags: Mapping[str, str] | None = None


_Types = frozenset[PrincipalType]
_ANY: Final[_Types] = frozenset(get_args(PrincipalType))
_SIGNED: Final[_Types] = _ANY - {"anonymous", "federated"}
_SESSIONS: Final[_Types] = frozenset({"session", "role"})
_MEMBERS: Final[_Types] = frozenset({"user", "role", "session", "feduser", "root"})


def _unsaid(_facts: CallFacts) -> bool | None:
    return None


@dataclass(frozen=True, slots=True)
class _Carried:
    """Which requests carry a key: callers of certain types, and of their calls those of which `told` does not say no."""

    only: str
    types: _Types = _ANY
    told: Callable[[CallFacts], bool | None] = field(default=_unsaid)


@dataclass(frozen=True, slots=True)
class GlobalKey:
    """A key; `unknown` says what one would have to know. The name of a family (one key a tag) ends with `/`."""

    name: str
    carried: _Carried
    unknown: str


def _some(value: object) -> bool | None:
    return None if value is None else bool(value)


_ALL: Final = _Carried("every request carries it")
_OF_SIGNED: Final = _Carried("only signed requests carry it", _SIGNED)
_OF_MEMBERS: Final = _Carried("only callers that belong to an account can carry it", _MEMBERS)
_OF_USERS: Final = _Carried("only IAM users carry it", frozenset({"user"}))
_OF_TAGGED: Final = _Carried(
    "the caller has no tag of this name",
    frozenset({"user", "role", "session", "feduser", "federated"}),
    lambda facts: None if facts.principal_tags is None else False,
)
_OF_SERVICES: Final = _Carried(
    "only the direct call of an AWS service principal carries it", frozenset({"service"})
)
_OF_TEMPORARY: Final = _Carried(
    "only temporary credentials carry it, long-lived keys do not",
    _MEMBERS,
    lambda facts: facts.is_temporary,
)
_OF_MFA: Final = _Carried(
    "only credentials given out after a second factor carry it",
    _MEMBERS,
    lambda facts: False if facts.is_temporary is False else facts.mfa,
)
_OF_ROOT: Final = _Carried("only sessions made by sts:AssumeRoot carry it", frozenset({"root"}))
_OF_SESSIONS: Final = _Carried("only sessions of a role can carry it", _SESSIONS)
_OF_IDENTIFIED: Final = _Carried(
    "only sessions of a role that was given a source identity carry it",
    _SESSIONS,
    lambda facts: _some(facts.source_identity),
)
_OF_WEB_IDENTITY: Final = _Carried(
    "only sessions made by sts:AssumeRoleWithWebIdentity carry it",
    _SESSIONS | {"federated"},
    lambda facts: _some(facts.federated_provider),
)
_OF_PUBLIC: Final = _Carried(
    "a call through a VPC endpoint does not carry it",
    _ANY,
    lambda facts: not facts.through_endpoint,
)
_OF_ENDPOINTS: Final = _Carried(
    "only calls through a VPC endpoint carry it", _ANY, lambda facts: facts.through_endpoint
)
_OF_FORWARDED: Final = _Carried(
    "only a call that a service passes on for the caller carries it",
    _MEMBERS,
    lambda facts: _some(facts.via),
)
_OF_BROWSERS: Final = _Carried(
    "only a link followed in a browser carries it", _ANY, lambda facts: _some(facts.referer)
)
_OF_REQUEST_TAGS: Final = _Carried(
    "the request sets no tag of this name",
    _ANY,
    lambda facts: None if facts.request_tags is None else False,
)
_OF_RESOURCE_TAGS: Final = _Carried(
    "the resource has no tag of this name",
    _ANY,
    lambda facts: None if facts.resource_tags is None else False,
)

_EC2: Final = "whether the credentials were delivered to an EC2 instance, and to which, is not known"
_ORGANIZATION: Final = "the caller's place in an organization is not known"
_ENDPOINT: Final = "whether the call comes through a VPC endpoint, and through which, is not known"
_FORWARDING: Final = "whether a service passes the call on is not known"
_TRIGGER: Final = "the resource for which the service calls is not known"
_MFA: Final = "whether the credentials were given out after a second factor is not known"

_KEYS: Final = (
    GlobalKey("aws:PrincipalArn", _OF_SIGNED, "the caller's ARN does not tell it"),
    GlobalKey("aws:PrincipalAccount", _ALL, "the caller's account is not known"),
    GlobalKey("aws:PrincipalOrgPaths", _OF_MEMBERS, _ORGANIZATION),
    GlobalKey("aws:PrincipalOrgID", _OF_MEMBERS, _ORGANIZATION),
    GlobalKey("aws:PrincipalTag/", _OF_TAGGED, "the caller's tags are not known"),
    GlobalKey("aws:PrincipalIsAWSService", _OF_SIGNED, "who signs the call is not known"),
    GlobalKey("aws:PrincipalServiceName", _OF_SERVICES, "the service's name is not known"),
    GlobalKey("aws:PrincipalServiceNamesList", _OF_SERVICES, "the service's other names are not known"),
    GlobalKey("aws:PrincipalType", _ALL, "AWS names no value for this caller"),
    GlobalKey("aws:userid", _ALL, "AWS's unique id of the caller is not known"),
    GlobalKey("aws:username", _OF_USERS, "the user's ARN does not tell it"),
    GlobalKey("aws:AssumedRoot", _OF_ROOT, "whether the session was made by sts:AssumeRoot is not known"),
    GlobalKey("aws:FederatedProvider", _OF_WEB_IDENTITY, "how the session was made is not known"),
    GlobalKey("aws:TokenIssueTime", _OF_TEMPORARY, "when the credentials were given out is not known"),
    GlobalKey("aws:SignInSessionArn", _OF_MEMBERS, "whether the caller signed in by OAuth is not known"),
    GlobalKey("aws:MultiFactorAuthAge", _OF_MFA, "when the second factor was given is not known"),
    GlobalKey("aws:MultiFactorAuthPresent", _OF_TEMPORARY, _MFA),
    GlobalKey("aws:ChatbotSourceArn", _OF_SESSIONS, "whether a chat channel made the session is not known"),
    GlobalKey("aws:Ec2InstanceSourceVpc", _OF_SESSIONS, _EC2),
    GlobalKey("aws:Ec2InstanceSourcePrivateIPv4", _OF_SESSIONS, _EC2),
    GlobalKey("aws:SourceIdentity", _OF_IDENTIFIED, "the session's source identity is not known"),
    GlobalKey("ec2:RoleDelivery", _OF_SESSIONS, _EC2),
    GlobalKey("ec2:SourceInstanceArn", _OF_SESSIONS, _EC2),
    GlobalKey("glue:RoleAssumedBy", _OF_SESSIONS, "whether AWS Glue made the session is not known"),
    GlobalKey(
        "glue:CredentialIssuingService", _OF_SESSIONS, "whether AWS Glue made the session is not known"
    ),
    GlobalKey("codebuild:BuildArn", _OF_SESSIONS, "whether CodeBuild made the session is not known"),
    GlobalKey("codebuild:ProjectArn", _OF_SESSIONS, "whether CodeBuild made the session is not known"),
    GlobalKey("lambda:SourceFunctionArn", _OF_SESSIONS, "whether a Lambda function calls is not known"),
    GlobalKey("ssm:SourceInstanceArn", _OF_SESSIONS, "whether a managed instance calls is not known"),
    GlobalKey("identitystore:UserId", _OF_SESSIONS, "whether an Identity Center user calls is not known"),
    GlobalKey("aws:SourceIp", _OF_PUBLIC, "the caller's address is not known"),
    GlobalKey("aws:SourceVpc", _OF_ENDPOINTS, _ENDPOINT),
    GlobalKey("aws:SourceVpcArn", _OF_ENDPOINTS, _ENDPOINT),
    GlobalKey("aws:SourceVpce", _OF_ENDPOINTS, _ENDPOINT),
    GlobalKey("aws:VpceAccount", _OF_ENDPOINTS, _ENDPOINT),
    GlobalKey("aws:VpceOrgID", _OF_ENDPOINTS, _ENDPOINT),
    GlobalKey("aws:VpceOrgPaths", _OF_ENDPOINTS, _ENDPOINT),
    GlobalKey("aws:VpcSourceIp", _OF_ENDPOINTS, _ENDPOINT),
    GlobalKey("aws:ResourceAccount", _ALL, "the account that owns the resource is not known"),
    GlobalKey("aws:ResourceOrgPaths", _ALL, "the resource's place in an organization is not known"),
    GlobalKey("aws:ResourceOrgID", _ALL, "the resource's place in an organization is not known"),
    GlobalKey("aws:ResourceTag/", _OF_RESOURCE_TAGS, "the resource's tags are not known"),
    GlobalKey("aws:CalledVia", _OF_FORWARDED, _FORWARDING),
    GlobalKey("aws:CalledViaFirst", _OF_FORWARDED, _FORWARDING),
    GlobalKey("aws:CalledViaLast", _OF_FORWARDED, _FORWARDING),
    GlobalKey("aws:CalledViaAWSMCP", _OF_FORWARDED, _FORWARDING),
    GlobalKey("aws:ViaAWSService", _ALL, _FORWARDING),
    GlobalKey("aws:ViaAWSMCPService", _OF_FORWARDED, _FORWARDING),
    GlobalKey("aws:CurrentTime", _ALL, "the time of the call is not known"),
    GlobalKey("aws:EpochTime", _ALL, "the time of the call is not known"),
    GlobalKey("aws:Referer", _OF_BROWSERS, "whether a browser calls is not known"),
    GlobalKey("aws:RequestedRegion", _ALL, "neither service nor resource tells the region"),
    GlobalKey("aws:RequestTag/", _OF_REQUEST_TAGS, "the tags in the request are not known"),
    GlobalKey("aws:TagKeys", _OF_REQUEST_TAGS, "the tags in the request are not known"),
    GlobalKey("aws:SecureTransport", _ALL, "whether the call uses TLS is not known"),
    GlobalKey("aws:SourceAccount", _OF_SERVICES, _TRIGGER),
    GlobalKey("aws:SourceArn", _OF_SERVICES, _TRIGGER),
    GlobalKey("aws:SourceOrgID", _OF_SERVICES, _TRIGGER),
    GlobalKey("aws:SourceOrgPaths", _OF_SERVICES, _TRIGGER),
    GlobalKey("aws:UserAgent", _ALL, "the caller's program is not known"),
    GlobalKey("aws:IsMcpServiceAction", _ALL, "whether an MCP service asks is not known"),
)
_BY_NAME: Final = {key.name.lower(): key for key in _KEYS}


def global_key(name: str) -> GlobalKey | None:
    """Give the entry of a key, of its family for one key of many; letter case does not count."""
    family, slash, _rest = name.lower().partition("/")
    return _BY_NAME.get(family + slash)


def absence(key: GlobalKey, kind: PrincipalType, facts: CallFacts) -> str:
    """Say why the call of such a caller does not carry a key for certain; "" where it may."""
    carried = key.carried
    return carried.only if kind not in carried.types or carried.told(facts) is False else ""
