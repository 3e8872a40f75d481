"""The services the sandbox has: how each is signed for, which backend of moto keeps it, and how it speaks.

Each is one whose state a snapshot can hold, and which by itself calls nothing: no address, no other service's API.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.sandbox.request import Protocol

__all__ = ["ALL_SERVICES", "BY_SIGNING_NAME", "Service", "known_regions", "stranger"]


@dataclass(frozen=True, slots=True)
class Service:
    """One service. `name` is botocore's and moto's, `signing_name` stands in credential scopes.

    `target` is the prefix of `X-Amz-Target` for the json protocol, `namespace` the XML one of its errors.
    `skew_seconds` is how far a client's clock may be off.
    """

    name: str
    signing_name: str
    protocol: Protocol
    namespace: str = ""
    target: str = ""
    json_version: str = "1.0"
    skew_seconds: int = 300

    @property
    def is_s3(self) -> bool:
        """Say whether S3's own rules of signing, errors and anonymous access hold."""
        return self.name == "s3"


ALL_SERVICES: Final = (
    Service("iam", "iam", "query", "https://iam.amazonaws.com/doc/2010-05-08/"),
    Service("sts", "sts", "query", "https://sts.amazonaws.com/doc/2011-06-15/"),
    Service("ec2", "ec2", "ec2"),
    Service("s3", "s3", "rest-xml", skew_seconds=900),
    Service("dynamodb", "dynamodb", "json", target="DynamoDB_20120810"),
    Service("sqs", "sqs", "json", target="AmazonSQS"),
    Service("kms", "kms", "json", target="TrentService", json_version="1.1"),
    Service("logs", "logs", "json", target="Logs_20140328", json_version="1.1"),
    Service("secretsmanager", "secretsmanager", "json", target="secretsmanager", json_version="1.1"),
    Service("organizations", "organizations", "json", target="AWSOrganizationsV20161128", json_version="1.1"),
    Service("sns", "sns", "query", "http://sns.amazonaws.com/doc/2010-03-31/"),
    Service("ssm", "ssm", "json", target="AmazonSSM", json_version="1.1"),
    Service(
        "cloudtrail",
        "cloudtrail",
        "json",
        target="com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
        json_version="1.1",
    ),
    Service("acm", "acm", "json", target="CertificateManager", json_version="1.1"),
    Service("athena", "athena", "json", target="AmazonAthena", json_version="1.1"),
    Service("ecr", "ecr", "json", target="AmazonEC2ContainerRegistry_V20150921", json_version="1.1"),
    Service("ecs", "ecs", "json", target="AmazonEC2ContainerServiceV20141113", json_version="1.1"),
    Service("efs", "elasticfilesystem", "rest-json", json_version="1.1"),
    Service("eks", "eks", "rest-json", json_version="1.1"),
    Service(
        "elbv2", "elasticloadbalancing", "query", "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"
    ),
    Service("events", "events", "json", target="AWSEvents", json_version="1.1"),
    Service("kinesis", "kinesis", "json", target="Kinesis_20131202", json_version="1.1"),
    Service("lambda", "lambda", "rest-json", json_version="1.1"),
    Service("rds", "rds", "query", "http://rds.amazonaws.com/doc/2014-10-31/"),
    Service("route53", "route53", "rest-xml", "https://route53.amazonaws.com/doc/2013-04-01/"),
    Service("scheduler", "scheduler", "rest-json", json_version="1.1"),
    Service("stepfunctions", "states", "json", target="AWSStepFunctions"),
)

BY_SIGNING_NAME: Final = {service.signing_name: service for service in ALL_SERVICES}


def stranger(*, is_form: bool) -> Service:
    """Give a service that the sandbox does not have, for the format of its refusal: most others speak JSON."""
    return Service("", "", "query" if is_form else "rest-json")


@cache
def known_regions() -> frozenset[str]:
    """Give the commercial regions, from botocore's own list."""
    from botocore.session import Session

    return frozenset(Session().get_available_regions("ec2"))
