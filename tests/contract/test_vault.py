"""What every vault promises, run on each of them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.fakes.memory_vault import MemoryVault
from tests.support.stores import (
    password_store,
    refuse_without_kernel_keyring,
    secret_service,
    systemd_credentials,
    tpm,
)

from leastkey.disk.home import prepare_home
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import LeastkeyError
from leastkey.ports.binding import vault_entry
from leastkey.secret import Secret
from leastkey.vault.age_file import AgeFile
from leastkey.vault.age_identity import AgeIdentity
from leastkey.vault.choose import kernel_store, open_vault
from leastkey.vault.identity_store import PlatformStore
from leastkey.vault.sealed import sealed_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leastkey.ports.local import Vault

SECRET = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
ENTRY = vault_entry("012345678901", "http://127.0.0.1:4566", "automation_user", "AKIAEXAMPLE")
STORES = {
    "keyring": secret_service,
    "pass": password_store,
    "systemd-creds": systemd_credentials,
    "tpm2": tpm,
}
KINDS = ("age-file", "age-file:named", "command", "kernel", "kernel:age-file", "platform", "memory", *STORES)


class FakeBackend:
    """A back end of the keyring library that keeps its items for the life of the test."""

    name = "a fake keyring"

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, entry: str) -> str | None:
        return self.items.get((service, entry))

    def set_password(self, service: str, entry: str, password: str) -> None:
        self.items[(service, entry)] = password

    def delete_password(self, service: str, entry: str) -> None:
        del self.items[(service, entry)]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], None]]:
    """Give what starts a store, once a module."""
    there: set[str] = set()
    with contextlib.ExitStack() as stack:

        def start(kind: str) -> None:
            if kind in STORES and kind not in there:
                stack.enter_context(STORES[kind](tmp_path_factory.mktemp("store")))
                there.add(kind)

        yield start


@pytest.fixture(params=KINDS)
def opened(
    request: pytest.FixtureRequest, tmp_path: Path, started: Callable[[str], None]
) -> Callable[[], Vault]:
    """Give what opens the same vault again, as another process would."""
    kind = str(request.param)
    home = tmp_path / "home"
    prepare_home(home)
    files = VaultFiles(home)
    backend = FakeBackend()
    memory = MemoryVault()
    started(kind)
    if kind == "command":
        kind = f"command:{printing(AgeIdentity.generate(), tmp_path)}"
    elif kind.startswith("kernel"):
        refuse_without_kernel_keyring(home)
        kernel_store(kind, files, lambda _: "").unlock(AgeIdentity.generate(), 600)
    kinds: dict[str, Callable[[], Vault]] = {
        "age-file:named": lambda: open_vault(f"age-file:{tmp_path}/identity.txt", files),
        "platform": lambda: AgeFile("keyring", files, "keyring.age", PlatformStore(backend, files.address)),
        "memory": lambda: memory,
    }
    return kinds.get(kind, lambda: open_vault(kind, files))


def printing(identity: AgeIdentity, folder: Path) -> Path:
    """Make a program that prints an identity."""
    program = folder / "print-it"
    held: list[str] = []
    identity.save_with(held.append)
    program.write_text(f"#!/bin/sh\necho {held[0]}\n")
    program.chmod(0o700)
    return program


def test_what_is_put_is_got_until_it_is_deleted(opened: Callable[[], Vault]) -> None:
    vault = opened()
    assert vault.get(ENTRY) is None
    assert vault.entries() == ()
    vault.delete(ENTRY)
    vault.put(ENTRY, SECRET)
    vault.put("b/é\u2028", Secret("second"))
    vault.put("a", Secret(""))
    again = opened()
    assert again.get(ENTRY) == SECRET
    assert again.get("a") == Secret("")
    assert again.entries() == tuple(sorted([ENTRY, "b/é\u2028", "a"]))
    again.put(ENTRY, Secret("replaced"))
    assert vault.get(ENTRY) == Secret("replaced")
    vault.delete(ENTRY)
    assert again.get(ENTRY) is None
    assert again.entries() == ("a", "b/é\u2028")


def test_a_probe_leaves_nothing_and_changes_nothing(opened: Callable[[], Vault]) -> None:
    vault = opened()
    vault.probe()
    assert vault.entries() == ()
    vault.put(ENTRY, SECRET)
    vault.probe()
    assert opened().entries() == (ENTRY,)
    assert vault.get(ENTRY) == SECRET


@pytest.mark.parametrize("opened", ["age-file", "kernel", "keyring", "memory"], indirect=True)
def test_threads_with_vaults_of_their_own_lose_no_entry(opened: Callable[[], Vault]) -> None:
    def work(number: int) -> None:
        vault = opened()
        for step in range(5):
            vault.put(f"{number}/{step}", Secret(f"{number}-{step}"))
        vault.delete(f"{number}/0")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    vault = opened()
    assert vault.entries() == tuple(sorted(f"{n}/{s}" for n in range(6) for s in range(1, 5)))
    assert vault.get("3/4") == Secret("3-4")


def test_the_vault_has_the_name_it_is_chosen_by(opened: Callable[[], Vault], tmp_path: Path) -> None:
    named = {f"age-file:{tmp_path}/identity.txt", f"command:{tmp_path}/print-it"}
    assert opened().name in {*KINDS, *named}


def test_a_key_that_was_asked_for_opens_once(opened: Callable[[], Vault]) -> None:
    vault = opened()
    if not isinstance(vault, AgeFile):
        pytest.skip("it asks for none")
    assert vault.requested() is None
    assert vault.received(b"x") is None
    recipient = vault.request()
    message = sealed_for(recipient, {"key": SECRET}, {"account": "012345678901"}).encode()
    assert opened().request() == recipient  # type: ignore[attr-defined]  # an AgeFile, as above
    found = vault.received(message)
    assert found == ({"format": 1, "account": "012345678901"}, {"key": SECRET})
    for other in (b"x", message[:-60], sealed_for(AgeIdentity.generate().recipient, {}, {}).encode()):
        with pytest.raises(ValueError, match=r".+"):
            vault.received(other)
    assert vault.entries() == ()
    assert not vault.wipe(), "a key may be on its way"
    vault.end_request()
    assert vault.received(message) is None


def test_a_vault_that_is_wiped_leaves_nothing_and_begins_anew(
    opened: Callable[[], Vault], tmp_path: Path
) -> None:
    vault = opened()
    if not isinstance(vault, AgeFile):
        pytest.skip("it keeps nothing")
    vault.put(ENTRY, SECRET)
    assert not vault.wipe()
    assert opened().get(ENTRY) == SECRET
    vault.delete(ENTRY)
    assert vault.wipe() is not vault.name.startswith(("age-file:", "command:"))
    left = {path.name for path in tmp_path.joinpath("home", "vault").rglob("*")}
    assert left == set()
    again = opened()
    if "kernel" in vault.name:
        with pytest.raises(LeastkeyError, match="is locked"):
            again.put(ENTRY, SECRET)
        return
    again.put(ENTRY, SECRET)
    assert opened().get(ENTRY) == SECRET


def _write(home: str, number: int) -> None:
    vault = open_vault("age-file", VaultFiles(Path(home)))
    for step in range(5):
        vault.put(f"{number}/{step}", Secret("x"))


def test_processes_that_start_an_age_file_together_lose_no_entry(tmp_path: Path) -> None:
    """Each process finds no vault and no identity; one of them makes the identity, all use it."""
    prepare_home(tmp_path / "home")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(str(tmp_path / "home"), number)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    vault = open_vault("age-file", VaultFiles(tmp_path / "home"))
    assert len(vault.entries()) == 20


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_no_secret_lies_in_the_open_and_every_file_is_private(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        prepare_home(tmp_path / "home")
        vault = open_vault("age-file", VaultFiles(tmp_path / "home"))
        vault.probe()
        vault.put(ENTRY, SECRET)
    finally:
        os.umask(before)
    made = list(tmp_path.rglob("*"))
    assert {path.name for path in made if path.is_file()} == {"vault.age", "identity.txt"}
    for path in made:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
        if path.is_file():
            data = path.read_bytes()
            assert b"EXAMPLE" not in data
            assert b"automation_user" not in data
