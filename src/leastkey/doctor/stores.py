"""What this computer keeps: secrets in vaults, sessions in the cache, operations that are open."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from leastkey.apply.status import here_secret
from leastkey.doctor.finding import Finding
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.keys.grace import is_resting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leastkey.doctor.finding import Surroundings

__all__ = ["open_operations", "sessions", "vaults"]

AT_WORK_SECONDS: Final = 900
"""An operation younger than this may be one that another leastkey is at."""


def vaults(around: Surroundings) -> Iterator[Finding]:
    """Open the vault of each identity, and see that the secret of its key in use is there."""
    local = around.local()
    for binding in around.bindings():
        if binding.access_key is None:
            continue
        is_there, fault = here_secret(binding, local)
        name = binding.key.identity
        if is_there is None:
            yield Finding(
                "bad",
                f"the vault `{binding.vault}`, which holds the secret of `{name}`, does not open: {fault}",
                ("unlock it: log in to the desktop, or `leastkey unlock`", "leastkey help vault-locked"),
            )
        elif not is_there:
            yield Finding(
                "bad",
                f"the vault `{binding.vault}` does not hold the secret of {shown(binding.access_key)}, the key of `{name}`",
                ("leastkey up",),
            )


def sessions(around: Surroundings) -> Iterator[Finding]:
    """Look for sessions that are over and still lie in the cache."""
    local = around.local()
    for binding in around.bindings():
        session = local.sessions.get(binding.key)
        if session is not None and session.expiration <= around.clock.now():
            yield Finding(
                "warn",
                f"the cache holds a session of `{binding.key.identity}` that ended {session.expiration:%Y-%m-%d %H:%M}Z",
                ("leastkey doctor --fix",),
                partial(local.sessions.delete, binding.key),
            )


def open_operations(around: Surroundings) -> Iterator[Finding]:
    """Look for key operations that a run has not finished."""
    now = around.clock.now()
    for intent in around.local().intents.open():
        if is_resting(intent, now):
            continue
        seconds = (now - intent.server_time).total_seconds()
        yield Finding(
            "warn" if seconds < AT_WORK_SECONDS else "bad",
            f"an operation on the keys of `{intent.user}` is open since {intent.server_time:%Y-%m-%d %H:%M}Z ({intent.phase})",
            ("leastkey up",),
            None if around.finish is None else partial(_finish, around, around.finish, intent.operation),
        )


def _finish(around: Surroundings, finish: Callable[[], None], operation: str) -> None:
    """Finish what is open, and see that this one is closed: one of another project, or a young one, stays."""
    finish()
    if any(each.operation == operation for each in around.local().intents.open()):
        raise LeastkeyError(
            "orphan-key",
            "it stays open until AWS's list can be believed, or it is of another project",
            remedy="leastkey doctor --fix, some minutes later or beside its spec",
        )
