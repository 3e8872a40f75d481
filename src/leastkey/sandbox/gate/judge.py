"""The gate's questions, put to the modules that answer them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.sandbox.authorize import decision
from leastkey.sandbox.errors import refused
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve import context
from leastkey.sandbox.resolve import operation as operations
from leastkey.sandbox.resolve.acted_in import acted_in
from leastkey.sandbox.resolve.parameters import parameters
from leastkey.sandbox.rules import hooks, s3_deletes
from leastkey.sandbox.rules.unbuilt import unbuilt
from leastkey.sandbox.services import BY_SIGNING_NAME
from leastkey.sandbox.state.last_used import note_service, note_use
from leastkey.sandbox.trail.lookup import lookup_events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import AwsRequest, Caller, Denial, Operation, Response
    from leastkey.sandbox.state.world import World

__all__ = ["Judge"]


def _no_history(account: str, region: str) -> Sequence[str]:
    """Remember nothing."""
    del account, region
    return ()


class Judge:
    """Implements `gate.Authorizer`. `history` gives the recorded events of an account in a region."""

    def __init__(self, history: Callable[[str, str], Sequence[str]] = _no_history) -> None:
        self._history = history

    def operation(self, request: AwsRequest) -> Operation | Refusal:
        """Say what the request asks for, or refuse what nobody here could judge."""
        found = operations.operation(request)
        return found if isinstance(found, Refusal) else unbuilt(request, found) or found

    def context(self, request: AwsRequest, caller: Caller, world: World) -> Context:
        """Give the condition keys every request has, and note the use of the key: STS asks nothing else."""
        note_use(request, caller, world)
        note_service(request, "", caller, world)
        return context.request_context(request, caller, world)

    def before(self, request: AwsRequest, operation: Operation, world: World) -> Refusal | None:
        """Refuse what AWS refuses and moto would take."""
        return hooks.before(request, operation, world)

    def authorize(
        self, request: AwsRequest, operation: Operation, caller: Caller, world: World
    ) -> Denial | None:
        """Decide, and give the denial. What is decided part by part is so in `answer`."""
        note_service(request, operation.name, caller, world)
        if s3_deletes.is_split(request, operation, world):
            note_use(request, caller, world)
            return None
        return decision.authorize(request, operation, caller, world)

    def answer(
        self, request: AwsRequest, operation: Operation, caller: Caller, world: World
    ) -> Response | None:
        """Answer in moto's place."""
        if (request.service, operation.name) == ("cloudtrail", "LookupEvents"):
            past = self._history(request.account, request.region)
            found = lookup_events(parameters(request, operation), past, request.now)
            if isinstance(found, Refusal):
                return refused(found, BY_SIGNING_NAME[request.signing_name], request.request_id)
            return found
        if s3_deletes.is_split(request, operation, world):
            return s3_deletes.deleted(request, caller, world)
        return hooks.answer(request, operation, caller, world)

    def acted_in(self, request: AwsRequest, operation: Operation) -> str:
        """Give the account that the operation acts in."""
        return acted_in(request, operation)

    def after(
        self, request: AwsRequest, operation: Operation, caller: Caller, world: World, response: Response
    ) -> Response:
        """Mend moto's answer."""
        return hooks.after(request, operation, caller, world, response)
