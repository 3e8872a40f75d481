"""Trust in identity providers that many organizations share: the claim that tells them apart must be asked for.

Source: IAM User Guide, "Identity-provider controls for shared OIDC providers" and "Create a role for OpenID Connect
federation": the values asked for may not be wildcards alone. Roles that are there already stay as they are.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Condition, Statement

__all__ = ["unasked_claim"]

_CLAIMS: Final = {
    "agent.buildkite.com": "sub",
    "api.pulumi.com/oidc": "aud",
    "app.terraform.io": "sub",
    "cognito-identity.amazonaws.com": "aud",
    "gitlab.com": "sub",
    "oidc-configuration.audit-log.githubusercontent.com": "sub",
    "oidc.codefresh.io": "sub",
    "oidc.vercel.com": "aud",
    "proidc.upbound.io": "sub",
    "sandboxes.cloud": "aud",
    "scalr.io": "sub",
    "studio.datachain.ai/api": "sub",
    "token.actions.githubusercontent.com": "sub",
    "tokens.cloud.shisho.dev": "sub",
    "vstoken.actions.githubusercontent.com": "sub",
}
_WEB_IDENTITY: Final = "sts:assumerolewithwebidentity"


def unasked_claim(trust: PolicyDocument) -> str:
    """Give the condition key that a trust policy would have to evaluate, "" when nothing is missing."""
    for statement in trust.statements:
        if statement.effect == "Allow" and _is_for_tokens(statement) and statement.principal is not None:
            for provider in map(_provider, statement.principal.federated):
                claim = _CLAIMS.get(provider)
                key = f"{provider}:{claim}"
                if claim is not None and not any(_asks(each, key) for each in statement.conditions):
                    return key
    return ""


def _provider(federated: str) -> str:
    return (federated.partition(":oidc-provider/")[2] or federated).lower().rstrip("/")


def _is_for_tokens(statement: Statement) -> bool:
    if statement.not_actions:
        return True
    return any(fnmatchcase(_WEB_IDENTITY, action.lower()) for action in statement.actions)


def _asks(condition: Condition, key: str) -> bool:
    """Say whether a condition narrows a claim: by its value, and by more than wildcards."""
    operator = condition.operator.lower().rpartition(":")[2]
    if condition.key.lower() != key or "not" in operator or operator == "null":
        return False
    return bool(condition.values) and all(value.strip("*?") for value in condition.values)
