"""What moto would carry out and the sandbox does not: nobody here could say what it needs permission for.

Some operations act on another service's resources in the service's own name, some have no action of their name in
the catalogue, some parameters moto reads as something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.sandbox.errors import not_built
from leastkey.sandbox.resolve.parameters import parameters, text, walk
from leastkey.sandbox.resolve.resources_other import action_of, is_split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.sandbox.request import AwsRequest, Operation, Refusal
    from leastkey.sandbox.resolve.parameters import Parameters

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

_OF_EVENTS: Final = (  # they call addresses, keep secrets, or reach other accounts' buses and other resources
    "CreateApiDestination",
    "CreateArchive",
    "CreateConnection",
    "CreatePartnerEventSource",
    "DeleteApiDestination",
    "DeleteConnection",
    "DeletePartnerEventSource",
    "DescribeApiDestination",
    "DescribeConnection",
    "DescribeEventSource",
    "DescribePartnerEventSource",
    "PutPartnerEvents",
    "PutPermission",
    "RemovePermission",
    "StartReplay",
    "CancelReplay",
    "DescribeReplay",
    "UpdateApiDestination",
    "UpdateArchive",
    "UpdateConnection",
)
_OF_RDS: Final = (  # they take from one resource what becomes another
    "CancelExportTask",
    "CopyDBClusterParameterGroup",
    "CopyDBClusterSnapshot",
    "CopyDBParameterGroup",
    "CopyDBSnapshot",
    "CreateBlueGreenDeployment",
    "CreateDBInstanceReadReplica",
    "CreateDBProxy",
    "CreateDBShardGroup",
    "CreateGlobalCluster",
    "DeleteBlueGreenDeployment",
    "DeregisterDBProxyTargets",
    "DescribeBlueGreenDeployments",
    "DescribeDBProxyTargetGroups",
    "DescribeDBProxyTargets",
    "DescribeDBShardGroups",
    "DescribeExportTasks",
    "FailoverDBCluster",
    "ModifyDBProxyTargetGroup",
    "RegisterDBProxyTargets",
    "RemoveFromGlobalCluster",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
    "RestoreDBInstanceFromDBSnapshot",
    "RestoreDBInstanceToPointInTime",
    "StartExportTask",
    "SwitchoverBlueGreenDeployment",
)
_OPERATIONS: Final = frozenset(
    {
        ("dynamodb", "ExportTableToPointInTime"),  # writes to a bucket
        ("dynamodb", "ImportTable"),  # reads from one
        ("ec2", "DescribeVpcEndpointServices"),  # of services that are not here
        ("ecr", "PutRegistryPolicy"),
        ("ecr", "SetRepositoryPolicy"),  # no policy of a repository is read
        ("efs", "CreateMountTarget"),  # makes a network interface
        ("efs", "PutFileSystemPolicy"),
        *(("events", name) for name in _OF_EVENTS),
        ("kinesis", "PutResourcePolicy"),
        ("kinesis", "StartStreamEncryption"),  # nobody asks whether its caller may use the key
        ("kinesis", "StopStreamEncryption"),
        ("lambda", "AddLayerVersionPermission"),
        ("lambda", "CreateEventSourceMapping"),  # runs code
        ("lambda", "DeleteEventSourceMapping"),
        ("lambda", "GetEventSourceMapping"),
        ("lambda", "InvokeAsync"),
        ("lambda", "ListLayerVersions"),
        ("lambda", "UpdateEventSourceMapping"),
        ("logs", "CreateExportTask"),  # writes to a bucket
        ("logs", "PutSubscriptionFilter"),  # writes to log groups of any account
        ("organizations", "InviteAccountToOrganization"),
        *(("rds", name) for name in _OF_RDS),
        ("route53", "CreateQueryLoggingConfig"),
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
        "GetEventSelectors",
        "GetTrail",
        "GetTrailStatus",
        "ListTrails",
        "LookupEvents",
        "PutEventSelectors",
        "StartLogging",
        "StopLogging",
        "UpdateTrail",
    }
)
"""What CloudTrail has here; what else a trail may do, nobody would do for it."""
_PARAMETERS: Final = {
    "ecr": frozenset({"registryId"}),
    "kinesis": frozenset({"StreamId"}),
    "lambda": frozenset(
        {
            "EventSourceToken",
            "FunctionUrlAuthType",
            "ImageUri",
            "InvokedViaFunctionUrl",
            "Layers",
            "S3Bucket",
            "VpcConfig",
        }
    ),
    "logs": frozenset({"logGroupIdentifier", "logGroupIdentifiers"}),  # moto finds another group by them
    "secretsmanager": frozenset({"Filters"}),
    "ssm": frozenset({"KeyId"}),  # nobody asks whether its caller may use the key
}
_WITHOUT_KEYS: Final = frozenset(
    {"acm", "athena", "ecr", "ecs", "efs", "eks", "events", "kinesis", "lambda", "rds", "scheduler"}
)
"""Services of which no parameter that names a KMS key is taken: nobody asks whether the caller may use it."""
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
    if name in _FILTERED or (service not in _PARAMETERS and service not in _WITHOUT_KEYS):
        return None
    given = parameters(request, operation)
    wrong = [*(_PARAMETERS.get(service, frozenset()) & given.keys()), *_elsewhere(service, name, given)]
    return not_built(f"The parameter {min(wrong)} of {service}:{name}") if wrong else None


def _elsewhere(service: str, name: str, given: Parameters) -> Iterator[str]:
    """Give the parameters that reach resources of other services: keys, buckets of code, passwords kept as secrets."""
    for field, value in walk(given) if service in _WITHOUT_KEYS else ():
        if "kms" in field.lower() or (service == "lambda" and field in ("S3Bucket", "ImageUri")):
            yield field
        if (
            (service, name) == ("events", "PutTargets")
            and field == "Arn"
            and value.split(":")[2:3] != ["lambda"]
        ):
            yield field
    if given.get("ManageMasterUserPassword") not in (None, "false", False):
        yield "ManageMasterUserPassword"


def _delivered(protocol: str) -> Refusal | None:
    """Refuse a subscription by which moto would call an address or act on another service's resource."""
    return None if protocol in _KEPT else not_built(f"The protocol {protocol} of sns:Subscribe")
