"""A plan: what `leastkey plan` prints and `leastkey apply` carries out, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from leastkey.compile.wanted import Caution, Wanted
    from leastkey.iam.arn import AccountId
    from leastkey.plan.operation import Operation

__all__ = ["STEPS", "Change", "Noun", "Plan", "Sign"]

Sign = Literal["+", "~", "-"]
Noun = Literal[
    "user", "role", "policy", "attachment", "instance profile", "OIDC provider", "access key", "profile"
]

STEPS: Final[dict[Noun, int]] = {
    "role": 1,
    "policy": 2,
    "user": 3,
    "attachment": 4,
    "instance profile": 4,
    "OIDC provider": 4,
    "access key": 5,
    "profile": 6,
}
"""The numbers of the seven steps; they stay with their noun everywhere."""

SHORTEST_ID: Final = 8
"""Digits of a plan's id that must at least be given to name it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan and the operation behind it."""

    sign: Sign
    noun: Noun
    name: str
    note: str
    identity: str
    operation: Operation

    @property
    def step(self) -> int:
        """The number of the step it belongs to."""
        return STEPS[self.noun]


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order they are printed. `id` is the fingerprint; `entities` counts the project's own in IAM."""

    id: str
    account: AccountId
    project: str
    changes: tuple[Change, ...]
    wanted: Wanted
    cautions: tuple[Caution, ...] = ()
    entities: int = 0

    @property
    def adds(self) -> int:
        """Count what is added."""
        return sum(change.sign == "+" for change in self.changes)

    @property
    def changes_count(self) -> int:
        """Count what is changed in place."""
        return sum(change.sign == "~" for change in self.changes)

    @property
    def removes(self) -> int:
        """Count what is removed."""
        return sum(change.sign == "-" for change in self.changes)

    @property
    def counts(self) -> str:
        """The counts in words: `3 to add, 0 to change, 1 to remove`."""
        return f"{self.adds} to add, {self.changes_count} to change, {self.removes} to remove"

    def is_named(self, text: str) -> bool:
        """Say whether a text is this plan's id, or the beginning of it: who approves chooses how much is compared."""
        return len(text) >= SHORTEST_ID and self.id.startswith(text.lower())

    @property
    def is_empty(self) -> bool:
        """Say whether the account is as described."""
        return not self.changes
