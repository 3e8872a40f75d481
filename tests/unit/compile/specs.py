"""Short ways to build spec values: no parser between a test and the compiler."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from leastkey.compile.project import compile_project
from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request, Verdict
from leastkey.iam.arn import AccountId
from leastkey.iam.document import load_document
from leastkey.spec.model import (
    ActionsGrant,
    DocumentGrant,
    Identity,
    Level,
    LevelGrant,
    ManagedGrant,
    Names,
    Place,
    Spec,
    UserUse,
)

if TYPE_CHECKING:
    from leastkey.compile.wanted import Wanted, WantedIdentity
    from leastkey.iam.statement import Condition
    from leastkey.spec.model import Grant

ACCOUNT = AccountId("111122223333")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/leastkey/acme/acme-bot"


def at(line: int) -> Place:
    return Place("leastkey.yaml", line, 7)


def level(
    service: str, levels: str, *on: str, when: tuple[Condition, ...] = (), line: int = 10
) -> LevelGrant:
    return LevelGrant(service, tuple(Level(name) for name in levels.split()), on, when, at(line))


def actions(names: str, *on: str, when: tuple[Condition, ...] = (), line: int = 10) -> ActionsGrant:
    return ActionsGrant(tuple(names.split()), on, when, at(line))


def document(text: str, line: int = 10) -> DocumentGrant:
    return DocumentGrant("extra.json", load_document(text, "identity"), at(line))


def managed(name: str, line: int = 10) -> ManagedGrant:
    return ManagedGrant(name, at(line))


def identity(*allow: Grant, deny: tuple[Grant, ...] = (), name: str = "bot", **changes: Any) -> Identity:
    plain = Identity(
        name=name,
        description="",
        names=Names(),
        allow=allow,
        deny=deny,
        boundary=None,
        session_seconds=3600,
        used_by=(UserUse(None, at(90)),),
        place=at(5),
    )
    return replace(plain, **changes)


def spec(*identities: Identity, **changes: Any) -> Spec:
    plain = Spec(
        file="leastkey.yaml",
        project="acme",
        account=None,
        account_place=None,
        region="eu-west-1",
        output="json",
        target="aws",
        identities=identities,
        text="",
    )
    return replace(plain, **changes)


def compiled(*identities: Identity, partition: str = "aws", most: int = 10, **changes: Any) -> Wanted:
    return compile_project(spec(*identities, **changes), ACCOUNT, partition, managed_policies_per_role=most)


def one(
    *allow: Grant, deny: tuple[Grant, ...] = (), partition: str = "aws", **changes: Any
) -> WantedIdentity:
    return compiled(identity(*allow, deny=deny, **changes), partition=partition).identities[0]


def statements(wanted: WantedIdentity) -> list[Any]:
    return [statement for policy in wanted.policies for statement in policy.document.to_json()["Statement"]]  # type: ignore[union-attr]  # the element is a list


def slugs(wanted: WantedIdentity) -> list[str]:
    return [caution.slug for caution in wanted.cautions]


def allows(wanted: WantedIdentity, action: str, resource: str = "*", **context: str) -> bool:
    """Ask the evaluation engine whether the compiled policies allow a call. `s3_prefix` is the key `s3:prefix`."""
    named = tuple(NamedDocument(policy.name, policy.document) for policy in wanted.policies)
    caller = Principal("role", ROLE, ACCOUNT)
    keys = {key.replace("_", ":", 1).replace("__", "/"): value for key, value in context.items()}
    request = Request(action, resource, caller, ACCOUNT, keys)
    return decide(request, Policies(identity=named)).verdict is Verdict.ALLOWED
