"""The tags that resources of most services carry, read from moto by the resource's ARN.

IAM's, EC2's and S3's are read where their resources are named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.sandbox.state.world import World

__all__ = ["tags_of"]

_READ: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "acm": ("acm", ("certificate/",)),
    "athena": ("athena", ("capacity-reservation/", "datacatalog/", "workgroup/")),
    "dynamodb": ("dynamodb", ("table/",)),
    "ecs": ("ecs", ("cluster/", "service/", "task-definition/", "task/")),
    "elasticfilesystem": ("efs", ("access-point/", "file-system/")),
    "elasticloadbalancing": ("elbv2", ("loadbalancer/", "targetgroup/")),
    "events": ("events", ("event-bus/",)),
    "kms": ("kms", ("key/",)),
    "lambda": ("lambda", ("function:",)),
    "logs": ("logs", ("log-group:",)),
    "rds": ("rds", ("cluster-snapshot:", "cluster:", "db:", "snapshot:")),
    "secretsmanager": ("secretsmanager", ("secret:",)),
    "sns": ("sns", ("",)),
    "sqs": ("sqs", ("",)),
    "ssm": ("ssm", ("document/", "parameter/")),
    "states": ("stepfunctions", ("stateMachine:",)),
}
"""By the service that an ARN names: moto's backend, and how the names of the kinds begin whose tags it gives."""


def tags_of(arn: str, world: World) -> Mapping[str, str] | None:
    """Give the tags of the resource that an ARN names, none for what does not exist, None where nobody here can tell."""
    parts = arn.split(":", 5)
    service, kinds = _READ.get(parts[2], ("", ())) if len(parts) == 6 else ("", ())
    if not service or not parts[5].startswith(kinds):
        return None
    if not parts[3] or not world.accounts.has(parts[4]):
        return {}
    backend = world.backend(service, parts[4], parts[3])
    bearer = _bearer(arn, parts[2])
    return next((each.tags for each in backend.iter_tagged_resources() if each.arn == bearer), {})


def _bearer(arn: str, service: str) -> str:
    """Give the ARN of what carries the tags: the table of an index, the group of a log stream, the function of a version."""
    if service == "dynamodb":
        return "/".join(arn.split("/")[:2])
    if service == "lambda":
        return ":".join(arn.split(":")[:7])
    return arn.partition(":log-stream:")[0] if service == "logs" else arn
