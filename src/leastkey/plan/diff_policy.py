"""Step 2: the policies. A policy is changed by a new version; five are kept, so the oldest makes room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.iam.canonical import same_meaning
from leastkey.plan.notes import policy_note
from leastkey.plan.operation import CreatePolicy, CreatePolicyVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.compile.wanted import WantedPolicy
    from leastkey.plan.changes import Lines
    from leastkey.plan.plan import Change
    from leastkey.plan.seen import SeenPolicy

__all__ = ["policy_changes"]


def policy_changes(
    wanted: WantedPolicy, seen: SeenPolicy | None, lines: Lines, *, as_boundary: bool = False
) -> Iterator[Change]:
    """Compare one policy's document in force."""
    note = policy_note(wanted.document)
    if as_boundary:
        note = f"permissions boundary, {note}"
    if seen is None:
        yield lines.add("policy", wanted.name, note, CreatePolicy(wanted))
        return
    document = seen.document
    if document is not None and same_meaning(document, wanted.document):
        return
    drop = seen.makes_room
    if drop is not None:
        note = f"{note}; version {drop} makes room"
    yield lines.alter("policy", wanted.name, note, CreatePolicyVersion(wanted.arn, wanted.document, drop))
