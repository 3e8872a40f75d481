"""Where the vault's age identity is kept: a private file, or the platform's own secure store.

The keyring library takes the first back end that is installed, plain-text ones among them, so it is not asked to
choose: only back ends on our list are opened, by name. Nothing here ever prompts.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from leastkey.clock import within
from leastkey.errors import LeastkeyError
from leastkey.vault.age_identity import AgeIdentity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leastkey.vault.files import FileDoor

__all__ = [
    "ALLOWED",
    "UNOPENED",
    "IdentityFile",
    "IdentityStore",
    "PlatformStore",
    "find_platform_store",
    "parsed_identity",
]

UNOPENED: Final = "nothing was changed, no credentials were issued"

ALLOWED: Final = {
    "linux": "keyring.backends.SecretService.Keyring",
    "darwin": "keyring.backends.macOS.Keyring",
    "win32": "keyring.backends.Windows.WinVaultKeyring",
}
"""By platform, the back end that keeps a secret encrypted under the user's login. KWallet speaks the first one's protocol."""
_UNDECIDED: Final = frozenset({"", "keyring.backends.chainer.ChainerBackend"})
"""Choices that name no store of their own: our list decides then."""
LIMIT_SECONDS: Final = 3.0
_SERVICE: Final = "leastkey"
_T = TypeVar("_T")


class IdentityStore(Protocol):
    """Keeps one age identity."""

    def load(self) -> AgeIdentity | None:
        """Read it, or None when there is none."""
        ...

    def save(self, identity: AgeIdentity) -> None:
        """Keep a new one; one that is there already is refused."""
        ...

    def forget(self) -> bool:
        """Drop it for good; says whether it is gone: one that the user named and keeps is not ours to drop."""
        ...

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        ...

    @property
    def protects(self) -> str:
        """What that keeps out and what not, in plain words."""
        ...


def parsed_identity(text: bytes, place: str) -> AgeIdentity:
    """Read what a store gave. Raises LeastkeyError, which quotes nothing of it."""
    try:
        return AgeIdentity.parse(text.decode("ascii", "replace"))
    except ValueError as error:
        raise _failed(f"what {place} holds cannot be used as the vault's identity", str(error)) from None


class IdentityFile:
    """The identity in a 0600 file, as age-keygen writes it. This hides the secrets; it does not protect them.

    `is_ours` is False for a file that the user named: it stays when the vault is left.
    """

    protects = "hides the secrets from other users; does not protect them from who can read your files or has a copy of them"

    def __init__(self, files: FileDoor, name: str, *, is_ours: bool = True) -> None:
        self._files = files
        self._name = name
        self._is_ours = is_ours

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"`{self._files.path(self._name)}`"

    def load(self) -> AgeIdentity | None:
        """Read it, or None when there is none."""
        data = self._files.read(self._name)
        return None if data is None else parsed_identity(data, self.place)

    def save(self, identity: AgeIdentity) -> None:
        """Keep a new one; a file that is there already is refused."""
        head = f"# identity of the leastkey vault; public key: {identity.recipient}\n"
        identity.save_with(lambda text: self._files.create(self._name, f"{head}{text}\n".encode()))

    def forget(self) -> bool:
        """Drop a file of ours; one that the user named stays."""
        if self._is_ours:
            self._files.remove(self._name)
        return self._is_ours


class PlatformStore:
    """The identity in the platform's store, through one back end of the keyring library. Each call has a time limit."""

    protects = "encrypted under your login; while it is unlocked, every program you run can ask for it"

    def __init__(
        self, backend: Any, address: str, limit_seconds: float = LIMIT_SECONDS, *, vault: str = ""
    ) -> None:
        self._backend = backend
        self._entry = f"identity of the vault {vault and f'{vault} '}in {address}"
        self._limit = limit_seconds

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return str(getattr(self._backend, "name", type(self._backend).__name__))

    def load(self) -> AgeIdentity | None:
        """Read it, or None when there is none."""
        self._refuse_locked()
        text = self._asked(lambda: self._backend.get_password(_SERVICE, self._entry))
        return None if text is None else parsed_identity(text.encode(), self.place)

    def save(self, identity: AgeIdentity) -> None:
        """Keep a new one, and read it back: a store that lies is found while nothing depends on it."""
        if self.load() is not None:
            raise _failed(f"{self.place} holds an identity for this vault already", "it is not replaced")
        identity.save_with(
            lambda text: self._asked(lambda: self._backend.set_password(_SERVICE, self._entry, text))
        )
        kept = self.load()
        if kept is None or kept.recipient != identity.recipient:
            raise _failed(f"{self.place} did not keep what was put into it", "read back, it was different")

    def forget(self) -> bool:
        """Drop it."""
        if self.load() is not None:
            self._asked(lambda: self._backend.delete_password(_SERVICE, self._entry))
        return True

    def _refuse_locked(self) -> None:
        """Ask whether a Secret Service is locked before anything makes it open a window."""
        is_secret_service = type(self._backend).__module__ == "keyring.backends.SecretService"
        if is_secret_service and self._asked(_secret_service_is_locked):
            raise self._locked("it is locked, and leastkey never opens a window to unlock it")

    def _asked(self, call: Callable[[], _T]) -> _T:
        try:
            return within(self._limit, call)
        except TimeoutError:
            raise self._locked(f"it did not answer within {self._limit:g} seconds") from None
        except Exception as error:  # noqa: BLE001  # back ends raise what their libraries raise
            name = type(error).__name__
            if name in {"KeyringLocked", "LockedException", "PromptDismissedException"}:
                raise self._locked("it is locked") from None
            raise _failed(f"{self.place} refused to work", f"{name}, said by its library") from None

    def _locked(self, why: str) -> LeastkeyError:
        return LeastkeyError(
            "vault-locked",
            f"{self.place} holds the vault's identity and does not open",
            why=why,
            state=UNOPENED,
            remedy=(
                "log in to the desktop or unlock the keyring, then run the same command again",
                "unattended? a vault that needs no login: `--vault age-file` (it hides, it does not protect)",
            ),
        )


