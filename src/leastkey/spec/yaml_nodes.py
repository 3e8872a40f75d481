"""YAML as a tree of texts, lists and tables, each with its place. No implicit types: every scalar is text.

The tree is built from the parser's events, so that size, depth, anchors, aliases and tags are refused before
anything grows from them. Source: YAML 1.2.2, chapters 3 and 6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from leastkey.errors import LeastkeyError
from leastkey.spec.faults import invalid, shown, syntax
from leastkey.spec.model import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Items", "Node", "Table", "Text", "read_yaml"]

TEXT_CHARACTERS: Final = 256 * 1024
"""The parser reads about 200 kB of dense YAML a second: room for more than a thousand identities, and no wait."""
VALUES: Final = 20_000
DEPTH: Final = 64

_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u200a\u200c\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe\uff00-\ufffd"
    "\U00010000-\U0010ffff]"
)
"""What YAML does not allow, line breaks no editor counts, and marks that make text look other than it is read."""
_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
_EMPTY: Final = frozenset({"", "~", "null", "Null", "NULL"})
_MARKS: Final = frozenset("*&%@`!")
"""Characters that mean something to YAML where a value begins."""
_STANDARD_TAGS: Final = "tag:yaml.org,2002:"
_OUT_OF_RANGE: Final = "a number or an escape is out of range"
_PARSER_FAULTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What the parser lets out on hostile text (a code point past the last, a version of 5,000 digits), besides its own."""


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar. `plain` when it stood without quotes, which is how `null` differs from `"null"`."""

    value: str
    place: Place
    plain: bool = True

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was written: no text, `~` or `null`."""
        return self.plain and self.value in _EMPTY


@dataclass(frozen=True, slots=True)
class Items:
    """A sequence."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping whose keys are texts, each once, in the order written."""

    entries: tuple[tuple[Text, Node], ...]
    place: Place

    def find(self, name: str) -> Node | None:
        """Give the value under a key, or None when the key is not there."""
        return next((value for key, value in self.entries if key.value == name), None)


Node = Text | Items | Table


def read_yaml(text: str, file: str) -> Node | None:
    """Read one document into a tree; None when there is none. Raises LeastkeyError with the place."""
    text = text.removeprefix("\ufeff")
    _refuse_unreadable(text, file)
    return _Builder(file).build(_events(text, file))


def _refuse_unreadable(text: str, file: str) -> None:
    if len(text) > TEXT_CHARACTERS:
        raise LeastkeyError(
            "spec-unreadable",
            f"the spec is larger than {TEXT_CHARACTERS // 1024} KiB",
            why=f"it has {len(text):,} characters; a spec for a thousand identities has fewer",
            remedy="split it into several projects, and move long policies into `document:` files",
            place=str(Place(file, 1, 1)),
        )
    if (found := _UNPRINTABLE.search(text)) is not None:
        raise syntax(
            _place_of(text, found.start(), file),
            f"the spec holds the character U+{ord(found.group()):04X}, which cannot be seen",
            why="a control character can make a file look other than it is read",
            remedy="remove it, or write it with letters",
        )


def _place_of(text: str, offset: int, file: str) -> Place:
    before = _LINE_BREAK.split(text[:offset])
    return Place(file, len(before), len(before[-1]) + 1)


