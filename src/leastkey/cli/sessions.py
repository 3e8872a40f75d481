"""A session of an identity, from the broker: the cache, else AssumeRole with the key from the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.aws.sts_direct import assume_role
from leastkey.broker.session import session_for
from leastkey.errors import LeastkeyError
from leastkey.keys.profile import repair_profiles

if TYPE_CHECKING:
    from leastkey.cli.wiring import Machine
    from leastkey.iam.credentials import AccessKey, SessionCredentials
    from leastkey.ports.local import Binding

__all__ = ["assume", "session_of"]


def assume(key: AccessKey, binding: Binding, session_name: str) -> SessionCredentials:
    """Assume the identity's role with its key."""
    return assume_role(
        key,
        binding.role,
        session_name,
        binding.session_seconds,
        region=binding.region,
        endpoint_url=binding.endpoint_url,
    )


def session_of(here: Machine, binding: Binding, *, not_started: str | None = None) -> SessionCredentials:
    """Give a session, starting the sandbox where the identity lives there. `not_started` is the program that waits."""
    try:
        if binding.target == "sandbox":
            from leastkey.cli.sandbox_door import sandbox_root

            sandbox_root(here.home, binding.key.account)
        local = here.local(here.vault_named(binding.vault))
        repair_profiles(local, here.helper)
        return session_for(binding, local, assume)
    except LeastkeyError as error:
        if not_started is None:
            raise
        raise LeastkeyError(
            error.code,
            error.what,
            why=error.why,
            state=f"no credentials were issued, {not_started} was not started",
            remedy=error.remedy,
            place=error.place,
            exit_code=error.exit_code,
        ) from None
