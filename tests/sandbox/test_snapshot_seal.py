"""A snapshot opens with the key from the vault alone, whole and unchanged; nothing else is ever unpickled."""

from __future__ import annotations

import hmac
import json
import stat
from typing import TYPE_CHECKING

import pytest
from tests.fakes.memory_vault import MemoryVault, MemoryVaults

from leastkey.errors import LeastkeyError
from leastkey.sandbox.server import seal as seal_file
from leastkey.sandbox.server import snapshot_file
from leastkey.sandbox.server.seal import Seal
from leastkey.sandbox.server.snapshot_file import SnapshotFile
from leastkey.sandbox.server.snapshot_key import settle, take_seal
from leastkey.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

SEAL = Seal(Secret("5" * 64), "memory")
STATE = b"a secret access key " * 10


def refusal(folder: Path, seal: Seal = SEAL) -> LeastkeyError:
    with pytest.raises(LeastkeyError) as refused:
        SnapshotFile(folder, seal).read()
    assert refused.value.code == "sandbox-failed"
    assert "`leastkey sandbox reset`" in refused.value.remedy[-1]
    return refused.value


def write_plain(folder: Path, state: bytes = STATE) -> None:
    """Write a snapshot as versions did that did not encrypt."""
    data = json.dumps(snapshot_file._versions()).encode() + b"\n" + state
    for name, content in (
        ("snapshot.key", b"k" * 32),
        ("snapshot.bin", hmac.digest(b"k" * 32, data, "sha256") + data),
    ):
        (folder / name).touch(0o600)
        (folder / name).write_bytes(content)


def test_the_file_is_private_and_shows_nothing_of_the_state(tmp_path: Path) -> None:
    file = SnapshotFile(tmp_path, SEAL)
    assert file.read() is None
    file.write(STATE)
    first = (tmp_path / "snapshot.bin").read_bytes()
    assert file.read() == STATE
    file.write(STATE)
    second = (tmp_path / "snapshot.bin").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot.bin"]
    assert stat.S_IMODE((tmp_path / "snapshot.bin").stat().st_mode) == 0o600
    assert b"secret access" not in first + second
    assert first[-60:] != second[-60:]


def test_a_change_at_any_place_and_a_cut_at_any_length_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal_file, "_PIECE", 64)
    file = SnapshotFile(tmp_path, SEAL)
    file.write(STATE)
    path = tmp_path / "snapshot.bin"
    sealed = path.read_bytes()
    for at in range(len(sealed)):
        path.write_bytes(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
        refusal(tmp_path)
    for length in range(len(sealed)):
        path.write_bytes(sealed[:length])
        refusal(tmp_path)
    piece = 64 + 16
    start = len(sealed) - len(STATE) - 4 * 16
    for moved in (
        sealed[:start] + sealed[start + piece :],
        sealed[: start + piece] + sealed[start : start + piece] + sealed[start + 2 * piece :],
        sealed + sealed[-24:],
    ):
        path.write_bytes(moved)
        refusal(tmp_path)
    path.write_bytes(sealed)
    assert file.read() == STATE


def test_a_head_or_a_piece_of_another_snapshot_under_the_same_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.bin"
    first, second = (SEAL.sealed({"snapshot": "4"}, state) for state in (b"a" * 100, b"b" * 100))
    path.touch(0o600)
    for mixed in (first[:-116] + second[-116:], second[:-116] + first[-116:]):
        path.write_bytes(mixed)
        assert "its seal is broken" in refusal(tmp_path).why[0]


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128])
def test_a_state_of_any_size_comes_back(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal_file, "_PIECE", 64)
    assert SEAL.opened(SEAL.sealed({"a": "b"}, b"x" * size)) == ({"a": "b", "vault": "memory"}, b"x" * size)


def test_a_snapshot_of_another_version_is_refused_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = SnapshotFile(tmp_path, SEAL)
    monkeypatch.setattr(snapshot_file, "_versions", lambda: {"leastkey": "0.1.0", "moto": "5.0.0"})
    file.write(STATE)
    monkeypatch.undo()
    assert "moto 5.0.0" in refusal(tmp_path).why[0]
    sealed = bytearray((tmp_path / "snapshot.bin").read_bytes())
    sealed[seal_file._START - 1] = 2
    (tmp_path / "snapshot.bin").write_bytes(sealed)
    assert "a format that this version does not read" in refusal(tmp_path).why[0]


