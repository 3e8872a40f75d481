"""Condition keys of the services that are resolved by the catalogue: what their requests carry, and which keys are known.

A key of a service that is not known here is open: nobody gets through whom it could keep out (`authorize/open_keys.py`).
Source: Service Authorization Reference, "Condition keys for ..." of each service; KMS Developer Guide, "AWS KMS condition keys".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.resolve.parameters import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["is_known", "key_keys", "service_keys"]

_FIELDS: Final[dict[str, dict[str, str]]] = {
    "dynamodb": {
        "dynamodb:ReturnConsumedCapacity": "ReturnConsumedCapacity",
        "dynamodb:ReturnValues": "ReturnValues",
        "dynamodb:Select": "Select",
    },
    "kms": {
        "kms:DataKeyPairSpec": "KeyPairSpec",
        "kms:GranteePrincipal": "GranteePrincipal",
        "kms:GrantOperations": "Operations",
        "kms:MacAlgorithm": "MacAlgorithm",
        "kms:ReplicaRegion": "ReplicaRegion",
        "kms:RetiringPrincipal": "RetiringPrincipal",
        "kms:SigningAlgorithm": "SigningAlgorithm",
        "kms:WrappingAlgorithm": "WrappingAlgorithm",
        "kms:WrappingKeySpec": "WrappingKeySpec",
    },
    "lambda": {
        "lambda:FunctionUrlAuthType": "FunctionUrlAuthType",
        "lambda:Principal": "Principal",
    },
    "secretsmanager": {
        "secretsmanager:BlockPublicPolicy": "BlockPublicPolicy",
        "secretsmanager:Description": "Description",
        "secretsmanager:ForceDeleteWithoutRecovery": "ForceDeleteWithoutRecovery",
        "secretsmanager:KmsKeyId": "KmsKeyId",
        "secretsmanager:Name": "Name",
        "secretsmanager:RecoveryWindowInDays": "RecoveryWindowInDays",
        "secretsmanager:VersionId": "VersionId",
        "secretsmanager:VersionStage": "VersionStage",
    },
    "sns": {"sns:Endpoint": "Endpoint", "sns:Protocol": "Protocol"},
    "ssm": {"ssm:Overwrite": "Overwrite", "ssm:Policies": "Policies", "ssm:Recursive": "Recursive"},
}
"""Keys whose value is a parameter of the request."""

_KNOWN: Final = {
    "dynamodb": ("dynamodb:Attributes", "dynamodb:EnclosingOperation", "dynamodb:LeadingKeys"),
    "ec2": (
        "ec2:CreateAction",
        "ec2:Region",
        "ec2:ResourceTag/",
        "ec2:RoleDelivery",
        "ec2:SourceInstanceArn",
    ),
    "ecs": ("ecs:ResourceTag/",),
    "elasticloadbalancing": ("elasticloadbalancing:ResourceTag/",),
    "events": ("events:ManagedBy", "events:detail-type", "events:source"),
    "iam": (
        "iam:AWSServiceName",
        "iam:PassedToService",
        "iam:PermissionsBoundary",
        "iam:PolicyARN",
        "iam:ResourceTag/",
    ),
    "kms": (
        "kms:BypassPolicyLockoutSafetyCheck",
        "kms:CallerAccount",
        "kms:EncryptionAlgorithm",
        "kms:EncryptionContext:",
        "kms:EncryptionContextKeys",
        "kms:GrantIsForAWSResource",
        "kms:KeyOrigin",
        "kms:KeySpec",
        "kms:KeyUsage",
        "kms:MessageType",
        "kms:MultiRegion",
        "kms:RecipientAttestation:",
        "kms:RequestAlias",
        "kms:ResourceAliases",
        "kms:ScheduleKeyDeletionPendingWindowInDays",
        "kms:ViaService",
    ),
    "s3": (
        "s3:AccessGrantsInstanceArn",
        "s3:AccessPointNetworkOrigin",
        "s3:DataAccessPointAccount",
        "s3:DataAccessPointArn",
        "s3:ExistingObjectTag/",
        "s3:RequestObjectTag/",
        "s3:RequestObjectTagKeys",
        "s3:ResourceAccount",
        "s3:TlsVersion",
        "s3:VersionId",
        "s3:authType",
        "s3:delimiter",
        "s3:if-match",
        "s3:if-none-match",
        "s3:max-keys",
        "s3:object-lock-legal-hold",
        "s3:object-lock-mode",
        "s3:object-lock-retain-until-date",
        "s3:prefix",
        "s3:signatureAge",
        "s3:signatureversion",
        *(
            f"s3:x-amz-{name}"
            for name in (
                "acl",
                "content-sha256",
                "copy-source",
                "grant-full-control",
                "grant-read",
                "grant-read-acp",
                "grant-write",
                "grant-write-acp",
                "metadata-directive",
                "object-ownership",
                "server-side-encryption",
                "server-side-encryption-aws-kms-key-id",
                "server-side-encryption-customer-algorithm",
                "storage-class",
                "website-redirect-location",
            )
        ),
    ),
    "secretsmanager": ("secretsmanager:ResourceTag/", "secretsmanager:SecretId"),
    "ssm": ("ssm:resourceTag/",),
}
"""Keys that are set otherwise, or that a request made directly never has; a family ends with `/` or `:`."""


def is_known(key: str, service: str) -> bool:
    """Say whether a key (lower case) of a service is set here wherever AWS sets it."""
    if key in (each.lower() for each in _FIELDS.get(service, ())):
        return True
    known = (each.lower() for each in _KNOWN.get(service, ()))
    return any(key.startswith(each) if each[-1] in "/:" else key == each for each in known)


def service_keys(service: str, operation: str, request: AwsRequest, parameters: Parameters) -> Context:
    """Give the keys of the service itself that a request carries."""
    found = {
        key: value
        for key, field in _FIELDS.get(service, {}).items()
        if (value := _value(parameters.get(field))) is not None
    }
    return {**found, **_of_kms(operation, request, parameters)} if service == "kms" else found


def key_keys(arn: str, world: World) -> Context:
    """Give what the KMS key of an ARN is made for."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("key/") or not world.accounts.has(parts[4]):
        return {}
    key = world.backend("kms", parts[4], parts[3]).keys.get(parts[5].removeprefix("key/"))
    if key is None:
        return {}
    return {
        "kms:KeyOrigin": str(key.origin),
        "kms:KeySpec": str(key.key_spec),
        "kms:KeyUsage": str(key.key_usage),
        "kms:MultiRegion": str(bool(key.multi_region)).lower(),
        "kms:ResourceAliases": tuple(str(each) for each in key.aliases),
    }


