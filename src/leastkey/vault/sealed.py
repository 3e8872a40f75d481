"""Secrets on their way into an encrypted file: the one place where a vault takes them out of their wrapper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyrage

from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMAT", "packed", "sealed_for", "unpacked"]

FORMAT: Final = 1


def packed(entries: Mapping[str, Secret], more: Mapping[str, object] | None = None) -> bytes:
    """Give secrets by name, and what else goes with them, as the bytes to encrypt at once. Bind them to no name."""
    return json.dumps(
        {
            "format": FORMAT,
            **(more or {}),
            "entries": {entry: secret.reveal() for entry, secret in sorted(entries.items())},
        }
    ).encode()


def unpacked(text: bytes) -> tuple[dict[str, Any], dict[str, Secret]]:
    """Give what `packed` put together: the rest, and the secrets. Raises ValueError, which quotes nothing of it."""
    try:
        document = json.loads(text)
        held = {str(entry): Secret(value) for entry, value in document.pop("entries").items()}
        document["format"]  # a KeyError says that it is none of ours
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("it is not as leastkey wrote it") from None
    return document, held


def sealed_for(recipient: str, entries: Mapping[str, Secret], more: Mapping[str, object]) -> str:
    """Encrypt secrets to a recipient, `age1...`, as text. Raises ValueError when that is no recipient."""
    try:
        to = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise ValueError("it is no age recipient") from None
    sealed: bytes = pyrage.encrypt(packed(entries, more), [to], armored=True)
    return sealed.decode("ascii")
