"""Which vault: named, remembered, the best there is, or a refusal in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leastkey.disk.home import prepare_home
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import LeastkeyError
from leastkey.vault import choose
from leastkey.vault.choose import choose_vault, open_vault
from leastkey.vault.identity_store import PlatformStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> VaultFiles:
    prepare_home(tmp_path)
    return VaultFiles(tmp_path)


@pytest.fixture
def with_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "find_platform_store", lambda *_, **__: PlatformStore(object(), "/home"))


@pytest.fixture
def without_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "find_platform_store", lambda *_, **__: "there is no session bus")


@pytest.mark.usefixtures("without_store")
def test_on_aws_without_a_secure_store_the_user_must_name_a_vault_and_is_told_what_it_means(
    files: VaultFiles,
) -> None:
    with pytest.raises(LeastkeyError) as caught:
        choose_vault(None, files, target="aws")
    assert caught.value.code == "no-vault"
    assert caught.value.why[0] == "there is no session bus"
    assert "hides the secrets, it does not protect them" in caught.value.why[1]
    assert "--vault age-file" in caught.value.remedy[0]
    with pytest.raises(LeastkeyError, match="needs a secure store"):
        choose_vault("keyring", files)
    assert choose_vault("age-file", files).name == "age-file"


@pytest.mark.usefixtures("without_store")
def test_for_the_sandbox_nothing_is_asked(files: VaultFiles) -> None:
    assert choose_vault(None, files, target="sandbox").name == "age-file"


@pytest.mark.usefixtures("with_store")
def test_named_wins_over_remembered_and_remembered_over_the_best(files: VaultFiles) -> None:
    assert choose_vault(None, files).name == "keyring"
    assert choose_vault(None, files, remembered="age-file").name == "age-file"
    assert choose_vault("keyring", files, remembered="age-file").name == "keyring"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("memory", "unknown-name"),
        ("Age-File", "unknown-name"),
        ("age-file:x", "usage"),
        ("age-file:", "usage"),
        ("age-file:~/id", "usage"),
        ("command:print-it", "usage"),
        ("command:/bin/../tmp/x", "usage"),
        ("command", "unknown-name"),
        ("kernel:kernel", "unknown-name"),
        ("kernel:", "unknown-name"),
        ("pass:../../x", "unknown-name"),
        ("tpm2:x", "unknown-name"),
        ("keyring:x", "unknown-name"),
        ("command:/bin/a\x1b[2J", "unknown-name"),
        ("command:/bin/a\u202eb", "unknown-name"),
        ("command:/bin/a\0b", "unknown-name"),
        ("command:/" + "a" * 2_000, "unknown-name"),
    ],
)
def test_other_names_are_refused(files: VaultFiles, name: str, code: str) -> None:
    with pytest.raises(LeastkeyError) as caught:
        open_vault(name, files)
    assert caught.value.code == code


def test_two_named_identities_never_share_a_vault(files: VaultFiles, tmp_path: Path) -> None:
    from leastkey.secret import Secret

    names = ["age-file", f"age-file:{tmp_path}/one", f"age-file:{tmp_path}/two"]
    for name in names:
        open_vault(name, files).put(name, Secret("x"))
    assert [open_vault(name, files).entries() for name in names] == [(name,) for name in names]
