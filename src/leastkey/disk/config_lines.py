"""The text of an AWS config file as lines, and the edits we make to one section of it. Pure: text in, text out.

Lines are told apart by the rules of Python's `configparser`, which botocore and both AWS CLIs read the file with: an
indented line continues the setting above it. What we find is compared with what the parser itself finds, before an
edit and after it, so that a file we misunderstand is refused instead of damaged.

Source: AWS CLI User Guide, "Configuration and credential file settings in the AWS CLI".
"""

from __future__ import annotations

import configparser
import re
import shlex
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    Settings = tuple[tuple[str, str], ...]

__all__ = ["MARK", "ConfigText", "FaultError", "Line", "Section", "config_text", "is_profile_name"]

MARK: Final = "# written by leastkey; `leastkey destroy` removes it"
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_HEADER: Final = re.compile(r"\[(.+)\]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.+=,@/:-]+")
_PLAIN_HEADER: Final = re.compile(r"profile[ \t]+([A-Za-z0-9_.+=,@/:-]+)")
_SETTING: Final = re.compile(r"(.*?)\s*[=:]")
_NESTED: Final = re.compile(r"(?:\n[a-z0-9_]+ = [A-Za-z0-9_.-]+)+")
_UNFIT_NAME: Final = re.compile(r"[\x00-\x1f\x7f\"'\\\[\]]")
OURS: Final = frozenset({"region", "output", "credential_process", "endpoint_url"})
"""Settings that are ours to remove from our section; others there were put in by the user and stay."""


class FaultError(Exception):
    """A file that cannot be edited safely: why, and at which line (from 1) where one is known."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its end. `name` is a header's section, or the key (lower case) a line sets or continues."""

    kind: Literal["header", "setting", "more", "blank", "comment"]
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A profile's section: lines `start` (the header) to `stop` (the line after it)."""

    start: int
    stop: int
    settings: tuple[tuple[str, str], ...]


def profile_of(header: str, *, credentials: bool = False) -> str | None:
    """Give the profile a section header names, or None when it is another kind of section."""
    if credentials or header == "default":
        return header
    if not header.startswith("profile"):
        return None
    plain = _PLAIN_HEADER.fullmatch(header)
    if plain is not None:  # nothing shlex would read differently, at a fortieth of its cost
        return plain[1]
    try:
        words = shlex.split(header)
    except ValueError:  # AWS's tools skip a header with an open quote
        return None
    return words[1] if len(words) == 2 else None


