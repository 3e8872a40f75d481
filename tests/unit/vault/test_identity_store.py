"""The platform's store: only back ends on the list, never a window, never a wait without end."""

from __future__ import annotations

import sys
import threading
import types
from typing import TYPE_CHECKING

import keyring.errors
import pytest

from leastkey.errors import LeastkeyError
from leastkey.vault import identity_store
from leastkey.vault.age_identity import AgeIdentity
from leastkey.vault.identity_store import ALLOWED, PlatformStore, find_platform_store

if TYPE_CHECKING:
    from collections.abc import Callable


class Backend:
    """A back end of the keyring library, as fakes need it."""

    name = "a fake keyring"
    priority = 5.0
    items: dict[tuple[str, str], str]

    def __init__(self) -> None:
        self.items = {}

    def get_password(self, service: str, entry: str) -> str | None:
        return self.items.get((service, entry))

    def set_password(self, service: str, entry: str, password: str) -> None:
        self.items[(service, entry)] = password


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[type], str]:
    """Give what installs a back end class as a module, and tells its name."""

    def install(backend: type) -> str:
        module = types.ModuleType("a_keyring_plugin")
        module.Keyring = backend  # type: ignore[attr-defined]  # made by hand
        monkeypatch.setitem(sys.modules, "a_keyring_plugin", module)
        return "a_keyring_plugin.Keyring"

    return install


def test_an_allowed_back_end_that_works_is_opened(installed: Callable[[type], str]) -> None:
    name = installed(Backend)
    store = find_platform_store("/home", {}, allowed=("no.such.Keyring", name))
    assert isinstance(store, PlatformStore)
    identity = AgeIdentity.generate()
    assert store.load() is None
    store.save(identity)
    kept = store.load()
    assert kept is not None
    assert kept.recipient == identity.recipient
    with pytest.raises(LeastkeyError, match="holds an identity for this vault already"):
        store.save(AgeIdentity.generate())


@pytest.mark.parametrize(
    "chosen",
    [
        "keyrings.alt.file.PlaintextKeyring",
        "keyring.backends.fail.Keyring",
        "keyring.backends.null.Keyring",
        "x",
    ],
)
def test_a_back_end_off_the_list_is_refused_and_not_even_imported(
    installed: Callable[[type], str], chosen: str
) -> None:
    name = installed(Backend)
    reason = find_platform_store("/home", {"PYTHON_KEYRING_BACKEND": chosen}, allowed=(name,))
    assert isinstance(reason, str)
    assert chosen in reason
    assert "keyrings.alt" not in sys.modules


def test_the_chainer_is_looked_through(installed: Callable[[type], str]) -> None:
    name = installed(Backend)
    environ = {"PYTHON_KEYRING_BACKEND": "keyring.backends.chainer.ChainerBackend"}
    assert isinstance(find_platform_store("/home", environ, allowed=(name,)), PlatformStore)


def test_every_back_end_on_the_list_exists_in_the_keyring_library() -> None:
    for name in ALLOWED.values():
        module, _, attribute = name.rpartition(".")
        assert hasattr(__import__(module, fromlist=[attribute]), attribute)


def test_a_back_end_that_cannot_work_here_gives_its_reason(installed: Callable[[type], str]) -> None:
    class Unfit(Backend):
        priority = 0.0

    reason = find_platform_store("/home", {}, allowed=(installed(Unfit),))
    assert isinstance(reason, str)
    assert "cannot work on this computer" in reason


def test_a_store_that_does_not_answer_is_given_up() -> None:
    never = threading.Event()

    class Hanging(Backend):
        def get_password(self, service: str, entry: str) -> str | None:
            never.wait(20)
            return None

    with pytest.raises(LeastkeyError) as caught:
        PlatformStore(Hanging(), "/home", limit_seconds=0.05).load()
    never.set()
    assert caught.value.code == "vault-locked"
    assert "0.05 seconds" in caught.value.why[0]


def test_a_locked_store_is_said_to_be_locked_and_any_other_failure_hides_its_words() -> None:
    class Locked(Backend):
        def get_password(self, service: str, entry: str) -> str | None:
            raise keyring.errors.KeyringLocked("Failed to unlock the collection!")

    class Broken(Backend):
        def set_password(self, service: str, entry: str, password: str) -> None:
            raise keyring.errors.PasswordSetError(f"cannot store {password}")

    with pytest.raises(LeastkeyError) as locked:
        PlatformStore(Locked(), "/home").load()
    with pytest.raises(LeastkeyError) as broken:
        PlatformStore(Broken(), "/home").save(AgeIdentity.generate())
    assert (locked.value.code, broken.value.code) == ("vault-locked", "vault-failed")
    assert "AGE-SECRET" not in f"{broken.value}{broken.value.why}"
    assert broken.value.__cause__ is None


def test_a_secret_service_is_asked_whether_it_is_locked_before_it_can_open_a_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    class Desktop(Backend):
        def get_password(self, service: str, entry: str) -> str | None:
            asked.append("opened a window")
            return None

    Desktop.__module__ = "keyring.backends.SecretService"
    monkeypatch.setattr(identity_store, "_secret_service_is_locked", lambda: True)
    with pytest.raises(LeastkeyError) as caught:
        PlatformStore(Desktop(), "/home").load()
    assert caught.value.code == "vault-locked"
    assert asked == []


def test_a_store_that_lies_is_found_while_nothing_depends_on_it() -> None:
    class Forgetful(Backend):
        def set_password(self, service: str, entry: str, password: str) -> None:
            pass

    with pytest.raises(LeastkeyError, match="did not keep"):
        PlatformStore(Forgetful(), "/home").save(AgeIdentity.generate())
