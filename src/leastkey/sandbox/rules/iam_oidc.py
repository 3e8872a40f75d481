"""Trust in identity providers that many organizations share: the claim that tells them apart must be asked for.

Source: IAM User Guide, "Identity-provider controls for shared OIDC providers" and "Create a role for OpenID Connect
federation": the values asked for may not be wildcards alone. Roles that are there already stay as they are.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from leastkey.iam.issuers import TELLING_CLAIMS, WEB_IDENTITY, provider_host

if TYPE_CHECKING:
    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Condition, Statement

__all__ = ["unasked_claim"]


def unasked_claim(trust: PolicyDocument) -> str:
    """Give the condition key that a trust policy would have to evaluate, "" when nothing is missing."""
    for statement in trust.statements:
        if statement.effect == "Allow" and _is_for_tokens(statement) and statement.principal is not None:
            for provider in map(provider_host, statement.principal.federated):
                claim = TELLING_CLAIMS.get(provider)
                key = f"{provider}:{claim}"
                if claim is not None and not any(_asks(each, key) for each in statement.conditions):
                    return key
    return ""


def _is_for_tokens(statement: Statement) -> bool:
    if statement.not_actions:
        return True
    return any(fnmatchcase(WEB_IDENTITY.lower(), action.lower()) for action in statement.actions)


def _asks(condition: Condition, key: str) -> bool:
    """Say whether a condition narrows a claim: by its value, and by more than wildcards."""
    operator = condition.operator.lower().rpartition(":")[2]
    if condition.key.lower() != key or "not" in operator or operator == "null":
        return False
    return bool(condition.values) and all(value.strip("*?") for value in condition.values)
