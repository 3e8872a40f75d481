"""The spec that `leastkey init` writes: short, commented for a first reader, and always one that parses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.spec.parse import DEFAULT_OUTPUT, DEFAULT_REGION, parse_spec
from leastkey.spec.shorthand import grant_lines, in_quotes, quoted

if TYPE_CHECKING:
    from leastkey.spec.model import Target

__all__ = ["ANY_DOCUMENT", "Starter", "starter_spec"]

ANY_DOCUMENT: Final = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}}'
)
"""Stands in for a raw document while a starter is checked: what the file holds is the next command's business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """The answers `leastkey init` collects. `allow` holds grants in a few words (`s3 list,read on s3://bucket/`).

    Without `user` and `service` the spec gets a user of the default name; with `service` alone it needs no key.
    """

    project: str
    identity: str
    allow: tuple[str, ...]
    region: str = DEFAULT_REGION
    output: str = DEFAULT_OUTPUT
    target: Target = "aws"
    account: str | None = None
    user: str | None = None
    service: str | None = None


def starter_spec(answers: Starter) -> str:
    """Write a spec from answers. Raises LeastkeyError when an answer cannot stand in one."""
    text = "\n".join([*_head(answers), *_identity(answers)]) + "\n"
    try:
        parse_spec(text, "leastkey.yaml", lambda _path: ANY_DOCUMENT)
    except LeastkeyError as fault:
        # Nothing is written yet, so the place in the text would point nowhere.
        raise LeastkeyError(fault.code, fault.what, why=fault.why, remedy=fault.remedy) from None
    return text


def _head(answers: Starter) -> list[str]:
    account = (
        f"account: {in_quotes(answers.account)}          # leastkey refuses to run anywhere else"
        if answers.account is not None
        else '# account: "111122223333"      # uncomment to refuse to run anywhere else'
    )
    return [
        "# What a script may do in AWS. No secrets in here: safe to commit.",
        "version: 1",
        f"project: {quoted(answers.project)}",
        account,
        f"region: {quoted(answers.region)}",
        f"output: {quoted(answers.output)}",
        f"target: {quoted(answers.target)}                   # aws, or sandbox: the AWS that comes with leastkey",
    ]


def _identity(answers: Starter) -> list[str]:
    grants = [line for words in answers.allow for line in grant_lines(words)]
    return [
        "identities:",
        f"  {quoted(answers.identity)}:",
        "    # What it may do; anything else is denied. Levels: list, read, write, tagging,",
        "    # permissions, full. Narrow a grant with `on:` and `when:`.",
        "    allow:",
        *(f"      {line}" for line in grants),
        "    session: 1h                   # how long its credentials live, 15m to 12h",
        *_uses(answers),
    ]


def _uses(answers: Starter) -> list[str]:
    lines = ["    # Who may wear the role.", "    used-by:"]
    if answers.service is not None:
        lines.append(f"      - service: {quoted(answers.service)}")
    if answers.user is not None:
        lines.append(f"      - user: {quoted(answers.user)}")
    elif answers.service is None:
        lines.append("      - user                    # a key that can do nothing but wear the role")
    return lines
