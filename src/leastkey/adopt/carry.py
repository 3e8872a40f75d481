"""Every statement of the old policies as an entry of `allow:` or `deny:`, or in a document beside the spec.

Nothing is left away unsaid: a statement becomes lines, or stands word for word in a document, or never applied.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from leastkey.adopt.caller import ABOUT_SESSION, is_about_caller, settle, variables_about_caller
from leastkey.adopt.forms import lines_of, meaning_key
from leastkey.iam.document import PolicyDocument
from leastkey.spec.shorthand import quoted

if TYPE_CHECKING:
    from collections.abc import Hashable

    from leastkey.adopt.existing import Existing, ExistingPolicy
    from leastkey.iam.statement import Statement

__all__ = ["Carried", "Entry", "Form", "Left", "Source", "carry"]

Form = Literal["actions", "levels", "managed", "document"]
Side = Literal["allow", "deny", "boundary"]

FOLDER: Final = "policies"


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry comes from: a policy, and the number (from 1) and Sid of its statement where one is meant."""

    policy: str
    statement: int | None = None
    sid: str | None = None

    def __str__(self) -> str:
        if self.statement is None:
            return self.policy
        named = f" ({self.sid})" if self.sid else ""
        return f"{self.policy}, statement {self.statement}{named}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `allow:`, `deny:` or `boundary:`, with the policies it comes from."""

    side: Side
    form: Form
    lines: tuple[str, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """Something of the old that does not stand in the spec, and why."""

    what: str
    why: str


@dataclass(slots=True)
class Carried:
    """What became of the policies. `files` holds documents by their path, seen from the spec's folder."""

    entries: list[Entry] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)


def carry(existing: Existing) -> Carried:
    """Give the entries for everything a user or role has."""
    found = Carried()
    _managed(existing, found)
    by_meaning: dict[Hashable, Entry] = {}
    for policy in existing.policies:
        if policy.document is not None:
            rest = _statements(policy, policy.document, existing, by_meaning, found)
            if rest:
                document = PolicyDocument(tuple(rest.values()), policy.document.version)
                _document(policy, document, tuple(rest), found)
    found.entries.extend(by_meaning.values())
    found.entries.sort(key=lambda entry: _ORDER.index(entry.form))
    _boundary(existing, found)
    return found


_ORDER: Final[tuple[Form, ...]] = ("managed", "levels", "actions", "document")


def _managed(existing: Existing, found: Carried) -> None:
    by_name: dict[str, list[Source]] = {}
    for policy in existing.policies:
        if policy.kind == "aws":
            by_name.setdefault(_managed_name(policy), []).append(Source(policy.label))
    for name, sources in by_name.items():
        found.entries.append(Entry("allow", "managed", (f"- managed: {quoted(name)}",), tuple(sources)))


def _managed_name(policy: ExistingPolicy) -> str:
    """Give an AWS-managed policy's name with the path that belongs to it."""
    return policy.name if policy.arn is None else policy.arn.resource.removeprefix("policy/")


def _statements(
    policy: ExistingPolicy,
    document: PolicyDocument,
    existing: Existing,
    by_meaning: dict[Hashable, Entry],
    found: Carried,
) -> dict[Source, Statement]:
    """Carry the statements the spec has words for; give the others."""
    rest: dict[Source, Statement] = {}
    for number, written in enumerate(document.statements, start=1):
        source = Source(policy.label, number, _shown(written.sid))
        settled = settle(written, document.version, existing)
        if settled.statement is None:
            found.left.append(Left(f"{source}: it never applied", settled.notes[-1]))
            continue
        found.cautions.extend(f"{source}: {note}" for note in settled.notes)
        found.cautions.extend(_about_caller(settled.statement, document.version, source, existing))
        statement = settled.statement
        lines = (
            None if _is_old_text(statement, document.version) else lines_of(statement, existing.arn.partition)
        )
        if lines is None:
            rest[source] = replace(statement, sid=None)
            found.cautions.append(f"{source}: {_why_document(statement)}; it stands in a document, unchanged")
            continue
        key = meaning_key(statement)
        known = by_meaning.get(key)
        form: Form = "actions" if lines[0].startswith("- actions:") else "levels"
        by_meaning[key] = (
            replace(known, sources=(*known.sources, source))
            if known
            else Entry("allow" if statement.effect == "Allow" else "deny", form, lines, (source,))
        )
    return rest


