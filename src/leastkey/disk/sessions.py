"""The cache of short-lived sessions: the kernel's keyring where it works, else private files.

The format is `session_format`'s, so that the credential helper's warm path reads what this writes.
"""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from leastkey.clock import SystemClock
from leastkey.disk import kernel_keyring, session_format
from leastkey.disk.files import (
    FILE_MODE,
    create_private,
    ensure_folder,
    failure,
    read_private,
    remove,
    write_private,
)
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import AccessKeyId, SessionCredentials, process_document
from leastkey.ports.binding import binding_id
from leastkey.secret import Secret

if TYPE_CHECKING:
    from leastkey.clock import Clock
    from leastkey.disk.home import AnyPath
    from leastkey.ports.binding import BindingKey

__all__ = ["Sessions"]


class Sessions:
    """Sessions by binding. Implements ports.local.SessionCache. `kernel` False keeps them in files only."""

    def __init__(self, home: AnyPath, clock: Clock | None = None, *, kernel: bool = True) -> None:
        self._folder = home / session_format.FOLDER
        self._clock = clock or SystemClock()
        self._kernel = kernel

    def _path(self, key: BindingKey) -> AnyPath:
        return self._folder / f"{binding_id(key)}{session_format.SUFFIX}"

    def get(self, key: BindingKey) -> SessionCredentials | None:
        """Give the cached session, whatever time it has left. A damaged one counts as none: it is only a cache."""
        entry = self._entry(key)
        return None if entry is None else _session(entry[1])

    def refresh_at(self, key: BindingKey) -> datetime | None:
        """Say when the cached session is due to be renewed, or None when there is none."""
        entry = self._entry(key)
        return None if entry is None else datetime.fromtimestamp(entry[0], UTC)

    def put(self, key: BindingKey, session: SessionCredentials, *, refresh_at: datetime) -> None:
        """Store a session until it ends; from `refresh_at` on the warm path asks for a new one."""
        ensure_folder(self._folder)
        due = int(refresh_at.timestamp())
        entry = session_format.entry(due, process_document(session, key.account))
        left = int((session.expiration - self._clock.now()).total_seconds())
        if self._kernel and kernel_keyring.store(self._key_name(key), entry, left):
            remove(self._path(key))  # the file is what readers try first
        else:
            write_private(self._path(key), entry)

    def delete(self, key: BindingKey) -> None:
        """Forget a session; no error when it is not there."""
        remove(self._path(key))
        if (cache_id := self._cache_id()) is not None:
            kernel_keyring.forget(session_format.key_name(cache_id, binding_id(key)))
        self._tell_holders()

    def forgotten_mark(self) -> object:
        """Give what changes whenever a session is forgotten on purpose."""
        try:
            return (self._folder / session_format.FORGOTTEN_FILE).stat(follow_symlinks=False).st_mtime_ns
        except OSError:
            return None

    def _tell_holders(self) -> None:
        """Have servers drop what they hold in memory. It needs no room on the disk."""
        path = self._folder / session_format.FORGOTTEN_FILE
        ensure_folder(self._folder)
        now = time.time_ns()
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
            try:
                os.utime(fd, ns=(now, now))
            finally:
                os.close(fd)
        except OSError as error:
            raise failure(error, path, state="a server may still hold the session") from error

    def _entry(self, key: BindingKey) -> tuple[int, bytes] | None:
        data = read_private(self._path(key))
        if data is None and (cache_id := self._cache_id()) is not None:
            data = session_format.read_kernel(session_format.key_name(cache_id, binding_id(key)))
        return None if data is None else session_format.split(data)

    def _cache_id(self) -> bytes | None:
        return read_private(self._folder / session_format.CACHE_ID_FILE)

    def _key_name(self, key: BindingKey) -> bytes:
        cache_id = self._cache_id()
        if cache_id is None:
            cache_id = self._new_cache_id()
        return session_format.key_name(cache_id, binding_id(key))

    def _new_cache_id(self) -> bytes:
        mine = os.urandom(16).hex().encode()
        try:
            create_private(self._folder / session_format.CACHE_ID_FILE, mine)
        except LeastkeyError:
            if (theirs := self._cache_id()) is None:
                raise
            return theirs  # another process was first
        return mine


def _session(document: bytes) -> SessionCredentials | None:
    try:
        fields: dict[str, Any] = json.loads(document)
        return SessionCredentials(
            id=AccessKeyId(fields["AccessKeyId"]),
            secret=Secret(fields["SecretAccessKey"]),
            token=Secret(fields["SessionToken"]),
            expiration=datetime.fromisoformat(fields["Expiration"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
