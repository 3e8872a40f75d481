"""Programs that hold the identity: whatever they do, the answer is quick, refused in words, and quotes none of theirs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from leastkey.disk.home import prepare_home
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import LeastkeyError
from leastkey.vault.age_identity import AgeIdentity
from leastkey.vault.choose import open_vault
from leastkey.vault.program_stores import CommandStore, PassStore
from leastkey.vault.programs import MOST_BYTES, run_program

IDENTITY = AgeIdentity.generate()


@pytest.fixture
def files(tmp_path: Path) -> VaultFiles:
    prepare_home(tmp_path / "home")
    return VaultFiles(tmp_path / "home")


def program(folder: Path, script: str, mode: int = 0o700) -> str:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(mode)
    return str(path)


def printed() -> str:
    held: list[str] = []
    IDENTITY.save_with(held.append)
    return held[0]


def test_a_program_that_prints_an_identity_opens_the_vault(files: VaultFiles, tmp_path: Path) -> None:
    path = program(tmp_path, f"echo '# made by age-keygen'; echo {printed()}")
    assert CommandStore(files, path).load().recipient == IDENTITY.recipient


@pytest.mark.parametrize(
    ("script", "code", "why"),
    [
        ("exec sleep 60", "vault-locked", "0.3 seconds"),
        ("sleep 60 & sleep 60", "vault-locked", "0.3 seconds"),
        ("trap '' TERM; while :; do :; done", "vault-locked", "0.3 seconds"),
        ("exec yes AGE-SECRET-KEY-1", "vault-failed", f"more than {MOST_BYTES} bytes"),
        ("head -c 1000000 /dev/zero", "vault-failed", f"more than {MOST_BYTES} bytes"),
        ("head -c 1000000 /dev/zero >&2", "vault-failed", f"more than {MOST_BYTES} bytes"),
        ("echo AGE-SECRET-KEY-1JUNK", "vault-failed", "does not hold an age identity"),
        ("printf '\\377\\000\\033[2J'", "vault-failed", "does not hold an age identity"),
        ("exit 0", "vault-failed", "0 identities are in it"),
        ("echo IDENTITY; echo IDENTITY", "vault-failed", "2 identities are in it"),
        ("echo IDENTITY; exit 3", "vault-locked", "exit code 3"),
        ("kill -9 $$", "vault-locked", "exit code -9"),
        ("read line </dev/tty || exit 7", "vault-locked", "exit code 7"),
    ],
)
def test_a_program_that_does_otherwise_is_refused_at_once(
    files: VaultFiles, tmp_path: Path, script: str, code: str, why: str
) -> None:
    script = script.replace("IDENTITY", printed())
    store = CommandStore(files, program(tmp_path, script), limit_seconds=0.3)
    began = time.monotonic()
    with pytest.raises(LeastkeyError) as caught:
        store.load()
    assert time.monotonic() - began < 20
    assert caught.value.code == code
    assert why in " ".join(caught.value.why)
    assert "AGE-SECRET-KEY-1J" not in f"{caught.value.what}{caught.value.why}{caught.value.remedy}"
    assert printed() not in f"{caught.value.what}{caught.value.why}{caught.value.remedy}"


@pytest.mark.parametrize(
    ("mode", "why"), [(0o722, "others can write"), (0o702, "others can write"), (0o600, "no program")]
)
def test_a_program_that_others_can_change_is_not_started(
    files: VaultFiles, tmp_path: Path, mode: int, why: str
) -> None:
    path = program(tmp_path, f"touch {tmp_path}/started; echo {printed()}", mode)
    with pytest.raises(LeastkeyError) as caught:
        open_vault(f"command:{path}", files).probe()
    assert caught.value.code == "unsafe-file"
    assert why in caught.value.why[0]
    assert not (tmp_path / "started").exists()
    Path(path).chmod(0o700)
    open_vault(f"command:{path}", files).probe()
    assert (tmp_path / "started").exists()


def test_a_program_in_a_folder_that_others_can_write_to_is_not_started(
    files: VaultFiles, tmp_path: Path
) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(LeastkeyError) as caught:
        CommandStore(files, program(folder, f"echo {printed()}")).load()
    assert (caught.value.code, "everybody can write to it" in caught.value.why[0]) == ("unsafe-file", True)


def test_a_program_that_is_not_there_is_said_to_be_missing(files: VaultFiles, tmp_path: Path) -> None:
    with pytest.raises(LeastkeyError, match="cannot be read") as caught:
        CommandStore(files, str(tmp_path / "none")).load()
    assert caught.value.code == "io-failed"


def test_a_program_of_the_vault_gets_no_credentials_of_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("OF_THE_USER", "kept")
    ran = run_program([program(tmp_path, "env")], place="it")
    assert b"AWS_" not in ran.out
    assert b"OF_THE_USER=kept" in ran.out


def test_a_gpg_key_that_needs_its_passphrase_is_not_asked_for_and_says_how_to_unlock_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "echo 'gpg: public key decryption failed: No pinentry' >&2; exit 2")
    (tmp_path / "program").rename(tmp_path / "pass")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(LeastkeyError) as caught:
        PassStore("leastkey/x").load()
    assert caught.value.code == "vault-locked"
    assert "No pinentry" in caught.value.why[0]
    assert "pass show leastkey/x" in caught.value.remedy[0]


@pytest.mark.parametrize("name", ["pass", "tpm2", "systemd-creds"])
def test_without_its_program_a_vault_says_what_to_install(
    files: VaultFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LeastkeyError, match="is not on this computer") as caught:
        open_vault(name, files).probe()
    assert caught.value.code == "no-vault"
    assert "apt install" in caught.value.remedy[0]


@pytest.mark.parametrize(
    "lie",
    [
        "cat >/dev/null; echo sealed",  # opens to something that is no identity
        f"cat >/dev/null; case $* in *encrypt*) echo sealed;; *) echo {printed()};; esac",  # to another's
        "case $* in *encrypt*) echo sealed;; *) exit 1;; esac",  # never opens again
    ],
    ids=["no identity", "another", "nothing"],
)
def test_a_store_that_lies_is_found_before_a_key_depends_on_it(
    files: VaultFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    program(tmp_path, lie)
    (tmp_path / "program").rename(tmp_path / "systemd-creds")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(LeastkeyError) as caught:
        open_vault("systemd-creds", files).probe()
    assert caught.value.code == "vault-failed"
    assert not list((tmp_path / "home" / "vault").glob("*.sealed"))  # the next try begins anew
    program(
        tmp_path, f"case $* in *encrypt*) cat >{tmp_path}/kept; echo sealed;; *) cat {tmp_path}/kept;; esac"
    )
    (tmp_path / "program").rename(tmp_path / "systemd-creds")
    open_vault("systemd-creds", files).probe()
