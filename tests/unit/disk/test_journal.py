"""The journal: on the disk before the call returns, shared by threads, whole after a crash."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leastkey.disk.journal import FileJournal
from leastkey.errors import LeastkeyError
from leastkey.ports.local import JournalEntry

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def entry(run: str, phase: str, call: str = "iam:CreateRole", minute: int = 0) -> JournalEntry:
    time = NOW + timedelta(minutes=minute)
    return JournalEntry(run, time, phase, call, "a\u2028\x85 target\r\n", "note")  # type: ignore[arg-type]  # by hand


def test_runs_are_read_back_oldest_first(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    later = [entry("z/../run", "begin", minute=5), entry("z/../run", "about", minute=6)]
    first = [entry("b", "begin"), entry("b", "end", minute=9)]
    for each in (*later, *first):
        journal.write(each)
    fresh = FileJournal(tmp_path)
    assert list(fresh.entries()) == [*first, *later]
    journal.close()


def test_a_line_torn_by_a_crash_is_dropped_and_the_run_goes_on(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.write(entry("r", "begin"))
    journal.close()
    (path,) = (tmp_path / "journal").iterdir()
    path.write_bytes(path.read_bytes() + b'{"format": 1, "run": "r", "ti')
    resumed = FileJournal(tmp_path)
    assert [each.phase for each in resumed.entries()] == ["begin"]
    resumed.write(entry("r", "about"))
    assert [each.phase for each in resumed.entries()] == ["begin", "about"]
    resumed.close()


def test_damage_before_the_last_line_is_an_error(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.write(entry("r", "begin"))
    journal.write(entry("r", "end"))
    (path,) = (tmp_path / "journal").iterdir()
    path.write_bytes(path.read_bytes()[5:])
    with pytest.raises(LeastkeyError) as caught:
        list(journal.entries())
    assert str(path) in caught.value.what


def test_a_run_that_ended_before_is_not_even_opened(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.write(entry("old", "begin"))
    journal.write(entry("old", "end"))
    (old,) = (tmp_path / "journal").iterdir()
    old.write_bytes(b"damaged\n")
    os.utime(old, (NOW.timestamp() - 60, NOW.timestamp() - 60))
    journal.write(entry("new", "begin"))
    journal.write(entry("new", "end"))
    assert [each.run for each in journal.entries(NOW)] == ["new", "new"]
    with pytest.raises(LeastkeyError):
        list(journal.entries(NOW - timedelta(minutes=2)))


def test_threads_share_one_journal_and_every_entry_is_synced_before_its_call_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = FileJournal(tmp_path)
    synced_to = 0
    sync = os.fdatasync

    def counted(fd: int) -> None:
        nonlocal synced_to
        size = os.fstat(fd).st_size
        sync(fd)
        synced_to = max(synced_to, size)

    monkeypatch.setattr(os, "fdatasync", counted)
    late: list[str] = []

    def work(number: int) -> None:
        for step in range(25):
            call = f"iam:Call{number}-{step}"
            journal.write(entry("r", "about", call))
            (path,) = (tmp_path / "journal").iterdir()
            if path.read_bytes()[:synced_to].find(call.encode() + b'"') < 0:
                late.append(call)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.write(entry("r", "end"))
    assert late == []
    written = [each.call for each in journal.entries() if each.phase == "about"]
    assert sorted(written) == sorted({f"iam:Call{n}-{s}" for n in range(8) for s in range(25)})


def test_a_run_that_ended_is_closed_for_good(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    open_before = len(tuple(Path("/proc/self/fd").iterdir()))
    for number in range(5):
        journal.write(entry(f"r{number}", "begin"))
        journal.write(entry(f"r{number}", "end"))
    assert len(tuple(Path("/proc/self/fd").iterdir())) == open_before
