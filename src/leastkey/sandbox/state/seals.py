"""Texts that go out sealed and come back: only this sandbox, while it runs, can read them."""

from __future__ import annotations

import zlib
from functools import cached_property
from typing import Any

__all__ = ["Seals"]


class Seals:
    """Seals texts with a key of its own that is never written down."""

    def seal(self, account: str, text: str) -> str:
        """Seal a text for an account."""
        sealed: bytes = self._cipher.encrypt(zlib.compress(f"{account}\n{text}".encode()))
        return sealed.decode("ascii")

    def unseal(self, account: str, sealed: str) -> str | None:
        """Give the text that was sealed for the account, None for anything else."""
        from cryptography.fernet import InvalidToken

        try:
            owner, _, text = zlib.decompress(self._cipher.decrypt(sealed)).decode().partition("\n")
        except (InvalidToken, ValueError):  # no code of this sandbox, or no ASCII at all
            return None
        return text if owner == account else None

    @cached_property
    def _cipher(self) -> Any:
        from cryptography.fernet import Fernet

        return Fernet(Fernet.generate_key())
