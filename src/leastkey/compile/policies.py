"""Step 2, policy: an identity's grants as customer managed policies under AWS's quotas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leastkey.compile import cautions
from leastkey.compile.grants import meaning_of
from leastkey.compile.names import usable
from leastkey.compile.pack import pack
from leastkey.compile.policy import statements_of
from leastkey.compile.wanted import Origin, WantedPolicy
from leastkey.compile.words import boundary_words, grant_words
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import policy_arn
from leastkey.iam.document import PolicyDocument
from leastkey.iam.limits import MANAGED_POLICY_CHARACTERS
from leastkey.iam.names import fitted
from leastkey.spec.model import Level, LevelGrant

if TYPE_CHECKING:
    from leastkey.compile.names import Home
    from leastkey.compile.pack import Pack
    from leastkey.compile.rule import Meaning
    from leastkey.compile.wanted import Caution
    from leastkey.spec.model import Grant, Identity, Place

__all__ = ["Permissions", "compile_permissions", "fitting_document", "wanted_policy"]


@dataclass(frozen=True, slots=True)
class Permissions:
    """What an identity may do: its policies, where each statement comes from, the sentences and the cautions."""

    policies: tuple[WantedPolicy, ...]
    origins: tuple[Origin, ...]
    can: tuple[str, ...]
    cannot: tuple[str, ...]
    cautions: tuple[Caution, ...]


def compile_permissions(identity: Identity, home: Home, *, managed: int, most: int) -> Permissions:
    """Give an identity's permissions. `managed` policies of AWS take their share of the `most` a role may carry."""
    allowed = [(grant, meaning_of(grant, "Allow", home.partition)) for grant in identity.allow]
    denied = [(grant, meaning_of(grant, "Deny", home.partition)) for grant in identity.deny]
    meanings = [meaning for _, meaning in (*allowed, *denied)]
    statements = statements_of(
        (rule for meaning in meanings for rule in meaning.rules),
        (taken for meaning in meanings for taken in meaning.taken),
    )
    packs = pack(statements, most - managed)
    if len(packs) + managed > most:
        raise _too_large(identity, packs, managed, most)
    base = identity.names.policy or home.default_name("policy", identity)
    policies = tuple(
        wanted_policy(
            identity,
            home,
            usable("policy", _numbered(base, number), identity.place),
            fitting_document(_document(packed), f"`{identity.name}`", identity.place),
        )
        for number, packed in enumerate(packs, start=1)
    )
    notes = [note for meaning in meanings for note in meaning.cautions]
    notes += [note for grant, _ in denied for note in _listing_gaps(grant)]
    notes += _size_notes(allowed, packs, identity.place)
    return Permissions(
        policies=policies,
        origins=_origins(policies, packs),
        can=_sentences(allowed),
        cannot=(
            *_sentences(denied),
            *((boundary_words(identity.boundary),) if identity.boundary else ()),
            "anything else",
        ),
        cautions=tuple(dict.fromkeys(notes)),
    )


def wanted_policy(identity: Identity, home: Home, name: str, document: PolicyDocument) -> WantedPolicy:
    """Give a customer managed policy of the project."""
    return WantedPolicy(
        arn=policy_arn(home.partition, home.account, home.path, name),
        path=home.path,
        name=name,
        document=document,
        description=f"Made by leastkey for {home.project}",
        tags=home.tags(identity),
    )


def fitting_document(document: PolicyDocument, whose: str, place: Place) -> PolicyDocument:
    """Give the document back, or refuse it when it is too large or holds characters AWS does not take."""
    count = document.characters()
    if count > MANAGED_POLICY_CHARACTERS:
        raise LeastkeyError(
            "too-large",
            f"the document of {whose} has {count:,} characters, a policy holds {MANAGED_POLICY_CHARACTERS:,}",
            remedy="shorten the document",
            place=str(place),
        )
    strange = next((one for one in document.text() if not _is_taken(one)), None)
    if strange is not None:
        raise LeastkeyError(
            "policy-invalid",
            f"the document of {whose} holds {strange!a}, which AWS does not take in a policy",
            why="a policy is written in the characters U+0020 to U+00FF",
            place=str(place),
        )
    return document


def _is_taken(character: str) -> bool:
    return character in "\t\n\r" or " " <= character <= "\u00ff"


def _document(packed: Pack) -> PolicyDocument:
    return PolicyDocument(tuple(one.statement for one in packed))


def _numbered(base: str, number: int) -> str:
    return base if number == 1 else fitted("policy", f"{base}-{number}")


def _origins(policies: tuple[WantedPolicy, ...], packs: tuple[Pack, ...]) -> tuple[Origin, ...]:
    return tuple(
        Origin(policy.name, index, place)
        for policy, packed in zip(policies, packs, strict=True)
        for index, one in enumerate(packed)
        for place in sorted(one.places)
    )


def _sentences(grants: list[tuple[Grant, Meaning]]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(words for grant, meaning in grants for words in grant_words(grant, meaning.levels))
    )


def _listing_gaps(grant: Grant) -> tuple[Caution, ...]:
    """Say it where `list` is denied on a prefix: that does not reach a listing of what lies above."""
    if not isinstance(grant, LevelGrant) or not {Level.LIST, Level.FULL} & set(grant.levels):
        return ()
    return cautions.of_listing_gap(grant)


def _size_notes(allowed: list[tuple[Grant, Meaning]], packs: tuple[Pack, ...], place: Place) -> list[Caution]:
    """Say which levels fill policies, where one policy is not enough."""
    if len(packs) < 2:
        return []
    costly: list[Caution] = []
    for grant, meaning in allowed:
        cost = _document(statements_of(meaning.rules)).characters()
        if isinstance(grant, LevelGrant) and cost > MANAGED_POLICY_CHARACTERS // 2:
            levels = ", ".join(grant.levels)
            costly.append(cautions.of_size(f"`{grant.service}: [{levels}]`", cost, len(packs), grant.place))
    return costly or [cautions.of_size("what `allow` and `deny` name", _total(packs), len(packs), place)]


def _total(packs: tuple[Pack, ...]) -> int:
    return sum(_document(packed).characters() for packed in packs)


def _too_large(identity: Identity, packs: tuple[Pack, ...], managed: int, most: int) -> LeastkeyError:
    beside = f" beside {managed} AWS-managed" if managed else ""
    return LeastkeyError(
        "too-large",
        f"the grants of `{identity.name}` need {len(packs)} policies{beside}, a role carries {most}",
        why=f"{_total(packs):,} characters are needed, a policy holds {MANAGED_POLICY_CHARACTERS:,}",
        remedy=(
            "name the actions the script calls instead of whole levels: `- actions: [SERVICE:ACTION, ...]`",
            "or divide the work between two identities",
        ),
        place=str(identity.place),
    )