def _is_old_text(statement: Statement, version: str) -> bool:
    """Say whether `${` stands there as plain text, as it does before version 2012-10-17."""
    return version != "2012-10-17" and "${" in json.dumps(statement.to_json())


def _why_document(statement: Statement) -> str:
    if statement.not_actions:
        return "NotAction has no word in the spec"
    if statement.not_resources:
        return "NotResource has no word in the spec"
    if any(":" not in action or "*" in action.partition(":")[0] for action in statement.actions):
        return "an action of every service has no word in the spec"
    return "an action, resource or condition in it has no word in the spec"


def _about_caller(statement: Statement, version: str, source: Source | str, existing: Existing) -> list[str]:
    """Say which conditions and variables the role answers otherwise than what it replaces."""
    keys = {condition.key for condition in statement.conditions if is_about_caller(condition.key)}
    variables = [f"${{{name}}}" for name in variables_about_caller(statement, version)]
    if existing.kind == "user":
        about = [
            f"{source}: {key} is about the session: {ABOUT_SESSION.get(key.lower(), 'the role answers otherwise')}"
            for key in sorted(keys)
        ]
    else:
        about = _elsewhere(source, sorted(key for key in keys if key.lower() not in ABOUT_SESSION))
    return about + _elsewhere(source, variables)


def _elsewhere(source: Source | str, names: list[str]) -> list[str]:
    return [f"{source}: {name} is about who asks, and the new role is somebody else" for name in names]


def _document(
    policy: ExistingPolicy, document: PolicyDocument, sources: tuple[Source, ...], found: Carried
) -> None:
    path = _file_for(policy, document, found)
    side: Side = "allow" if any(one.effect == "Allow" for one in document.statements) else "deny"
    lines = (f"- document: {quoted(path)}",)
    for index, entry in enumerate(found.entries):
        if entry.lines == lines:
            # One policy that came twice, directly and through a group.
            found.entries[index] = replace(entry, sources=(*entry.sources, *sources))
            return
    found.entries.append(Entry(side, "document", lines, sources))


def _boundary(existing: Existing, found: Carried) -> None:
    policy = existing.boundary
    if policy is None:
        return
    label = f"{policy.label}, the permissions boundary"
    if policy.document is None:
        line = f"managed: {quoted(_managed_name(policy))}"
        found.entries.append(Entry("boundary", "managed", (line,), (Source(label),)))
    else:
        line = f"document: {quoted(_file_for(policy, policy.document, found))}"
        found.entries.append(Entry("boundary", "document", (line,), (Source(label),)))
        for statement in policy.document.statements:
            found.cautions.extend(_about_caller(statement, policy.document.version, label, existing))


def _file_for(policy: ExistingPolicy, document: PolicyDocument, found: Carried) -> str:
    """Put a document among the files and give its path, which no other has, whatever the case of its letters."""
    text = "".join(map(_visible, json.dumps(document.to_json(), indent=2, ensure_ascii=False) + "\n"))
    base = re.sub(r"[^A-Za-z0-9_.-]+", "-", policy.name).strip(".-") or "policy"
    taken = {path.lower(): path for path in found.files}
    name, number = base, 2
    while (known := taken.get(f"{FOLDER}/{name}.json".lower())) is not None:
        if found.files[known] == text:
            return known
        name, number = f"{base}-{number}", number + 1
    path = f"{FOLDER}/{name}.json"
    found.files[path] = text
    return path


def _visible(character: str) -> str:
    """Write as JSON's escape what a reader of the document would not see."""
    return character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]


def _shown(sid: str | None) -> str | None:
    """Give a Sid that can stand in a comment; AWS takes letters and digits."""
    return sid if sid and re.fullmatch(r"[A-Za-z0-9_ -]{1,64}", sid) else None
