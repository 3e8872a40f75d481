"""A grant in a few words, as a flag or an answer gives it, turned into lines of the spec.

s3 list,read,write on s3://acme-reports/nightly/
ec2:DescribeRegions,ec2:DescribeInstances
managed AmazonEC2ReadOnlyAccess
document policies/extra.json
"""

from __future__ import annotations

import json
import re
from typing import Final

from leastkey.errors import LeastkeyError

__all__ = ["SHORTHAND", "grant_lines", "in_quotes", "quoted"]

SHORTHAND: Final = "s3 list,read on s3://acme-reports/nightly/"
"""An example of the form, for help and errors."""

_SEPARATORS: Final = re.compile(r"[\s,\[\]]+")
_PLAIN: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./+@=-]*(:[A-Za-z0-9_./+@=*-]+)*", re.ASCII)
_LAST_OF_FOUR_DIGITS: Final = 0xFFFF
_WORDS_YAML_KNOWS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def grant_lines(words: str) -> tuple[str, ...]:
    """Give the lines of one entry of `allow:` or `deny:`, the first beginning with `- `. Raises LeastkeyError."""
    parts = [part for part in _SEPARATORS.split(words) if part]
    where = parts.index("on") if "on" in parts else len(parts)
    named, resources = parts[:where], parts[where + 1 :]
    if not named or (where < len(parts) and not resources):
        raise _unclear(words)
    lines = [f"- {_entry(named, words)}"]
    if resources:
        lines.append(f"  on: {_one_or_list(resources)}")
    return tuple(lines)


def quoted(text: str) -> str:
    """Give a text as YAML, in double quotes unless it plainly needs none."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS_YAML_KNOWS:
        return text
    return "".join(map(_visible, json.dumps(text, ensure_ascii=False)))


def _visible(character: str) -> str:
    """Write as an escape what a reader would not see, or YAML would take for a line's end."""
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= _LAST_OF_FOUR_DIGITS else f"\\U{code:08x}"


def in_quotes(text: str) -> str:
    """Give a text in double quotes, so that no reader takes an account for a number."""
    plain = quoted(text)
    return plain if plain.startswith('"') else f'"{plain}"'


def _entry(named: list[str], words: str) -> str:
    first, rest = named[0].removesuffix(":"), named[1:]
    if first == "actions":
        first, rest = (rest[0], rest[1:]) if rest else ("", [])
    if ":" in first:
        return f"actions: [{', '.join(quoted(action) for action in (first, *rest))}]"
    if not first or not rest:
        raise _unclear(words)
    if first in {"managed", "document"}:
        if len(rest) > 1:
            raise _unclear(words)
        return f"{first}: {quoted(rest[0])}"
    return f"{quoted(first)}: [{', '.join(quoted(level) for level in rest)}]"


def _one_or_list(texts: list[str]) -> str:
    return quoted(texts[0]) if len(texts) == 1 else f"[{', '.join(quoted(text) for text in texts)}]"


def _unclear(words: str) -> LeastkeyError:
    return LeastkeyError(
        "usage",
        f"`{' '.join(words.split())[:60]}` does not say what may be done",
        why="a grant is a service with access levels, or actions, and where it counts `on` and a resource",
        remedy=(f"as in `{SHORTHAND}`", "or `ec2:DescribeRegions,ec2:DescribeInstances`"),
    )
