"""Policies and requests of nasty texts, drawn from a seed: what a quick look at texts could take for something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leastkey.evaluate.request import Principal, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

OURS, THEIRS = "111122223333", "444455556666"
PIECES = (
    *("\0", "\1", "İ", "Σ", "\u03c3", "ß", "\u212a", "k", "K", "\u017f", "\u0131", "é", "\udc80", "\n", "*", "?", "$", "{", "}"),
    *("${", "${*}", "${$}", "${aws:username}", "${a:b, 'x/y'}", "${a:b,'z'}", "${none}", ":", "::", "/", "//"),
    *("", "a", "A", "b", "acme", "arn", "aws", "s3:", "role/"),
)  # fmt: skip
SERVICES = ("s3", "s3", "S3", "k", "\u212a", "s", "sts", "kms", "*", "s*", "?3", "s\0", "", "Σ")
NAMES = (
    "GetObject",
    "PutObject",
    "K",
    "\u212a",
    "İ",
    "ΑΣ",
    "\u03b1\u03c3",
    "a:b",
    "a\0b",
    "ß",
    "x",
    "AssumeRole",
)
PARTS = (
    "",
    "",
    "aws",
    "s3",
    "eu-west-1",
    "EU-west-1",
    "*",
    "?",
    OURS,
    "a*",
    "\u212a",
    "${aws:username}",
    "${a:b}",
)
WHO = (
    Principal("user", f"arn:aws:iam::{OURS}:user/alice", OURS),
    Principal("user", f"arn:aws:iam::{OURS}:user/alice", OURS),
    Principal("session", f"arn:aws:sts::{OURS}:assumed-role/r/s", OURS),
    Principal("user", f"arn:aws:iam::{THEIRS}:user/alice", THEIRS),
    Principal("anonymous", "", ""),
)
CONTEXTS: tuple[dict[str, str | tuple[str, ...]], ...] = (
    {},
    {"aws:username": "alice"},
    {"aws:username": "a/b:c", "a:b": ""},
    {"aws:username": ("x", "y"), "a:b": "*"},
)
PRINCIPALS: tuple[Any, ...] = ("*", {"AWS": [OURS, f"arn:aws:iam::{THEIRS}:root"]}, {"AWS": WHO[0].arn})


class Nasty:
    """A few actions and resources, and policies and requests made near to them."""

    def __init__(self, random: Random) -> None:
        self.random, self.pick = random, random.choice
        self.actions = [self._action() for _ in range(4)]
        self.arns = [self._arn() for _ in range(6)]

    def request(self) -> Request:
        action = self.pick(self.actions)
        arn = self.pick(self.arns)
        arn = arn if arn == "*" or self.chance(0.4) else self._mutated(arn).replace("*", "x")
        who, owner = self.pick(WHO), self.pick(("", OURS, THEIRS))
        return Request(
            action if self.chance(0.6) else action.swapcase(), arn, who, owner, self.pick(CONTEXTS)
        )

    def document(self, *, with_principal: bool = False) -> dict[str, Any]:
        count, denies = self.pick((1, 1, 2, 3, 7, 9, 20)), self.pick((0, 0.05, 0.3))
        return {
            "Version": self.pick(("2012-10-17", "2012-10-17", "2008-10-17")),
            "Statement": [self._statement(denies, with_principal=with_principal) for _ in range(count)],
        }

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def _statement(self, denies: float, *, with_principal: bool) -> dict[str, Any]:
        statement: dict[str, Any] = {"Effect": "Deny" if self.chance(denies) else "Allow"}
        statement["NotAction" if self.chance(0.15) else "Action"] = self._some(self._action_pattern)
        statement["NotResource" if self.chance(0.15) else "Resource"] = self._some(self._resource_pattern)
        if with_principal:
            statement["NotPrincipal" if self.chance(0.1) else "Principal"] = self.pick(PRINCIPALS)
        if self.chance(0.1):
            value = self.pick(("alice", "", "*", "${aws:username}"))
            statement["Condition"] = {self.pick(("StringLike", "ArnNotLike", "Nope")): {"a:b": value}}
        return statement

    def _some(self, one: Callable[[], str]) -> str | list[str]:
        count = self.pick((0, 0, 1, 2, 3, 5, 7))
        return [one() for _ in range(count)] if count else one()

    def _action(self) -> str:
        service = self.pick(SERVICES).replace("*", "s").replace("?", "s") or "s3"
        return f"{service}:{self.pick(NAMES)}"

    def _action_pattern(self) -> str:
        action = self.pick(self.actions)
        service, _, name = action.partition(":")
        return self.pick(
            (
                *(action, action.swapcase(), "*", f"{service}:*"),
                *(f"{self.pick(SERVICES)}:{self._mutated(name)}", self._mutated(action) or action),
            )
        )

    def _resource_pattern(self) -> str:
        return (self._mutated(self.pick(self.arns)) if self.chance(0.6) else self._arn()) or "*"

    def _arn(self) -> str:
        last = "".join(self.pick(PIECES) for _ in range(self.random.randrange(6)))
        match self.random.randrange(6):
            case 0:
                return self.pick(("*", last)) or "*"
            case 1:
                return ":".join(self.pick(PARTS) for _ in range(self.random.randrange(1, 8))) or "*"
            case 2:
                return ":".join(("arn", *(self.pick(PARTS) for _ in range(4)), last))
            case 3:
                return f"arn:aws:{self.pick(SERVICES)}:*:{last}"
            case _:
                return f"arn:aws:s3:::{last}"

    def _mutated(self, text: str) -> str:
        for _ in range(self.pick((0, 0, 1, 1, 2, 3))):
            cut = self.random.randrange(len(text) + 1)
            put = self.pick(("*", "?", "", self.pick(PIECES), text[cut : cut + 1].swapcase()))
            text = text[:cut] + put + text[cut + self.random.randrange(4) :]
        return text
