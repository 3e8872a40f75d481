"""One statement of a policy: effect, principal, action, resource, condition.

Source: IAM User Guide, "IAM JSON policy elements reference".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Condition", "Effect", "Json", "Principals", "Statement"]

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

Effect = Literal["Allow", "Deny"]


@dataclass(frozen=True, slots=True)
class Principals:
    """The value of a Principal or NotPrincipal element; `anyone` is the bare `"*"`."""

    anyone: bool = False
    aws: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    federated: tuple[str, ...] = ()
    canonical_user: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """Give the element as AWS writes it."""
        if self.anyone:
            return "*"
        kinds = (
            ("AWS", self.aws),
            ("Service", self.service),
            ("Federated", self.federated),
            ("CanonicalUser", self.canonical_user),
        )
        return {kind: _one_or_list(values) for kind, values in kinds if values}


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator and one key with its values: `{operator: {key: values}}`."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Exactly one of `actions` and `not_actions` is filled; the rest depends on the kind of policy."""

    effect: Effect
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principal: Principals | None = None
    not_principal: Principals | None = None
    conditions: tuple[Condition, ...] = ()
    sid: str | None = None

    def to_json(self) -> dict[str, Json]:
        """Give the statement as AWS writes it, elements in AWS's usual order."""
        result: dict[str, Json] = {}
        if self.sid is not None:
            result["Sid"] = self.sid
        result["Effect"] = self.effect
        if self.principal is not None:
            result["Principal"] = self.principal.to_json()
        if self.not_principal is not None:
            result["NotPrincipal"] = self.not_principal.to_json()
        elements = (
            ("Action", self.actions),
            ("NotAction", self.not_actions),
            ("Resource", self.resources),
            ("NotResource", self.not_resources),
        )
        result.update((name, _one_or_list(values)) for name, values in elements if values)
        if self.conditions:
            result["Condition"] = _conditions_json(self.conditions)
        return result


def _one_or_list(values: tuple[str, ...]) -> Json:
    return values[0] if len(values) == 1 else list(values)


def _conditions_json(conditions: tuple[Condition, ...]) -> Json:
    by_operator: dict[str, dict[str, Json]] = {}
    for condition in conditions:
        by_operator.setdefault(condition.operator, {})[condition.key] = _one_or_list(condition.values)
    return {**by_operator}
