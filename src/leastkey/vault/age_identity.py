"""An age identity that cannot be printed: the object pyrage gives shows its secret in its own repr.

Source: the age file format, https://c2sp.org/age.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, final

import pyrage

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AgeIdentity"]


@final
class AgeIdentity:
    """An X25519 identity. It encrypts to itself, and goes out to its store only (`save_with`)."""

    __slots__ = ("__held", "recipient")

    def __init__(self, identity: Any) -> None:
        def held() -> Any:
            return identity

        self.__held: Callable[[], Any] = held  # a closure, as in Secret: dumps of slots find a function
        self.recipient = str(identity.to_public())
        """The public half, `age1...`."""

    @classmethod
    def generate(cls) -> AgeIdentity:
        """Make a new identity."""
        return cls(pyrage.x25519.Identity.generate())

    @classmethod
    def parse(cls, text: str) -> AgeIdentity:
        """Read an identity file as age-keygen writes it: one identity; comments and blank lines do not count.

        Raises ValueError, which quotes nothing of the text.
        """
        lines = [line.strip() for line in text.splitlines()]
        identities = [line for line in lines if line and not line.startswith("#")]
        if len(identities) != 1:
            raise ValueError(f"{len(identities)} identities are in it, one is expected")
        try:
            return cls(pyrage.x25519.Identity.from_str(identities[0]))
        except pyrage.IdentityError:
            raise ValueError("it does not hold an age identity (`AGE-SECRET-KEY-1...`)") from None

    def encrypt(self, data: bytes) -> bytes:
        """Encrypt to this identity."""
        encrypted: bytes = pyrage.encrypt(data, [self.__held().to_public()])
        return encrypted

    def decrypt(self, data: bytes) -> bytes:
        """Decrypt. Raises ValueError when it was encrypted to another identity, or is damaged."""
        try:
            decrypted: bytes = pyrage.decrypt(data, [self.__held()])
        except pyrage.DecryptError as error:
            raise ValueError(str(error)) from None
        return decrypted

    def save_with(self, save: Callable[[str], None]) -> None:
        """Hand the secret text to the function that stores it."""
        save(str(self.__held()))

    def __repr__(self) -> str:
        return f"<age identity of {self.recipient}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an age identity cannot be copied or pickled")
