"""What a claim of a token is asked for with: one value in full. Wildcards and variables would ask for less.

Source: IAM User Guide, "String condition operators" (`*` in StringEquals is a star), "Policy variables" (a variable may
repeat what the token says of itself).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.spec.faults import invalid, shown, wide
from leastkey.spec.fields import text_of

if TYPE_CHECKING:
    from leastkey.spec.yaml_nodes import Node, Text

__all__ = [
    "AUDIENCES",
    "ENVIRONMENT",
    "ISSUER",
    "NUMBER",
    "PATH",
    "REPOSITORY",
    "SUBJECT",
    "Rule",
    "exact",
    "refuse_open",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value is made of, in a pattern and in words."""

    pattern: re.Pattern[str]
    says: str
    example: str


REPOSITORY: Final = Rule(
    re.compile(r"[A-Za-z0-9_-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"),
    "OWNER/NAME as GitHub shows it",
    "repository: acme/reports",
)
PATH: Final = Rule(
    re.compile(r"[A-Za-z0-9_.-]{1,255}(/[A-Za-z0-9_.-]{1,255}){1,20}"),
    "the project with its groups, GROUP/NAME",
    "project: acme/reports",
)
NUMBER: Final = Rule(re.compile(r"[1-9][0-9]{0,18}"), "a number of up to 19 digits", "repository-id: 123456")
ENVIRONMENT: Final = Rule(
    re.compile(r"(?!.*%3[Aa])(?! )[ -)+->@-~]{1,255}(?<! )"),
    "up to 255 letters, digits and signs, and no `%3A`",
    "environment: production",
)
AUDIENCES: Final = Rule(
    re.compile(r"[!-)+->@-~]{1,255}"),
    "1 to 255 letters, digits and signs without a space",
    "audience: sts.amazonaws.com",
)
SUBJECT: Final = Rule(
    re.compile(r"(?! )[ -)+->@-~]{1,1024}(?<! )"), "1 to 1,024 letters, digits and signs", "subject: job-7"
)
ISSUER: Final = Rule(
    re.compile(r"(?=.{1,255}$)https://[a-z0-9-]+(\.[a-z0-9-]+)+(/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*"),
    "an https URL, lower case up to its path, without port, query and final slash",
    "issuer: https://issuer.example",
)
_VARIABLE: Final = "${"


def exact(node: Node, name: str, rule: Rule) -> str:
    """Give a value that stands for itself alone. Raises LeastkeyError."""
    text = text_of(node, name)
    refuse_open(text, name, rule.example)
    if not rule.pattern.fullmatch(text.value):
        raise invalid(
            text.place,
            f"`{shown(text.value)}` cannot be `{name}`",
            why=f"it is {rule.says}",
            remedy=f"as in `{rule.example}`",
        )
    return text.value


def refuse_open(text: Text, name: str, example: str) -> None:
    """Refuse wildcards and variables, by what they would let in."""
    value = text.value
    if _VARIABLE in value:
        raise wide(
            text.place,
            f"`{shown(value)}` holds a policy variable, which a token could fill in itself",
            why="a claim compared with itself is always the same",
            remedy=f"write the value in full, as in `{example}`",
        )
    if not set(value) & set("*?"):
        return
    what, why = _opening(value, name)
    raise wide(text.place, what, why=why, remedy=f"write the value in full, as in `{example}`")


def _opening(value: str, name: str) -> tuple[str, str]:
    """Say what a value with wildcards would let in, were it compared by pattern."""
    named = shown(value)
    body = value.removeprefix("repo:")
    owner = body.partition("/")[0]
    if not value.strip("*?/"):
        return f"`{named}` as `{name}` lets everybody in", "it fits every token of the issuer"
    if not body.strip("*?/:"):
        return f"`{named}` lets every repository of the issuer in", "anybody can have a repository there"
    if name in ("repository", "project", "subject") and set(owner) & set("*?"):
        return (
            f"`{named}` ends inside a name: it also fits owners that begin alike",
            f"`{owner.rstrip('*?')}-evil` can be registered by anybody",
        )
    if name in ("branch", "tag", "ref") or (name == "subject" and ":" in body):
        return (
            f"`{named}` lets more than one ref in",
            "whoever may push a branch of that name could change what runs",
        )
    return (
        f"`{named}` holds a wildcard, and `{name}` is compared letter by letter",
        "a star would fit only a star, and somebody would widen the comparison to make it fit",
    )
