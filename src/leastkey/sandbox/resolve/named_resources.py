"""Resource ARNs of the services whose resources are told by a table: which parameter names which type.

A name or ARN of any other form than the type's is refused: moto could read it as another resource. What has no name
yet, and all of a type, are asked for as AWS writes them: with `*` for the name.
Source: Service Authorization Reference, "Resource types defined by ..." and the API reference of each service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from leastkey.iam import catalog
from leastkey.sandbox.resolve.arns import NEW, filled
from leastkey.sandbox.resolve.authorization import UnjudgedError
from leastkey.sandbox.resolve.parameters import listed
from leastkey.sandbox.service_models import service_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.iam.catalog import CatalogAction, ResourceType
    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["NAMED", "named_arns"]

NAMED: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "acm": {"certificate": ("CertificateArn",)},
    "athena": {
        "capacity-reservation": ("Name",),
        "datacatalog": ("CatalogName", "GetDataCatalog:Name", "CreateDataCatalog:Name"),
        "workgroup": ("WorkGroup=primary", "CreateWorkGroup:Name"),
    },
    "ecr": {"repository": ("repositoryName", "repositoryNames")},
    "ecs": {
        "capacity-provider": ("CreateCapacityProvider:name", "capacityProvider", "capacityProviders"),
        "cluster": ("cluster=default", "CreateCluster:clusterName=default", "clusters"),
        "container-instance": ("containerInstance", "containerInstances"),
        "service": ("service", "services", "CreateService:serviceName"),
        "task": ("task", "tasks"),
        "task-definition": ("taskDefinition",),
        "task-set": ("taskSet", "taskSets"),
    },
    "efs": {"access-point": ("AccessPointId", "ResourceId"), "file-system": ("FileSystemId", "ResourceId")},
    "eks": {"cluster": ("clusterName", "name"), "fargateprofile": (), "nodegroup": ()},
    "elbv2": {},
    "kinesis": {"stream": ("StreamName",)},
    "rds": {
        "cluster": ("DBClusterIdentifier",),
        "cluster-pg": ("DBClusterParameterGroupName",),
        "cluster-snapshot": ("DBClusterSnapshotIdentifier",),
        "db": ("DBInstanceIdentifier",),
        "es": ("SubscriptionName",),
        "global-cluster": ("GlobalClusterIdentifier",),
        "og": ("OptionGroupName",),
        "pg": ("DBParameterGroupName",),
        "proxy": ("DBProxyName",),
        "secgrp": ("DBSecurityGroupName",),
        "snapshot": ("DBSnapshotIdentifier",),
        "subgrp": ("DBSubnetGroupName",),
    },
    "route53": {
        "change": ("GetChange:Id",),
        "delegationset": ("GetReusableDelegationSet:Id", "DeleteReusableDelegationSet:Id"),
        "healthcheck": ("HealthCheckId",),
        "hostedzone": (
            "HostedZoneId",
            "GetHostedZone:Id",
            "DeleteHostedZone:Id",
            "UpdateHostedZoneComment:Id",
        ),
        "queryloggingconfig": ("GetQueryLoggingConfig:Id", "DeleteQueryLoggingConfig:Id"),
    },
    "scheduler": {"schedule": ("Name",), "schedule-group": ("Name",)},
    "stepfunctions": {"activity": ("CreateActivity:name",), "statemachine": ("CreateStateMachine:name",)},
}
"""By service and resource type, the parameters that name one: `Operation:Parameter` counts for that operation alone, and
`Parameter=name` says what AWS takes where the parameter is left out."""

_HEADS: Final = {
    ("ecs", "ClusterName"): "cluster=default",
    ("ecs", "ServiceName"): "service",
    ("scheduler", "GroupName"): "GroupName=default",
}
"""Parameters that name what a resource is part of, by service and place in the ARN."""

_BEGINS: Final = {"access-point": "fsap-", "file-system": "fs-"}
"""How ids of types begin that share a parameter."""

_ANY: Final = {
    "acm": frozenset({"ImportCertificate"}),
    "ecr": frozenset({"DescribeRepositories"}),
    "efs": frozenset({"DescribeAccessPoints", "DescribeFileSystems"}),
    "rds": frozenset(
        {
            "DescribeDBClusterParameterGroups",
            "DescribeDBClusterSnapshots",
            "DescribeDBClusters",
            "DescribeDBInstances",
            "DescribeDBParameterGroups",
            "DescribeDBProxies",
            "DescribeDBSecurityGroups",
            "DescribeDBSnapshots",
            "DescribeDBSubnetGroups",
            "DescribeEventSubscriptions",
            "DescribeGlobalClusters",
            "DescribeOptionGroups",
        }
    ),
}
"""Operations that make what has no name yet, or are about all of a type where they name none."""

_PLACE: Final = re.compile(r"\$\{([A-Za-z0-9]+)\}")
_GIVEN: Final = frozenset({"Partition", "Region", "Account"})
_WORD: Final = r"[A-Za-z0-9_.+=@-]+"
_PATH: Final = rf"{_WORD}(?:/{_WORD})*"
_PATHS: Final = frozenset({"ecr"})
"""Services whose names may have slashes."""
_CASELESS: Final = frozenset({"rds"})
"""Services that keep names in lower case.

