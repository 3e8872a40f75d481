"""The journal: what runs did, as JSON lines, one file a run. A line is on the disk before the write it announces."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from leastkey.disk.documents import FORMAT, decode_document
from leastkey.disk.files import (
    FILE_MODE,
    ensure_folder,
    failure,
    hashed_name,
    list_folder,
    read_all,
    read_private,
    sync_folder,
    write_all,
)
from leastkey.ports.local import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FileJournal"]

_PHASES: Final = frozenset({"begin", "about", "done", "failed", "end"})


@dataclass(slots=True)
class _Run:
    """One run's open file. `written` and `synced` count lines, so that one sync serves all who wait for it."""

    fd: int
    writing: threading.Lock = field(default_factory=threading.Lock)
    syncing: threading.Lock = field(default_factory=threading.Lock)
    written: int = 0
    synced: int = 0

    def append(self, line: bytes) -> None:
        with self.writing:
            write_all(self.fd, line)
            self.written += 1
            mine = self.written
        with self.syncing:
            if self.synced < mine:
                reached = self.written
                os.fdatasync(self.fd)
                self.synced = reached


class FileJournal:
    """The journal below the state folder; threads may share one. Implements ports.local.Journal."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "journal"
        self._runs: dict[str, _Run] = {}
        self._opening = threading.Lock()

    def _path(self, run: str) -> Path:
        return self._folder / hashed_name(run, ".jsonl")

    def write(self, entry: JournalEntry) -> None:
        """Append an entry; it is on the disk when this returns."""
        path = self._path(entry.run)
        try:
            with self._opening:
                run = self._runs.get(entry.run) or self._runs.setdefault(entry.run, self._opened(path))
            run.append(f"{json.dumps(_fields(entry))}\n".encode())
            if entry.phase == "end":
                self._finish(entry.run)
        except OSError as error:
            made = entry.phase in {"done", "failed", "end"}
            raise failure(
                error,
                path,
                state=f"`{entry.call}` was sent, which the journal does not say; the next run sees what came of it"
                if made
                else f"the step `{entry.call}` was not begun",
            ) from error

    def _opened(self, path: Path) -> _Run:
        ensure_folder(self._folder)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(path, flags, FILE_MODE)
        try:
            os.fchmod(fd, FILE_MODE)
            # A line torn by a crash was never acknowledged: what it announces was not done.
            os.ftruncate(fd, read_all(fd).rfind(b"\n") + 1)
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                sync_folder(folder)
            finally:
                os.close(folder)
        except BaseException:
            os.close(fd)
            raise
        return _Run(fd)

    def _finish(self, run: str) -> None:
        with self._opening:
            if (done := self._runs.pop(run, None)) is not None:
                with done.writing, done.syncing:
                    os.close(done.fd)
                    done.fd = -1  # a late writer must fail, not reach whatever file takes the number next

    def close(self) -> None:
        """Close the files of runs that have not ended."""
        for run in tuple(self._runs):
            self._finish(run)

    def entries(self, since: datetime | None = None) -> Iterator[JournalEntry]:
        """Read every run's entries, the oldest run first; files last written before `since` are not opened."""
        files = list_folder(self._folder, ".jsonl")
        if since is not None:
            files = tuple(path for path in files if _written(path) >= since.timestamp())
        runs = [list(self._read(path)) for path in files]
        for entries in sorted((run for run in runs if run), key=lambda run: run[0].time):
            yield from entries

    def _read(self, path: Path) -> Iterator[JournalEntry]:
        whole = (read_private(path) or b"").rpartition(b"\n")[0]  # after the last line end: torn by a crash
        for line in whole.splitlines():
            yield decode_document(path, line, _entry)


def _written(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0
    except OSError as error:
        raise failure(error, path) from error


def _fields(entry: JournalEntry) -> dict[str, object]:
    return {
        "format": FORMAT,
        "run": entry.run,
        "time": entry.time.isoformat(),
        "phase": entry.phase,
        "call": entry.call,
        "target": entry.target,
        "note": entry.note,
    }


def _entry(document: dict[str, Any]) -> JournalEntry:
    if document["phase"] not in _PHASES:
        raise ValueError(f"`{document['phase']}` is no phase of a journal")
    return JournalEntry(
        run=document["run"],
        time=datetime.fromisoformat(document["time"]),
        phase=document["phase"],
        call=document["call"],
        target=document["target"],
        note=document["note"],
    )
