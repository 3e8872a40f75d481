"""What a block of code really called: proof that a policy suffices for it, and that it grants nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.evaluate.decide import decide
from leastkey.evaluate.trust import decide_trust
from leastkey.sandbox.testing.question import Answer, caller_of
from leastkey.sandbox.testing.unused import unused
from leastkey.sandbox.testing.words import why
from leastkey.sandbox.trail.recorder import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leastkey.evaluate.request import NamedDocument
    from leastkey.sandbox.decided import Decided
    from leastkey.sandbox.state.world import World
    from leastkey.sandbox.testing.identity import Identity
    from leastkey.sandbox.trail.recorder import Trail
    from leastkey.sandbox.trail.why import Call

__all__ = ["Recording"]


class Recording:
    """The calls since it began, whoever made them; until it ends, if it has ended."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._before = {each.request_id for each in trail.calls()}
        self._ended: tuple[Call, ...] | None = None

    def end(self) -> None:
        """Take in no further call."""
        self._ended = self.calls

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls, oldest first. Raises RuntimeError when there were more than the sandbox keeps."""
        if self._ended is not None:
            return self._ended
        kept = self._trail.calls()
        if len(kept) == CALLS and kept[0].request_id not in self._before:
            raise RuntimeError(f"more than {CALLS} calls: the sandbox keeps no more, so nothing is proved")
        return tuple(each for each in kept if each.request_id not in self._before)

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that were allowed, each once, sorted."""
        asked = {each.request.action for call in self.calls for each in call.decided if each.is_allowed}
        return tuple(sorted(asked))

    def denials(self, action: str, resource: str | None = None) -> list[Call]:
        """Give the calls that were denied an action, on a resource where one is given."""
        return [call for call in self.calls if call.is_denied and _is_about(call, action.lower(), resource)]

    def why_denied(self) -> list[str]:
        """Give the explanation of each call that was denied."""
        return [line for call in self.calls if call.is_denied for line in _explained(call)]

    def explanation(self) -> str:
        """Give for each call what was decided, and why."""
        return "\n".join(line for call in self.calls for line in _explained(call)) or "nothing was called"

    def assert_sufficient(self, identity: Identity) -> None:
        """Fail with the explanation of each denial unless all calls of an identity were let through."""
        __tracebackhide__ = True
        denied = [call for call in self._of(identity) if call.is_denied]
        if denied:
            lines = [line for call in denied for line in _explained(call)]
            raise AssertionError("\n".join([f"{identity.arn} lacks permissions", *lines]))

    def assert_minimal(self, identity: Identity, ignoring: Sequence[str] = ()) -> None:
        """Fail with what the policies of an identity grant and its calls did not need.

        `ignoring` are patterns of actions (`logs:*`) that something else than the recorded code uses. A boundary, session
        policies and AWS's own policies are not looked at.
        """
        __tracebackhide__ = True
        world = identity.served.sandbox.world
        decided = [
            each
            for call in self._of(identity)
            if not call.is_denied
            for each in call.decided
            if each.is_allowed
        ]
        lines = unused(_own_policies(identity, world), decided, ignoring)
        if lines:
            raise AssertionError(
                "\n".join([f"{identity.arn} has more than it used", *(f"  {each}" for each in lines)])
            )

    def _of(self, identity: Identity) -> list[Call]:
        found = [call for call in self.calls if _is_made_by(call, identity)]
        if not found:
            raise AssertionError(f"{identity.arn} called nothing, so nothing is proved")
        return found


def _is_made_by(call: Call, identity: Identity) -> bool:
    """Say whether an identity made a call; of a role every session counts."""
    if not identity.role_arn:
        return call.who == identity.arn
    return call.who.rpartition("/")[0] == identity.arn.rpartition("/")[0]


def _is_about(call: Call, action: str, resource: str | None) -> bool:
    """Say whether an action was denied; a call that was denied before any question is about the action of its name."""
    if not call.decided:
        return resource is None and f"{call.service}:{call.operation}".lower() == action
    return any(
        each.request.action.lower() == action and resource in (None, each.request.resource)
        for each in _denied(call)
    )


def _denied(call: Call) -> Iterator[Decided]:
    return (each for each in call.decided if not each.is_allowed)


def _explained(call: Call) -> Iterator[str]:
    told = list(_denied(call)) or list(call.decided)
    if not told:
        yield f"{call.service}:{call.operation}: {call.code or 'answered'} {call.message}".rstrip()
    for each in told:
        decision = (
            decide(each.request, each.policies)
            if each.trust is None
            else decide_trust(each.request, each.trust, each.policies)
        )
        yield why(Answer(each.request, decision))


def _own_policies(identity: Identity, world: World) -> list[NamedDocument]:
    """Give the policies of a user or role but those of AWS."""
    caller = caller_of(identity)
    entity = (
        world.role(caller.account, caller.role_name)
        if caller.role_name
        else world.user(caller.account, caller.user_name)
    )
    of_aws = (
        {}
        if entity is None
        else {policy.name for arn, policy in entity.managed_policies.items() if ":iam::aws:" in arn}
    )
    return [each for each in world.identity_policies(caller) if each.name not in of_aws]
