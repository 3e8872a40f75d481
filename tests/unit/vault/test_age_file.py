"""The age file when something is wrong: no secret is lost, none is shown, and the error says what to do."""

from __future__ import annotations

import errno
import os
import pickle
import pprint
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pyrage
import pytest

from leastkey.disk.home import prepare_home
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import LeastkeyError
from leastkey.secret import Secret
from leastkey.vault.age_identity import AgeIdentity
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leastkey.ports.local import Vault

SECRET = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


@pytest.fixture
def files(tmp_path: Path) -> VaultFiles:
    prepare_home(tmp_path / "home")
    return VaultFiles(tmp_path / "home")


def failure(files: VaultFiles) -> LeastkeyError:
    """Give the error of a vault that cannot be used; reading and writing must fail alike, and change nothing."""
    before = files.read("vault.age")
    with pytest.raises(LeastkeyError) as caught:
        open_vault("age-file", files).get("a")
    with pytest.raises(LeastkeyError):
        open_vault("age-file", files).put("b", SECRET)
    assert files.read("vault.age") == before
    return caught.value


def test_a_vault_whose_identity_is_gone_is_never_started_afresh(files: VaultFiles) -> None:
    open_vault("age-file", files).put("a", SECRET)
    files.remove("identity.txt")
    error = failure(files)
    assert error.code == "vault-failed"
    assert "identity is gone" in error.what
    assert files.read("identity.txt") is None


def test_a_vault_of_another_identity_is_refused(files: VaultFiles) -> None:
    open_vault("age-file", files).put("a", SECRET)
    files.remove("identity.txt")
    AgeIdentity.generate().save_with(lambda text: files.create("identity.txt", text.encode()))
    assert "cannot be decrypted" in failure(files).what


@pytest.mark.parametrize("content", [b"", b"age-encryption.org/v1\n", b"\x00" * 200])
def test_a_damaged_vault_is_refused(files: VaultFiles, content: bytes) -> None:
    open_vault("age-file", files).put("a", SECRET)
    files.write("vault.age", content)
    assert failure(files).code == "vault-failed"


@pytest.mark.parametrize(
    "text", ["[]", '{"format": 1}', '{"format": 9, "entries": {}}', "secret-in-a-broken-file"]
)
def test_a_vault_that_decrypts_to_something_else_is_refused_without_quoting_it(
    files: VaultFiles, text: str
) -> None:
    open_vault("age-file", files).put("a", SECRET)
    identity = AgeIdentity.parse((files.read("identity.txt") or b"").decode())
    files.write("vault.age", identity.encrypt(text.encode()))
    error = failure(files)
    assert error.__cause__ is None
    assert "secret-in" not in f"{error}{error.why}{error.remedy}"


@pytest.mark.parametrize(
    "text", ["", "# only a comment\n", "AGE-SECRET-KEY-1NONSENSE", "AGE-SECRET-KEY-1A\nB"]
)
def test_a_bad_identity_file_is_refused_without_quoting_it(files: VaultFiles, text: str) -> None:
    open_vault("age-file", files).put("a", SECRET)
    files.write("identity.txt", text.encode())
    error = failure(files)
    assert error.code == "vault-failed"
    assert "NONSENSE" not in f"{error}{error.why}"


def test_an_identity_open_to_others_is_refused(files: VaultFiles, tmp_path: Path) -> None:
    open_vault("age-file", files).put("a", SECRET)
    (tmp_path / "home" / "vault" / "identity.txt").chmod(0o644)
    assert failure(files).code == "unsafe-file"


