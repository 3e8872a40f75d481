"""CloudTrail's log files in the state folder, named and laid out as AWS delivers them to a bucket.

At most 256 MiB are kept; the oldest files make room, and `status` says so.
Source: CloudTrail User Guide, "Finding your CloudTrail log files", "CloudTrail log file name format".
"""

from __future__ import annotations

import gzip
import json
import math
import secrets
import string
from typing import TYPE_CHECKING, Any, Final

from leastkey.disk.files import create_private, ensure_folder, remove, sweep

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["TrailFiles", "file_name"]

KEPT_BYTES: Final = 256 * 1024 * 1024
_UNIQUE: Final = string.ascii_letters + string.digits


def file_name(account: str, region: str, time: str) -> str:
    """Give a log file the name that no other has; `time` is that of its last record."""
    stamp = time[:16].replace("-", "").replace(":", "")
    unique = "".join(secrets.choice(_UNIQUE) for _ in range(16))
    return f"{account}_CloudTrail_{region}_{stamp}Z_{unique}.json.gz"


class TrailFiles:
    """Writes records into `AWSLogs/` below a folder. `removed` counts the files that made room for newer ones."""

    def __init__(self, folder: Path, kept_bytes: int = KEPT_BYTES) -> None:
        self._folder = folder
        self._kept = kept_bytes
        self._size: int | None = None
        self.removed = 0

    def write(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Write records: a file for each account, region and day. Raises LeastkeyError."""
        groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
        for event in events:
            day = str(event["eventTime"])[:10]
            key = (str(event["recipientAccountId"]), str(event["awsRegion"]), day)
            groups.setdefault(key, []).append(event)
        for (account, region, day), found in groups.items():
            data = gzip.compress(json.dumps({"Records": found}).encode(), 6)
            create_private(self._path(account, region, day, str(found[-1]["eventTime"])), data)
            self._make_room(len(data))

    def sweep(self) -> None:
        """Remove what a killed sandbox was writing; nobody else writes here."""
        for folder in (self._folder / "AWSLogs").rglob("*/"):
            sweep(folder, math.inf)

    def delete(self) -> None:
        """Remove every file."""
        for _, path in self._files():
            remove(path)
        self._size = None

    def _path(self, account: str, region: str, day: str, time: str) -> Path:
        folder = self._folder
        for name in ("AWSLogs", account, "CloudTrail", region, *day.split("-")):
            folder /= name
            ensure_folder(folder)
        return folder / file_name(account, region, time)

    def _files(self) -> list[tuple[os.stat_result, Path]]:
        paths = (self._folder / "AWSLogs").rglob("*.json.gz")
        return sorted(((path.lstat(), path) for path in paths), key=lambda each: each[0].st_mtime_ns)

    def _make_room(self, added: int) -> None:
        """Remove the oldest files when there are too many bytes; the folder is read once, and then when it is full."""
        self._size = sum(at.st_size for at, _ in self._files()) if self._size is None else self._size + added
        if self._size <= self._kept:
            return
        files = self._files()
        self._size = sum(at.st_size for at, _ in files)
        for at, path in files[:-1]:
            if self._size <= self._kept:
                break
            remove(path)
            self._size -= at.st_size
            self.removed += 1
