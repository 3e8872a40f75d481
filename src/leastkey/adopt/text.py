"""The spec's text: every entry under a comment that says which policy and statement it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from leastkey.spec.shorthand import quoted

if TYPE_CHECKING:
    from leastkey.adopt.carry import Carried, Entry
    from leastkey.adopt.existing import Existing
    from leastkey.adopt.trust import Uses
    from leastkey.spec.model import Target

__all__ = ["Placed", "Wish", "spec_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks of the new spec. `identity` None: a name is found."""

    project: str
    is_project_given: bool = False
    identity: str | None = None
    region: str = "us-east-1"
    output: str = "json"
    target: Target = "aws"


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry and the line of the spec where it stands."""

    line: int
    entry: Entry


def spec_text(
    existing: Existing, wish: Wish, project: str, identity: str, carried: Carried, uses: Uses
) -> tuple[str, tuple[Placed, ...]]:
    """Give the text and where each entry stands in it."""
    lines = _head(existing, wish, project, identity)
    placed: list[Placed] = []
    lines.append("    # What it may do; anything else is denied.")
    _section(lines, placed, "allow", carried)
    if not any(entry.side == "allow" for entry in carried.entries):
        lines += [
            "      # Nothing: this call is always allowed, and a spec has to name one.",
            "      - actions: [sts:GetCallerIdentity]",
        ]
    _section(lines, placed, "deny", carried)
    _section(lines, placed, "boundary", carried)
    lines.append(f"    session: {_session(existing)}".ljust(34) + "# how long its credentials live")
    lines += _used_by(uses)
    return "\n".join(lines) + "\n", tuple(placed)


def _head(existing: Existing, wish: Wish, project: str, identity: str) -> list[str]:
    return [
        _comment(
            f"What the {existing.kind} `{existing.name}` may do, for a role that replaces it. "
            "No secrets in here: safe to commit."
        ),
        "version: 1",
        f"project: {quoted(project)}",
        f'account: "{existing.account}"         # leastkey refuses to run anywhere else',
        f"region: {quoted(wish.region)}",
        f"output: {quoted(wish.output)}",
        f"target: {quoted(wish.target)}",
        "identities:",
        f"  {quoted(identity)}:",
    ]


def _section(
    lines: list[str], placed: list[Placed], side: Literal["allow", "deny", "boundary"], carried: Carried
) -> None:
    entries = [entry for entry in carried.entries if entry.side == side]
    if entries or side == "allow":
        lines.append(f"    {side}:")
    for entry in entries:
        lines.extend(f"      {_comment(str(source))}" for source in entry.sources)
        placed.append(Placed(len(lines) + 1, entry))
        lines.extend(f"      {line}" for line in entry.lines)


def _session(existing: Existing) -> str:
    """Give a role's own longest session; a script with a key gets an hour."""
    seconds = existing.max_session_seconds or 3_600
    return f"{seconds // 3_600}h" if seconds % 3_600 == 0 else f"{seconds}s"


def _used_by(uses: Uses) -> list[str]:
    lines = ["    # Who may wear the role.", "    used-by:"]
    if uses.is_stand_in:
        lines.append("      # Nobody of the old trust could be carried: a user with a key stands in.")
    lines += [f"      {line}" for line in uses.lines]
    lines += [f"      {_comment(line)}" for line in uses.comments]
    return lines


def _comment(text: str) -> str:
    """Give a comment that ends with its line: what a reader of YAML could take for a line's end is not in it."""
    return "# " + "".join(each if each.isprintable() else "?" for each in text)
