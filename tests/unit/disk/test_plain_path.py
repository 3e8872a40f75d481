"""The helper's own path, beside the one of the standard library."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leastkey.disk.home import PlainPath

TEXTS = st.text(alphabet="/.ab", max_size=12).filter(lambda text: not text.startswith("//"))


@given(TEXTS, TEXTS)
def test_it_is_joined_and_taken_apart_as_pathlib_does(text: str, name: str) -> None:
    ours, theirs = PlainPath(text) / name, PurePosixPath(text) / name
    assert (str(ours), str(ours.parent)) == (str(theirs), str(theirs.parent))
    assert [str(each) for each in ours.parents] == [str(each) for each in theirs.parents]
    assert ours.name == theirs.name or str(theirs) == "."
    assert (ours == PlainPath(text)) == (theirs == PurePosixPath(text))


def test_it_speaks_to_the_operating_system_as_pathlib_does(tmp_path: Path) -> None:
    folder = PlainPath(str(tmp_path)) / "a"
    folder.mkdir(0o700)
    link = folder / "link"
    os.symlink(".", link)  # noqa: PTH211  # both kinds of path are compared here
    assert link.lstat() == link.stat(follow_symlinks=False) == Path(link).lstat() != link.stat()
    link.unlink()
    link.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        link.unlink()
