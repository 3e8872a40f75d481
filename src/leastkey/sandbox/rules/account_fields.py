"""Reading an account's authorization details: each field is asked for by name, and what nobody asked for is noted."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from leastkey.iam import names
from leastkey.iam.document import DocumentError, load_document, load_json
from leastkey.sandbox.rules.iam_names import path_fault

if TYPE_CHECKING:
    from collections import Counter

    from leastkey.iam.document import DocumentKind

__all__ = ["Fields", "Tags"]

Tags = tuple[tuple[str, str], ...]

_ID: Final = re.compile(r"[A-Z0-9]{16,128}", re.ASCII)
_MOST_TAGS: Final = 50
_DESCRIPTION: Final = re.compile(r"[\t\n\r\x20-\x7e\xa1-\xff]{0,1000}")


class Fields:
    """One object of the file. Every method takes a field out; `close` notes the ones that are left."""

    def __init__(self, value: object, where: str, unread: Counter[str]) -> None:
        self.where = where
        if not isinstance(value, dict):
            raise self.fault("it is no object")
        self._left: dict[str, Any] = dict(value)
        self._unread = unread

    def has(self, name: str) -> bool:
        """Say whether a field is there and not null."""
        return self._left.get(name) is not None

    def drop(self, *fields: str) -> None:
        """Leave out fields that say what others say too."""
        for name in fields:
            self._left.pop(name, None)

    def close(self, kind: str) -> None:
        """Note what nobody asked for."""
        self._unread.update(f"{kind}.{name}" for name in self._left)

    def strict(self) -> None:
        """Refuse what nobody asked for."""
        if self._left:
            raise ValueError(f"{self.where}: `{min(self._left)}` is unknown")

    def text(self, name: str, default: str | None = None) -> str:
        """Take a text."""
        value = self._left.pop(name, None)
        value = default if value is None else value
        if not isinstance(value, str):
            raise self.fault(f"`{name}` is {'missing' if value is None else 'no text'}")
        return value

    def flag(self, name: str) -> bool:
        """Take true or false."""
        value = self._left.pop(name, None)
        if not isinstance(value, bool):
            raise self.fault(f"`{name}` is neither true nor false")
        return value

    def number(self, name: str, least: int, most: int, default: int) -> int:
        """Take a whole number within bounds."""
        value = self._left.pop(name, default)
        if type(value) is not int or not least <= value <= most:
            raise self.fault(f"`{name}` is no whole number from {least} to {most}")
        return value

    def description(self) -> str:
        """Take a description, as IAM takes them."""
        value = self.text("Description", "")
        if not _DESCRIPTION.fullmatch(value):
            raise self.fault("`Description` is longer than 1000 characters or has some that IAM refuses")
        return value

    def items(self, name: str) -> list[Any]:
        """Take a list, empty where there is none."""
        value = self._left.pop(name, None)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fault(f"`{name}` is no list")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Take a list of texts."""
        found = self.items(name)
        if not all(isinstance(each, str) for each in found):
            raise self.fault(f"`{name}` holds something that is no text")
        return tuple(found)

    def objects(self, name: str) -> list[Fields]:
        """Take a list of objects."""
        return [Fields(each, f"{self.where}, `{name}`", self._unread) for each in self.items(name)]

    def object(self, name: str) -> Fields:
        """Take an object, empty where there is none."""
        value = self._left.pop(name, None)
        return Fields({} if value is None else value, f"{self.where}, `{name}`", self._unread)

    def name(self, field: str, kind: names.Kind) -> str:
        """Take a name that IAM takes."""
        value = self.text(field)
        fault = names.name_fault(kind, value)
        if fault is not None:
            raise self.fault(fault)
        return value

    def path(self) -> str:
        """Take a path."""
        value = self.text("Path", "/")
        fault = path_fault({"Path": value})
        if fault is not None:
            raise self.fault(fault.message)
        return value

    def id(self, field: str) -> str:
        """Take a unique id."""
        value = self.text(field)
        if not _ID.fullmatch(value):
            raise self.fault(f"`{field}` is no id, which is 16 to 128 capital letters and digits")
        return value

    def time(self, field: str) -> datetime:
        """Take a date."""
        value = self.text(field)
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise self.fault(f"`{field}` is no date: {value[:40]!r}") from None
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)

    def tags(self) -> Tags:
        """Take tags."""
        found: dict[str, str] = {}
        for each in self.objects("Tags"):
            key, value = each.text("Key"), each.text("Value")
            each.strict()
            fault = names.name_fault("tag key", key) or names.name_fault("tag value", value)
            if fault is not None or key in found:
                raise self.fault(fault or f"tag `{key}` stands twice")
            found[key] = value
        if len(found) > _MOST_TAGS:
            raise self.fault(f"it has {len(found)} tags, AWS allows {_MOST_TAGS}")
        return tuple(found.items())

    def document(self, field: str, kind: DocumentKind) -> str:
        """Take a policy document, given as an object, as text, or as URL-encoded text."""
        given = self._left.pop(field, None)
        try:
            if isinstance(given, str):
                given = load_json(given if given.lstrip().startswith("{") else unquote(given))
            text = json.dumps(given, separators=(",", ":"))
            load_document(text, kind)
        except DocumentError as error:
            raise self.fault(f"`{field}` is no policy AWS takes: {error.path}: {error.what}") from None
        return text

    def fault(self, words: str) -> ValueError:
        """Give the error that says where."""
        return ValueError(f"{self.where}: {words}")
