"""Streams that are closed, full or without a reader: every command keeps its exit code, and none shows a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.hostile.commands import bare, helps, said
from tests.support.home import run

import leastkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.home import Home

HELPER = os.path.join(os.path.dirname(leastkey.__file__), "credential_process.py")  # noqa: PTH118, PTH120  # as a profile names it
EVERYTHING = [*bare(), *helps()]


@pytest.fixture
def unread() -> Iterator[int]:
    """A pipe whose reader has gone."""
    theirs, ours = os.pipe()
    os.close(theirs)
    yield ours
    os.close(ours)


@pytest.mark.parametrize("words", EVERYTHING, ids=" ".join)
def test_a_reader_that_went_away_is_no_failure(
    words: tuple[str, ...], unread: int, bleak: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = said(words, monkeypatch).code
    for made in bleak.glob("*.yaml"):
        made.unlink()
    with os.fdopen(os.dup(unread), "w") as out, os.fdopen(os.dup(unread), "w") as err:
        assert said(words, monkeypatch, out=out, err=err).code == usual


@pytest.mark.parametrize("words", EVERYTHING, ids=" ".join)
def test_a_full_disk_below_stdout_is_told(
    words: tuple[str, ...], bleak: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = said(words, monkeypatch)
    for made in bleak.glob("*.yaml"):
        made.unlink()
    with open("/dev/full", "w") as out:  # noqa: PTH123  # a device
        found = said(words, monkeypatch, out=out)
    if usual.out:
        assert found.code == 5
        assert "the output could not be written" in found.err
    else:
        assert found.code == usual.code


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_streams_that_are_not_there_change_neither_work_nor_code(closed: str, home: Home) -> None:
    home.write_spec()
    environ = home.environ | {"LEASTKEY_VAULT": "age-file"} | home.admin
    program = f"{sys.executable} -m leastkey"
    for arguments, code in (("apply --yes", 0), ("plan --exit-code", 0), ("plan --spec none", 2)):
        ended = run(["bash", "-c", f"{program} {arguments} {closed}"], home.folder, environ, 60)
        assert ended.code == code, ended.err
        assert "Traceback" not in ended.err


HELPER_STREAMS = [
    ("", 0, 4),
    ("2>&-", 0, 4),
    ("<&-", 0, 4),
    (">&-", 0, 4),
    (">&- 2>&- <&-", 0, 4),
    ("2>/dev/full", 0, 4),
    (">/dev/full", 4, 4),
    ("| true", 4, 4),
]


@pytest.mark.slow
def test_the_helper_ends_with_its_own_code_whatever_its_streams_are(home: Home) -> None:
    home.write_spec()
    assert home.leastkey("apply", "--yes").code == 0
    binding = next((home.state / "bindings").glob("*.json")).stem
    program = f"{sys.executable} -I -S {HELPER} {home.state}"
    assert subprocess.run([*program.split(), binding], capture_output=True, check=True).stdout
    for streams, warm, missing in HELPER_STREAMS:
        for name, code in ((binding, warm), ("0" * 16, missing)):
            shell = f"set -o pipefail; {program} {name} {streams}"
            ended = run(["bash", "-c", shell], home.folder, home.environ, 60)
            assert ended.code == code, (shell, ended.err)
            assert len(ended.err.splitlines()) <= 1, ended.err
            assert "Traceback" not in ended.err


@pytest.mark.slow
def test_no_file_of_ours_takes_the_number_of_a_stream_that_is_closed(home: Home) -> None:
    home.write_spec()
    assert home.leastkey("apply", "--yes").code == 0
    binding = next((home.state / "bindings").glob("*.json")).stem
    before = {path: path.read_bytes() for path in (home.state / "vault").iterdir()}
    shell = f"{sys.executable} -I -S {HELPER} {home.state} {binding} >&- 2>&- <&-"
    assert run(["bash", "-c", shell], home.folder, home.environ, 60).code == 0
    assert {path: path.read_bytes() for path in (home.state / "vault").iterdir()} == before
    assert all(
        b"SecretAccessKey" not in path.read_bytes() or path.parent.name == "sessions" for path in home.files()
    )
