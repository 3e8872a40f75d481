"""The seal of a snapshot: AES-256-GCM under a key that lies in the vault, and never in the sandbox's folder.

Each file has a key of its own, made from the vault's and 32 random bytes. The state is sealed in pieces whose nonce is
their number and whether they are the last, so that none can be left out, moved or taken from another file; the head,
which anybody can read, is authenticated with each. Source: NIST SP 800-38D; RFC 5869 for the key of a file.
"""

from __future__ import annotations

import hmac
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Seal", "SealError", "head_of", "is_sealed"]

_MAGIC: Final = b"leastkey snapshot"
_FORMAT: Final = b"\x01"
_START: Final = len(_MAGIC) + len(_FORMAT)
_LENGTH: Final = 4
_SALT: Final = 32
_PIECE: Final = 1 << 26
_TAG: Final = 16
_PURPOSE: Final = b"leastkey sandbox snapshot\x01"


class SealError(Exception):
    """The text says why: the file is not what was sealed with this key."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What seals the snapshots of one sandbox. `vault` names where the key lies; `takes_plain`: the first ever."""

    key: Secret
    vault: str
    takes_plain: bool = False

    def handed_over(self) -> list[object]:
        """Give it for the sandbox's own process, over a pipe."""
        return [self.key.reveal(), self.vault, self.takes_plain]

    @classmethod
    def taken_over(cls, parts: list[Any]) -> Seal:
        """Read what `handed_over` gave."""
        key, vault, takes_plain = parts
        return cls(Secret(key), vault, takes_plain)

    def sealed(self, head: Mapping[str, str], state: bytes) -> bytes:
        """Seal a state; the head can be read without the key."""
        words = json.dumps({**head, "vault": self.vault}).encode()
        start = _MAGIC + _FORMAT + len(words).to_bytes(_LENGTH, "big") + words + os.urandom(_SALT)
        cipher = self._cipher(start[-_SALT:])
        return start + b"".join(
            cipher.encrypt(nonce, piece, start) for nonce, piece in _pieces(state, _PIECE)
        )

    def opened(self, data: bytes) -> tuple[dict[str, str], bytes]:
        """Give head and state. Raises SealError for all that was not sealed with this key, whole and unchanged."""
        from cryptography.exceptions import InvalidTag

        if data[len(_MAGIC) : _START] != _FORMAT:
            raise SealError("it is of a format that this version does not read")
        end = _START + _LENGTH + int.from_bytes(data[_START : _START + _LENGTH], "big") + _SALT
        start = data[:end]
        if len(start) != end:
            raise SealError("it was cut off")
        cipher = self._cipher(start[-_SALT:])
        try:
            state = b"".join(
                cipher.decrypt(nonce, piece, start) for nonce, piece in _pieces(data[end:], _PIECE + _TAG)
            )
        except InvalidTag:
            raise SealError("it was changed or cut off, or it belongs to another sandbox") from None
        return head_of(start), state

    def _cipher(self, salt: bytes) -> Any:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(hmac.digest(bytes.fromhex(self.key.reveal()), _PURPOSE + salt, "sha256"))


def _pieces(data: bytes, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Cut into pieces, each with its nonce: number, and whether it is the last. There is always one."""
    last = max(0, len(data) - 1) // size
    for number in range(last + 1):
        yield (
            number.to_bytes(11, "big") + bytes([number == last]),
            data[number * size : (number + 1) * size],
        )


def is_sealed(data: bytes) -> bool:
    """Say whether this is a sealed snapshot, of whatever format."""
    return data.startswith(_MAGIC)


def head_of(data: bytes) -> dict[str, str]:
    """Read the head of a sealed snapshot, proving nothing; empty when it cannot be read."""
    size = int.from_bytes(data[_START : _START + _LENGTH], "big")
    try:
        head = json.loads(data[_START + _LENGTH : _START + _LENGTH + size])
    except (ValueError, RecursionError):
        return {}
    return {str(name): str(value) for name, value in head.items()} if isinstance(head, dict) else {}