def _secret_service_is_locked() -> bool:
    import secretstorage
    from secretstorage.exceptions import ItemNotFoundException

    connection = secretstorage.dbus_init()
    try:
        # Not get_default_collection: where there is none it would open a window to make one.
        locked: bool = secretstorage.Collection(connection).is_locked()
    except ItemNotFoundException:
        return True
    finally:
        connection.close()
    return locked


def find_platform_store(
    address: str,
    environ: Mapping[str, str],
    *,
    allowed: tuple[str, ...] | None = None,
    limit_seconds: float = LIMIT_SECONDS,
    vault: str = "",
) -> PlatformStore | str:
    """Open the platform's secure store, or say in one line why there is none."""
    if allowed is None:
        allowed = (ALLOWED[sys.platform],) if sys.platform in ALLOWED else ()
    chosen = environ.get("PYTHON_KEYRING_BACKEND", "")
    if chosen not in _UNDECIDED:
        if chosen not in allowed:
            return f"PYTHON_KEYRING_BACKEND names `{chosen}`, which is not known to keep secrets safe"
        allowed = (chosen,)
    reasons = []
    for name in allowed:
        try:
            backend = within(limit_seconds, lambda name=name: _opened(name))  # type: ignore[misc]  # bound per turn
        except TimeoutError:
            reasons.append(f"{_short(name)} did not answer within {limit_seconds:g} seconds")
        except Exception as error:  # noqa: BLE001  # a back end that cannot work here says so in many ways
            reasons.append(f"{_short(name)}: {error}")
        else:
            return PlatformStore(backend, address, limit_seconds, vault=vault)
    return "; ".join(reasons) or "no secure store is known for this platform"


def _short(name: str) -> str:
    """Give a back end's name as people know it: `SecretService` of `keyring.backends.SecretService.Keyring`."""
    return name.split(".")[-2] if name.count(".") > 1 else name


def _opened(name: str) -> Any:
    import importlib

    module, _, attribute = name.rpartition(".")
    backend_class = getattr(importlib.import_module(module), attribute)
    if backend_class.priority <= 0:  # raises RuntimeError, with the reason, where it cannot work
        raise RuntimeError("it cannot work on this computer")
    return backend_class()


def _failed(what: str, why: str) -> LeastkeyError:
    return LeastkeyError("vault-failed", what, why=why)
