"""Bindings, as JSON files in the state folder. They never hold a secret."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from leastkey.disk.documents import FORMAT, damaged, decode_document, key_fields, key_id_of, key_of
from leastkey.disk.files import ensure_folder, list_folder, read_private, remove, write_private
from leastkey.iam.arn import Arn
from leastkey.ports.binding import Binding, binding_id

if TYPE_CHECKING:
    from leastkey.disk.home import AnyPath
    from leastkey.ports.binding import BindingKey

__all__ = ["FileBindings"]

_ID: Final = re.compile("[0-9a-f]{16}")


def _binding_fields(binding: Binding) -> dict[str, object]:
    return {
        "format": FORMAT,
        **key_fields(binding.key),
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
        key=key_of(document),
        partition=document["partition"],
        region=document["region"],
        target=document["target"],
        endpoint_url=document["endpoint_url"],
        role=Arn.parse(document["role"]),
        user=document["user"],
        access_key=key_id_of(document["access_key"]),
        vault=document["vault"],
        session_seconds=int(document["session_seconds"]),
        profile=document["profile"],
        config_file=document["config_file"],
        updated=datetime.fromisoformat(document["updated"]),
    )


class FileBindings:
    """Bindings, one file each, named by the binding's id. Implements ports.local.Bindings."""

    def __init__(self, home: AnyPath) -> None:
        self._folder = home / "bindings"

    def _path(self, key: BindingKey) -> AnyPath:
        return self._folder / f"{binding_id(key)}.json"

    def get(self, key: BindingKey) -> Binding | None:
        """Read one."""
        return self._read(self._path(key))

    def find(self, binding: str) -> Binding | None:
        """Read one by its id, as the profile's command line carries it."""
        return self._read(self._folder / f"{binding}.json") if _ID.fullmatch(binding) else None

    def _read(self, path: AnyPath) -> Binding | None:
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
