"""In which order changes are carried out: which of them must be finished before another starts.

Everything new or changed comes first and everything that goes comes last: keys, so that nothing half gone can be used,
then what this computer knows of them, then the rest. A provider that goes is gone before a role stops naming it: by its
roles' trust it is found again, should the run be cut off. Within each, one entity is written by one change at a time, and a
change waits for what it names.
Source: IAM User Guide, "IAM identifiers" (ARNs are predictable, so only attachments, keys and boundaries wait).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from leastkey.plan import operation as op
from leastkey.plan.providers import providers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.iam.document import PolicyDocument
    from leastkey.plan.plan import Change

__all__ = ["is_removal", "phases", "prerequisites"]

_CREATES: Final = (op.CreateUser, op.CreateRole, op.CreatePolicy)
_REMOVALS: Final = (
    op.RemoveKeys,
    op.RemoveProfile,
    op.DeleteUser,
    op.DeleteRole,
    op.DeletePolicy,
    op.DeleteInstanceProfile,
)
_TRUSTS: Final = "every role's trust"
_DETACH_RANKS: Final = {"first": 2, "after": 4, "removal": 2}


def _user(operation: Any) -> str:
    return f"user {operation.user.lower()}"


def _role(operation: Any) -> str:
    return f"role {operation.role.lower()}"


def _trusted(trust: PolicyDocument) -> tuple[str, ...]:
    return tuple(f"provider {arn}" for arn in providers_of(trust))


# For each operation its rank, the entity it writes, and the entities it names: a change waits for all changes of
# a lower rank that write or name the same entity, and for the one before it that writes the same entity.
_Touch = tuple[int, "Callable[[Any], str]", "Callable[[Any], tuple[str, ...]]"]
_NOTHING: Final[Callable[[Any], tuple[str, ...]]] = lambda _: ()  # noqa: E731  # a table of one-line functions
_TOUCHES: Final[dict[type, _Touch]] = {
    op.CreatePolicy: (0, lambda o: f"policy {o.policy.arn}", _NOTHING),
    op.CreatePolicyVersion: (0, lambda o: f"policy {o.policy}", _NOTHING),
    op.CreateUser: (1, lambda o: f"user {o.user.name.lower()}", _NOTHING),
    op.PutUserPolicy: (1, _user, _NOTHING),
    op.DeleteUserPolicy: (1, _user, _NOTHING),
    op.DetachUserPolicy: (1, _user, lambda o: (f"policy {o.policy}",)),
    op.RemoveUserFromGroup: (1, _user, _NOTHING),
    op.SetTags: (1, lambda o: f"{o.kind} {o.name.lower()}", _NOTHING),
    op.CreateRole: (
        1,
        lambda o: f"role {o.role.name.lower()}",
        lambda o: (f"policy {o.role.boundary}", *_trusted(o.role.trust)),
    ),
    op.UpdateTrust: (1, _role, lambda o: (_TRUSTS, *_trusted(o.trust))),
    op.UpdateRole: (1, lambda o: f"role {o.role.name.lower()}", _NOTHING),
    op.SetBoundary: (1, _role, lambda o: (f"policy {o.boundary}",)),
    op.RemoveBoundary: (1, _role, _NOTHING),
    op.DeleteRolePolicy: (1, _role, _NOTHING),
    op.AttachRolePolicy: (3, _role, lambda o: (f"policy {o.policy}",)),
    op.DetachRolePolicy: (0, _role, lambda o: (f"policy {o.policy}",)),
    op.CreateInstanceProfile: (
        3,
        lambda o: f"profile {o.profile.name.lower()}",
        lambda o: (f"role {o.profile.role.lower()}",),
    ),
    op.CreateProvider: (0, lambda o: f"provider {o.provider.arn}", _NOTHING),
    op.AddAudience: (0, lambda o: f"provider {o.provider}", _NOTHING),
    op.DeleteProvider: (0, lambda o: f"provider {o.provider}", lambda _: (_TRUSTS,)),
    op.AddRoleToInstanceProfile: (3, lambda o: f"profile {o.profile.lower()}", lambda o: (_role(o),)),
    op.EnsureKey: (5, _user, _NOTHING),
    op.WriteProfile: (6, lambda _: "", _NOTHING),
    op.RemoveKeys: (0, _user, _NOTHING),
    op.RemoveProfile: (1, lambda _: "", _NOTHING),
    op.DeleteInstanceProfile: (2, lambda o: f"profile {o.profile.lower()}", lambda o: (_role(o),)),
    op.DeleteUser: (3, _user, lambda o: tuple(f"policy {policy}" for policy in o.attached)),
    op.DeleteRole: (3, _role, lambda o: (f"policy {o.boundary}",)),
    op.DeletePolicy: (4, lambda o: f"policy {o.policy}", _NOTHING),
}
_OF_ONE_IDENTITY: Final = (op.EnsureKey, op.WriteProfile, op.RemoveKeys, op.RemoveProfile, op.DeleteUser)


def is_removal(change: Change) -> bool:
    """Say whether a change belongs to what goes."""
    operation = change.operation
    if isinstance(operation, op.DetachRolePolicy):
        return operation.when == "removal"
    return isinstance(operation, _REMOVALS)


def phases(changes: tuple[Change, ...]) -> tuple[tuple[Change, ...], ...]:
    """Split into what is made or changed and what goes: keys, profiles, the rest. Each phase waits for the one before."""
    found: tuple[list[Change], ...] = ([], [], [], [])
    for change in changes:
        found[_phase(change)].append(change)
    return tuple(tuple(phase) for phase in found if phase)


def _phase(change: Change) -> int:
    if not is_removal(change):
        return 0
    return {op.RemoveKeys: 1, op.RemoveProfile: 2}.get(type(change.operation), 3)


def prerequisites(changes: tuple[Change, ...]) -> tuple[frozenset[int], ...]:
    """Give, for each change of a phase, the positions of those that must be finished before it starts."""
    groups: defaultdict[str, list[tuple[int, int, bool]]] = defaultdict(list)
    creates: defaultdict[str, list[int]] = defaultdict(list)
    for index, change in enumerate(changes):
        rank, written, named = _touch(change)
        groups[written].append((rank, index, True))
        for entity in named:
            groups[entity].append((rank, index, False))
        if isinstance(change.operation, _CREATES):
            creates[change.identity].append(index)
    waits: list[set[int]] = [set() for _ in changes]
    for group in groups.values():
        _chain(sorted(group), waits)
    for index, change in enumerate(changes):
        if isinstance(change.operation, op.EnsureKey):
            # No key before all that it is for is there.
            waits[index].update(creates[change.identity])
    return tuple(frozenset(wait) for wait in waits)


def _touch(change: Change) -> tuple[int, str, tuple[str, ...]]:
    operation = change.operation
    rank, written, named = _TOUCHES[type(operation)]
    if isinstance(operation, op.DetachRolePolicy):
        rank = _DETACH_RANKS[operation.when]
    local = f"identity {change.identity}"
    more = (local,) if isinstance(operation, _OF_ONE_IDENTITY) else ()
    return rank, written(operation) or local, (*named(operation), *more)


def _chain(group: list[tuple[int, int, bool]], waits: list[set[int]]) -> None:
    """Let each wait for all of a lower rank, and writers of one rank for one another."""
    lower: list[int] = []
    same: list[tuple[int, bool]] = []
    current = -1
    for rank, index, writes in group:
        if rank != current:
            lower.extend(before for before, _ in same)
            same, current = [], rank
        waits[index].update(before for before in lower if before != index)
        if writes:
            waits[index].update([before for before, wrote in same if wrote][-1:])
        same.append((index, writes))
