"""Where AWS answers, and which addresses are this computer's own.

Source: AWS General Reference, "AWS STS endpoints", "AWS service endpoints".
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_aws", "is_loopback", "partition_at", "sts_endpoint"]

_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".c2s.ic.gov", ".sc2s.sgov.gov")
_STS: Final = {"aws-cn": "amazonaws.com.cn", "aws-iso": "c2s.ic.gov", "aws-iso-b": "sc2s.sgov.gov"}
_PARTITIONS: Final = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
_LOOPBACK: Final = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1")


def is_aws(host: str) -> bool:
    """Say whether a host is AWS's own, by its name."""
    return host.endswith(_AWS)


def is_loopback(host: str) -> bool:
    """Say whether a host is this computer. Names below `localhost` are not: a name server may send them elsewhere."""
    return _LOOPBACK.fullmatch(host) is not None


def sts_endpoint(region: str, partition: str) -> str:
    """Give the regional STS endpoint."""
    return f"https://sts.{region}.{_STS.get(partition, 'amazonaws.com')}"


def partition_at(region: str) -> str:
    """Give the partition a region lies in, by how its name begins."""
    return next((partition for start, partition in _PARTITIONS.items() if region.startswith(start)), "aws")
