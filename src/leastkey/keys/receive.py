"""Take a key that another computer made for this one: into the vault, proved, into use, with its profile.

Nothing is undone by being cut off: until the last step the same message opens again, and the same command goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.keys.profile import bind_profile, place_in_the_way, profile_state
from leastkey.keys.prove import prove
from leastkey.plan.diff_key import profile_taken

if TYPE_CHECKING:
    from leastkey.compile.wanted import WantedProfile
    from leastkey.iam.credentials import AccessKeyId
    from leastkey.keys.work import KeyWork
    from leastkey.secret import Secret

__all__ = ["receive_key"]


def receive_key(work: KeyWork, key: AccessKeyId, secret: Secret, profile: WantedProfile) -> bool:
    """Bring a sent key into use here; says whether it was not in use already. On failure nothing of it stays.

    It takes the place of one that AWS has no more, and of no other: that one's secret would be lost, and nobody would know
    its key. A message is anybody's to write, so it makes no other user or role of an identity that is set up here.
    """
    with work.locked():
        _refuse_another(work)
        _refuse_taken(work, profile)
        before = work.pointer()
        if before not in {None, key}:
            _refuse_lost(work, before)
        if before != key:
            _store(work, key, secret)
            old = None if before is None else work.vault_of(before)
            work.bind(key)
            if before is not None and old is not None:
                old.delete(work.entry(before))
        bind_profile(profile, work.binding, work.local)
    return before != key


def _store(work: KeyWork, key: AccessKeyId, secret: Secret) -> None:
    entry, vault = work.entry(key), work.local.vault
    proved = False
    try:
        vault.put(entry, secret)
        if vault.get(entry) != secret:
            raise LeastkeyError(
                "vault-failed", f"the vault `{vault.name}` gave back something else than it was given"
            )
        proved = prove(work, key, secret)
    finally:
        if not proved:
            vault.delete(entry)
    if not proved:
        raise LeastkeyError(
            "key-unproved",
            f"AWS does not accept the key {shown(key)} of `{work.user}` that was sent",
            why="asked for 60 s; it may have been deleted since, or the message is old",
            state="nothing of it was kept; the message still opens here",
            remedy=(
                "run the same command again in a minute",
                "else have another sent: `leastkey key send ... --again` there",
            ),
        )


def _refuse_another(work: KeyWork) -> None:
    stored, sent = work.local.bindings.get(work.key), work.binding
    if stored is None or stored.access_key is None or (stored.user, stored.role) == (sent.user, sent.role):
        return
    raise LeastkeyError(
        "message-refused",
        f"`{work.key.identity}` is set up here already, for another user or role",
        why=(f"here       {stored.user}, {stored.role}", f"sent       {sent.user}, {sent.role}"),
        state="nothing was stored",
        remedy=("ask who sent it", "or give the other one an identity of its own in the spec"),
    )


def _refuse_lost(work: KeyWork, before: AccessKeyId) -> None:
    secret = work.secret(before)
    if secret is None or not prove(work, before, secret, within=0, in_a_row=1):
        return
    raise LeastkeyError(
        "message-refused",
        f"`{work.key.identity}` has a key here already, {shown(before)}, and it still works",
        why="its secret lies here alone: the sent one in its place would leave it active, with nobody to hold it",
        state="nothing was stored; the message can be tried again",
        remedy=(
            "was it sent too? `leastkey key send ... --again` there deletes it; wait a minute after that",
            "was it made here? a new one is made here as well: `leastkey rotate`",
        ),
    )


def _refuse_taken(work: KeyWork, profile: WantedProfile) -> None:
    binding = work.binding
    state = profile_state(profile, binding.key, binding.endpoint_url, work.local)
    if state in {"foreign", "shadowed"}:
        place = place_in_the_way(state, profile.name, work.local.profiles)
        raise profile_taken(state, binding.key.identity, profile.name, place)