class ConfigText:
    """A parsed config file. Edits give new text. Raises FaultError for what cannot be edited safely."""

    def __init__(self, text: str, *, credentials: bool = False) -> None:
        self._credentials = credentials
        self._bom = "\ufeff" if text.startswith("\ufeff") else ""
        body = text.removeprefix("\ufeff")
        self._values = _parsed(body)
        self.lines = _scan(body)
        headers = [line.name for line in self.lines if line.kind == "header" and line.name != "DEFAULT"]
        if headers != self._values.sections():
            raise FaultError("leastkey and Python's configparser read its sections differently")
        self._headers: dict[str | None, list[int]] = {}
        for index, line in enumerate(self.lines):
            if line.kind == "header":
                self._headers.setdefault(profile_of(line.name, credentials=credentials), []).append(index)

    def section(self, profile: str) -> Section | None:
        """Find a profile's section. Two for one profile are a fault."""
        found = self._headers.get(profile, [])
        if len(found) > 1:
            raise FaultError(f"a second section for the profile `{profile}`", found[1] + 1)
        if not found:
            return None
        start = found[0]
        stop = start + 1
        while stop < len(self.lines) and self.lines[stop].kind != "header":
            stop += 1
        values = self._values[self.lines[start].name]
        names = [line.name for line in self.lines[start + 1 : stop] if line.kind == "setting"]
        return Section(start, stop, tuple((name, values[name]) for name in names))

    def refuse_twice(self) -> None:
        """Refuse a file with two sections for one profile, under different spellings of its header."""
        for profile, places in self._headers.items():
            if profile is not None and len(places) > 1:
                raise FaultError(f"a second section for the profile `{profile}`", places[1] + 1)

    def line_of(self, section: Section, key: str) -> int | None:
        """Give the line number, from 1, of a setting in a section."""
        for index in range(section.start + 1, section.stop):
            if self.lines[index].kind == "setting" and self.lines[index].name == key:
                return index + 1
        return None

    def has_ours(self) -> bool:
        """Say whether any section was written by leastkey."""
        return any(line.kind == "comment" and line.text.strip() == MARK for line in self.lines)

    def is_ours(self, section: Section) -> bool:
        """Say whether leastkey wrote this section."""
        return any(line.text.strip() == MARK for line in self.lines[section.start : section.stop])

    def written(self, sections: Mapping[str, Settings]) -> str:
        """Give the text with profiles' sections set: new ones at the end, the others line by line in place."""
        texts = [line.text for line in self.lines]
        end = self._line_end()
        found = {profile: self.section(profile) for profile in sections}
        there = [(section, profile) for profile, section in found.items() if section is not None]
        for section, profile in sorted(there, key=lambda each: -each[0].start):
            texts[section.start : section.stop] = self._updated(section, dict(sections[profile]), end)
        for profile, settings in sections.items():
            _refuse_unfit(profile, settings)
            if found[profile] is None:
                texts += self._separator(texts, end)
                header = "default" if profile == "default" else f"profile {_quoted(profile)}"
                texts += [f"[{header}]{end}", f"{MARK}{end}"]
                texts += [_rendered(key, value, end) for key, value in settings]
        return self._checked(
            {profile: dict(settings) for profile, settings in sections.items()}, "".join(texts)
        )

    def removed(self, profiles: Iterable[str]) -> str | None:
        """Give the text without profiles' sections and the blank line we put before each, or None when none is there."""
        found = {profile: section for profile in profiles if (section := self.section(profile)) is not None}
        if not found:
            return None
        texts = [line.text for line in self.lines]
        for section in sorted(found.values(), key=lambda each: -each.start):
            self._cut(texts, section)
        return self._checked(dict.fromkeys(found), "".join(texts))

    def _cut(self, texts: list[str], section: Section) -> None:
        """Take a section's lines out; those after it may be gone already."""
        stop = section.stop
        while stop > section.start + 1 and self.lines[stop - 1].kind in {"blank", "comment"}:
            if self.lines[stop - 1].text.strip() == MARK:
                break
            stop -= 1  # blank lines and comments at the end speak about what follows
        start = section.start
        before = texts[start - 1] if start else ""
        if before in {"\n", "\r\n", "\r"}:
            start -= 1
        elif start and stop == len(texts):
            texts[start - 1] = before.rstrip("\r\n")  # the last line had no end until we added it
        del texts[start:stop]

    def _line_end(self) -> str:
        ends = [line.text[len(line.text.rstrip("\r\n")) :] for line in self.lines]
        return next((end for end in reversed(ends) if end), "\n")

    def _separator(self, texts: list[str], end: str) -> list[str]:
        if not texts:
            return []
        if texts[-1].endswith(("\r", "\n")):
            return [end]
        texts[-1] += end
        return []

    def _updated(self, section: Section, settings: dict[str, str], end: str) -> list[str]:
        """Give the section's lines with our settings set: unchanged ones keep their lines, the user's own stay."""
        now = dict(section.settings)
        changed = {key for key in OURS | settings.keys() if now.get(key) != settings.get(key)}
        kept: list[str] = []
        place = 0
        for line in self.lines[section.start : section.stop]:
            if line.name not in changed or line.kind == "header":
                kept.append(line.text)
            elif line.kind == "setting" and line.name in settings:
                indent = line.text[: len(line.text) - len(line.text.lstrip())]
                kept.append(indent + _rendered(line.name, settings[line.name], end, indent))
            if line.kind not in {"blank", "comment"} or line.text.strip() == MARK:
                place = len(kept)
        new = [_rendered(key, value, end) for key, value in settings.items() if key not in now]
        if new and not kept[place - 1].endswith(("\r", "\n")):
            kept[place - 1] += end
        kept[place:place] = new
        if not self.is_ours(section):
            kept[0] = kept[0].rstrip("\r\n") + end
            kept.insert(1, f"{MARK}{end}")
        return kept

    def _checked(self, sections: Mapping[str, dict[str, str] | None], body: str) -> str:
        """Give the new text, after the parser has confirmed what it says: ours as wanted, all else as before."""
        new = ConfigText(body, credentials=True) if self._credentials else config_text(body)
        profiles = sections.keys()
        if self.others_than(profiles) != new.others_than(profiles) or any(
            new.settings_of(profile) != self._wanted(profile, settings)
            for profile, settings in sections.items()
        ):
            raise FaultError("its layout cannot be edited without changing what other settings mean")
        return self._bom + body

    def _wanted(self, profile: str, settings: dict[str, str] | None) -> dict[str, str] | None:
        """Give what a section must hold after an edit: our settings, and what the user added to them."""
        if settings is None:
            return None
        kept = (self.settings_of(profile) or {}).items()
        return {key: value for key, value in kept if key not in OURS} | settings

    def settings_of(self, profile: str) -> dict[str, str] | None:
        """Give a profile's settings, or None when it has no section."""
        section = self.section(profile)
        return None if section is None else dict(section.settings)

    def others_than(self, profiles: Collection[str]) -> list[tuple[str, list[tuple[str, str]]]]:
        """Give every section but these profiles', with its settings."""
        return [
            (name, self._values.items(name))
            for name in self._values.sections()
            if profile_of(name, credentials=self._credentials) not in profiles
        ]


