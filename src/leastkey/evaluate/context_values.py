"""Values of condition keys that follow from who calls, how, for what, and on which resource.

Source: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference for a service's own keys.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.context_keys import PRINCIPAL_TYPES, CallFacts
from leastkey.iam.catalog import service_catalog, service_exists

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.evaluate.request import Principal, Request
    from leastkey.iam.catalog import CatalogAction

__all__ = [
    "OF_OWNER",
    "Keys",
    "catalogued",
    "global_region",
    "is_without_owner",
    "keys_of_action",
    "keys_of_call",
    "keys_of_resource",
    "keys_of_service",
    "moment",
]

Keys = dict[str, str | tuple[str, ...]]

_ONE_ENDPOINT: Final = frozenset({"cloudfront", "organizations", "route53", "shield", "waf"})
_OF_IAM: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Services beside IAM that answer in one region, and IAM's in each partition. Source: AWS General Reference, "Global endpoints"."""

_NO_OWNER: Final = frozenset(
    {
        "auditmanager:updateassessmentframeworkshare",
        "detective:acceptinvitation",
        "ds:acceptshareddirectory",
        "ec2:accepttransitgatewaypeeringattachment",
        "ec2:acceptvpcendpointconnections",
        "ec2:acceptvpcpeeringconnection",
        "ec2:createtransitgatewaypeeringattachment",
        "ec2:createvpcendpoint",
        "ec2:createvpcpeeringconnection",
        "es:acceptinboundconnection",
        "guardduty:acceptadministratorinvitation",
        "macie2:acceptinvitation",
        "route53:associatevpcwithhostedzone",
        "route53:createvpcassociationauthorization",
        "securityhub:acceptadministratorinvitation",
    }
)
OF_OWNER: Final = frozenset({"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"})
"""Actions without the keys about the resource's owner, and these keys; all of `ebs:` is without, too."""

_SAME_AS: Final = {
    "ec2:region": "aws:requestedregion",
    "kms:calleraccount": "aws:principalaccount",
    "s3:resourceaccount": "aws:resourceaccount",
    "s3express:resourceaccount": "aws:resourceaccount",
}
"""A service's own keys that follow from a global one, in lower case."""

_SESSION: Final = re.compile(r"arn:([^:]+):sts::([^:]*):assumed-role/([^/]+)")


def keys_of_call(principal: Principal, facts: CallFacts) -> Keys:
    """Give the keys that hang on who calls and how, whatever is asked for. What is not known is left out."""
    found: Keys = {}
    _of_principal(found, principal, facts)
    _of_session(found, principal, facts)
    _of_way(found, facts)
    if facts.principal_tags:
        found.update({f"aws:PrincipalTag/{key}": value for key, value in facts.principal_tags.items()})
    return found


def moment(at: datetime) -> str:
    """Give a time as AWS writes it in condition keys."""
    return at.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def global_region(service: str, partition: str) -> str:
    """Give the region of a service that answers in one region alone, "" for any other."""
    if service == "iam":
        return _OF_IAM.get(partition, "")
    return _OF_IAM["aws"] if partition == "aws" and service in _ONE_ENDPOINT else ""


def _of_principal(found: Keys, principal: Principal, facts: CallFacts) -> None:
    kind, account = principal.type, principal.account
    if kind == "anonymous":
        account = "anonymous"
    elif kind != "federated":
        found["aws:PrincipalIsAWSService"] = "true" if kind == "service" else "false"
    if account:
        found["aws:PrincipalAccount"] = account
    if kind in PRINCIPAL_TYPES:
        found["aws:PrincipalType"] = PRINCIPAL_TYPES[kind]
    arn = _arn_of(principal)
    if arn:
        found["aws:PrincipalArn"] = arn
    user_id = facts.user_id or _user_id_of(principal)
    if user_id:
        found["aws:userid"] = user_id
    if kind == "user":
        found["aws:username"] = principal.arn.rsplit("/", 1)[-1]
    elif kind == "service":
        found["aws:PrincipalServiceName"] = principal.arn


def _arn_of(principal: Principal) -> str:
    """Give `aws:PrincipalArn`: for a session the ARN of its role, not its own."""
    match principal.type:
        case "user" | "role" | "root" | "feduser":
            return principal.arn
        case "session":
            return principal.role_arn or _role_behind(principal.arn)
        case _:
            return ""


def _role_behind(session: str) -> str:
    """Give the ARN of the role whose session it is, without the path, which the session's ARN does not have."""
    found = _SESSION.match(session)
    return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else ""


def _user_id_of(principal: Principal) -> str:
    match principal.type:
        case "anonymous":
            return "anonymous"
        case "root":
            return principal.account
        case "feduser":
            return f"{principal.account}:{principal.arn.rsplit('/', 1)[-1]}"
        case _:
            return ""


