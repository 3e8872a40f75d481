"""Keys that were made for another computer: their secret was encrypted to it and never lay here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.ports.binding import BindingKey

__all__ = ["SentKey", "SentKeys"]


@dataclass(frozen=True, slots=True)
class SentKey:
    """A key of a user of ours that lies on another computer. `message` is what was sent: only its recipient can read it."""

    key: BindingKey
    user: str
    access_key: AccessKeyId
    recipient: str
    sent: datetime
    message: str


class SentKeys(Protocol):
    """The keys that were sent away. A record is on the disk before `put` returns."""

    def put(self, sent: SentKey) -> None:
        """Remember a key."""
        ...

    def all(self) -> tuple[SentKey, ...]:
        """List them, the oldest first."""
        ...

    def forget(self, key: AccessKeyId) -> None:
        """Forget one; no error when it is not there."""
        ...
