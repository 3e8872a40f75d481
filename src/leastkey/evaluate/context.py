"""The step before evaluation: fill in the condition keys AWS supplies, and say which it could not know.

The engine takes a context as it is. Whoever has only half of one asks here first and sees what was added: what the
caller states is never overwritten, and nothing is guessed. Every verdict can so be asked again by hand.
Source: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference for a service's own keys.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.context_keys import CallFacts, absence, global_key
from leastkey.evaluate.context_values import (
    OF_OWNER,
    Keys,
    catalogued,
    is_without_owner,
    keys_of_action,
    keys_of_call,
    keys_of_resource,
    keys_of_service,
)
from leastkey.evaluate.reads import keys_read
from leastkey.iam.catalog import service_exists

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from leastkey.evaluate.context_keys import GlobalKey
    from leastkey.evaluate.request import Context, Policies, Principal, Request

__all__ = ["Filled", "KeyNote", "fill", "filled_as_json", "without"]


_OF_ENDPOINTS: Final = frozenset({"aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpcsourceip"})
"""Keys that tell that the call came through a VPC endpoint."""


@dataclass(frozen=True, slots=True)
class KeyNote:
    """A condition key, as a policy spells it, and why something is said of it."""

    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A request with all that could be known of its context.

    `added` are the keys filled in; `assumed` those among them that may be wrong, and why. Of the keys that the
    policies read for this action and that are not there, `unknown` are those AWS may supply, `absent` those it never
    supplies for such a call.
    """

    request: Request
    added: Context
    assumed: tuple[KeyNote, ...] = ()
    unknown: tuple[KeyNote, ...] = ()
    absent: tuple[KeyNote, ...] = ()


def fill(request: Request, facts: CallFacts, policies: Policies) -> Filled:
    """Fill in the context of a request. A key that is stated stays, in whatever letter case."""
    stated = {key.lower(): value for key, value in request.context.items()}
    facts = _with_stated(facts, request, policies, stated)
    found: Keys = {**keys_of_call(request.principal, facts), **keys_of_resource(request, facts)}
    values = {key.lower(): value for key, value in found.items()} | stated
    found |= keys_of_service(request, values, facts)
    added = _one_of_each({key: value for key, value in found.items() if key.lower() not in stated})
    present = stated.keys() | {key.lower() for key in added}
    unknown: list[KeyNote] = []
    absent: list[KeyNote] = []
    for read in keys_read(policies, request.action):
        if read.key.lower() not in present:
            why, is_certain = _lack(read.key, request, facts)
            (absent if is_certain else unknown).append(KeyNote(read.key, why))
    assumed = tuple(_assumed(request.principal, added))
    context = {**added, **request.context}
    return Filled(replace(request, context=context), added, assumed, tuple(unknown), tuple(absent))


def filled_as_json(filled: Filled) -> dict[str, Any]:
    """Give what was filled in, and what is to be said of the rest, as JSON has it."""
    found: dict[str, Any] = {
        "filled": {
            key: list(value) if isinstance(value, tuple) else value for key, value in filled.added.items()
        },
        "unknown": [{"key": note.key, "why": note.why} for note in filled.unknown],
        "absent": [{"key": note.key, "why": note.why} for note in filled.absent],
    }
    if filled.assumed:
        found["assumed"] = [{"key": note.key, "why": note.why} for note in filled.assumed]
    return found


def without(filled: Filled, taken: Collection[str]) -> Filled:
    """Give what was filled in without some keys (lower case): somebody states that the call does not carry them."""
    return replace(
        filled,
        request=replace(filled.request, context=_left(filled.request.context, taken)),
        added=_left(filled.added, taken),
        assumed=tuple(note for note in filled.assumed if note.key.lower() not in taken),
        unknown=tuple(note for note in filled.unknown if note.key.lower() not in taken),
        absent=tuple(note for note in filled.absent if note.key.lower() not in taken),
    )


def _left(context: Context, taken: Collection[str]) -> Context:
    return {key: value for key, value in context.items() if key.lower() not in taken}


