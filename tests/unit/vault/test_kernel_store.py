"""A vault that is unlocked for a time: locked before and after, open between, and set up the first time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.support.stores import refuse_without_kernel_keyring

from leastkey.disk.home import prepare_home
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import LeastkeyError
from leastkey.secret import Secret
from leastkey.vault.choose import kernel_store, lock_vault, open_vault
from leastkey.vault.kernel_store import unlock_vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSPHRASE = "four words said once"


@pytest.fixture
def files(tmp_path: Path) -> Iterator[VaultFiles]:
    prepare_home(tmp_path)
    refuse_without_kernel_keyring(tmp_path)
    files = VaultFiles(tmp_path)
    yield files
    for name in ("kernel", "kernel:age-file", f"kernel:age-file:{tmp_path}/stick"):
        lock_vault(name, files)


def unlock(name: str, files: VaultFiles, seconds: int = 600, passphrase: str = PASSPHRASE) -> bool:
    store = kernel_store(name, files, lambda _: passphrase)
    return unlock_vault(open_vault(name, files), store, seconds)


def locked(name: str, files: VaultFiles) -> LeastkeyError:
    with pytest.raises(LeastkeyError) as caught:
        open_vault(name, files).get("a")
    assert caught.value.code == "vault-locked"
    return caught.value


def test_a_passphrase_opens_the_vault_it_was_chosen_for(files: VaultFiles, tmp_path: Path) -> None:
    with pytest.raises(LeastkeyError, match="is locked"):
        open_vault("kernel", files).probe()
    assert unlock("kernel", files)
    open_vault("kernel", files).put("a", Secret("b"))
    lock_vault("kernel", files)
    assert locked("kernel", files).remedy == ("`leastkey unlock --vault kernel`",)
    with pytest.raises(LeastkeyError, match="did not open") as caught:
        unlock("kernel", files, passphrase="four words said twice")
    assert caught.value.code == "vault-locked"
    locked("kernel", files)
    assert not unlock("kernel", files)
    assert open_vault("kernel", files).get("a") == Secret("b")
    assert {path.name for path in (tmp_path / "vault").iterdir()} == {"kernel.age", "kernel-identity.age"}
    assert (
        (tmp_path / "vault" / "kernel-identity.age")
        .read_bytes()
        .startswith(b"age-encryption.org/v1\n-> scrypt ")
    )


def test_a_short_passphrase_is_refused_before_anything_is_made(files: VaultFiles, tmp_path: Path) -> None:
    with pytest.raises(LeastkeyError, match="fewer than 8 characters") as caught:
        unlock("kernel", files, passphrase="1234567")
    assert caught.value.code == "usage"
    assert not (tmp_path / "vault" / "kernel-identity.age").exists()


def test_a_vault_locks_by_itself_when_its_time_is_over(files: VaultFiles) -> None:
    unlock("kernel:age-file", files, seconds=1)
    vault = open_vault("kernel:age-file", files)
    vault.put("a", Secret("b"))
    until = time.monotonic() + 20
    while time.monotonic() < until and files.kernel_get(vault_label(files)) is not None:
        time.sleep(0.05)
    assert "its time is over" in locked("kernel:age-file", files).why[0]
    assert not unlock("kernel:age-file", files)
    assert open_vault("kernel:age-file", files).get("a") == Secret("b")


def vault_label(files: VaultFiles) -> str:
    from leastkey.vault.choose import _label

    return _label("kernel:age-file", files)


def test_an_identity_on_a_stick_is_needed_to_unlock_only(files: VaultFiles, tmp_path: Path) -> None:
    name = f"kernel:age-file:{tmp_path}/stick"
    assert unlock(name, files)
    open_vault(name, files).put("a", Secret("b"))
    (tmp_path / "stick").rename(tmp_path / "pocket")
    assert open_vault(name, files).get("a") == Secret("b")
    lock_vault(name, files)
    with pytest.raises(LeastkeyError, match="its identity is gone"):
        unlock(name, files)
    assert not (tmp_path / "stick").exists()


def test_an_identity_of_another_vault_is_not_left_in_the_kernel(files: VaultFiles, tmp_path: Path) -> None:
    name = f"kernel:age-file:{tmp_path}/stick"
    unlock(name, files)
    open_vault(name, files).put("a", Secret("b"))
    (tmp_path / "stick").unlink()
    open_vault(f"age-file:{tmp_path}/stick", files).put("c", Secret("d"))
    with pytest.raises(LeastkeyError, match="cannot be decrypted"):
        unlock(name, files)
    locked(name, files)


def test_without_a_kernel_keyring_the_vault_says_so(
    files: VaultFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VaultFiles, "kernel_put", lambda *_: False)
    with pytest.raises(LeastkeyError, match="keeps no key for us") as caught:
        unlock("kernel:age-file", files)
    assert caught.value.code == "no-vault"


def test_only_vaults_of_the_kernel_are_unlocked(files: VaultFiles) -> None:
    for each in (lambda: unlock("age-file", files), lambda: lock_vault("keyring", files)):
        with pytest.raises(LeastkeyError, match="is not one that leastkey unlocks"):
            each()
