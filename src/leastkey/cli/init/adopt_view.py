"""What `init --from-user` and `--from-role` print: what was found, what to take care of, the proof, and the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.cli.hints import in_context, words_for
from leastkey.cli.show import plain
from leastkey.cli.wrap import counted, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.adopt.adoption import Adoption
    from leastkey.adopt.compare import Comparison
    from leastkey.adopt.existing import Existing, ExistingKey, ExistingPolicy
    from leastkey.cli.show import Show

__all__ = ["document", "tell_found", "tell_spec"]

_EXAMPLES: Final = 5
"""Differences that are shown; `--json` has more."""


def tell_found(show: Show, existing: Existing) -> None:
    """Show what was read, without any secret."""
    rows: list[tuple[str, str]] = [(existing.kind, f"{existing.name}, in account {existing.account}")]
    rows += [("policy", _policy(policy)) for policy in existing.policies]
    rows += [("group", group) for group in existing.groups]
    if existing.boundary is not None:
        rows.append(("ceiling", f"{_policy(existing.boundary)}, the permissions boundary"))
    if existing.trust is not None:
        rows.append(("trust", counted(len(existing.trust.statements), "statement")))
    rows += [("profile", f"instance profile {name}") for name in existing.instance_profiles]
    rows += [("key", _key(key, existing)) for key in existing.keys]
    if existing.has_password:
        rows.append(("sign-in", "a console password"))
    for index, (word, text) in enumerate(rows):
        for line in wrapped(f"{'' if index else 'Found':<10}{word:<9}", text, columns=show.talk_columns):
            show.talk(line)


def tell_spec(
    show: Show, spec: str, existing: Existing, adoption: Adoption, chosen: Mapping[str, str]
) -> None:
    """Show what is to be said about the spec: cautions, what was left out, the proof, the files, the steps."""

    def tell(head: str, text: str, indent: int | None = None) -> None:
        for line in wrapped(head, text, indent, columns=show.columns):
            show.data(line)

    for caution in adoption.cautions:
        tell("Careful   ", caution)
    for left in adoption.left:
        tell("Left out  ", f"{left.what}: {left.why}")
    for head, text in _proof(existing, adoption.comparison):
        tell(head, text, 10)
    for name in adoption.files:
        show.data(f"Wrote {name}, statements the spec has no words for")
    show.data(f"Wrote {spec}, {len(adoption.text.splitlines())} lines, no secrets in it, safe to commit")
    show.data()
    show.data(f"To move over (leastkey never touches the old {existing.kind}):")
    for number, step in enumerate(adoption.steps, start=1):
        tell(f" {number:>2}  ", step.what)
        for command in step.commands:
            _tell_command(show, in_context(command, chosen))
        tell("     then: ", step.proves)
    show.data(f"Next: leastkey plan{words_for('plan', chosen)}")


def _tell_command(show: Show, command: str) -> None:
    """Print a command to paste: as one line, however wide the terminal is."""
    if not show.as_json:
        show.write(f"      {plain(command)}\n")


def document(spec: str, existing: Existing, adoption: Adoption, chosen: Mapping[str, str]) -> dict[str, Any]:
    """Give everything as JSON."""
    identity = adoption.identity
    return {
        "spec": spec,
        "lines": len(adoption.text.splitlines()),
        "region": adoption.region,
        "from": _from_document(existing),
        "project": adoption.project,
        "identity": identity.name,
        "role": str(identity.role.arn),
        "user": None if identity.user is None else str(identity.user.arn),
        "documents": list(adoption.files),
        "entries": [
            {
                "line": placed.line,
                "side": placed.entry.side,
                "form": placed.entry.form,
                "sources": [str(source) for source in placed.entry.sources],
            }
            for placed in adoption.placed
        ],
        "left_out": [{"what": left.what, "why": left.why} for left in adoption.left],
        "cautions": list(adoption.cautions),
        "proof": _proof_document(adoption.comparison),
        "steps": [
            {
                "what": step.what,
                "proves": step.proves,
                "commands": [in_context(command, chosen) for command in step.commands],
            }
            for step in adoption.steps
        ],
    }


def _from_document(existing: Existing) -> dict[str, Any]:
    return {
        "kind": existing.kind,
        "name": existing.name,
        "arn": str(existing.arn),
        "account": existing.account,
        "policies": [_policy(policy) for policy in existing.policies],
        "boundary": None if existing.boundary is None else _policy(existing.boundary),
        "groups": list(existing.groups),
        "instance_profiles": list(existing.instance_profiles),
        "has_password": existing.has_password,
        "keys": [_key_document(key, existing) for key in existing.keys],
    }


def _proof_document(found: Comparison) -> dict[str, Any]:
    return {
        "same": found.is_same,
        "questions": found.asked,
        "allowed": found.allowed,
        "wider": found.wider,
        "narrower": found.narrower,
        "differences": [
            {"question": str(each.question), "direction": each.direction} for each in found.differences
        ],
    }


def _proof(existing: Existing, found: Comparison) -> Iterator[tuple[str, str]]:
    has_own = any(policy.kind == "aws" for policy in existing.policies)
    own = "; AWS's own policies stay attached as they are" if has_own else ""
    if found.is_same and not found.asked:  # the role has nothing but policies of AWS's own
        yield "Same      ", f"as before{own}"
        return
    if found.is_same:
        yield "Same      ", f"as before on {found.asked} questions, asked of old and new by our engine{own}"
        return
    differing = found.wider + found.narrower
    counts = f"on {differing} of {found.asked} questions: {found.wider} wider, {found.narrower} narrower"
    yield "Differs   ", f"{counts}{'' if found.managed_as_before else '; other policies of AWS'}"
    for each in found.differences[:_EXAMPLES]:
        yield f"          {each.direction}: ", str(each.question)


def _policy(policy: ExistingPolicy) -> str:
    if policy.document is None:
        return policy.label
    return f"{policy.label}, {counted(len(policy.document.statements), 'statement')}"


def _key(key: ExistingKey, existing: Existing) -> str:
    parts = [f"...{key.last_four}", "active" if key.is_active else "switched off"]
    if (age := _age(key, existing)) is not None:
        parts.append(f"{counted(age, 'day')} old")
    if key.last_used is None:
        parts.append("never used")
    else:
        parts.append(f"last used {key.last_used:%Y-%m-%d} for {key.service or '?'} in {key.region or '?'}")
    return ", ".join(parts)


def _key_document(key: ExistingKey, existing: Existing) -> dict[str, Any]:
    return {
        "last_four": key.last_four,
        "active": key.is_active,
        "created": key.created.isoformat(),
        "age_days": _age(key, existing),
        "last_used": None if key.last_used is None else key.last_used.isoformat(),
        "service": key.service,
        "region": key.region,
    }


def _age(key: ExistingKey, existing: Existing) -> int | None:
    return None if existing.read_at is None else max(0, (existing.read_at - key.created).days)
