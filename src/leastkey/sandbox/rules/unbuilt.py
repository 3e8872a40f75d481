"""What moto would carry out and the sandbox does not: nobody here could say what it needs permission for.

Some operations act on another service's resources in the service's own name, some have no action of their name in
the catalogue, some parameters moto reads as something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.sandbox.errors import not_built
from leastkey.sandbox.resolve.parameters import parameters, text
from leastkey.sandbox.resolve.resources_other import action_of, is_split

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest, Operation, Refusal

__all__ = ["IAM_UNBUILT", "unbuilt"]

IAM_UNBUILT: Final = frozenset(
    {
        "AcceptDelegationRequest",
        "AcquireRole",
        "AssociateDelegationRequest",
        "ChangePassword",
        "CreateDelegationRequest",
        "CreateServiceSpecificCredential",
        "DeleteServiceSpecificCredential",
        "DisableOrganizationsRootCredentialsManagement",
        "DisableOrganizationsRootSessions",
        "DisableOutboundWebIdentityFederation",
        "EnableOrganizationsRootCredentialsManagement",
        "EnableOrganizationsRootSessions",
        "EnableOutboundWebIdentityFederation",
        "GenerateOrganizationsAccessReport",
        "GetAccountProperties",
        "GetDelegationRequest",
        "GetHumanReadableSummary",
        "GetMFADevice",
        "GetOrganizationsAccessReport",
        "GetOutboundWebIdentityFederationInfo",
        "GetRoleTemplateVersion",
        "ListDelegationRequests",
        "ListMFADeviceTags",
        "ListOrganizationsFeatures",
        "ListSAMLProviderTags",
        "ListServerCertificateTags",
        "ListServiceSpecificCredentials",
        "PutAccountProperties",
        "RejectDelegationRequest",
        "ResetServiceSpecificCredential",
        "SendDelegationToken",
        "SetSecurityTokenServicePreferences",
        "TagMFADevice",
        "TagSAMLProvider",
        "TagServerCertificate",
        "UntagMFADevice",
        "UntagSAMLProvider",
        "UntagServerCertificate",
        "UpdateDelegationRequest",
        "UpdateServerCertificate",
        "UpdateServiceSpecificCredential",
    }
)
"""Operations of IAM that neither moto nor the sandbox carries out."""

_OPERATIONS: Final = frozenset(
    {
        ("dynamodb", "ExportTableToPointInTime"),  # writes to a bucket
        ("dynamodb", "ImportTable"),  # reads from one
        ("ec2", "DescribeVpcEndpointServices"),  # of services that are not here
        ("logs", "CreateExportTask"),  # writes to a bucket
        ("logs", "PutSubscriptionFilter"),  # writes to log groups of any account
        ("organizations", "InviteAccountToOrganization"),
        ("secretsmanager", "RotateSecret"),  # calls a function
        ("ssm", "SendCommand"),  # runs commands
        ("ssm", "StartAutomationExecution"),
        *(("iam", name) for name in IAM_UNBUILT),
    }
)
_TRAILS: Final = frozenset(
    {
        "CreateTrail",
        "DeleteTrail",
        "DescribeTrails",
        "GetTrail",
        "GetTrailStatus",
        "ListTrails",
        "LookupEvents",
        "StartLogging",
        "StopLogging",
    }
)
"""What CloudTrail has here; what else a trail may do, nobody would do for it."""
_PARAMETERS: Final = {
    "logs": frozenset({"logGroupIdentifier", "logGroupIdentifiers"}),  # moto finds another group by them
    "secretsmanager": frozenset({"Filters"}),
    "ssm": frozenset({"KeyId"}),  # nobody asks whether its caller may use the key
}
_KEPT: Final = frozenset({"email", "email-json", "sms"})
"""Protocols of subscriptions whose messages moto keeps and delivers to nobody."""
_FILTERED: Final = frozenset({"ListSecrets"})
"""Operations whose filters show no more than the operation itself does."""


def unbuilt(request: AwsRequest, operation: Operation) -> Refusal | None:
    """Refuse what cannot be judged."""
    service, name = request.service, operation.name
    if service in ("s3", "sts"):
        return None
    known = action_of(service, name) is not None or is_split(service, name)
    if not known or (service == "cloudtrail" and name not in _TRAILS) or (service, name) in _OPERATIONS:
        return not_built(f"{service}:{name}")
    if (service, name) == ("sns", "Subscribe"):
        return _delivered(text(parameters(request, operation), "Protocol"))
    if service not in _PARAMETERS or name in _FILTERED:
        return None
    given = _PARAMETERS[service] & parameters(request, operation).keys()
    return not_built(f"The parameter {min(given)} of {service}:{name}") if given else None


def _delivered(protocol: str) -> Refusal | None:
    """Refuse a subscription by which moto would call an address or act on another service's resource."""
    return None if protocol in _KEPT else not_built(f"The protocol {protocol} of sns:Subscribe")