@lru_cache(maxsize=4)
def config_text(text: str) -> ConfigText:
    """Parse a config file, or give it parsed as before: a run on many identities asks for the same text again and again."""
    return ConfigText(text)


def _parsed(body: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(body.replace("\r\n", "\n").replace("\r", "\n"))
    except configparser.ParsingError as error:  # a missing header is one too
        line = (
            error.lineno if isinstance(error, configparser.MissingSectionHeaderError) else error.errors[0][0]
        )
        raise FaultError("this line is neither a section nor a setting of one", line) from error
    except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as error:
        twice = error.section if isinstance(error, configparser.DuplicateSectionError) else error.option
        raise FaultError(f"`{twice}` stands here a second time", error.lineno) from error
    return parser


def _scan(body: str) -> list[Line]:
    lines: list[Line] = []
    indent = 0
    setting = ""
    for text in _LINE.findall(body):
        value = text.strip()
        here = len(text) - len(text.lstrip())
        if value.startswith(("#", ";")):
            lines.append(Line("comment", text))
        elif not value:
            lines.append(Line("blank", text))
        elif setting and here > indent:
            lines.append(Line("more", text, setting))
        else:
            indent = here
            header = _HEADER.match(value)
            found = _SETTING.match(value)
            setting = "" if header else (found[1].lower() if found else "")
            lines.append(Line("header", text, header[1]) if header else Line("setting", text, setting))
    return lines


def is_profile_name(name: str) -> bool:
    """Say whether a section can carry this name so that every AWS tool, and every reader, finds it."""
    return bool(name) and name == name.strip() and name.isprintable() and not _UNFIT_NAME.search(name)


def _quoted(profile: str) -> str:
    return profile if _PLAIN.fullmatch(profile) else f'"{profile}"'


def _rendered(key: str, value: str, end: str, indent: str = "") -> str:
    """Give a setting's lines. A value that begins with a line end is nested: settings of its own, each on its line."""
    first, *nested = value.split("\n")
    return "".join((f"{key} = {first}".rstrip(), end, *(f"{indent}    {line}{end}" for line in nested)))


def _refuse_unfit(profile: str, settings: Settings) -> None:
    if not is_profile_name(profile):
        raise FaultError(f"{profile!r} cannot be the name of a profile")
    for key, value in settings:
        is_plain = value == value.strip() and len(value.splitlines()) <= 1
        if not (is_plain or _NESTED.fullmatch(value)) or not re.fullmatch("[a-z0-9_]+", key):
            raise FaultError(f"{key!r} cannot be set to {value!r}")
