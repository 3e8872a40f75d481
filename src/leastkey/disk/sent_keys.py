"""The keys that were sent to other computers, as files in the state folder. What they hold of a secret only its recipient can read."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leastkey.disk.documents import FORMAT, decode_document, key_fields, key_of
from leastkey.disk.files import ensure_folder, hashed_name, list_folder, read_private, remove, write_private
from leastkey.iam.credentials import AccessKeyId
from leastkey.ports.sending import SentKey

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileSentKeys"]


class FileSentKeys:
    """Sent keys, one file each. Implements ports.sending.SentKeys."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "sent"

    def _path(self, key: AccessKeyId) -> Path:
        return self._folder / hashed_name(key, ".json")

    def put(self, sent: SentKey) -> None:
        """Remember a key."""
        ensure_folder(self._folder)
        document = {
            "format": FORMAT,
            **key_fields(sent.key),
            "user": sent.user,
            "access_key": sent.access_key,
            "recipient": sent.recipient,
            "sent": sent.sent.isoformat(),
            "message": sent.message,
        }
        write_private(self._path(sent.access_key), f"{json.dumps(document, indent=2)}\n".encode())

    def all(self) -> tuple[SentKey, ...]:
        """List them, the oldest first."""
        paths = list_folder(self._folder, ".json")
        read = [(path, read_private(path)) for path in paths]
        found = [decode_document(path, data, _sent) for path, data in read if data is not None]
        return tuple(sorted(found, key=lambda each: each.sent))

    def forget(self, key: AccessKeyId) -> None:
        """Forget one; no error when it is not there."""
        remove(self._path(key))


def _sent(document: dict[str, Any]) -> SentKey:
    return SentKey(
        key=key_of(document),
        user=document["user"],
        access_key=AccessKeyId(document["access_key"]),
        recipient=document["recipient"],
        sent=datetime.fromisoformat(document["sent"]),
        message=document["message"],
    )
