"""The door: what was read of a user or role gives a spec, its documents, a proof, and the steps to move over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.adopt.carry import carry
from leastkey.adopt.compare import compare
from leastkey.adopt.names import free_project, identity_names, taken_name
from leastkey.adopt.steps import steps_for
from leastkey.adopt.text import spec_text
from leastkey.adopt.trust import uses_of
from leastkey.compile.project import compile_project
from leastkey.errors import LeastkeyError
from leastkey.spec.parse import parse_spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.adopt.carry import Carried, Left
    from leastkey.adopt.compare import Comparison
    from leastkey.adopt.existing import Existing, Taken
    from leastkey.adopt.steps import Step
    from leastkey.adopt.text import Placed, Wish
    from leastkey.adopt.trust import Uses
    from leastkey.compile.wanted import WantedIdentity

__all__ = ["Adoption", "adopt"]

OLD_KEY_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Adoption:
    """The spec and everything to be said about it. `files` holds documents by path, seen from the spec's folder."""

    text: str
    files: Mapping[str, str]
    project: str
    region: str
    identity: WantedIdentity
    placed: tuple[Placed, ...]
    left: tuple[Left, ...]
    cautions: tuple[str, ...]
    comparison: Comparison
    steps: tuple[Step, ...]


def adopt(existing: Existing, wish: Wish, taken: Taken) -> Adoption:
    """Write the spec. Raises LeastkeyError where names are taken or no spec could hold what there is."""
    carried, uses = carry(existing), uses_of(existing)
    project = free_project(wish.project, taken, is_given=wish.is_project_given)
    text, placed, identity = _free(existing, wish, project, taken, carried, uses)
    cautions = (
        *_about_user(existing),
        *carried.cautions,
        *uses.cautions,
        *_about_trust(uses),
        *_about_others(existing),
        *(f"{caution.what}; better: {caution.remedy}" for caution in identity.cautions),
    )
    return Adoption(
        text=text,
        files=carried.files,
        project=project,
        region=wish.region,
        identity=identity,
        placed=placed,
        left=(*carried.left, *uses.left),
        cautions=cautions,
        comparison=compare(existing, identity),
        steps=steps_for(existing, identity, uses, wish.target),
    )


def _free(
    existing: Existing, wish: Wish, project: str, taken: Taken, carried: Carried, uses: Uses
) -> tuple[str, tuple[Placed, ...], WantedIdentity]:
    """Give the text with the first identity name whose entities the account does not have yet."""
    names: Iterator[str] = identity_names(existing) if wish.identity is None else iter((wish.identity,))
    clash: tuple[str, str] | None = None
    for name in names:
        text, placed = spec_text(existing, wish, project, name, carried, uses)
        identity = _compiled(text, existing, carried.files)
        clash = taken_name(identity, taken)
        if clash is None:
            return text, placed, identity
    kind, name = clash or ("identity", existing.name)
    raise LeastkeyError(
        "entity-exists",
        f"the account has a {kind} named `{name}` already",
        remedy="another name: `--identity NAME` or `--project NAME`; without them free names are found",
    )


def _compiled(text: str, existing: Existing, files: Mapping[str, str]) -> WantedIdentity:
    try:
        spec = parse_spec(text, "leastkey.yaml", files.__getitem__)
        return compile_project(spec, existing.account, existing.arn.partition).identities[0]
    except LeastkeyError as fault:
        # Nothing is written yet, so the place in the text would point nowhere.
        raise LeastkeyError(fault.code, fault.what, why=fault.why, remedy=fault.remedy) from None


def _about_user(existing: Existing) -> Iterator[str]:
    if existing.kind == "role":
        return
    yield f"what `{existing.name}` may do becomes the role's; the new user may do one thing, wear that role"
    for policy in existing.policies:
        if policy.group is not None:
            yield f"{policy.label} is carried too: the role does not follow when the group changes"
    if existing.has_password:
        yield f"`{existing.name}` has a console password: a person may be using it, and a role has none"
    for key in existing.keys:
        age = (existing.read_at - key.created).days if existing.read_at else 0
        if key.last_used is None:
            yield f"key ...{key.last_four} was never used: who holds it, and what for?"
        if age > OLD_KEY_DAYS:
            yield f"key ...{key.last_four} is {age} days old, past {OLD_KEY_DAYS}"


def _about_trust(uses: Uses) -> Iterator[str]:
    if uses.is_stand_in:
        yield (
            "nobody of the old trust could be carried, so a user with a key stands in `used-by`: "
            "replace the line, or do not apply the spec"
        )


def _about_others(existing: Existing) -> Iterator[str]:
    for role in existing.worn_by_others:
        yield f"the role {role} trusts `{existing.name}` by name: the new role is not let in until its owner says so"
    yield (
        f"policies on resources (buckets, keys, queues) that name {existing.arn} were not read: "
        "they do not name the new role"
    )