def test_a_full_disk_shows_at_the_probe_and_costs_nothing(
    files: VaultFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = open_vault("age-file", files)
    vault.put("a", SECRET)
    before = files.read("vault.age")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        for attempt in (vault.probe, lambda: vault.put("b", SECRET)):
            with pytest.raises(LeastkeyError) as caught:
                attempt()
            assert caught.value.code == "disk-full"
    assert files.read("vault.age") == before
    assert vault.get("a") == SECRET


def test_a_trial_entry_of_a_killed_process_is_hidden_and_swept(files: VaultFiles) -> None:
    vault = open_vault("age-file", files)
    vault.put("a", SECRET)
    identity = AgeIdentity.parse((files.read("identity.txt") or b"").decode())
    files.write("vault.age", identity.encrypt(b'{"format": 1, "entries": {"a": "1", "probe/x": "2"}}'))
    assert vault.entries() == ("a",)
    vault.put("b", SECRET)
    assert b"probe/" not in identity.decrypt(files.read("vault.age") or b"")


def test_a_long_running_process_follows_a_vault_that_was_made_anew(files: VaultFiles) -> None:
    ours = open_vault("age-file", files)
    ours.put("a", SECRET)
    for name in ("vault.age", "identity.txt"):
        files.remove(name)
    open_vault("age-file", files).probe()
    ours.put("b", SECRET)
    assert open_vault("age-file", files).entries() == ("b",)


def test_the_files_are_those_of_the_age_tool(files: VaultFiles) -> None:
    """Whoever loses leastkey can still read the vault: `age -d -i identity.txt vault.age`."""
    open_vault("age-file", files).put("a", SECRET)
    lines = (files.read("identity.txt") or b"").decode().splitlines()
    (line,) = [line for line in lines if not line.startswith("#")]
    assert b'"entries"' in pyrage.decrypt(files.read("vault.age"), [pyrage.x25519.Identity.from_str(line)])


def test_an_identity_cannot_be_printed_or_copied() -> None:
    identity = AgeIdentity.generate()
    shown = f"{identity!r} {identity} {pprint.pformat([identity])} {[getattr(identity, s) for s in identity.__slots__ if hasattr(identity, s)]}"
    assert "AGE-SECRET" not in shown.upper()
    with pytest.raises(TypeError):
        pickle.dumps(identity)


def together(vault: Vault, calls: list[Callable[[], None]], files: VaultFiles) -> list[BaseException | None]:
    """Make calls in threads that all wait while somebody else holds the vault; give how each ended."""
    ends: list[BaseException | None] = [None] * len(calls)

    def make(number: int) -> None:
        try:
            calls[number]()
        except LeastkeyError as error:
            ends[number] = error

    threads = [threading.Thread(target=make, args=(number,)) for number in range(len(calls))]
    with files.lock("the test"):
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while len(vault._turns._queue) < len(calls) - 1 and time.monotonic() < deadline:  # type: ignore[attr-defined]  # AgeFile
            time.sleep(0.001)
    for thread in threads:
        thread.join()
    return ends


def test_threads_that_wait_for_one_vault_are_served_by_few_writes(
    files: VaultFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = open_vault("age-file", files)
    vault.put("old", SECRET)
    writes: list[str] = []
    write = files.write

    def counted(name: str, data: bytes) -> None:
        writes.append(name)
        write(name, data)

    monkeypatch.setattr(files, "write", counted)
    puts = [partial(vault.put, f"new-{number}", SECRET) for number in range(20)]
    assert together(vault, [*puts, vault.probe, partial(vault.delete, "old")], files) == [None] * 22
    assert len(writes) <= 4
    assert open_vault("age-file", files).entries() == tuple(sorted(f"new-{number}" for number in range(20)))


def test_when_the_disk_is_full_each_thread_hears_of_it(
    files: VaultFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = open_vault("age-file", files)
    vault.put("old", SECRET)

    def full(*_: object) -> None:
        raise LeastkeyError("disk-full", "no room")

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        ends = together(vault, [partial(vault.put, f"{n}", SECRET) for n in range(5)], files)
    assert [getattr(end, "code", None) for end in ends] == ["disk-full"] * 5
    vault.put("new", SECRET)
    assert vault.entries() == ("new", "old")
