"""Bindings and open key intents, as JSON files in the state folder. Neither ever holds a secret.

A file that is not as leastkey wrote it is an error that names it: state that is ignored in silence would cost a key.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from leastkey.disk import slots
from leastkey.disk.files import (
    create_private,
    ensure_folder,
    hashed_name,
    list_folder,
    read_private,
    remove,
    write_private,
)
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import AccountId, Arn
from leastkey.iam.credentials import AccessKeyId
from leastkey.ports.local import Binding, BindingKey, Intent, IntentPhase, binding_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["FORMAT", "FileBindings", "FileIntents", "damaged", "decode_document"]

FORMAT: Final = 1

_T = TypeVar("_T")
_ID: Final = re.compile("[0-9a-f]{16}")


def damaged(path: Path, why: str) -> LeastkeyError:
    """Give the error for a state file that leastkey cannot read."""
    return LeastkeyError(
        "io-failed",
        f"`{path}` is not as leastkey wrote it",
        why=why,
        remedy=(f"restore it from a backup, or put it aside: `mv {path} {path}.damaged`"),
    )


def _checked(document: object) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise TypeError("it is no JSON object")
    if document.get("format") != FORMAT:
        raise ValueError(f"its format is {document.get('format')!r}, this version reads {FORMAT}")
    return document


def decode_document(path: Path, data: bytes, decode: Callable[[dict[str, Any]], _T]) -> _T:
    """Decode one JSON document of ours; anything unexpected is an error that names the file."""
    try:
        return decode(_checked(json.loads(data)))
    except KeyError as error:
        raise damaged(path, f"{error} is missing in it") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise damaged(path, str(error)) from error


def _key_fields(key: BindingKey) -> dict[str, str | None]:
    return {
        "account": key.account,
        "endpoint": key.endpoint,
        "project": key.project,
        "identity": key.identity,
    }


def _key(document: dict[str, Any]) -> BindingKey:
    return BindingKey(
        account=AccountId(document["account"]),
        endpoint=document["endpoint"],
        project=document["project"],
        identity=document["identity"],
    )


def _key_id(text: str | None) -> AccessKeyId | None:
    return None if text is None else AccessKeyId(text)


def _binding_fields(binding: Binding) -> dict[str, object]:
    return {
        "format": FORMAT,
        **_key_fields(binding.key),
        "partition": binding.partition,
        "region": binding.region,
        "target": binding.target,
        "endpoint_url": binding.endpoint_url,
        "role": str(binding.role),
        "user": binding.user,
        "access_key": binding.access_key,
        "vault": binding.vault,
        "session_seconds": binding.session_seconds,
        "profile": binding.profile,
        "config_file": binding.config_file,
        "updated": binding.updated.isoformat(),
    }


def _binding(document: dict[str, Any]) -> Binding:
    return Binding(
        key=_key(document),
        partition=document["partition"],
        region=document["region"],
        target=document["target"],
        endpoint_url=document["endpoint_url"],
        role=Arn.parse(document["role"]),
        user=document["user"],
        access_key=_key_id(document["access_key"]),
        vault=document["vault"],
        session_seconds=int(document["session_seconds"]),
        profile=document["profile"],
        config_file=document["config_file"],
        updated=datetime.fromisoformat(document["updated"]),
    )


class FileBindings:
    """Bindings, one file each, named by the binding's id. Implements ports.local.Bindings."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "bindings"

    def _path(self, key: BindingKey) -> Path:
        return self._folder / f"{binding_id(key)}.json"

    def get(self, key: BindingKey) -> Binding | None:
        """Read one."""
        return self._read(self._path(key))

    def find(self, binding: str) -> Binding | None:
        """Read one by its id, as the profile's command line carries it."""
        return self._read(self._folder / f"{binding}.json") if _ID.fullmatch(binding) else None

    def _read(self, path: Path) -> Binding | None:
        data = read_private(path)
        if data is None:
            return None
        found = decode_document(path, data, _binding)
        if path != self._path(found.key):
            raise damaged(path, "it speaks of another identity than its name says")
        return found

    def put(self, binding: Binding) -> None:
        """Write one, atomically."""
        ensure_folder(self._folder)
        text = json.dumps(_binding_fields(binding), indent=2)
        write_private(self._path(binding.key), f"{text}\n".encode())

    def delete(self, key: BindingKey) -> None:
        """Forget one; no error when it is not there."""
        remove(self._path(key))

    def all(self) -> tuple[Binding, ...]:
        """List all, sorted by key."""
        read = (self._read(path) for path in list_folder(self._folder, ".json"))
        found = [binding for binding in read if binding is not None]
        return tuple(
            sorted(found, key=lambda b: (b.key.account, b.key.endpoint or "", b.key.project, b.key.identity))
        )


def _intent_fields(intent: Intent) -> dict[str, object]:
    return {
        "format": FORMAT,
        "operation": intent.operation,
        **_key_fields(intent.key),
        "user": intent.user,
        "before": list(intent.before),
        "server_time": intent.server_time.isoformat(),
        "phase": intent.phase,
        "created_key": intent.created_key,
        "retired_key": intent.retired_key,
    }


def _intent(document: dict[str, Any]) -> Intent:
    phase = document["phase"]
    if phase not in {"creating", "stored", "retire"}:
        raise ValueError(f"`{phase}` is no phase of a key operation")
    return Intent(
        operation=document["operation"],
        key=_key(document),
        user=document["user"],
        before=tuple(AccessKeyId(key) for key in document["before"]),
        server_time=datetime.fromisoformat(document["server_time"]),
        phase=cast("IntentPhase", phase),
        created_key=_key_id(document["created_key"]),
        retired_key=_key_id(document["retired_key"]),
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