def test_the_key_is_made_once_lies_in_the_vault_and_is_the_folders_own(tmp_path: Path) -> None:
    vaults, other = MemoryVaults(), tmp_path / "other"
    other.mkdir()
    seal = take_seal(tmp_path, vaults)
    assert (seal.vault, seal.takes_plain) == ("memory", False)
    assert take_seal(tmp_path, vaults) == seal
    SnapshotFile(tmp_path, seal).write(STATE)
    assert SnapshotFile(tmp_path, Seal.taken_over(seal.handed_over())).read() == STATE
    (tmp_path / "snapshot.bin").rename(other / "snapshot.bin")
    with pytest.raises(LeastkeyError, match="sandbox-failed"):
        take_seal(
            other, vaults
        )  # nothing of this folder's is in the vault: no new key is made for what is sealed
    assert len(vaults.vault.entries()) == 1
    (other / "snapshot.bin").rename(tmp_path / "kept")
    foreign = take_seal(other, vaults)
    (tmp_path / "kept").rename(other / "snapshot.bin")
    assert "another sandbox" in refusal(other, foreign).why[0]


def test_a_sealed_snapshot_without_its_key_is_an_error_that_names_the_vault(tmp_path: Path) -> None:
    SnapshotFile(tmp_path, Seal(Secret("5" * 64), "keyring")).write(STATE)
    vaults = MemoryVaults()
    with pytest.raises(LeastkeyError) as refused:
        take_seal(tmp_path, vaults)
    assert "sandbox start --vault keyring" in refused.value.remedy[0]
    assert vaults.vault.entries() == ()


def test_the_key_is_found_where_it_lies_and_follows_a_vault_that_is_named(tmp_path: Path) -> None:
    keyring = MemoryVault("keyring")
    first = MemoryVaults()
    first.vault = keyring
    seal = take_seal(tmp_path, first)
    SnapshotFile(tmp_path, seal).write(STATE)
    found = take_seal(tmp_path, MemoryVaults(keyring))
    assert (found.key, found.vault) == (seal.key, "keyring")
    named = MemoryVaults(keyring, named="memory")
    moved = take_seal(tmp_path, named)
    assert (moved.key, moved.vault) == (seal.key, "memory")
    assert (len(named.vault.entries()), keyring.entries()) == (1, ())
    assert SnapshotFile(tmp_path, moved).read() == STATE


def test_an_unencrypted_snapshot_is_read_once_and_written_back_encrypted(tmp_path: Path) -> None:
    write_plain(tmp_path)
    vaults = MemoryVaults()
    take_seal(tmp_path, vaults)  # and the sandbox died before it wrote
    seal = take_seal(tmp_path, vaults)
    assert seal.takes_plain
    assert SnapshotFile(tmp_path, seal).read() == STATE
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot.bin"]
    assert STATE not in (tmp_path / "snapshot.bin").read_bytes()
    settle(tmp_path, vaults)
    assert SnapshotFile(tmp_path, take_seal(tmp_path, vaults)).read() == STATE
    # From now on an unencrypted one is somebody else's: whoever can write here could bring a pickle of his own.
    write_plain(tmp_path, b"evil")
    late = take_seal(tmp_path, vaults)
    assert not late.takes_plain
    assert "only encrypted ones" in refusal(tmp_path, late).why[0]


def test_an_unencrypted_snapshot_that_was_changed_is_refused(tmp_path: Path) -> None:
    write_plain(tmp_path)
    path = tmp_path / "snapshot.bin"
    plain = path.read_bytes()
    seal = take_seal(tmp_path, MemoryVaults())
    for at in (0, 40, len(plain) - 1):
        path.write_bytes(plain[:at] + bytes([plain[at] ^ 1]) + plain[at + 1 :])
        refusal(tmp_path, seal)
    path.write_bytes(plain)
    (tmp_path / "snapshot.key").unlink()
    refusal(tmp_path, seal)
