"""How each identity of a project stands: its keys by AWS's clock, where its secret lies, its profile, its session, its drift.

Everything here reads. What cannot be read is said in its place, so that one refused call does not hide the rest.
Source: IAM User Guide, "Manage access keys for IAM users"; AWS Security Hub control IAM.3 (keys older than 90 days).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from leastkey.apply.local_state import project_of
from leastkey.apply.refusals import refusal
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.refusals import is_missing
from leastkey.keys.grace import is_resting
from leastkey.keys.profile import profile_state
from leastkey.plan.ownership import owns
from leastkey.plan.revoked import is_revoked
from leastkey.ports.binding import account_at, vault_entry

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.compile.wanted import Wanted, WantedIdentity
    from leastkey.iam.credentials import AccessKeyId
    from leastkey.plan.plan import Plan
    from leastkey.plan.seen import Seen, SeenAccessKey
    from leastkey.ports.aws import Iam
    from leastkey.ports.binding import Binding, BindingKey
    from leastkey.ports.local import Local

__all__ = [
    "ROTATE_DAYS",
    "Drift",
    "IdentityStatus",
    "KeyStatus",
    "drift_of",
    "here_alone",
    "here_secret",
    "with_account",
]

ROTATE_DAYS: Final = 90
_THREADS: Final = 8

KeyRole = Literal[
    "in use", "ours, not in use", "kept after rotation", "sent to another computer", "unknown here"
]
Drift = Mapping[str, int] | str
"""Changes a plan would make, by identity; or why there is no plan."""


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key of a user. `due` is when it should be rotated; times are AWS's. `unread`: why its last use is not known.

    `kept_until`: when the grace of a key that was rotated away ends.
    """

    id: AccessKeyId
    role: KeyRole
    is_active: bool
    made: datetime
    now: datetime
    due: datetime
    last_used: datetime | None = None
    service: str | None = None
    region: str | None = None
    unread: str = ""
    kept_until: datetime | None = None

    @property
    def age(self) -> timedelta:
        """Give how old it is. AWS's clock tells whole seconds: a new key can seem to be of the next one."""
        return max(self.now - self.made, timedelta())

    @property
    def is_due(self) -> bool:
        """Say whether it should have been rotated by now."""
        return self.is_active and self.now >= self.due


@dataclass(frozen=True, slots=True)
class IdentityStatus:
    """One identity.

    `keys` is None where AWS was not asked, or could not be (`unread`). `has_secret` None: the vault cannot be read, and
    `vault_fault` says why. `drift` counts what a plan would change, None where that is not known.
    """

    name: str
    user: str | None
    role: str
    is_in_spec: bool
    in_use: AccessKeyId | None = None
    keys: tuple[KeyStatus, ...] | None = None
    unread: str = ""
    is_revoked: bool = False
    is_there: bool | None = None
    vault: str | None = None
    has_secret: bool | None = None
    vault_fault: str = ""
    profile: str | None = None
    config_file: str | None = None
    profile_state: str = "absent"
    session_until: datetime | None = None
    open_operations: tuple[str, ...] = ()
    drift: int | None = None
    no_plan: str = ""

    @property
    def unknown_keys(self) -> tuple[KeyStatus, ...]:
        """Give the keys that nobody here can account for."""
        return tuple(key for key in self.keys or () if key.role == "unknown here")


def here_alone(wanted: Wanted, endpoint_url: str | None, local: Local) -> tuple[IdentityStatus, ...]:
    """Give what this computer knows, without asking AWS: identities of the spec, then those only it remembers."""
    project = project_of(wanted, endpoint_url)
    bound = {each.key.identity: each for each in local.bindings.all() if project.holds(each.key)}
    found = [
        _here(project.binding(each.name), bound.get(each.name), each, endpoint_url, local)
        for each in wanted.identities
    ]
    names = {each.name for each in wanted.identities}
    found += [
        _here(binding.key, binding, None, endpoint_url, local)
        for name, binding in sorted(bound.items())
        if name not in names
    ]
    return tuple(found)


def with_account(
    known: tuple[IdentityStatus, ...],
    wanted: Wanted,
    seen: Seen,
    iam: Iam,
    local: Local,
    endpoint_url: str | None,
    *,
    drift: Drift,
    rotate_days: int = ROTATE_DAYS,
) -> tuple[IdentityStatus, ...]:
    """Add what AWS shows: two requests a key and one a user."""
    look = _Account(wanted, seen, iam, local, endpoint_url, timedelta(days=rotate_days))
    with ThreadPoolExecutor(_THREADS) as pool:
        asked = list(pool.map(look.identity, known))
    if isinstance(drift, str):
        return tuple(replace(each, no_plan=drift) for each in asked)
    return tuple(replace(each, drift=drift.get(each.name, 0)) for each in asked)


def drift_of(plan: Plan) -> Drift:
    """Count a plan's changes by identity."""
    counts: dict[str, int] = {}
    for change in plan.changes:
        counts[change.identity] = counts.get(change.identity, 0) + 1
    return counts


