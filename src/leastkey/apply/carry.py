"""One operation of a plan, carried out: which part of the flow does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.apply import access_key, instance_profile, policy, provider, role, user
from leastkey.plan import operation as op

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.apply.work import Work
    from leastkey.compile.wanted import WantedIdentity
    from leastkey.plan.plan import Change
    from leastkey.spec.model import Place

__all__ = ["carry_out"]

_IAM: Final[dict[type, Callable[[Work, Any], None]]] = {
    op.PutUserPolicy: lambda work, o: user.put_inline(work, o.user, o.name, o.document),
    op.DeleteUserPolicy: lambda work, o: user.delete_inline(work, o.user, o.name),
    op.DetachUserPolicy: lambda work, o: user.detach(work, o.user, o.policy),
    op.RemoveUserFromGroup: lambda work, o: user.leave_group(work, o.user, o.group),
    op.SetTags: lambda work, o: work.set_tags(o.kind, o.name, dict(o.tags)),
    op.UpdateTrust: lambda work, o: role.update_trust(work, o.role, o.trust),
    op.UpdateRole: lambda work, o: role.update_role(work, o.role),
    op.SetBoundary: lambda work, o: role.set_boundary(work, o.role, o.boundary),
    op.RemoveBoundary: lambda work, o: role.remove_boundary(work, o.role),
    op.DeleteRolePolicy: lambda work, o: role.delete_inline(work, o.role, o.name),
    op.AttachRolePolicy: lambda work, o: role.attach(work, o.role, o.policy),
    op.DetachRolePolicy: lambda work, o: role.detach(work, o.role, o.policy),
    op.CreatePolicyVersion: lambda work, o: policy.create_version(work, o.policy, o.document, o.drop),
    op.CreateProvider: lambda work, o: provider.create_provider(work, o.provider),
    op.AddAudience: lambda work, o: provider.add_audience(work, o.provider, o.audience),
    op.DeleteProvider: lambda work, o: provider.delete_provider(work, o.provider),
    op.AddRoleToInstanceProfile: instance_profile.put_role_in,
    op.DeleteUser: user.delete_user,
    op.DeleteRole: role.delete_role,
    op.DeletePolicy: policy.delete_policy,
    op.DeleteInstanceProfile: instance_profile.delete_instance_profile,
}
_CREATES: Final[dict[type, Callable[[Work, Any, Place], None]]] = {
    op.CreateUser: lambda work, o, place: user.create_user(work, o.user, place),
    op.CreateRole: lambda work, o, place: role.create_role(work, o.role, place),
    op.CreatePolicy: lambda work, o, place: policy.create_policy(work, o.policy, place),
    op.CreateInstanceProfile: lambda work, o, place: instance_profile.create_instance_profile(
        work, o.profile, place
    ),
}
_LOCAL: Final[dict[type, Callable[[Work, Change, Any], str]]] = {
    op.EnsureKey: lambda work, change, o: access_key.make_key(work, _identity(work, change), o),
    op.WriteProfile: lambda work, change, o: access_key.write_profile(work, _identity(work, change), o),
    op.RemoveKeys: access_key.delete_keys,
    op.RemoveProfile: access_key.forget,
}


def carry_out(work: Work, change: Change) -> str:
    """Carry one change out; gives the name that its progress line shows. Raises AwsError, LeastkeyError."""
    operation = change.operation
    kind = type(operation)
    if kind in _LOCAL:
        return _LOCAL[kind](work, change, operation)
    if kind in _CREATES:
        _CREATES[kind](work, operation, _identity(work, change).spec.place)
    else:
        _IAM[kind](work, operation)
    return change.name


def _identity(work: Work, change: Change) -> WantedIdentity:
    return next(each for each in work.wanted.identities if each.name == change.identity)