Source: RDS API Reference, CreateDBInstance: `DBInstanceIdentifier` "is stored as a lowercase string".
"""
_WHOLE: Final = frozenset({"elbv2"})
"""Services whose actions the catalogue lists with fewer types than their ARNs have."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A parameter that names a resource: of one operation or of all, with what holds where it is left out."""

    operation: str
    name: str
    otherwise: str

    def values(self, parameters: Parameters, members: frozenset[str]) -> tuple[str, ...]:
        found = tuple(each for each in listed(parameters, self.name) if each)
        return found or ((self.otherwise,) if self.otherwise and self.name in members else ())


@cache
def _source(written: str) -> _Source:
    operation, colon, rest = written.rpartition(":")
    name, _, otherwise = rest.partition("=")
    return _Source(operation if colon else "", name, otherwise)


def named_arns(
    entry: CatalogAction, request: AwsRequest, operation: str, parameters: Parameters, world: World
) -> tuple[tuple[str, ...], bool]:
    """Give the ARNs a request names, and whether it names any. Raises UnjudgedError."""
    reader = _Reader(entry, request, operation, parameters, world)
    found = [*reader.by_arn(), *reader.by_name()]
    if not found and operation in _ANY.get(request.service, ()):
        found = [*reader.any()]
    return tuple(dict.fromkeys(found)), bool(found)


class _Reader:
    def __init__(
        self, entry: CatalogAction, request: AwsRequest, operation: str, parameters: Parameters, world: World
    ) -> None:
        self._request = request
        self._operation = operation
        self._parameters = parameters
        self._world = world
        self._word = _PATH if request.service in _PATHS else _WORD
        model = service_model(request.service)
        self._members = frozenset(() if model is None else model.members(operation))
        self._known = catalog.service_catalog(entry.service).resource_types
        names = self._known if request.service in _WHOLE else entry.resource_types
        self._kinds = [self._known[each.lower()] for each in names]

    def by_arn(self) -> Iterator[str]:
        """Give the ARNs at the top of the request that are of the action's types."""
        services = {kind.arn.split(":")[2] for kind in self._kinds}
        for name in self._parameters:
            for value in listed(self._parameters, name):
                if (
                    not value.startswith("arn:")
                    or value.count(":") < 5
                    or value.split(":")[2] not in services
                ):
                    continue
                if any(self._shape(kind).fullmatch(value) for kind in self._kinds):
                    yield self._spelled(value)
                elif not any(self._shape(kind).fullmatch(value) for kind in self._known.values()):
                    raise UnjudgedError(value)

    def by_name(self) -> Iterator[str]:
        for kind in self._kinds:
            for written in NAMED[self._request.service].get(kind.name.lower(), ()):
                source = _source(written)
                if source.operation not in ("", self._operation):
                    continue
                for value in source.values(self._parameters, self._members):
                    if not value.startswith("arn:") and value.startswith(_BEGINS.get(kind.name.lower(), "")):
                        yield self._arn(kind, self._checked(self._spelled(value)))

    def any(self) -> Iterator[str]:
        for kind in self._kinds:
            if kind.name.lower() in NAMED[self._request.service]:
                yield self._arn(kind, NEW)

    def _arn(self, kind: ResourceType, value: str) -> str:
        *heads, last = [place for place in _PLACE.findall(kind.arn) if place not in _GIVEN]
        if kind.name == "task-definition":
            values = dict(zip((*heads, last), self._revision(value), strict=True))
        else:
            values = {**{head: self._head(head) for head in heads}, last: value}
        return filled(kind.arn, values, region=self._request.region, account=self._request.account)

    def _head(self, place: str) -> str:
        """Give the name of what a resource is part of. Raises UnjudgedError where the request does not tell it."""
        source = _source(_HEADS.get((self._request.service, place), ""))
        value = next(iter(source.values(self._parameters, self._members)), "")
        if value.startswith("arn:"):
            if value.split(":")[3:5] != [self._request.region, self._request.account]:
                raise UnjudgedError(value)
            value = value.rpartition("/")[2]
        return self._checked(value)

    def _revision(self, value: str) -> tuple[str, str]:
        """Give family and revision of a task definition: the latest where none is named."""
        family, _, revision = value.partition(":")
        known = self._world.backend("ecs", self._request.account, self._request.region).task_definitions
        latest = max(known.get(family, ()), default=0)
        return family, revision or (str(latest) if latest else NEW)

    def _checked(self, value: str) -> str:
        form = rf"{_WORD}(?::[0-9]+)?" if self._request.service == "ecs" else self._word
        if value != NEW and re.fullmatch(form, value, re.ASCII) is None:
            raise UnjudgedError(value)
        return value

    def _spelled(self, value: str) -> str:
        return value.lower() if self._request.service in _CASELESS else value

    def _shape(self, kind: ResourceType) -> re.Pattern[str]:
        return _shape(kind.arn, self._word)


@cache
def _shape(template: str, word: str) -> re.Pattern[str]:
    forms = {"Partition": "aws", "Region": "[a-z0-9-]+", "Account": "[0-9]{12}"}
    pieces = _PLACE.split(template)
    parts = (re.escape(each) if at % 2 == 0 else forms.get(each, word) for at, each in enumerate(pieces))
    return re.compile("".join(parts), re.ASCII)
