"""One request as the gate saw it, from its arrival to its answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.sandbox.decided import Decided
    from leastkey.sandbox.request import AwsRequest, Caller, Operation, Refusal, Response
    from leastkey.sandbox.services import Service

__all__ = ["Observer", "Seen"]

_BODY_BYTES: Final = 256 * 1024
"""Bytes of a body that are kept for the record; what is longer is an object or an upload, and stands in no event."""


@dataclass(slots=True)
class Seen:
    """One request. `caller`, `request` and `operation` are None as far as it did not get."""

    request_id: str
    now: datetime
    service: Service | None = None
    caller: Caller | None = None
    request: AwsRequest | None = None
    operation: Operation | None = None
    refusal: Refusal | None = None
    response: Response | None = None
    decided: list[Decided] = field(default_factory=list)

    def trim(self) -> None:
        """Let go of large bodies."""
        if self.request is not None and len(self.request.body) > _BODY_BYTES:
            self.request = replace(self.request, body=b"")
        if self.response is not None and len(self.response.body) > _BODY_BYTES:
            self.response = replace(self.response, body=b"")


class Observer(Protocol):
    """Is told of every request, once, after its answer is settled. It must not raise, and cannot refuse."""

    def saw(self, seen: Seen) -> None:
        """Take note of a request."""
        ...
