"""How each action is asked of AWS without changing anything, even where it is wrongly allowed.

Three ways: EC2's dry run; a read that needs no parameters; a request AWS rejects after it authorized it (an object that
is not there, `If-Match` on it, a user name that is taken, a role that does not exist).
Source: EC2 API Reference, "DryRun"; Amazon S3 User Guide, "How to prevent object overwrites with conditional writes".
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leastkey.iam.arn import Arn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.compile.wanted import Wanted

__all__ = [
    "ABSENT",
    "CHECK_KEY",
    "Call",
    "Target",
    "bucket_targets",
    "common_targets",
    "object_targets",
    "whole_bucket_targets",
]

CHECK_KEY: Final = ".leastkey-check"
"""The object no probe ever makes."""
ABSENT: Final = f"leastkey-check-absent-{secrets.token_hex(8)}"
"""The name of a role that nobody has, and that nobody could make in advance to be given what a probe asks for."""

_NO_ETAG: Final = '"leastkey-check"'
"""An ETag no object has: AWS's are hexadecimal."""
_INSTANCE: Final = "i-0123456789abcdef0"
_GONE: Final = frozenset({"NoSuchKey", "PreconditionFailed", "404", "412"})


@dataclass(frozen=True, slots=True)
class Call:
    """A real call, in botocore's names. `after` are the codes that AWS gives only to those who are allowed."""

    service: str
    operation: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    after: frozenset[str] = frozenset()
    must_fail: bool = False
    """True where a call that is carried out would have written something."""
    at_stake: bool = False
    """True where it would have written over what is there: only a condition that the endpoint must honour prevents it."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to ask: an action on a resource, for the engine; a call, for AWS (None: nothing harmless is known)."""

    action: str
    resource: str
    call: Call | None
    shown: str = ""
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_object(self) -> bool:
        """Say whether an S3 object is asked for, where AWS may hide a 404 behind a 403."""
        return self.action in ("s3:GetObject", "s3:PutObject")


_DRY_RUNS: Final[tuple[tuple[str, str, Mapping[str, object]], ...]] = (
    ("DescribeRegions", "", {}),
    ("DescribeInstances", "", {}),
    ("DescribeAvailabilityZones", "", {}),
    ("DescribeVpcs", "", {}),
    ("DescribeSubnets", "", {}),
    ("DescribeSecurityGroups", "", {}),
    ("DescribeVolumes", "", {}),
    ("DescribeImages", "", {"Owners": ["self"]}),
    ("DescribeSnapshots", "", {"OwnerIds": ["self"]}),
    ("DescribeKeyPairs", "", {}),
    ("DescribeAddresses", "", {}),
    ("DescribeTags", "", {}),
    ("DescribeRouteTables", "", {}),
    ("DescribeInternetGateways", "", {}),
    ("DescribeNetworkInterfaces", "", {}),
    ("DescribeInstanceStatus", "", {}),
    ("DescribeInstanceTypes", "", {}),
    ("DescribeLaunchTemplates", "", {}),
    ("DescribeNetworkAcls", "", {}),
    ("DescribeVpcEndpoints", "", {}),
    ("StopInstances", f"instance/{_INSTANCE}", {"InstanceIds": [_INSTANCE]}),
    ("StartInstances", f"instance/{_INSTANCE}", {"InstanceIds": [_INSTANCE]}),
    ("RebootInstances", f"instance/{_INSTANCE}", {"InstanceIds": [_INSTANCE]}),
    ("TerminateInstances", f"instance/{_INSTANCE}", {"InstanceIds": [_INSTANCE]}),
    ("CreateVpc", "vpc/vpc-0123456789abcdef0", {"CidrBlock": "10.255.255.0/28"}),
)
"""EC2 actions with a resource and the parameters that a dry run needs."""

