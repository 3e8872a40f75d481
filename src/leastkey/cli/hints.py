"""Hints that can be pasted: a command in a hint means the same project, account and vault as the one that was typed."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["VALUED", "chosen_in", "in_context", "words_for"]

VALUED: Final = ("--spec", "--vault", "--admin-profile", "--profile", "--allow-endpoint")
"""The options with a value that say which project, whose account, where; in the order hints write them."""

_ACCOUNT: Final = ("--admin-profile", "--allow-endpoint")
_BEARING: Final[dict[str, tuple[str, ...]]] = {
    "init": ("--spec", "--sandbox"),
    "up": ("--spec", "--sandbox", "--vault", *_ACCOUNT, "--profile"),
    "plan": ("--spec", "--sandbox", "--vault", *_ACCOUNT, "--profile"),
    "apply": ("--spec", "--sandbox", "--vault", *_ACCOUNT, "--profile"),
    "verify": ("--spec", "--sandbox", *_ACCOUNT),
    "revoke": ("--spec", "--sandbox", "--vault", *_ACCOUNT),
    "doctor": ("--spec", "--sandbox", "--vault", *_ACCOUNT),
    "status": ("--spec", "--sandbox", "--vault", *_ACCOUNT),
    "destroy": ("--spec", "--sandbox", *_ACCOUNT),
    "rotate": ("--spec", "--sandbox", "--vault", *_ACCOUNT),
    "run": ("--spec", "--sandbox"),
    "serve": ("--spec", "--sandbox"),
    "creds": ("--spec", "--sandbox"),
}
"""For each command the options that change what it is about."""
_COMMAND: Final = re.compile(rf"\bleastkey ({'|'.join(_BEARING)})\b(?=([^`]*))")


def chosen_in(arguments: Sequence[str]) -> dict[str, str]:
    """Give the options of a command line that hints repeat, with their values; `--sandbox` has an empty one."""
    found: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if name in VALUED:
            found[name] = value if equals else next(words, "")
        elif word == "--sandbox":
            found[word] = ""
    return found


def words_for(command: str, chosen: Mapping[str, str]) -> str:
    """Give the words to put behind a command, each with a blank before it; a shell reads them as they are."""
    return "".join(
        f" {name} {shlex.quote(chosen[name])}".rstrip() if name in VALUED else f" {name}"
        for name in _BEARING[command]
        if name in chosen
    )


def in_context(hint: str, chosen: Mapping[str, str]) -> str:
    """Give a hint with the options that were typed put into the commands it names, unless it names them itself."""

    def completed(found: re.Match[str]) -> str:
        written = found[2].split()
        if "--help" in written:
            return found[0]
        missing = {name: value for name, value in chosen.items() if name not in written}
        return f"{found[0]}{words_for(found[1], missing)}"

    return _COMMAND.sub(completed, hint)
