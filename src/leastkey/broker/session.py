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

from leastkey.broker.refresh import refresh_at
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import AccessKey, SessionCredentials, shown
from leastkey.iam.names import fitted
from leastkey.iam.refusals import NOT_YET, is_busy, is_unanswered
from leastkey.keys.clock_skew import clock_skew
from leastkey.ports.local import Binding, binding_id, vault_entry

if TYPE_CHECKING:
    from leastkey.clock import Clock
    from leastkey.ports.local import Bindings, Locks, SessionCache, Vault

__all__ = ["NOTHING_ISSUED", "Assume", "Computer", "session_apart", "session_for", "session_name"]

Assume = Callable[[AccessKey, Binding, str], SessionCredentials]
"""Assumes a binding's role with its key, under a session name. Raises AwsError."""

NOTHING_ISSUED: Final = "no credentials were issued"
WAIT_SECONDS: Final = 20.0
"""How long one process waits for another that is minting; AWS's tools give the helper a minute."""
YOUNG: Final = timedelta(seconds=120)
KEY_WAIT_SECONDS: Final = 20.0
"""How long a key is waited for that AWS may not know yet; AWS's tools give the helper a minute in all."""
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
    return fitted("session", "leastkey-" + re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", identity))


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
            replaced = _replaced(binding, local, error)
            if replaced is not None:
                binding = replaced
                continue
            if isinstance(error, LeastkeyError):
                raise
            skew = clock_skew(error, local.clock.now(), state=NOTHING_ISSUED)
            young = local.clock.now() - binding.updated < YOUNG
            waits = young and skew is None and error.code in NOT_YET
            if not waits or local.clock.monotonic() - started >= KEY_WAIT_SECONDS:
                raise (skew or _refusal(error, binding)) from None
        local.clock.sleep(2)


def _replaced(binding: Binding, local: Computer, error: AwsError | LeastkeyError) -> Binding | None:
    """Give the binding as it is now, where the key it named was replaced or moved to another vault: that may be why it failed."""
    now = local.bindings.get(binding.key)
    if now is None or now.access_key is None:
        return None
    if now.vault != binding.vault:
        return now
    may_be_why = error.code == "secret-missing" or error.code in NOT_YET
    return now if may_be_why and now.access_key != binding.access_key else None


def _refusal(error: AwsError, binding: Binding) -> LeastkeyError:
    where = "the sandbox" if binding.target == "sandbox" else "AWS"
    if is_unanswered(error) or is_busy(error):
        return LeastkeyError(
            "no-answer",
            f"{where} could not be asked for a session",
            why=(f"{error.code}: {error.message}" if error.code else error.message,),
            state=NOTHING_ISSUED,
            remedy="leastkey sandbox start"
            if binding.target == "sandbox"
            else "look at the network, then try again",
        )
    return LeastkeyError(
        "session-refused",
        f"{where} refused to let `{binding.user}` assume `{binding.role.name}`",
        why=f"its words: {error.code}: {error.message}",
        state=NOTHING_ISSUED,
        remedy="leastkey up",
    )
