"""A small document in two slots of one file: each update overwrites the older slot, so it needs no new space.

A slot is one line: checksum, sequence number, JSON, padded with spaces. A crash in the middle of a write damages the
older slot only, and its checksum says so. On file systems that copy on write an update may still need space.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Final

from leastkey.disk.files import failure, open_private, read_all, write_all
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SLOT_BYTES", "DamagedError", "first", "newest", "overwrite"]

SLOT_BYTES: Final = 4_096


class DamagedError(ValueError):
    """Neither slot of a file holds a whole document."""


def _slot(document: Mapping[str, object], sequence: int) -> bytes:
    body = f"{sequence} {json.dumps(document)}"
    line = f"{hashlib.sha256(body.encode()).hexdigest()} {body}".encode()
    if len(line) >= SLOT_BYTES:
        raise LeastkeyError(
            "io-failed",
            "the record of a key operation is too long for its place on the disk",
            why=f"{len(line)} bytes, there is room for {SLOT_BYTES - 1}",
        )
    return line.ljust(SLOT_BYTES - 1) + b"\n"


def first(document: Mapping[str, object]) -> bytes:
    """Give the bytes of a new file: the document, and the space of its first update."""
    return _slot(document, 0) + b" " * (SLOT_BYTES - 1) + b"\n"


def _parse(data: bytes) -> list[tuple[int, int, bytes]]:
    """Give sequence number, place and JSON of each whole slot, newest first."""
    found = []
    for place in (0, 1):
        line = data[place * SLOT_BYTES : (place + 1) * SLOT_BYTES].rstrip()
        checksum, _, body = line.partition(b" ")
        if body and hashlib.sha256(body).hexdigest().encode() == checksum:
            sequence, _, document = body.partition(b" ")
            found.append((int(sequence), place, document))
    if not found:
        raise DamagedError("no whole record is in it")
    return sorted(found, reverse=True)


def newest(data: bytes) -> bytes:
    """Give the JSON of the newest whole slot. Raises DamagedError when there is none."""
    return _parse(data)[0][2]


def overwrite(path: Path, document: Mapping[str, object]) -> None:
    """Put a new document into the older slot, durably. Raises DamagedError."""
    try:
        with open_private(path, os.O_RDWR) as fd:
            sequence, place, _ = _parse(read_all(fd))[0]
            os.lseek(fd, (1 - place) * SLOT_BYTES, os.SEEK_SET)
            write_all(fd, _slot(document, sequence + 1))
            os.fsync(fd)
    except OSError as error:
        raise failure(error, path, state=f"`{path}` is as it was") from error
