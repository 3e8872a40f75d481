"""Steps 5 and 6: the access key and the profile that serves it.

The plan never says "the user has a key, so all is well": it wants the pointer's secret here. A key whose secret
nobody holds here is reported, not touched.
Source: IAM User Guide, "Manage access keys for IAM users".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

from leastkey.compile.wanted import Caution
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.iam.limits import ACCESS_KEYS_PER_USER
from leastkey.plan.operation import EnsureKey, WriteProfile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.compile.wanted import WantedIdentity, WantedProfile, WantedUser
    from leastkey.iam.credentials import AccessKeyId
    from leastkey.plan.changes import Lines
    from leastkey.plan.plan import Change
    from leastkey.plan.seen import SeenAccessKey, SeenUser
    from leastkey.plan.seen_local import LocalIdentity, SeenLocal

__all__ = ["delete_command", "key_cautions", "key_changes", "profile_changes", "profile_taken"]


def key_changes(
    wanted: WantedUser, seen: SeenUser | None, here: LocalIdentity, local: SeenLocal, lines: Lines
) -> Iterator[Change]:
    """Say whether a key has to be made. An open operation beside a key in use is finished without a line of its own."""
    name = f"of {wanted.name}"
    note = "secret to the vault, no plain file"
    if seen is None:
        yield lines.add("access key", name, note, EnsureKey(wanted.name))
        return
    pointer = _pointer(wanted, here)
    listed = seen.listed
    if pointer is not None and (listed is None or any(key.id == pointer for key in listed)):
        if here.is_secret_lost:
            note = f"{note}; the secret of {shown(pointer)} is lost, that key goes"
            yield lines.add("access key", name, note, EnsureKey(wanted.name))
        return
    held = local.held.get(wanted.name.lower(), frozenset())
    if not here.open_operations:
        _refuse_unknown(wanted, listed or (), held)
    elif pointer is None:
        note = f"{note}; an earlier run was cut off here"
    yield lines.add("access key", name, note, EnsureKey(wanted.name))


def key_cautions(wanted: WantedIdentity, seen: SeenUser | None, here: LocalIdentity) -> Iterator[Caution]:
    """Give what the user shall know about the user's credentials, though the plan leaves them alone."""
    if wanted.user is None or seen is None:
        return
    place = wanted.spec.place
    if seen.has_password:
        yield Caution(
            "user-has-password",
            f"{seen.name} has a console password, which no script needs",
            f"aws iam delete-login-profile --user-name {seen.name}",
            place,
        )
    pointer = _pointer(wanted.user, here)
    for key in seen.listed or ():
        if key.id == pointer and key.status == "Inactive":
            yield Caution(
                "key-inactive",
                f"the key in use of {seen.name}, {shown(key.id)}, was switched off",
                f"aws iam update-access-key --user-name {seen.name} --access-key-id {key.id} --status Active",
                place,
            )


def profile_changes(
    profile: WantedProfile, identity: str, here: LocalIdentity, local: SeenLocal, lines: Lines
) -> Iterator[Change]:
    """Say whether the profile has to be written; one that is bound elsewhere is never overwritten."""
    name = f"`{profile.name}`"
    previous = here.bound_profile if here.bound_profile != profile.name else None
    note = f"{local.config_file}: a command, no secret"
    match here.profile:
        case "foreign" | "shadowed":
            raise profile_taken(here.profile, identity, profile.name, here.profile_place)
        case "absent":
            yield lines.add("profile", name, note, WriteProfile(profile, previous))
        case "ours-stale":
            yield lines.alter("profile", name, note, WriteProfile(profile, previous))
        case "ours-current":
            return
        case _:
            assert_never(here.profile)


def _pointer(wanted: WantedUser, here: LocalIdentity) -> AccessKeyId | None:
    return here.access_key if here.user is not None and here.user.lower() == wanted.name.lower() else None


def _refuse_unknown(
    wanted: WantedUser, listed: tuple[SeenAccessKey, ...], held: frozenset[AccessKeyId]
) -> None:
    unknown = tuple(key for key in listed if key.id not in held)
    if not unknown:
        return
    why = tuple(
        f"{shown(key.id)}   {key.status.lower():8}   made {key.created:%Y-%m-%d}   "
        f"{'secret not here' if key in unknown else 'ours, in the vault'}"
        for key in listed
    )
    remedy = (
        "on the computer that holds its secret, `leastkey up` needs no new key",
        f"nobody uses {shown(unknown[0].id)}? `{delete_command(wanted.name, unknown[0].id)}`",
    )
    if len(listed) >= ACCESS_KEYS_PER_USER:
        raise LeastkeyError(
            "key-limit",
            f"{wanted.name} already has {len(listed)} access keys, AWS allows {ACCESS_KEYS_PER_USER}",
            why=why,
            remedy=remedy,
        )
    raise LeastkeyError(
        "unknown-key",
        f"{wanted.name} has an access key whose secret is not on this computer",
        why=why,
        remedy=remedy,
    )


def delete_command(user: str, key: str) -> str:
    """Give the command by which a person deletes a key."""
    return f"aws iam delete-access-key --user-name {user} --access-key-id {key}"


def profile_taken(
    state: Literal["foreign", "shadowed"], identity: str, profile: str, place: str | None
) -> LeastkeyError:
    """Give the error for a profile whose name somebody else's section or credentials have; `place` is where."""
    if state == "foreign":
        code, what = "profile-exists", f"the profile `{profile}` is there and is not bound to `{identity}`"
    else:
        code = "profile-shadowed"
        what = f"other credentials under the name `{profile}` would win over what leastkey writes for `{identity}`"
    other = f"another name: `leastkey up --profile {profile}-leastkey`"
    return LeastkeyError(
        code,
        what,
        why=() if place is None else f"there      {place}",
        remedy=other if state == "foreign" else f"take them out there, or choose {other}",
        place=place,
    )
