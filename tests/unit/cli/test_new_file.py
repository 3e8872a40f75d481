"""Files that `init` writes: all of them or none, closed to others; and the specs that stand beside them."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from leastkey.cli.init import new_file
from leastkey.cli.init.new_file import write_all
from leastkey.cli.init.specs_beside import projects_beside, tell_beside
from leastkey.cli.show import Show
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO


@pytest.mark.parametrize("fault", [OSError(errno.EDQUOT, "Disk quota exceeded"), KeyboardInterrupt()])
def test_what_was_begun_is_taken_back_whatever_stops_it(
    fault: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = new_file._put

    def breaking(file: TextIO, text: str) -> None:
        put(file, text)
        if file.name.endswith("b"):
            raise fault

    monkeypatch.setattr(new_file, "_put", breaking)
    with pytest.raises((LeastkeyError, KeyboardInterrupt)):
        write_all([(tmp_path / name, name, "text") for name in ("a", "b")])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_there_is_neither_written_nor_taken_away(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(LeastkeyError, match="spec-exists"):
        write_all([(tmp_path / name, name, "text") for name in ("a", "b")])
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("b", "mine")]


@pytest.mark.parametrize(("umask", "file", "folder"), [(0o000, 0o644, 0o755), (0o077, 0o600, 0o700)])
def test_under_no_umask_may_others_write_to_a_spec(
    umask: int, file: int, folder: int, tmp_path: Path
) -> None:
    before = os.umask(umask)
    try:
        write_all([(tmp_path / "policies/a.json", "a", "{}"), (tmp_path / "leastkey.yaml", "b", "x")])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "leastkey.yaml").stat().st_mode) == file
    assert stat.S_IMODE((tmp_path / "policies").stat().st_mode) == folder


def test_a_spec_of_the_same_project_beside_the_new_one_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "a.yaml").write_text('version: 1\nproject: "Reports"\nidentities:\n')
    (folder / "b.yml").write_text("identities:\n")  # its project is the folder's name
    (folder / "c.yaml").write_text("project: compose\nservices:\n")  # no spec
    (folder / "d.yaml").mkdir()
    (folder / "e.yaml").symlink_to("nowhere")
    assert projects_beside(folder / "new.yaml") == {"reports": "a.yaml", "acme": "b.yml"}
    assert projects_beside(folder / "a.yaml") == {"acme": "b.yml"}
    show = Show.for_terminal(as_json=False, colour="never")
    tell_beside(show, folder / "new.yaml", "other")
    assert capsys.readouterr().err == ""
    tell_beside(show, folder / "new.yaml", "reports")
    assert "`a.yaml` beside it is of project `reports` too" in capsys.readouterr().err
