"""Files that `init` writes: all of them or none, whatever ends the writing."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from leastkey.cli.new_file import write_all
from leastkey.errors import LeastkeyError


@pytest.mark.parametrize("fault", [OSError(errno.EDQUOT, "Disk quota exceeded"), KeyboardInterrupt()])
def test_what_was_begun_is_taken_back_whatever_stops_it(
    fault: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def breaking(path: Path, mode: str, encoding: str) -> object:
        file = opened(path, mode, encoding=encoding)
        if path.name == "b":

            def write(_text: str) -> int:
                file.close()
                raise fault

            monkeypatch.setattr(file, "write", write, raising=False)
        return file

    monkeypatch.setattr(Path, "open", breaking)
    with pytest.raises((LeastkeyError, KeyboardInterrupt)):
        write_all([(tmp_path / name, name, "text") for name in ("a", "b")])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_there_is_neither_written_nor_taken_away(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(LeastkeyError, match="spec-exists"):
        write_all([(tmp_path / name, name, "text") for name in ("a", "b")])
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("b", "mine")]
