"""The Secret Service for real, where it does not serve: locked, silent, without a keyring, not there."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
import secretstorage
from tests.support.stores import secret_service

from leastkey.disk.home import prepare_home
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import LeastkeyError
from leastkey.secret import Secret
from leastkey.vault.choose import choose_vault, open_vault
from leastkey.vault.identity_store import PlatformStore, find_platform_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with secret_service(tmp_path_factory.mktemp("service")) as process:
        yield process


@pytest.fixture
def files(tmp_path: Path, daemon: int) -> VaultFiles:
    prepare_home(tmp_path)
    return VaultFiles(tmp_path)


def test_where_there_is_one_it_is_the_vault_for_new_keys(files: VaultFiles) -> None:
    vault = choose_vault(None, files)
    assert vault.name == "keyring"
    vault.put("a", Secret("b"))
    assert open_vault("keyring", files).get("a") == Secret("b")
    assert vault.wipe() is False
    vault.delete("a")
    assert vault.wipe() is True
    assert [entry.get_label() for entry in entries(files.address)] == []


def entries(address: str) -> list[secretstorage.Item]:
    connection = secretstorage.dbus_init()
    try:
        found = secretstorage.Collection(connection).search_items({"service": "leastkey"})
        return [item for item in found if address in item.get_attributes()["username"]]
    finally:
        connection.close()


def test_a_locked_one_is_refused_and_no_window_opens(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    prepare_home(tmp_path / "home")
    files = VaultFiles(tmp_path / "home")
    with secret_service(tmp_path / "service"):
        open_vault("keyring", files).put("a", Secret("b"))
        connection = secretstorage.dbus_init()
        try:
            secretstorage.Collection(connection).lock()
            with pytest.raises(LeastkeyError) as caught:
                open_vault("keyring", files).get("a")
        finally:
            connection.close()
    assert caught.value.code == "vault-locked"
    assert "never opens a window" in caught.value.why[0]


def test_one_that_does_not_answer_is_given_up_in_time(files: VaultFiles, daemon: int) -> None:
    store = find_platform_store(files.address, os.environ, limit_seconds=0.5)
    assert isinstance(store, PlatformStore)
    os.kill(daemon, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(LeastkeyError) as caught:
            store.load()
    finally:
        os.kill(daemon, signal.SIGCONT)
    assert time.monotonic() - began < 3
    assert caught.value.code == "vault-locked"
    assert "0.5 seconds" in caught.value.why[0]


def test_without_a_session_bus_there_is_no_store_and_the_reason_is_told(
    files: VaultFiles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    with pytest.raises(LeastkeyError) as caught:
        open_vault("keyring", files)
    assert caught.value.code == "no-vault"
    assert "SecretService" in caught.value.why[0]
