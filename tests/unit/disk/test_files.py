"""Private files: modes under any umask, links, full disks, kills. Each test is one promise of the threat model."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leastkey.disk import files
from leastkey.disk.home import leastkey_home, prepare_home
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.usefixtures("any_umask")
def test_everything_made_is_private_under_any_umask(tmp_path: Path) -> None:
    home = tmp_path / "a" / "b" / "home"
    prepare_home(home)
    files.ensure_folder(home / "vault")
    files.write_private(home / "vault" / "written", b"1")
    files.create_private(home / "vault" / "created", b"2")
    made = [tmp_path / "a", tmp_path / "a" / "b", home, home / "vault"]
    assert [mode(path) for path in made] == [0o700] * 4
    assert mode(home / "vault" / "written") == mode(home / "vault" / "created") == 0o600


@pytest.mark.parametrize("bits", [0o777, 0o770, 0o702, 0o720])
def test_a_home_that_others_can_write_to_is_refused(tmp_path: Path, bits: int) -> None:
    tmp_path.chmod(bits)
    with pytest.raises(LeastkeyError) as caught:
        prepare_home(tmp_path)
    assert caught.value.code == "unsafe-home"
    assert f"chmod 700 {tmp_path}" in caught.value.remedy[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_home_or_link_of_somebody_else_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 65534, 65534)
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(mine)
    prepare_home(link)  # our own link to our own folder is fine
    os.chown(link, 65534, 65534, follow_symlinks=False)
    for unsafe in (theirs, link):
        with pytest.raises(LeastkeyError) as caught:
            prepare_home(unsafe)
        assert caught.value.code == "unsafe-home"


def test_the_home_follows_the_environment_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    everything = {"LEASTKEY_HOME": "state/x", "XDG_STATE_HOME": "/xdg", "HOME": "/home/u"}
    assert leastkey_home(everything) == tmp_path / "state" / "x"
    assert leastkey_home({**everything, "LEASTKEY_HOME": ""}) == Path("/xdg/leastkey")
    assert leastkey_home({"XDG_STATE_HOME": "relative", "HOME": "/h"}) == Path("/h/.local/state/leastkey")
    with pytest.raises(LeastkeyError, match="no folder to keep state in"):
        leastkey_home({})


def test_a_link_is_neither_read_nor_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"theirs")
    outside.chmod(0o600)
    link = tmp_path / "state"
    link.symlink_to(outside)
    with pytest.raises(LeastkeyError) as read:
        files.read_private(link)
    with pytest.raises(LeastkeyError) as written:
        files.write_private(link, b"ours")
    with pytest.raises(LeastkeyError):
        files.create_private(link, b"ours")
    with pytest.raises(LeastkeyError):
        files.ensure_folder(link)
    assert (read.value.code, written.value.code) == ("unsafe-file", "unsafe-file")
    assert outside.read_bytes() == b"theirs"


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o644])
def test_a_file_open_to_others_is_refused(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "identity"
    path.write_bytes(b"secret")
    path.chmod(bits)
    with pytest.raises(LeastkeyError) as caught:
        files.read_private(path)
    assert caught.value.code == "unsafe-file"
    assert caught.value.remedy == (f"`chmod 600 {path}`",)


def test_a_pipe_or_folder_in_the_place_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("pipe", "folder"):
        with pytest.raises(LeastkeyError):
            files.read_private(tmp_path / name)
        with pytest.raises(LeastkeyError):
            files.write_private(tmp_path / name, b"")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, call: str
) -> None:
    path = tmp_path / "state"
    files.write_private(path, b"old")

    def full(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        for attempt, place in ((files.write_private, path), (files.create_private, tmp_path / "fresh")):
            with pytest.raises(LeastkeyError) as caught:
                attempt(place, b"new")
            assert caught.value.code == "disk-full"
            assert str(tmp_path) in caught.value.what
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]
    assert path.read_bytes() == b"old"


def test_a_real_size_limit_is_a_full_disk_too(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from leastkey.disk import files; "
        "from leastkey.errors import LeastkeyError\n"
        "try: files.write_private(Path(sys.argv[1]), b'x' * 5000)\n"
        "except LeastkeyError as error: print(error.code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "state")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "disk-full\n"
    assert list(tmp_path.iterdir()) == []


def test_create_refuses_what_exists_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "intent"
    files.create_private(path, b"first")
    with pytest.raises(LeastkeyError) as caught:
        files.create_private(path, b"second")
    assert str(path) in caught.value.what
    assert path.read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 1


def test_create_works_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refused)
    files.create_private(tmp_path / "a", b"data")
    with pytest.raises(LeastkeyError):
        files.create_private(tmp_path / "a", b"other")
    assert files.read_private(tmp_path / "a") == b"data"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_process_left_behind_is_swept_but_not_what_is_being_written(tmp_path: Path) -> None:
    prepare_home(tmp_path / "home")
    files.ensure_folder(tmp_path / "home" / "vault")
    old = tmp_path / "home" / "vault" / ".leastkey-tmp-0123"
    new = tmp_path / "home" / "vault" / ".leastkey-tmp-4567"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    prepare_home(tmp_path / "home")
    assert (old.exists(), new.exists()) == (False, True)


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_name_from_outside_stays_inside_its_folder(name: str) -> None:
    folder = Path("/state/folder")
    path = folder / files.hashed_name(name, ".json")
    assert path.parent == folder
    assert path.name.isascii()
    assert len(path.name) < 64


def test_every_call_maps_what_the_system_says_to_an_error_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> int:
        raise OSError(errno.EIO, "broken")

    path = tmp_path / "state"
    files.write_private(path, b"old")
    monkeypatch.setattr(os, "unlink", broken)
    monkeypatch.setattr(os, "read", broken)
    for attempt in (files.remove, files.read_private):
        with pytest.raises(LeastkeyError) as caught:
            attempt(path)
        assert caught.value.code == "io-failed"
        assert str(path) in caught.value.what
    with pytest.raises(LeastkeyError):
        files.list_folder(path, ".json")
    with pytest.raises(LeastkeyError):
        files.ensure_folder(tmp_path / "absent" / "folder")