def _with_stated(
    facts: CallFacts, request: Request, policies: Policies, stated: Mapping[str, Any]
) -> CallFacts:
    """Give the facts with what the stated keys tell, so that nothing is filled in that speaks against them."""
    told: dict[str, Any] = {**_told_of_session(stated), **_told_of_way(policies, stated)}
    tags = {key.partition("/")[2]: stated[key.lower()] for key in request.context if _is_request_tag(key)}
    if tags:
        told["request_tags"] = {**(facts.request_tags or {}), **tags}
    return replace(facts, **told)


def _told_of_session(stated: Mapping[str, Any]) -> dict[str, Any]:
    present, age = stated.get("aws:multifactorauthpresent"), stated.get("aws:multifactorauthage")
    told: dict[str, Any] = {}
    if present is not None or age is not None or "aws:tokenissuetime" in stated:
        told["is_temporary"] = True
    if present is not None or age is not None:
        told["mfa"] = _is_true(present) if present is not None else True
    return told


def _told_of_way(policies: Policies, stated: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    is_behind = bool(policies.endpoints or stated.keys() & _OF_ENDPOINTS)
    if is_behind or "aws:sourceip" in stated:
        told["through_endpoint"] = is_behind
    if "aws:calledvia" in stated or _is_true(stated.get("aws:viaawsservice")):
        via = stated.get("aws:calledvia")
        told["via"] = (via,) if isinstance(via, str) else via
    if stated.keys() & {"aws:currenttime", "aws:epochtime"}:
        told["now"] = _time(stated)
    return told


def _one_of_each(keys: Keys) -> Keys:
    """Make keys that differ in case alone one key with all their values: names of tags may, condition keys may not."""
    found: Keys = {}
    spelled: dict[str, str] = {}
    for key in sorted(keys):
        first = spelled.setdefault(key.lower(), key)
        found[first] = keys[key] if first == key else (*_values(found[first]), *_values(keys[key]))
    return found


def _values(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _is_true(value: object) -> bool | None:
    return None if not isinstance(value, str) else value.lower() == "true"


def _is_request_tag(key: str) -> bool:
    return key.lower().startswith("aws:requesttag/")


def _time(stated: Mapping[str, Any]) -> datetime | None:
    """Read the stated time, so that the other way to write it says the same."""
    with suppress(ValueError, TypeError, OverflowError, OSError):
        if "aws:epochtime" in stated:
            return datetime.fromtimestamp(int(stated["aws:epochtime"]), UTC)
        found = datetime.fromisoformat(stated["aws:currenttime"])
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _assumed(principal: Principal, added: Context) -> Iterable[KeyNote]:
    if principal.type == "session" and not principal.role_arn and "aws:PrincipalArn" in added:
        yield KeyNote("aws:PrincipalArn", "a session's ARN does not tell the role's path, none is assumed")


def _lack(key: str, request: Request, facts: CallFacts) -> tuple[str, bool]:
    """Say why a key is not there, and whether that is certain."""
    known = global_key(key)
    if known is not None:
        return _lack_of_global(known, key, request, facts)
    prefix = key.partition(":")[0].lower()
    if prefix == "aws":
        return "AWS lists no such key", False
    if not service_exists(prefix):
        if request.principal.type in ("user", "root", "service", "anonymous"):
            return "only callers that an identity provider vouched for carry it", True
        return "what the identity provider said of the caller is not known", False
    return _lack_of_service(key, request.action)


def _lack_of_global(known: GlobalKey, key: str, request: Request, facts: CallFacts) -> tuple[str, bool]:
    why = absence(known, request.principal.type, facts)
    if why:
        return why, True
    if key.lower() in OF_OWNER and is_without_owner(request.action):
        return f"{request.action} does not carry it", True
    if known.name in ("aws:ResourceTag/", "aws:RequestTag/", "aws:TagKeys"):
        of_action = _lack_of_service(key, request.action)
        return of_action if of_action[1] else (known.unknown, False)
    return known.unknown, False


def _lack_of_service(key: str, name: str) -> tuple[str, bool]:
    action = catalogued(name)
    if action is None:
        return "the action is in no catalogue, so its keys are not known", False
    folded = key.lower()
    for listed in keys_of_action(action):
        start = listed.lower().partition("${")[0].partition("<")[0]
        if folded == start or (start != listed.lower() and folded.startswith(start)):
            return "it hangs on the call or the resource, which nobody stated", False
    return f"AWS lists no such key for {action.full_name}", True