def _of_session(found: Keys, principal: Principal, facts: CallFacts) -> None:
    if facts.source_identity:
        found["aws:SourceIdentity"] = facts.source_identity
    provider = facts.federated_provider or _provider_of(principal)
    if provider:
        found["aws:FederatedProvider"] = provider
    if facts.is_temporary is False:
        return
    if facts.mfa is not None:
        found["aws:MultiFactorAuthPresent"] = "true" if facts.mfa else "false"
    if facts.issued_at is not None:
        found["aws:TokenIssueTime"] = moment(facts.issued_at)
        if facts.mfa and facts.now is not None:
            found["aws:MultiFactorAuthAge"] = str(int((facts.now - facts.issued_at).total_seconds()))


def _provider_of(principal: Principal) -> str:
    return principal.arn if principal.type == "federated" and ":saml-provider/" not in principal.arn else ""


def _of_way(found: Keys, facts: CallFacts) -> None:
    if facts.now is not None:
        found["aws:CurrentTime"] = moment(facts.now)
        found["aws:EpochTime"] = str(int(facts.now.timestamp()))
    if facts.is_secure is not None:
        found["aws:SecureTransport"] = "true" if facts.is_secure else "false"
    if facts.via is not None:
        found["aws:ViaAWSService"] = "true" if facts.via else "false"
    if facts.via:
        found |= {
            "aws:CalledVia": facts.via,
            "aws:CalledViaFirst": facts.via[0],
            "aws:CalledViaLast": facts.via[-1],
        }
    if facts.through_endpoint:
        _put(found, "aws:SourceVpc", facts.vpc)
        _put(found, "aws:SourceVpce", facts.vpce)
        _put(found, "aws:VpcSourceIp", facts.vpc_source_ip)
    else:
        _put(found, "aws:SourceIp", facts.source_ip)
    _put(found, "aws:Referer", facts.referer)
    _put(found, "aws:RequestedRegion", facts.region)
    _put(found, "aws:UserAgent", facts.user_agent)


def _put(found: Keys, key: str, value: str | None) -> None:
    if value:
        found[key] = value


def keys_of_resource(request: Request, facts: CallFacts) -> Keys:
    """Give the keys that hang on the resource, its region and the tags."""
    found: Keys = {}
    owner = request.owner
    if owner and not is_without_owner(request.action):
        found["aws:ResourceAccount"] = owner
    if not facts.region:
        region = _region_of(request)
        if region:
            found["aws:RequestedRegion"] = region
    if facts.request_tags:
        found |= {f"aws:RequestTag/{key}": value for key, value in facts.request_tags.items()}
        found["aws:TagKeys"] = tuple(facts.request_tags)
    if facts.resource_tags:
        found |= {f"aws:ResourceTag/{key}": value for key, value in facts.resource_tags.items()}
    return found


def is_without_owner(action: str) -> bool:
    """Say whether an action carries no key about the account that owns the resource."""
    action = action.lower()
    return action in _NO_OWNER or action.startswith("ebs:")


def _region_of(request: Request) -> str:
    service = request.action.split(":")[0].lower()
    parts = request.resource.split(":", 5)
    of_caller = request.principal.arn.split(":", 2)
    partition = parts[1] if len(parts) == 6 else of_caller[1] if len(of_caller) == 3 else "aws"
    return global_region(service, partition) or (parts[3] if len(parts) == 6 else "")


def keys_of_service(request: Request, values: Mapping[str, Any], facts: CallFacts) -> Keys:
    """Give the service's own keys that follow from what is known, where the action carries them."""
    action = catalogued(request.action)
    if action is None:
        return {}
    listed = {key.lower(): key for key in keys_of_action(action)}
    found: Keys = {
        listed[key]: values[same] for key, same in _SAME_AS.items() if key in listed and same in values
    }
    for key in listed.values():
        if key.endswith(":ResourceTag/${TagKey}"):
            family = key.removesuffix("${TagKey}")
            found |= {f"{family}{tag}": text for tag, text in (facts.resource_tags or {}).items()}
    return found


def catalogued(name: str) -> CatalogAction | None:
    """Give an action of the catalogue, None for one it does not have."""
    service, _, action = name.lower().partition(":")
    return service_catalog(service).actions.get(action) if service_exists(service) else None


def keys_of_action(action: CatalogAction) -> set[str]:
    """Give the condition keys of an action and of what it acts on."""
    types = service_catalog(action.service).resource_types
    kinds = (types[name.lower()] for name in action.resource_types if name.lower() in types)
    return {*action.condition_keys, *(key for kind in kinds for key in kind.condition_keys)}
