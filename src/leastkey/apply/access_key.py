"""Steps 5 and 6, carried out: the key by its own protocol (`keys`), and the profile that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.iam.credentials import shown
from leastkey.keys.create import ensure_key
from leastkey.keys.profile import bind_profile, unbind_profile
from leastkey.keys.remove import forget_secrets, remove_keys
from leastkey.keys.work import UserKeys, work_on
from leastkey.ports.binding import Binding

if TYPE_CHECKING:
    from leastkey.apply.work import Work
    from leastkey.compile.wanted import WantedIdentity, WantedUser
    from leastkey.keys.work import KeyWork
    from leastkey.plan.operation import EnsureKey, RemoveKeys, RemoveProfile, WriteProfile
    from leastkey.plan.plan import Change

__all__ = ["delete_keys", "forget", "key_work", "make_key", "write_profile"]


def make_key(work: Work, identity: WantedIdentity, operation: EnsureKey) -> str:
    """Make sure of the key; gives its last four for the progress line."""
    key = ensure_key(
        key_work(work, identity, operation.user),
        born=work.new_user(operation.user),
        is_fresh=work.is_fresh(f"user {operation.user.lower()}"),
    )
    return shown(key)


def write_profile(work: Work, identity: WantedIdentity, operation: WriteProfile) -> str:
    """Write the profile that serves the identity."""
    user: WantedUser | None = identity.user
    name = "" if user is None else user.name
    bind_profile(operation.profile, _binding_for(work, identity, name), work.local)
    return operation.profile.name


def delete_keys(work: Work, change: Change, operation: RemoveKeys) -> str:
    """Delete every key of a user that goes, with what this computer holds for them."""
    key = work.project.binding(change.identity)
    keys = UserKeys(operation.user, key, work.iam, work.local, work.run, work.progress)
    remove_keys(keys, work.bindings())
    return operation.user


def forget(work: Work, change: Change, operation: RemoveProfile) -> str:
    """Forget an identity on this computer, with secrets of a user that nothing wants any more."""
    key = work.project.binding(change.identity)
    stored = work.local.bindings.get(key)
    wanted = {each.user.name.lower() for each in work.wanted.identities if each.user is not None}
    if stored is not None and stored.user.lower() not in wanted:
        forget_secrets(stored.user, key, work.local.vault_for(stored.vault), work.local, work.bindings())
    unbind_profile(key, work.local)
    return operation.profile or change.identity


def key_work(work: Work, identity: WantedIdentity, user: str) -> KeyWork:
    """Give what it takes to work on the keys of an identity's user."""
    binding = _binding_for(work, identity, user)
    return work_on(binding, work.iam, work.connect.sts, work.local, work.run, work.progress)


def _binding_for(work: Work, identity: WantedIdentity, user: str) -> Binding:
    """Give what this computer has to know of an identity, with the key in use where there is one."""
    key = work.project.binding(identity.name)
    stored = work.local.bindings.get(key)
    same = stored if stored is not None and stored.user.lower() == user.lower() else None
    return Binding(
        key=key,
        partition=work.wanted.partition,
        region=work.wanted.region,
        target=work.wanted.target,
        endpoint_url=work.connect.endpoint_url,
        role=identity.role.arn,
        user=user,
        access_key=None if same is None else same.access_key,
        vault=work.local.vault.name if same is None else same.vault,
        session_seconds=identity.session_seconds,
        profile=None if stored is None else stored.profile,
        config_file=None if stored is None else stored.config_file,
        updated=work.local.clock.now(),
    )
