"""GetContextKeysForCustomPolicy and ...ForPrincipalPolicy: the condition keys that policies read.

Source: IAM API Reference, GetContextKeysForCustomPolicy, GetContextKeysForPrincipalPolicy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import listed, text
from leastkey.sandbox.rules.iam_sources import entity_at, given_sources, sources_of
from leastkey.sandbox.rules.iam_xml import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.iam.statement import Statement
    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["context_keys"]

_VARIABLE: Final = re.compile(r"\$\{([^{},'*?$]+)(?:, '[^']*')?\}")


def context_keys(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Give the names of the keys, each once, as the first statement spells it."""
    sources, fault = given_sources(listed(parameters, "PolicyInputList"), "PolicyInputList", "identity")
    if fault:
        return Refusal(400, "InvalidInput", f"Invalid Policy: {fault}")
    if operation.name == "GetContextKeysForPrincipalPolicy":
        arn = text(parameters, "PolicySourceArn")
        entity = entity_at(arn, request.account, world)
        if entity is None:
            return Refusal(404, "NoSuchEntity", f"The entity {arn} cannot be found.")
        sources = [*sources_of(entity, request.account, world), *sources]
    elif not sources:
        return Refusal(
            400, "ValidationError", "1 validation error detected: Value at 'policyInputList' is empty"
        )
    found: dict[str, str] = {}
    for source in sources:
        for statement in source.named.document.statements:
            for key in _keys(statement):
                found.setdefault(key.lower(), key)
    return answer(request, operation, {"ContextKeyNames": list(found.values())})


def _keys(statement: Statement) -> Iterator[str]:
    for condition in statement.conditions:
        yield condition.key
    texts = [*statement.resources, *statement.not_resources]
    texts += [value for condition in statement.conditions for value in condition.values]
    for each in texts:
        yield from _VARIABLE.findall(each)
