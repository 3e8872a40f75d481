"""Sessions for scripts: one AssumeRole however many ask at once, then the cache until renewal is due.

Order: cache, lock, cache again, vault, AWS, cache. The long-lived secret is read only by the process that mints.
Source: STS API Reference, AssumeRole; IAM User Guide, "Temporary security credentials in IAM".
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import AccessKey, SessionCredentials, shown
from leastkey.ports.binding import Binding, binding_id, vault_entry

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.clock import Clock
    from leastkey.ports.local import Bindings, Locks, SessionCache, Vault

__all__ = [
    "NOTHING_ISSUED",
    "Assume",
    "Computer",
    "least_left",
    "refresh_at",
    "session_apart",
    "session_for",
    "session_name",
]

Assume = Callable[[AccessKey, Binding, str], SessionCredentials]
"""Assumes a binding's role with its key, under a session name. Raises AwsError."""

NOTHING_ISSUED: Final = "no credentials were issued"
WAIT_SECONDS: Final = 20.0
"""How long one process waits for another that is minting; AWS's tools give the helper a minute."""
YOUNG: Final = timedelta(seconds=120)
KEY_WAIT_SECONDS: Final = 20.0
"""How long a key is waited for that AWS may not know yet; AWS's tools give the helper a minute in all."""
_LEFT: Final = ((2_700, 1_200), (1_080, 960), (960, 900))
"""Session seconds from which on, and the seconds left at which it is renewed."""
_SHORT_LEFT: Final = 300
_SURELY_FITS: Final = 32
"""A session name of so many characters is below AWS's limit; the rules for names are loaded for a longer one."""
SPARE: Final = timedelta(seconds=60)
"""A cached session with this much left is handed out when a new one cannot be had for want of an answer."""


class Computer(Protocol):
    """The part of `Local` that the broker needs. Vaults are opened by name, and only to mint."""

    @property
    def sessions(self) -> SessionCache:
        """The cache."""
        ...

    @property
    def locks(self) -> Locks:
        """The locks between processes."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...

    @property
    def bindings(self) -> Bindings:
        """The identities this computer serves, as they are now."""
        ...

    def vault_for(self, name: str) -> Vault:
        """Open the vault of this name."""
        ...


def session_for(
    binding: Binding, local: Computer, assume: Assume, *, least_seconds: float = 0.0
) -> SessionCredentials:
    """Give a session of the identity: cached until renewal is due, else minted once for all who ask.

    `least_seconds` is what must be left of it at least, for who cannot come back for another.
    """
    cached = _cached(binding, local, least_seconds)
    if cached is not None:
        return cached
    try:
        with local.locks.hold(
            f"session/{binding_id(binding.key)}", "assume the role", wait_seconds=WAIT_SECONDS
        ):
            cached = _cached(binding, local, least_seconds)
            return _minted(binding, local, assume) if cached is None else cached
    except LeastkeyError as error:
        spare = _spare(binding, local) if error.code in {"locked", "no-answer"} else None
        if spare is None:
            raise
        return spare


def session_apart(binding: Binding, local: Computer, assume: Assume) -> SessionCredentials:
    """Give a session that is for one caller alone: it neither comes from the cache nor goes there.

    It has a name of its own: what a resource's policy grants to the usual session by name, no session policy takes away.
    Source: IAM User Guide, "Session policies".
    """
    name = session_name(f"{binding.key.identity}-only")
    return _assumed(binding, local, lambda key, bound, _: assume(key, bound, name))


def session_name(identity: str) -> str:
    """Give the name AWS's trail shows for the session."""
    name = "leastkey-" + re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", identity)
    if len(name) <= _SURELY_FITS:
        return name
    from leastkey.iam.names import fitted

    return fitted("session", name)


def _cached(binding: Binding, local: Computer, least_seconds: float) -> SessionCredentials | None:
    session = local.sessions.get(binding.key)
    due = local.sessions.refresh_at(binding.key)
    now = local.clock.now()
    if session is None or due is None or now >= due:
        return None
    return session if (session.expiration - now).total_seconds() >= least_seconds else None


def _spare(binding: Binding, local: Computer) -> SessionCredentials | None:
    """Give a cached session that is due but not over: better than nothing while AWS cannot be reached."""
    session = local.sessions.get(binding.key)
    return session if session is not None and session.expiration - local.clock.now() > SPARE else None


def _minted(binding: Binding, local: Computer, assume: Assume) -> SessionCredentials:
    session = _assumed(binding, local, assume)
    # A cache that cannot be written costs time, not the credentials: they are in hand.
    with contextlib.suppress(LeastkeyError):
        due = refresh_at(binding.session_seconds, session.expiration)
        local.sessions.put(binding.key, session, refresh_at=due)
    return session


def _key(binding: Binding, local: Computer) -> AccessKey:
    if binding.access_key is None:
        raise LeastkeyError(
            "not-set-up",
            f"`{binding.key.identity}` has no access key on this computer yet",
            state=NOTHING_ISSUED,
            remedy="leastkey up",
        )
    key = binding.key
    entry = vault_entry(key.account, key.endpoint, binding.user, binding.access_key)
    secret = local.vault_for(binding.vault).get(entry)
    if secret is None:
        raise LeastkeyError(
            "secret-missing",
            f"the vault `{binding.vault}` does not hold the secret of {shown(binding.access_key)}",
            why=f"the key in use of `{binding.user}`",
            state=NOTHING_ISSUED,
            remedy="leastkey up",
        )
    return AccessKey(binding.access_key, secret)


def _assumed(binding: Binding, local: Computer, assume: Assume) -> SessionCredentials:
    """Ask AWS; a key that came into use moments ago may not be known to every server yet.

    A key may be replaced between the moment its binding is read and the moment it signs. What is refused is therefore
    asked again with the key in use by then.
    """
    started = local.clock.monotonic()
    while True:
        try:
            return assume(_key(binding, local), binding, session_name(binding.key.identity))
        except (AwsError, LeastkeyError) as error:
            from leastkey.broker import refused  # what a refusal means is loaded when there is one

            replaced = refused.replaced(binding, local.bindings.get(binding.key), error)
            if replaced is not None:
                binding = replaced
                continue
            if isinstance(error, LeastkeyError):
                raise
            ours = refused.as_ours(error, binding, local.clock.now())
            young = local.clock.now() - binding.updated < YOUNG
            waits = young and refused.may_pass(error, ours)
            if not waits or local.clock.monotonic() - started >= KEY_WAIT_SECONDS:
                raise ours from None
        local.clock.sleep(2)


def refresh_at(session_seconds: int, expiration: datetime) -> datetime:
    """Give the moment from which on a new session is minted instead of serving the cached one.

    botocore asks its credential process again from 15 minutes before the end (and waits for the answer from 10), so an
    answer should have more than that left. A third of a short session would fall below it; the shortest ones cannot
    satisfy it at all, botocore then asks on every call and gets the cached answer until little is left.
    Source: botocore, `credentials.py`, RefreshableCredentials.
    """
    left = next((left for least, left in _LEFT if session_seconds >= least), _SHORT_LEFT)
    return expiration - timedelta(seconds=left)


def least_left(session_seconds: int) -> timedelta:
    """Give the life that a session handed out has at least: a quarter of an hour, where it is given more than that."""
    return timedelta(seconds=900 if session_seconds >= 960 else 0)
