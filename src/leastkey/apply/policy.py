"""Step 2, carried out: customer managed policies and their versions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leastkey.apply.conflict import delete_when_clear
from leastkey.apply.create import create_or_read
from leastkey.errors import AwsError
from leastkey.iam.canonical import same_meaning
from leastkey.iam.marks import PROJECT_TAG
from leastkey.iam.refusals import is_unknown
from leastkey.plan.ownership import entity_exists, own_policies, own_roles

if TYPE_CHECKING:
    from leastkey.apply.work import Work
    from leastkey.compile.wanted import WantedPolicy
    from leastkey.iam.arn import Arn
    from leastkey.iam.document import PolicyDocument
    from leastkey.plan.operation import DeletePolicy
    from leastkey.plan.seen import Seen
    from leastkey.spec.model import Place

__all__ = ["create_policy", "create_version", "delete_policy"]


def create_policy(work: Work, policy: WantedPolicy, place: Place) -> None:
    """Create the policy. One of ours that is there already gets the wanted document."""
    try:
        _, found = create_or_read(
            work,
            "iam:CreatePolicy",
            policy.name,
            lambda: work.iam.create_policy(
                policy.name,
                policy.path,
                policy.document,
                description=policy.description,
                tags=dict(policy.tags),
            ),
            partial(work.iam.get_policy, policy.arn),
        )
    except AwsError as error:
        if error.code != "EntityAlreadyExists":
            raise
        # The name is taken and nothing stands under our path: it lies under another, or is spelled differently.
        raise entity_exists("policy", policy.arn, f"{policy.name}-2", place) from None
    if found is None:
        work.made(f"policy {policy.arn}")
        return
    seen, tags = found
    if tags.get(PROJECT_TAG) != work.wanted.project:
        raise entity_exists("policy", seen.arn, f"{policy.name}-2", place)
    if seen.document is None or not same_meaning(seen.document, policy.document):
        create_version(work, policy.arn, policy.document, seen.makes_room)


def create_version(work: Work, arn: Arn, document: PolicyDocument, drop: str | None) -> None:
    """Add a version and make it the default. A lost answer is settled by reading: the call is not idempotent."""
    if drop is not None:
        send = partial(work.iam.delete_policy_version, arn, drop)
        work.remove("iam:DeletePolicyVersion", f"{arn.name} {drop}", send)
    make = partial(work.iam.create_policy_version, arn, document)
    names = (f"policy {arn}",)
    try:
        work.write("iam:CreatePolicyVersion", arn.name, make, names=names, again=False)
    except AwsError as error:
        if not is_unknown(error):
            raise
        seen, _ = work.iam.get_policy(arn)
        if seen.document is None or not same_meaning(seen.document, document):
            work.write("iam:CreatePolicyVersion", arn.name, make, names=names, again=False)
        else:
            work.journal("done", "iam:CreatePolicyVersion", arn.name, "found there when read back")


def delete_policy(work: Work, operation: DeletePolicy) -> None:
    """Delete the versions that are not in force, then the policy."""
    arn = operation.policy
    _delete_versions(work, arn, operation.versions)

    def clear_again(seen: Seen) -> None:
        for role in own_roles(work.wanted.project, seen):
            if arn in role.attached:
                send = partial(work.iam.detach_role_policy, role.name, arn)
                work.remove("iam:DetachRolePolicy", f"{role.name} {arn}", send)
        for policy in own_policies(work.wanted.project, seen):
            if policy.arn == arn:
                _delete_versions(work, arn, tuple(v.id for v in policy.versions if not v.is_default))

    delete_when_clear(work, "iam:DeletePolicy", arn.name, partial(work.iam.delete_policy, arn), clear_again)


def _delete_versions(work: Work, arn: Arn, versions: tuple[str, ...]) -> None:
    for version in versions:
        send = partial(work.iam.delete_policy_version, arn, version)
        work.remove("iam:DeletePolicyVersion", f"{arn.name} {version}", send)
