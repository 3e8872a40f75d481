"""Questions to ask the old policies and the new: made from the actions, resources and conditions of both.

Each statement gives requests it speaks about, requests just beside them, and its conditions one by one turned the
other way or absent. Always the same questions for the same documents.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from leastkey.compile.levels import matching
from leastkey.iam.catalog import service_exists

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Condition, Statement

__all__ = ["Question", "questions"]

MOST: Final = 1_500
"""Questions that are asked at most; of more, every n-th is taken."""

MOST_MADE: Final = 50_000
"""Questions that are made to choose from: a few long policies could ask millions."""

_ANY_ACTIONS: Final = ("s3:GetObject", "ec2:TerminateInstances", "iam:CreateUser", "sts:AssumeRole")
_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}")
_ANY: Final = "some"
_OTHER: Final = "other-value"
_OTHER_ARN: Final = "arn:aws:iam::000000000000:role/other-value"
_OUTSIDE: Final = ("192.0.2.77", "2001:db8:ffff::77")
_DATES: Final = ("1999-01-01T00:00:00Z", "2099-01-01T00:00:00Z")

Value = str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Question:
    """One request, without who asks. `context` holds keys in lower case with their values, sorted."""

    action: str
    resource: str
    context: tuple[tuple[str, str | tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        when = ", ".join(
            f"{key}={value if isinstance(value, str) else '/'.join(value)}" for key, value in self.context
        )
        return f"{self.action} on {self.resource}{f' when {when}' if when else ''}"


def questions(documents: Iterable[PolicyDocument], values: Mapping[str, str]) -> tuple[Question, ...]:
    """Give the questions. `values` gives policy variables (lower case) the values the old caller has."""
    statements = list(dict.fromkeys(one for document in documents for one in document.statements))
    resources = list(dict.fromkeys(each for one in statements for each in _resources(one, values)))
    # Every condition satisfied at once: without it, a Deny and an Allow of different statements would seldom meet.
    together: dict[str, Value] = {}
    for one in statements:
        for condition in one.conditions:
            together.setdefault(condition.key.lower(), _values(condition, values)[0])
    near = cache(partial(_of_service, resources))
    blocks: list[_Block] = []
    for one in statements:
        contexts = list(dict.fromkeys((*_contexts(one, {}, values), *_contexts(one, together, values))))
        blocks.extend(_Block(action, near(_service(action)), contexts) for action in _actions(one))
    found = list(dict.fromkeys(_picked(blocks, _step(sum(block.size for block in blocks), MOST_MADE))))
    return tuple(found[:: _step(len(found), MOST)])


@dataclass(frozen=True, slots=True)
class _Block:
    """One action on each of some resources in each of some contexts: questions that are made when they are picked."""

    action: str
    resources: list[str]
    contexts: list[tuple[tuple[str, str | tuple[str, ...]], ...]]

    @property
    def size(self) -> int:
        return len(self.resources) * len(self.contexts)


def _picked(blocks: list[_Block], step: int) -> Iterator[Question]:
    """Give every n-th question of all blocks."""
    first = 0
    for block in blocks:
        for index in range(first, block.size, step):
            resource, context = divmod(index, len(block.contexts))
            yield Question(block.action, block.resources[resource], block.contexts[context])
        first = (first - block.size) % step


def _step(number: int, most: int) -> int:
    step = -(-number // most) or 1
    # A step that shares no factor with the lists it walks through visits all of their entries.
    while step > 1 and any(step % factor == 0 for factor in (2, 3, 5, 7)):
        step += 1
    return step


def _actions(statement: Statement) -> Iterator[str]:
    patterns = statement.actions or statement.not_actions
    seen: dict[str, None] = {}
    for pattern in patterns:
        for action in _named(pattern):
            seen[action] = None
    if statement.not_actions or any(pattern.startswith("*") for pattern in patterns):
        seen.update(dict.fromkeys(_ANY_ACTIONS))
    yield from seen


def _named(pattern: str) -> list[str]:
    """Give actions that a pattern matches, and one of its service beside them."""
    service, _, name = pattern.partition(":")
    if not service or not name or "*" in service or "?" in service:
        return list(_ANY_ACTIONS)
    found = [action.full_name for action in matching(pattern)]
    if len(found) > 4:
        found = [found[0], found[len(found) // 3], found[2 * len(found) // 3], found[-1]]
    every = matching(f"{service}:*") if service_exists(service.lower()) else ()
    beside = [each.full_name for each in every if each.full_name not in found]
    return [*(found or [_filled(pattern, _ANY)]), *beside[:1], *beside[-1:]]


def _resources(statement: Statement, values: Mapping[str, str]) -> Iterator[str]:
    for pattern in statement.resources or statement.not_resources or ("*",):
        if pattern == "*":
            yield "*"
            continue
        known = _known(pattern, values)
        head, _, tail = known.rpartition(":")
        yield _filled(known, _ANY)
        if "*" in tail:
            yield _filled(known, "deep/er")
            yield _filled(f"{head}:{tail.replace('*', 'zz*', 1)}", _ANY)
        yield f"{_filled(known, _ANY)}-beside"
        yield _filled(f"{head}:{_OTHER}", _ANY)


def _service(action: str) -> str:
    return action.partition(":")[0].lower()


def _of_service(resources: list[str], service: str) -> list[str]:
    """Give the resources an action of a service could be asked on, `*` and one beside always."""
    near = [each for each in resources if each.count(":") >= 5 and each.split(":")[2] == service]
    return ["*", *near, f"arn:aws:{service}:eu-west-1:111122223333:{_OTHER}/1"]


def _contexts(
    statement: Statement, start: Mapping[str, Value], values: Mapping[str, str]
) -> Iterator[tuple[tuple[str, str | tuple[str, ...]], ...]]:
    base = dict(start)
    options: dict[str, list[Value]] = {}
    for condition in statement.conditions:
        key = condition.key.lower()
        found = options.setdefault(key, [])
        found.extend(value for value in _values(condition, values) if value not in found)
        base[key] = found[0]
    yield _context(base)
    for key, choices in options.items():
        for value in (*choices, None):
            yield _context({**base, key: value})


def _context(values: Mapping[str, Value]) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    return tuple(sorted((key, value) for key, value in values.items() if value is not None))


def _values(condition: Condition, values: Mapping[str, str]) -> list[Value]:
    """Give values of a key: those that a condition names, made whole, and others that it does not."""
    operator = condition.operator.rpartition(":")[2].removesuffix("IfExists").lower()
    named = [_known(value, values) for value in condition.values]
    found = _by_family(operator, named) or [_OTHER]
    if condition.operator.lower().startswith(("forallvalues:", "foranyvalue:")):
        return [*((value,) for value in found), tuple(dict.fromkeys(found))]
    return list(found)


def _by_family(operator: str, named: list[str]) -> list[str]:
    if operator == "null":
        return [_OTHER]
    if operator == "bool":
        return ["true", "false"]
    if operator.startswith("numeric"):
        return [near for value in named for near in _numbers(value)]
    if operator.startswith("date"):
        return [*named, *_DATES]
    if operator.endswith("ipaddress"):
        return [*(_address(value) for value in named), *_OUTSIDE]
    if operator.startswith("arn"):
        return [*(_filled(value, _ANY) for value in named), _OTHER_ARN]
    if operator.endswith("like"):
        return [*(_filled(value, each) for value in named for each in ("", _ANY)), _OTHER]
    return [*named, _OTHER]


def _numbers(value: str) -> list[str]:
    try:
        number = int(float(value))
    except (ValueError, OverflowError):
        return [value]
    return [value, str(number - 1), str(number + 1)]


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value, strict=False)[0])
    except ValueError:
        return value


def _known(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of variables."""
    return _VARIABLE.sub(
        lambda found: values.get(found[0][2:-1].partition(",")[0].strip().lower(), _ANY), text
    )


def _filled(pattern: str, filling: str) -> str:
    return pattern.replace("*", filling).replace("?", "q")
