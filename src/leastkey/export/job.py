"""A job of a CI service that wears a role by the token it is given: what both services' files are made from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Job", "commented", "quoted"]

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Job:
    """The role that a job wears: its identity's name, ARN, region and how long a session of it lives."""

    identity: str
    role: str
    region: str
    session: str


def quoted(text: str) -> str:
    """Give a text as YAML reads it back, in quotes where it needs them. Source: YAML 1.2.2, section 5.7."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text)


def commented(*lines: str) -> list[str]:
    """Give lines as comments."""
    return [f"# {line}".rstrip() for line in lines]
