"""Globs in linear time: `*` is any text, `?` any one character, everything else stands for itself.

A pattern is a row of tokens, so that a literal `*` (from `${*}` or a substituted value) differs from the
wildcard. Matching never backtracks: the pieces between the stars are found from left to right.
Source: IAM User Guide, "IAM JSON policy elements: Resource", "Using wildcards in resource ARNs".
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache, partial
from operator import eq
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Glob", "Token", "Wild", "glob", "glob_of", "has_wildcard", "literal", "tokens"]


class Wild(Enum):
    """The two wildcards."""

    ANY = "*"
    ONE = "?"


Token: TypeAlias = str | Wild
"""A literal text or a wildcard."""

Glob: TypeAlias = "Callable[[str], bool]"

_REMEMBERED: Final = 4_096
_LONG: Final = 512
"""No pattern that is longer is remembered: so many of any length would fill the memory."""
_WILDCARD: Final = re.compile(r"([*?])")
_WILD: Final[dict[str, Token]] = {"*": Wild.ANY, "?": Wild.ONE}


def has_wildcard(text: str) -> bool:
    """Say whether a pattern has a wildcard."""
    return "*" in text or "?" in text


def tokens(text: str) -> list[Token]:
    """Read a pattern."""
    if not has_wildcard(text):
        return [text] if text else []
    return [_WILD.get(piece, piece) for piece in _WILDCARD.split(text) if piece]


def literal(row: Iterable[Token]) -> str:
    """Give tokens as the text they were written as."""
    return "".join([token.value if isinstance(token, Wild) else token for token in row])


def glob_of(text: str) -> Glob:
    """Compile a pattern from its text. The same few stand in most statements (`arn`, `aws`, an account), so they are kept."""
    return _remembered(text) if len(text) <= _LONG else _compiled(text)


def _compiled(text: str) -> Glob:
    return glob(tokens(text)) if has_wildcard(text) else partial(eq, text)


_remembered = lru_cache(maxsize=_REMEMBERED)(_compiled)


def glob(row: Sequence[Token]) -> Glob:
    """Compile a pattern to a function that says whether a whole text matches."""
    wildcards = list(map(type, row)).count(Wild)
    if not wildcards:
        return partial(eq, literal(row))
    if wildcards == 1 and row[-1] is Wild.ANY:
        start = literal(row[:-1])
        return lambda text: text.startswith(start)
    pieces = _pieces(row)
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        return _fixed(_Mask(pieces[0]))
    if all(isinstance(piece, str) for piece in pieces):
        head, *middle, tail = (piece for piece in pieces if isinstance(piece, str))
        if not any(middle):
            return _ends(head, tail)
    return _pieced([_piece(piece) for piece in pieces])


_Chars: TypeAlias = "tuple[str | None, ...]"


def _pieces(row: Sequence[Token]) -> list[str | _Chars]:
    """Cut at the stars. A piece with `?` in it is a row of characters, None for the `?`."""
    cut: list[list[Token]] = [[]]
    for token in row:
        if token is Wild.ANY:
            cut.append([])
        else:
            cut[-1].append(token)
    return [_text_or_chars(piece) for piece in cut]


def _text_or_chars(piece: list[Token]) -> str | _Chars:
    if Wild.ONE not in piece:
        return "".join(token for token in piece if isinstance(token, str))
    chars: list[str | None] = []
    for token in piece:
        chars.extend(token if isinstance(token, str) else (None,))
    return tuple(chars)


def _fixed(mask: _Mask) -> Glob:
    return lambda text: len(text) == mask.length and mask.at(text, 0)


def _ends(head: str, tail: str) -> Glob:
    least = len(head) + len(tail)
    if not least:
        return lambda text: True  # noqa: ARG005  # a glob is called with the text
    if not tail:
        return lambda text: text.startswith(head)
    return lambda text: len(text) >= least and text.startswith(head) and text.endswith(tail)


def _pieced(pieces: list[_Text | _Mask]) -> Glob:
    head, *middle, tail = pieces
    middle = [piece for piece in middle if piece.length]
    least = sum(piece.length for piece in pieces)

    def matches(text: str) -> bool:
        size = len(text)
        if size < least or not head.at(text, 0) or not tail.at(text, size - tail.length):
            return False
        position, end = head.length, size - tail.length
        for piece in middle:
            found = piece.find(text, position, end)
            if found < 0:
                return False
            position = found + piece.length
        return True

    return matches


def _piece(piece: str | _Chars) -> _Text | _Mask:
    return _Text(piece) if isinstance(piece, str) else _Mask(piece)


class _Text:
    """A piece of plain text."""

    __slots__ = ("_text", "length")

    def __init__(self, text: str) -> None:
        self._text = text
        self.length = len(text)

    def at(self, text: str, position: int) -> bool:
        return text.startswith(self._text, position)

    def find(self, text: str, start: int, end: int) -> int:
        return text.find(self._text, start, end)


class _Mask:
    """A piece with `?` in it, searched bit-parallel (shift-and): one step a character of the text."""

    __slots__ = ("_chars", "_masks", "_open", "length")

    def __init__(self, chars: _Chars) -> None:
        self.length = len(chars)
        self._chars = chars
        self._open = 0
        self._masks: dict[str, int] | None = None

    def at(self, text: str, position: int) -> bool:
        return all(
            wanted is None or wanted == found
            for wanted, found in zip(self._chars, text[position : position + self.length], strict=True)
        )

    def find(self, text: str, start: int, end: int) -> int:
        masks = self._compiled() if self._masks is None else self._masks
        state, free, final = 0, self._open, 1 << (self.length - 1)
        for position in range(start, end):
            state = ((state << 1) | 1) & masks.get(text[position], free)
            if state & final:
                return position - self.length + 1
        return -1

    def _compiled(self) -> dict[str, int]:
        """Give the masks, made when a text is first searched: they take more than a long piece in a short text is worth."""
        self._open = free = sum(
            1 << index for index, character in enumerate(self._chars) if character is None
        )
        masks: dict[str, int] = {}
        for index, character in enumerate(self._chars):
            if character is not None:
                masks[character] = masks.get(character, free) | 1 << index
        # Set when it is whole: other threads search by it too.
        self._masks = masks
        return masks