def _here(
    key: BindingKey,
    binding: Binding | None,
    wanted: WantedIdentity | None,
    endpoint_url: str | None,
    local: Local,
) -> IdentityStatus:
    session = local.sessions.get(key)
    has_secret, fault = here_secret(binding, local)
    state = "absent"
    if wanted is not None and wanted.profile is not None:
        try:
            state = profile_state(wanted.profile, key, endpoint_url, local)
        except LeastkeyError as error:
            state = f"unreadable: {error.place or ''} {error.what}".replace("  ", " ")
    user = wanted.user.name if wanted is not None and wanted.user is not None else None
    role = wanted.role.name if wanted is not None else "" if binding is None else binding.role.name
    open_here = (
        f"{each.phase} since {each.server_time:%Y-%m-%d %H:%M}Z"
        for each in local.intents.open()
        if each.key == key and not is_resting(each, local.clock.now())
    )
    return IdentityStatus(
        name=key.identity,
        user=user or (None if binding is None or wanted is not None else binding.user),
        role=role,
        is_in_spec=wanted is not None,
        in_use=None if binding is None else binding.access_key,
        vault=None if binding is None or binding.access_key is None else binding.vault,
        has_secret=has_secret,
        vault_fault=fault,
        profile=None if binding is None else binding.profile,
        config_file=None if binding is None else binding.config_file,
        profile_state=state,
        session_until=None
        if session is None or session.expiration <= local.clock.now()
        else session.expiration,
        open_operations=tuple(open_here),
    )


def here_secret(binding: Binding | None, local: Local) -> tuple[bool | None, str]:
    """Say whether the secret of the key in use lies in its vault; None with the reason where nobody can tell."""
    if binding is None or binding.access_key is None:
        return False, ""
    key = binding.key
    entry = vault_entry(key.account, key.endpoint, binding.user, binding.access_key)
    try:
        return entry in local.vault_for(binding.vault).entries(), ""
    except LeastkeyError as error:
        return None, error.what


@dataclass(frozen=True, slots=True)
class _Account:
    """Looks at one identity after the other in the account."""

    wanted: Wanted
    seen: Seen
    iam: Iam
    local: Local
    endpoint_url: str | None
    rotate_after: timedelta

    def identity(self, known: IdentityStatus) -> IdentityStatus:
        """Add what AWS shows of one identity."""
        user = None if known.user is None else self.seen.users.get(known.user.lower())
        role = self.seen.roles.get(known.role.lower())
        ours = [each for each in (user, role) if each is not None and self._owns(each.path, each.tags)]
        known = replace(known, is_revoked=is_revoked(*ours), is_there=bool(ours))
        if user is None or user not in ours:
            return replace(known, keys=())
        try:
            listed = self.iam.list_access_keys(user.name)
        except AwsError as error:
            missing = is_missing(error)
            return replace(known, keys=() if missing else None, unread="" if missing else refusal(error).what)
        kept, sent = self._kept(known), {each.access_key for each in self.local.sent()}
        role_of = partial(self._role, known, self._ours(known, user.name), frozenset(kept), frozenset(sent))
        keys = (self._key(key, role_of(key), listed.server_time) for key in listed.keys)
        return replace(known, keys=tuple(replace(key, kept_until=kept.get(key.id)) for key in keys))

    def _owns(self, path: str, tags: Mapping[str, str]) -> bool:
        return owns(self.wanted.project, path, tags)

    def _kept(self, known: IdentityStatus) -> dict[AccessKeyId, datetime]:
        """Give the keys that rest after a rotation, and until when."""
        binding = project_of(self.wanted, self.endpoint_url).binding(known.name)
        now = self.local.clock.now()
        return {
            intent.retired_key: intent.since + timedelta(seconds=intent.grace_seconds or 0)
            for intent in self.local.intents.open()
            if intent.key == binding and is_resting(intent, now)
            if intent.retired_key is not None and intent.since is not None
        }

    @staticmethod
    def _role(
        known: IdentityStatus,
        ours: frozenset[str],
        kept: frozenset[str],
        sent: frozenset[str],
        key: SeenAccessKey,
    ) -> KeyRole:
        if key.id == known.in_use:
            return "in use"
        if key.id in kept:
            return "kept after rotation"
        if key.id in sent:
            return "sent to another computer"
        return "ours, not in use" if key.id in ours else "unknown here"

    def _key(self, key: SeenAccessKey, role: KeyRole, now: datetime) -> KeyStatus:
        status = KeyStatus(
            key.id, role, key.status == "Active", key.created, now, key.created + self.rotate_after
        )
        try:
            use = self.iam.access_key_last_used(key.id)
        except AwsError as error:
            return replace(status, unread=refusal(error).what)
        return replace(status, last_used=use.last_used, service=use.service, region=use.region)

    def _ours(self, known: IdentityStatus, user: str) -> frozenset[str]:
        """Give the key ids that the vault or an open operation of this computer knows."""
        project = project_of(self.wanted, self.endpoint_url)
        prefix = f"{account_at(project.account, project.endpoint)}/{user}/"
        named = {
            key
            for intent in self.local.intents.open()
            if intent.key == project.binding(known.name)
            for key in (intent.created_key, intent.retired_key)
            if key is not None
        }
        try:
            entries = self.local.vault.entries()
        except LeastkeyError:  # told under the key's own vault
            entries = ()
        return frozenset(named | {each.removeprefix(prefix) for each in entries if each.startswith(prefix)})
