"""Other users of the computer: folders above ours, links and locks they plant, pipes in a file's place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.hostile.commands import bare, said
from tests.hostile.conftest import without_settings

from leastkey.cli.read_spec import read_spec
from leastkey.disk.home import prepare_home
from leastkey.disk.locks import hold_file
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from pathlib import Path

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
STRANGER = 54_321


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize(
    ("mode", "is_refused"), [(0o777, True), (0o1777, False), (0o755, False), (0o775, False)]
)
def test_a_home_that_others_can_rename_away_is_refused(
    tmp_path: Path,
    mode: int,
    is_refused: bool,  # noqa: FBT001  # a parameter of the table
    depth: int,
) -> None:
    shared = tmp_path / "shared"
    home = shared.joinpath(*("below", "home")[-depth:])
    prepare_home(home)
    shared.chmod(mode)
    if not is_refused:
        prepare_home(home)
        return
    with pytest.raises(LeastkeyError) as caught:
        prepare_home(home)
    assert caught.value.code == "unsafe-home"
    assert str(shared) in caught.value.why[0]


@root_only
def test_a_home_below_a_folder_of_another_group_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    prepare_home(shared / "home")
    shared.chmod(0o2775)
    os.chown(shared, 0, STRANGER)
    with pytest.raises(LeastkeyError) as caught:
        prepare_home(shared / "home")
    assert caught.value.code == "unsafe-home"


@root_only
@pytest.mark.parametrize("owner", [STRANGER, 0])
def test_a_home_below_a_strangers_folder_is_refused(
    tmp_path: Path, owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    prepare_home(shared / "home")
    os.chown(shared, owner, 0)
    us = 1_000
    os.chown(shared / "home", us, us)
    monkeypatch.setattr(os, "geteuid", lambda: us)
    if owner == 0:
        prepare_home(shared / "home")
        return
    with pytest.raises(LeastkeyError) as caught:
        prepare_home(shared / "home")
    assert caught.value.code == "unsafe-home"


def test_a_link_above_does_not_hide_what_others_can_rename(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    prepare_home(open_to_all / "home")
    open_to_all.chmod(0o777)
    (tmp_path / "link").symlink_to(open_to_all)
    with pytest.raises(LeastkeyError) as caught:
        prepare_home(tmp_path / "link" / "home")
    assert caught.value.code == "unsafe-home"


def test_a_lock_that_is_another_files_second_name_does_not_empty_it(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (tmp_path / "lock").hardlink_to(precious)
    with (
        pytest.raises(LeastkeyError) as caught,
        hold_file(tmp_path / "lock", "it", "a test", wait_seconds=0),
    ):
        pass
    assert caught.value.code == "unsafe-file"
    assert precious.read_text() == "kept"


def test_a_pipe_in_place_of_a_lock_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with (
        pytest.raises(LeastkeyError) as caught,
        hold_file(tmp_path / "lock", "it", "a test", wait_seconds=0),
    ):
        pass
    assert caught.value.code == "unsafe-file"


def test_a_pipe_named_as_a_policy_document_does_not_keep_us_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    spec = tmp_path / "leastkey.yaml"
    spec.write_text(
        "version: 1\nproject: acme\nregion: eu-west-1\nidentities:\n  nightly:\n"
        "    allow: [document: pipe.json]\n    used-by: [user]\n"
    )
    with pytest.raises(LeastkeyError) as caught:
        read_spec(str(spec))
    assert caught.value.code == "spec-invalid"


def test_no_command_works_in_a_state_folder_that_others_can_write_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_settings(monkeypatch)
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LEASTKEY_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    refused = {words for words in bare() if "error[unsafe-home]" in said(words, monkeypatch).err}
    assert list((tmp_path / "state").iterdir()) == []
    assert refused >= {("creds",), ("lock",), ("agent", "start"), ("sandbox", "start"), ("vault", "status")}