def _value(value: Any) -> str | tuple[str, ...] | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return tuple(str(each) for each in value)
    return None if value is None or isinstance(value, dict) else str(value)


def _of_kms(operation: str, request: AwsRequest, parameters: Parameters) -> Context:
    found: dict[str, str | tuple[str, ...]] = {"kms:CallerAccount": request.account}
    context = parameters.get("EncryptionContext")
    if isinstance(context, dict) and context:
        found.update({f"kms:EncryptionContext:{name}": str(value) for name, value in context.items()})
        found["kms:EncryptionContextKeys"] = tuple(context)
    if operation in _WITH_DEFAULT:
        field, key, otherwise = _WITH_DEFAULT[operation]
        found[key] = str(parameters.get(field, otherwise))
    if operation in ("CreateKey", "PutKeyPolicy"):
        found["kms:BypassPolicyLockoutSafetyCheck"] = str(
            bool(parameters.get("BypassPolicyLockoutSafetyCheck", False))
        ).lower()
    if operation in ("CreateGrant", "ListGrants", "RevokeGrant"):
        found["kms:GrantIsForAWSResource"] = "false"
    alias = text(parameters, "KeyId").rpartition(":")[2]
    if alias.startswith("alias/"):
        found["kms:RequestAlias"] = alias
    return {**found, **_of_new_key(parameters)} if operation == "CreateKey" else found


_WITH_DEFAULT: Final = {
    "Decrypt": ("EncryptionAlgorithm", "kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"),
    "Encrypt": ("EncryptionAlgorithm", "kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"),
    "ScheduleKeyDeletion": ("PendingWindowInDays", "kms:ScheduleKeyDeletionPendingWindowInDays", "30"),
    "Sign": ("MessageType", "kms:MessageType", "RAW"),
    "Verify": ("MessageType", "kms:MessageType", "RAW"),
}


def _of_new_key(parameters: Parameters) -> Context:
    given: Mapping[str, Any] = parameters
    return {
        "kms:KeyOrigin": str(given.get("Origin", "AWS_KMS")),
        "kms:KeySpec": str(given.get("KeySpec", given.get("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"))),
        "kms:KeyUsage": str(given.get("KeyUsage", "ENCRYPT_DECRYPT")),
        "kms:MultiRegion": str(bool(given.get("MultiRegion", False))).lower(),
    }
