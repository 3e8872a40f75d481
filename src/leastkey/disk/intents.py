"""Open key operations, as files whose space is taken when they are made. They never hold a secret."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast, get_args

from leastkey.disk import slots
from leastkey.disk.documents import FORMAT, damaged, decode_document, key_fields, key_id_of, key_of
from leastkey.disk.files import create_private, ensure_folder, hashed_name, list_folder, read_private, remove
from leastkey.iam.credentials import AccessKeyId
from leastkey.ports.local import Intent, IntentPhase

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileIntents"]


def _intent_fields(intent: Intent) -> dict[str, object]:
    return {
        "format": FORMAT,
        "operation": intent.operation,
        **key_fields(intent.key),
        "user": intent.user,
        "before": list(intent.before),
        "server_time": intent.server_time.isoformat(),
        "phase": intent.phase,
        "created_key": intent.created_key,
        "retired_key": intent.retired_key,
        "vault": intent.vault,
        "retired_vault": intent.retired_vault,
        "grace_seconds": intent.grace_seconds,
        "since": None if intent.since is None else intent.since.isoformat(),
    }


def _intent(document: dict[str, Any]) -> Intent:
    phase = document["phase"]
    if phase not in get_args(IntentPhase):
        raise ValueError(f"`{phase}` is no phase of a key operation")
    grace, since = document.get("grace_seconds"), document.get("since")
    return Intent(
        operation=document["operation"],
        key=key_of(document),
        user=document["user"],
        before=tuple(AccessKeyId(key) for key in document["before"]),
        server_time=datetime.fromisoformat(document["server_time"]),
        phase=cast("IntentPhase", phase),
        created_key=key_id_of(document["created_key"]),
        retired_key=key_id_of(document["retired_key"]),
        vault=document.get("vault", ""),
        retired_vault=document.get("retired_vault", ""),
        grace_seconds=None if grace is None else int(grace),
        since=None if since is None else datetime.fromisoformat(since),
    )


class FileIntents:
    """Open key operations, one file each, whose space is taken when it is made. Implements ports.local.Intents.

    Facts behind it: an update must not fail for want of space once a key exists, so it overwrites one of two slots
    that lie on the disk already (see `slots`).
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "intents"

    def _path(self, operation: str) -> Path:
        return self._folder / hashed_name(operation, ".json")

    def create(self, intent: Intent) -> None:
        """Write a new intent, whole and durable; an operation id that exists is refused."""
        ensure_folder(self._folder)
        create_private(self._path(intent.operation), slots.first(_intent_fields(intent)))

    def update(self, intent: Intent) -> None:
        """Replace an intent in place, atomically, without new space."""
        path = self._path(intent.operation)
        try:
            slots.overwrite(path, _intent_fields(intent))
        except slots.DamagedError as error:
            raise damaged(path, str(error)) from error

    def close(self, operation: str) -> None:
        """Remove an intent; no error when it is not there."""
        remove(self._path(operation))

    def open(self) -> tuple[Intent, ...]:
        """List open intents, oldest first."""
        read = (self._read(path) for path in list_folder(self._folder, ".json"))
        found = [intent for intent in read if intent is not None]
        return tuple(sorted(found, key=lambda intent: (intent.server_time, intent.operation)))

    def _read(self, path: Path) -> Intent | None:
        data = read_private(path)
        if data is None:  # closed by another process meanwhile
            return None
        try:
            newest = slots.newest(data)
        except slots.DamagedError as error:
            raise damaged(path, str(error)) from error
        return decode_document(path, newest, _intent)
