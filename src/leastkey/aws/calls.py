"""Any AWS operation by name, as one set of credentials: the real calls of a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leastkey.errors import AwsError
from leastkey.ports.aws import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leastkey.aws.door import Door

__all__ = ["AwsCalls"]


class AwsCalls:
    """Implements `ports.aws.Calls`. Clients are made when a service is first asked."""

    def __init__(self, client_of: Callable[[str], Any], door: Door) -> None:
        self._client_of = client_of
        self._door = door

    def call(self, service: str, operation: str, parameters: Mapping[str, object]) -> Answer:
        """Make one call. A refusal is an answer; raises AwsError when none came."""
        try:
            answer = self._door.ask(self._client_of(service), operation, parameters)
        except AwsError as refused:
            if refused.status is None or refused.outcome == "unknown":
                raise
            return Answer(refused.status, refused.code, refused.message)
        return Answer(int(answer["ResponseMetadata"]["HTTPStatusCode"]), "", "")
