"""AWS-managed policies, parsed once a process: moto would parse its 1,300 documents anew for every account.

What differs between accounts is how often a policy is attached; documents and versions never change.
"""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["aws_managed", "share"]


def share() -> None:
    """Make moto's IAM take copies of one set. Doing it twice changes nothing."""
    from moto.iam.models import IAMBackend

    setattr(IAMBackend, "_init_aws_policies", _of_account)  # noqa: B010  # a method of moto's, replaced


def aws_managed() -> Mapping[str, str]:
    """Give the documents in force of AWS's policies, by ARN."""
    return {policy.arn: str(policy.versions[0].document) for policy in _all()}


@cache
def _all() -> tuple[Any, ...]:
    import json

    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy

    return tuple(
        AWSManagedPolicy.from_data(name, "aws", "aws", data)
        for name, data in json.loads(aws_managed_policies_data).items()
    )


def _of_account(backend: Any) -> list[Any]:
    policies = [copy(policy) for policy in _all()]
    for policy in policies:
        policy.account_id = backend.account_id
    return policies
