"""How identities stand, as people read it and as programs read it. Nothing secret is in either."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from leastkey.cli.main import COMMANDS
from leastkey.cli.wrap import counted, wrapped
from leastkey.iam.credentials import shown
from leastkey.plan.diff_key import delete_command
from leastkey.plan.revoked import restore_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from leastkey.apply.status import IdentityStatus, KeyStatus
    from leastkey.cli.options import Options
    from leastkey.cli.show import Show

__all__ = ["next_command", "show_status", "span", "status_document"]

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def show_status(show: Show, found: Sequence[IdentityStatus]) -> None:
    """Print each identity: one line a fact."""
    for status in found:
        show.data(_head(status))
        for label, text in _facts(status):
            for line in wrapped(f"  {label:<9} ", text, columns=show.columns):
                show.data(line)
        show.data()
    if not found:
        show.data("The spec has no identity, and this computer remembers none.")


def next_command(found: Sequence[IdentityStatus], options: Options) -> str:
    """Give the command that helps most."""
    revoked = next((each for each in found if each.is_revoked), None)
    if revoked is not None:
        return restore_command(revoked.name)
    for each in found:
        if each.unknown_keys and each.user is not None:
            return f"nobody uses it? `{delete_command(each.user, each.unknown_keys[0].id)}`"
    if any(each.open_operations for each in found):
        return f"leastkey up{options.again('up')}"
    if any(key.is_due for each in found for key in each.keys or ()) and "rotate" in COMMANDS:
        due = next(each for each in found if any(key.is_due for key in each.keys or ()))
        return f"leastkey rotate {due.name}"
    if any(each.drift or each.no_plan for each in found):
        return f"leastkey plan{options.again('plan')}"
    if any(each.user is not None and each.in_use is None for each in found):
        return f"leastkey up{options.again('up')}"
    return f"leastkey verify{options.again('verify')}"


def status_document(status: IdentityStatus) -> dict[str, Any]:
    """Give an identity for `--json`."""
    return {
        "name": status.name,
        "in_spec": status.is_in_spec,
        "in_account": status.is_there,
        "revoked": status.is_revoked if status.is_there is not None else None,
        "role": status.role,
        "user": status.user,
        "key_in_use": status.in_use,
        "keys": None if status.keys is None else [_key_document(key) for key in status.keys],
        "keys_unread": status.unread or None,
        "vault": status.vault,
        "secret_in_vault": status.has_secret,
        "vault_fault": status.vault_fault or None,
        "profile": status.profile,
        "config_file": status.config_file,
        "profile_state": status.profile_state,
        "session_until": _iso(status.session_until),
        "open_operations": list(status.open_operations),
        "drift": status.drift,
        "no_plan": status.no_plan or None,
    }


def span(seconds: float) -> str:
    """Give a span as people say it: `12 days`, `1 hour`, `moments`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return counted(int(seconds // size), unit)
    return "moments"


def _head(status: IdentityStatus) -> str:
    where = "" if status.is_in_spec else ", not in the spec any more"
    state = "   REVOKED" if status.is_revoked else ""
    return f"{status.name}   role {status.role}{f', user {status.user}' if status.user else ''}{where}{state}"


def _facts(status: IdentityStatus) -> Iterator[tuple[str, str]]:
    if status.is_there is False:
        yield "account", "nothing of it is there"
    if status.user is not None:
        yield from _keys(status)
        yield "secret", _secret(status)
        yield "profile", _profile(status)
        until = status.session_until
        yield (
            "session",
            "none cached" if until is None else f"cached until {until.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z",
        )
    else:
        yield "key", "none needed: its role is worn without one"
    for operation in status.open_operations:
        yield "OPEN", f"a key operation that was cut off: {operation}; the next `leastkey up` finishes it"
    if status.no_plan:
        yield "drift", f"not known, there is no plan: {status.no_plan}"
    elif status.drift is not None:
        yield "drift", f"{counted(status.drift, 'change')} to make" if status.drift else "none"


def _keys(status: IdentityStatus) -> Iterator[tuple[str, str]]:
    if status.keys is None:
        told = f": {status.unread}" if status.unread else ", AWS was not asked"
        in_use = "none in use here" if status.in_use is None else f"{shown(status.in_use)} in use"
        yield "key", f"{in_use}{told}"
        return
    for key in status.keys:
        yield ("KEY" if _is_loud(status, key) else "key"), _key(key, is_loud=_is_loud(status, key))
    if status.in_use is not None and all(key.id != status.in_use for key in status.keys):
        yield "KEY", f"{shown(status.in_use)} is in use here, and AWS does not have it"
    if not status.keys and status.in_use is None:
        yield "key", "none"


def _is_loud(status: IdentityStatus, key: KeyStatus) -> bool:
    """Say whether a key needs somebody's eyes: `revoke` switches keys off and forgets them by itself."""
    return key.role == "unknown here" and (key.is_active or not status.is_revoked)


def _key(key: KeyStatus, *, is_loud: bool) -> str:
    state = "active" if key.is_active else "switched off"
    words = "NOT KNOWN HERE: nobody on this computer holds its secret" if is_loud else key.role
    parts = [f"{shown(key.id)}  {words}", state, f"made {span(key.age.total_seconds())} ago", _used(key)]
    if key.is_active:
        parts.append(f"{'OVERDUE since' if key.is_due else 'due'} {key.due:%Y-%m-%d}")
    if key.kept_until is not None:
        parts.append(f"until {key.kept_until:%Y-%m-%d %H:%M}Z; back to it: `leastkey rotate --undo`")
    return ", ".join(parts)


def _used(key: KeyStatus) -> str:
    if key.unread:
        return f"last use not known ({key.unread})"
    if key.last_used is None:
        return "never used"
    ago = span((key.now - key.last_used).total_seconds())
    place = f" in {key.region}" if key.region not in {None, "N/A"} else ""
    return f"last used {ago} ago by {key.service}{place}"


def _secret(status: IdentityStatus) -> str:
    if status.vault is None:
        return "none on this computer"
    if status.has_secret is None:
        return f"in the vault `{status.vault}`, which cannot be read: {status.vault_fault}"
    return (
        f"in the vault `{status.vault}`"
        if status.has_secret
        else f"LOST: the vault `{status.vault}` does not have it"
    )


_PROFILE_WORDS = {
    "absent": "not written",
    "ours-current": "current",
    "ours-stale": "OUT OF DATE",
    "foreign": "TAKEN by a section that is not ours",
    "shadowed": "HIDDEN by other credentials of the same name",
}


def _profile(status: IdentityStatus) -> str:
    words = _PROFILE_WORDS.get(status.profile_state, status.profile_state)
    if status.profile is None:
        return words
    return f"`{status.profile}` in {status.config_file}, {words}"


def _key_document(key: KeyStatus) -> dict[str, Any]:
    return {
        "id": key.id,
        "role": key.role,
        "active": key.is_active,
        "made": _iso(key.made),
        "age_days": key.age.days,
        "due": _iso(key.due),
        "is_due": key.is_due,
        "last_used": _iso(key.last_used),
        "service": key.service,
        "region": key.region,
        "last_use_unread": key.unread or None,
        "kept_until": _iso(key.kept_until),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
