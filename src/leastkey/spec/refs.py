"""`branch:`, `tag:` and `ref:`: the one ref of a repository that is let in. Source: git, "git-check-ref-format"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.spec.faults import invalid, shown, wide
from leastkey.spec.fields import EXAMPLES, only_form, text_of
from leastkey.spec.token_values import refuse_open

if TYPE_CHECKING:
    from leastkey.spec.yaml_nodes import Table, Text

__all__ = ["REF_FORMS", "read_ref"]

_PREFIXES: Final = {"branch": "refs/heads/", "tag": "refs/tags/"}
REF_FORMS: Final = (*_PREFIXES, "ref")
"""The keys that name one ref."""
_REF_NAME: Final = re.compile(
    r"(?![/.-])(?!.*(?:\.\.|//|/\.|@\{|\.lock(?:/|$)))[A-Za-z0-9!#%&()+,./;<=>@\]_{|}-]+(?<![/.])", re.ASCII
)
"""A branch or tag without what git refuses: space, `~^:?*[\\`, two dots, an end of `.lock`, `/` or a dot."""


def read_ref(table: Table) -> str | None:
    """Give the whole name of the ref that a use is limited to, or None. Raises LeastkeyError."""
    if not any(table.find(name) for name in REF_FORMS):
        return None
    form, node = only_form(table, REF_FORMS, "a use", remedy="keep one of the two")
    text = text_of(node, form.value)
    refuse_open(text, form.value, EXAMPLES[form.value])
    if form.value == "ref":
        return _whole(text)
    if text.value.startswith("refs/"):
        raise invalid(
            text.place,
            f"`{shown(text.value)}` is a whole ref",
            remedy=f"write `ref: {shown(text.value)}`, or the name alone: `{form.value}: {shown(text.value.split('/')[-1])}`",
        )
    return _PREFIXES[form.value] + _named(text, text.value, form.value)


def _whole(text: Text) -> str:
    """Give a ref; a name alone is a branch."""
    if not text.value.startswith("refs/"):
        return _PREFIXES["branch"] + _named(text, text.value, "branch")
    for kind, prefix in _PREFIXES.items():
        if text.value.startswith(prefix):
            return prefix + _named(text, text.value.removeprefix(prefix), kind)
    raise wide(
        text.place,
        f"`{shown(text.value)}` is neither a branch nor a tag",
        why="a pull request holds what whoever opened it wrote",
        remedy="`ref: refs/heads/main`, `ref: refs/tags/v1`, or an environment with reviewers",
    )


def _named(text: Text, name: str, kind: str) -> str:
    if not _REF_NAME.fullmatch(name):
        raise invalid(
            text.place,
            f"`{shown(name)}` is no {kind}'s name",
            why="git takes no spaces, no ~^:?*[\\ and no two dots in a row, and here are no quotes and no $",
            remedy="as in `branch: main` or `tag: v1`",
        )
    return name
