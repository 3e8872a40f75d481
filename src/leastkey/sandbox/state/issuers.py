"""The keys of identity providers: the sandbox's own for those it plays, and those that somebody gave.

Nothing is fetched from a network: only a provider on this very computer is asked.
"""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["KEY_ID", "Issuers", "base64url", "new_rsa_key"]

KEY_ID: Final = "leastkey-sandbox"
"""The id of the sandbox's own key, in its tokens."""
_BITS: Final = 2048
_EXPONENT: Final = 65537
_ISSUER_MAX: Final = 255
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SECONDS: Final = 2.0
_BYTES: Final = 256 * 1024
_OK: Final = 200


class Issuers:
    """Keys of issuers by their URL; fetched ones are kept until another is asked for. Safe in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fetched: dict[str, list[dict[str, Any]]] = {}
        self._given: dict[str, list[dict[str, Any]]] = {}
        self._played: set[str] = set()
        self._own: RSAPrivateKey | None = None

    def key(self, issuer: str, key_id: str | None) -> dict[str, Any] | None:
        """Give an issuer's key: the one of an id, or the only one where the token names none."""
        with self._lock:
            known = [*self._given.get(issuer, ()), *self._own_keys(issuer)]
            found = _one_of([*known, *self._fetched.get(issuer, ())], key_id)
            if found is None and is_here(issuer):
                self._fetched[issuer] = _fetched(issuer)
                found = _one_of([*known, *self._fetched[issuer]], key_id)
            return found

    def play(self, issuer: str) -> RSAPrivateKey:
        """Give the sandbox's own key, made when first needed, which from now on is among the issuer's. Raises ValueError."""
        with self._lock:
            _check_issuer(issuer)
            self._played.add(issuer)
            if self._own is None:
                self._own = new_rsa_key()
            return self._own

    def give(self, issuer: str, keys: object) -> int:
        """Take an issuer's public keys, as its JWKS lists them, for those given before. Raises ValueError."""
        _check_issuer(issuer)
        if not isinstance(keys, list) or not keys:
            raise ValueError("a JSON Web Key Set lists at least one key")
        for key in keys:
            if not isinstance(key, dict) or key.get("kty") not in ("RSA", "EC"):
                raise ValueError("each key is an object whose `kty` is RSA or EC")
            if "d" in key:
                raise ValueError("the keys are private ones: give the public half only")
        with self._lock:
            self._given[issuer] = [dict(key) for key in keys]
        return len(keys)

    def dump(self) -> dict[str, Any]:
        """Give what a snapshot keeps, the sandbox's own key with it."""
        with self._lock:
            return {"given": dict(self._given), "played": sorted(self._played), "own": self._own}

    def load(self, dumped: Mapping[str, Any]) -> None:
        """Take what a snapshot kept, in place of what is here; fetched keys are asked for anew."""
        with self._lock:
            self._fetched = {}
            self._given = dict(dumped.get("given", {}))
            self._played = set(dumped.get("played", ()))
            self._own = dumped.get("own")

    def _own_keys(self, issuer: str) -> list[dict[str, Any]]:
        """Give the public half of the sandbox's own key, for an issuer it plays."""
        if self._own is None or issuer not in self._played:
            return []
        numbers = self._own.public_key().public_numbers()
        return [
            {"kty": "RSA", "kid": KEY_ID, "alg": "RS256", "n": _number(numbers.n), "e": _number(numbers.e)}
        ]


def new_rsa_key() -> RSAPrivateKey:
    """Make an RSA key."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(_EXPONENT, _BITS)


def _number(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64url(data)


def base64url(data: bytes) -> str:
    """Write bytes as tokens and keys hold them: without padding. Source: RFC 7515, section 2."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _check_issuer(issuer: str) -> None:
    parts = _parts(issuer)
    is_plain = issuer.isascii() and issuer.isprintable() and not set(issuer) & set(" ?#@")
    if parts is None or not parts.hostname or not is_plain or len(issuer) > _ISSUER_MAX:
        raise ValueError(f"`{issuer}` is no issuer, which is a URL such as https://issuer.example")


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