_ONE_ITEM: Final[Mapping[str, object]] = {"MaxItems": 1}
_READS: Final[tuple[tuple[str, str, str, Mapping[str, object]], ...]] = (
    ("s3:ListAllMyBuckets", "s3", "ListBuckets", {}),
    ("iam:ListUsers", "iam", "ListUsers", _ONE_ITEM),
    ("iam:ListRoles", "iam", "ListRoles", _ONE_ITEM),
    ("iam:ListPolicies", "iam", "ListPolicies", {"Scope": "Local", "MaxItems": 1}),
    ("iam:ListGroups", "iam", "ListGroups", _ONE_ITEM),
    ("iam:ListAccountAliases", "iam", "ListAccountAliases", {}),
    ("iam:GetAccountSummary", "iam", "GetAccountSummary", {}),
    ("iam:GetAccountAuthorizationDetails", "iam", "GetAccountAuthorizationDetails", _ONE_ITEM),
    ("acm:ListCertificates", "acm", "ListCertificates", {}),
    ("athena:ListDataCatalogs", "athena", "ListDataCatalogs", {}),
    ("autoscaling:DescribeAutoScalingGroups", "autoscaling", "DescribeAutoScalingGroups", {}),
    ("backup:ListBackupPlans", "backup", "ListBackupPlans", {}),
    ("batch:DescribeJobQueues", "batch", "DescribeJobQueues", {}),
    ("cloudformation:ListStacks", "cloudformation", "ListStacks", {}),
    ("cloudfront:ListDistributions", "cloudfront", "ListDistributions", {}),
    ("cloudtrail:DescribeTrails", "cloudtrail", "DescribeTrails", {}),
    ("cloudwatch:ListMetrics", "cloudwatch", "ListMetrics", {}),
    ("codebuild:ListProjects", "codebuild", "ListProjects", {}),
    ("codepipeline:ListPipelines", "codepipeline", "ListPipelines", {}),
    ("config:DescribeConfigurationRecorders", "config", "DescribeConfigurationRecorders", {}),
    ("dynamodb:ListTables", "dynamodb", "ListTables", {}),
    ("ecr:DescribeRepositories", "ecr", "DescribeRepositories", {}),
    ("ecs:ListClusters", "ecs", "ListClusters", {}),
    ("eks:ListClusters", "eks", "ListClusters", {}),
    ("elasticache:DescribeCacheClusters", "elasticache", "DescribeCacheClusters", {}),
    ("elasticloadbalancing:DescribeLoadBalancers", "elbv2", "DescribeLoadBalancers", {}),
    ("events:ListEventBuses", "events", "ListEventBuses", {}),
    ("firehose:ListDeliveryStreams", "firehose", "ListDeliveryStreams", {}),
    ("guardduty:ListDetectors", "guardduty", "ListDetectors", {}),
    ("kinesis:ListStreams", "kinesis", "ListStreams", {}),
    ("kms:ListKeys", "kms", "ListKeys", {}),
    ("kms:ListAliases", "kms", "ListAliases", {}),
    ("lambda:ListFunctions", "lambda", "ListFunctions", {}),
    ("logs:DescribeLogGroups", "logs", "DescribeLogGroups", {}),
    ("rds:DescribeDBInstances", "rds", "DescribeDBInstances", {}),
    ("redshift:DescribeClusters", "redshift", "DescribeClusters", {}),
    ("route53:ListHostedZones", "route53", "ListHostedZones", {}),
    ("sagemaker:ListNotebookInstances", "sagemaker", "ListNotebookInstances", {}),
    ("secretsmanager:ListSecrets", "secretsmanager", "ListSecrets", {}),
    ("sns:ListTopics", "sns", "ListTopics", {}),
    ("sqs:ListQueues", "sqs", "ListQueues", {}),
    ("ssm:DescribeParameters", "ssm", "DescribeParameters", {}),
    ("states:ListStateMachines", "stepfunctions", "ListStateMachines", {}),
    ("sts:GetCallerIdentity", "sts", "GetCallerIdentity", {}),
    ("tag:GetResources", "resourcegroupstaggingapi", "GetResources", {}),
)
"""Reads that need no parameters: action, botocore's service and operation, parameters."""


def common_targets(wanted: Wanted) -> Iterator[Target]:
    """Give everything that can be asked without knowing of any resource."""
    for operation, resource, parameters in _DRY_RUNS:
        arn = Arn(wanted.partition, "ec2", wanted.region, wanted.account, resource)
        call = Call(
            "ec2",
            operation,
            {**parameters, "DryRun": True},
            frozenset({"DryRunOperation", "InvalidInstanceID.NotFound"}),
        )
        yield Target(f"ec2:{operation}", str(arn) if resource else "*", call)
    for action, service, operation, parameters in _READS:
        yield Target(action, "*", Call(service, operation, parameters))


def object_targets(partition: str, bucket: str, key: str) -> tuple[Target, Target]:
    """Ask to write and to read one object: never there, or never of this ETag, so nothing is written or read."""
    parameters = {"Bucket": bucket, "Key": key, "IfMatch": _NO_ETAG}
    arn = f"arn:{partition}:s3:::{bucket}/{key}"
    # The conditional header is a condition key as well.
    context = {"s3:if-match": _NO_ETAG}
    return (
        Target(
            "s3:PutObject",
            arn,
            Call(
                "s3",
                "PutObject",
                {**parameters, "Body": b""},
                _GONE,
                must_fail=True,
                at_stake=CHECK_KEY not in key,
            ),
            key,
            context,
        ),
        Target("s3:GetObject", arn, Call("s3", "GetObject", parameters, _GONE), key, context),
    )


def bucket_targets(partition: str, bucket: str, prefix: str) -> tuple[Target, ...]:
    """Ask to list one prefix of a bucket; the whole of it where the prefix is empty."""
    parameters: dict[str, object] = {"Bucket": bucket, "MaxKeys": 1}
    context = {"s3:max-keys": "1"}
    if prefix:
        parameters["Prefix"] = context["s3:prefix"] = prefix
    call = Call("s3", "ListObjectsV2", parameters)
    return (Target("s3:ListBucket", f"arn:{partition}:s3:::{bucket}", call, prefix or bucket, context),)


def whole_bucket_targets(partition: str, bucket: str) -> tuple[Target, ...]:
    """Ask for what belongs to a bucket as such."""
    call = Call("s3", "GetBucketPolicy", {"Bucket": bucket}, frozenset({"NoSuchBucketPolicy"}))
    return (Target("s3:GetBucketPolicy", f"arn:{partition}:s3:::{bucket}", call, bucket),)
