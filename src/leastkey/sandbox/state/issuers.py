"""The keys of identity providers. Nothing is fetched from a network: only a provider on this very computer is asked."""

from __future__ import annotations

import json
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

__all__ = ["Issuers", "is_here"]

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SECONDS: Final = 2.0
_BYTES: Final = 256 * 1024
_OK: Final = 200


class Issuers:
    """Keys of issuers by their URL, kept until a key is asked for that is not among them. Safe in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fetched: dict[str, list[dict[str, Any]]] = {}

    def key(self, issuer: str, key_id: str | None) -> dict[str, Any] | None:
        """Give an issuer's key: the one of an id, or the only one where the token names none."""
        with self._lock:
            found = _one_of(self._fetched.get(issuer, []), key_id)
            if found is None and is_here(issuer):
                self._fetched[issuer] = _fetched(issuer)
                found = _one_of(self._fetched[issuer], key_id)
            return found


def is_here(url: str) -> bool:
    """Say whether a URL leads to this very computer and nowhere else."""
    parts = _parts(url)
    return parts is not None and parts.hostname in _LOOPBACK and "@" not in parts.netloc


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") else None


def _one_of(keys: list[dict[str, Any]], key_id: str | None) -> dict[str, Any] | None:
    if key_id is None:
        return keys[0] if len(keys) == 1 else None
    return next((key for key in keys if key.get("kid") == key_id), None)


def _fetched(issuer: str) -> list[dict[str, Any]]:
    """Fetch the keys as OpenID Connect Discovery has it; none where anything is wrong with them."""
    found = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    where = found.get("jwks_uri")
    if found.get("issuer") != issuer or not isinstance(where, str) or not is_here(where):
        return []
    keys = _document(where).get("keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def _document(url: str) -> dict[str, Any]:
    """Get a JSON object: from this computer, within two seconds, not large, and without following anybody."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(_BYTES + 1) if response.status == _OK else b""
        found = json.loads(body) if 0 < len(body) <= _BYTES else {}
    except (OSError, HTTPException, ValueError, RecursionError):
        return {}
    finally:
        connection.close()
    return found if isinstance(found, dict) else {}