def _events(text: str, file: str) -> Iterator[Any]:
    """Give the parser's events; whatever it trips over becomes an error at the place it had reached."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    at = Place(file, 1, 1)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            at = _place(file, event.start_mark)
            yield event
    except YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        problem = getattr(fault, "problem", None) or str(fault).partition("\n")[0]
        raise _not_yaml(text, at if mark is None else _place(file, mark), problem) from None
    except _PARSER_FAULTS:
        raise _not_yaml(text, at, _OUT_OF_RANGE) from None


def _place(file: str, mark: Any) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)


def _not_yaml(text: str, place: Place, problem: str) -> LeastkeyError:
    lines = _LINE_BREAK.split(text)
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return syntax(
        place,
        "this is not YAML",
        why=f"the reader says: {shown(problem)}",
        remedy=_yaml_remedy(line, place.column - 1, problem),
    )


def _yaml_remedy(line: str, at: int, problem: str) -> str:
    if "\t" in line and not line[: line.index("\t")].strip():
        return "indent with spaces, never with a tab"
    if problem == _OUT_OF_RANGE:
        return "write the character itself, without an escape, and no `%` line"
    # The reader points at a mark such as `*`, or just behind it.
    start = at if line[at : at + 1] in _MARKS else max(at - 1, 0)
    if line[start : start + 1] in _MARKS:
        return f'put the value in quotes: "{shown(line[start:])}"'
    if "mapping values" in problem:
        return "give each key a line of its own, and put a value that holds `: ` in quotes"
    return "check indentation, brackets and quotes on this line and the one above"


@dataclass(slots=True)
class _Open:
    """A list or table whose end has not come yet. `key` is a table's key that waits for its value."""

    place: Place
    is_table: bool
    items: list[Node] = field(default_factory=list)
    entries: list[tuple[Text, Node]] = field(default_factory=list)
    first_lines: dict[str, int] = field(default_factory=dict)
    key: Text | None = None

    def take(self, node: Node) -> None:
        """Take the next value; in a table every other one is a key."""
        if not self.is_table:
            self.items.append(node)
        elif self.key is None:
            self.key = self._checked(node)
        else:
            # The parser places a value that was left out where it looked for one: a line or more too far.
            is_left_out = isinstance(node, Text) and node.plain and not node.value
            self.entries.append((self.key, Text("", self.key.place) if is_left_out else node))
            self.key = None

    def closed(self) -> Node:
        """Give the finished value."""
        if self.is_table:
            return Table(tuple(self.entries), self.place)
        return Items(tuple(self.items), self.place)

    def _checked(self, key: Node) -> Text:
        if not isinstance(key, Text):
            raise syntax(key.place, "a key is a text, not a list or a table", remedy="write `key: value`")
        if not key.value:
            raise syntax(key.place, "a key is missing", remedy="write `key: value`")
        if key.value in self.first_lines:
            raise invalid(
                key.place,
                f"`{shown(key.value)}` stands twice",
                why=f"the first one is on line {self.first_lines[key.value]}",
                remedy="keep one of the two",
            )
        self.first_lines[key.value] = key.place.line
        return key


class _Builder:
    """Builds the tree from events, without recursion."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[_Open] = []
        self._values = 0
        self._documents = 0
        self._root: Node | None = None

    def build(self, events: Iterator[Any]) -> Node | None:
        """Take all events and give the root."""
        from ruamel.yaml import events as kinds

        for event in events:
            match event:
                case kinds.ScalarEvent():
                    self._begin_value(event)
                    self._take(self._scalar(event))
                case kinds.SequenceStartEvent() | kinds.MappingStartEvent():
                    self._begin_value(event)
                    self._deeper(_Open(self._at(event), isinstance(event, kinds.MappingStartEvent)))
                case kinds.SequenceEndEvent() | kinds.MappingEndEvent():
                    self._take(self._open.pop().closed())
                case kinds.AliasEvent():
                    raise self._refused(event, f"*{event.anchor}", "an alias")
                case kinds.DocumentStartEvent():
                    self._begin_document(event)
        return self._root

    def _at(self, event: Any) -> Place:
        return _place(self._file, event.start_mark)

    def _take(self, node: Node) -> None:
        if self._open:
            self._open[-1].take(node)
        else:
            self._root = node

    def _deeper(self, opened: _Open) -> None:
        self._open.append(opened)
        if len(self._open) > DEPTH:
            raise syntax(
                opened.place,
                f"the spec is nested deeper than {DEPTH} levels",
                remedy="a spec needs about six",
            )

    def _begin_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise syntax(
                self._at(event),
                "the file holds more than one document",
                why="a line `---` begins another one",
                remedy="keep one spec a file",
            )
        if event.version is not None or event.tags:
            raise syntax(
                Place(self._file, 1, 1), "a `%` directive is refused", remedy="remove the lines above `---`"
            )

    def _begin_value(self, event: Any) -> None:
        self._values += 1
        if self._values > VALUES:
            raise LeastkeyError(
                "spec-unreadable",
                f"the spec has more than {VALUES:,} values",
                remedy="split it into several projects",
                place=str(self._at(event)),
            )
        if event.anchor is not None:
            raise self._refused(event, f"&{event.anchor}", "an anchor")
        if event.tag is not None:
            raise self._refused(event, str(event.tag).replace(_STANDARD_TAGS, "!!", 1), "a tag")

    def _refused(self, event: Any, word: str, what: str) -> LeastkeyError:
        return syntax(
            self._at(event),
            f"`{shown(word)}` is {what}, which a spec cannot hold",
            why="a spec says each thing where it stands, so that a reader sees it",
            remedy="write the value out; a text that begins with `*`, `&` or `!` needs quotes",
        )

    def _scalar(self, event: Any) -> Text:
        place = self._at(event)
        value = str(event.value)
        if (found := _UNPRINTABLE.search(value)) is not None:
            raise syntax(
                place,
                f"a value holds the character U+{ord(found.group()):04X}, which cannot be seen",
                remedy="remove the escape",
            )
        return Text(value, place, plain=event.style is None)
