"""Asked before the first write: whose the policies and instance profiles are that a plan changes, attaches or deletes.

The dump shows no tags of theirs, so a plan goes by the path alone; somebody may have put one of his own under it.
Source: IAM API Reference, GetAccountAuthorizationDetails, GetPolicy, GetInstanceProfile.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.marks import PROJECT_TAG
from leastkey.iam.refusals import is_missing
from leastkey.plan.operation import (
    AddRoleToInstanceProfile,
    AttachRolePolicy,
    CreatePolicy,
    CreatePolicyVersion,
    DeleteInstanceProfile,
    DeletePolicy,
    SetBoundary,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.plan.plan import Plan
    from leastkey.ports.aws import Iam, Untold

__all__ = ["refuse_untagged"]

_THREADS: Final = 8
_COMMANDS: Final[dict[Untold, str]] = {
    "policy": "aws iam tag-policy --policy-arn",
    "instance profile": "aws iam tag-instance-profile --instance-profile-name",
}


def refuse_untagged(plan: Plan, iam: Iam) -> None:
    """Refuse a plan that would touch what lies under our path and is not ours. Raises AwsError, LeastkeyError."""
    asked = tuple(dict.fromkeys(_named(plan)))
    with ThreadPoolExecutor(_THREADS) as pool:
        answers = tuple(pool.map(lambda one: _project_of(iam, *one), asked))
    for (kind, name), project in zip(asked, answers, strict=True):
        if project not in {None, plan.project}:
            raise _not_ours(plan, kind, name)


def _named(plan: Plan) -> Iterator[tuple[Untold, str]]:
    """Give what the plan touches and does not make itself."""
    operations = [change.operation for change in plan.changes]
    made = {operation.policy.arn for operation in operations if isinstance(operation, CreatePolicy)}
    for operation in operations:
        match operation:
            case CreatePolicyVersion() | DeletePolicy() | AttachRolePolicy():
                arn = operation.policy
            case SetBoundary():
                arn = operation.boundary
            case AddRoleToInstanceProfile() | DeleteInstanceProfile():
                yield "instance profile", operation.profile
                continue
            case _:
                continue
        if arn not in made and arn.account == plan.account:
            yield "policy", str(arn)


def _project_of(iam: Iam, kind: Untold, name: str) -> str | None:
    """Give the project an entity is tagged with, "" for none; None where the entity is gone."""
    try:
        return iam.tags_of(kind, name).get(PROJECT_TAG, "")
    except AwsError as error:
        if not is_missing(error):
            raise
        return None


def _not_ours(plan: Plan, kind: Untold, name: str) -> LeastkeyError:
    return LeastkeyError(
        "entity-exists",
        f"the {kind} `{name}` is not ours",
        why=(
            f"it lies under `{plan.wanted.path}`, and does not carry the tag `{PROJECT_TAG}` of this project",
            "ours       only what lies under the project's path and carries its tag",
        ),
        remedy=(
            "put it elsewhere, or choose another project name",
            f"is it ours after all? `{_COMMANDS[kind]} {name} --tags Key={PROJECT_TAG},Value={plan.project}`",
        ),
    )
