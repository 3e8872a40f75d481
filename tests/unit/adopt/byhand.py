"""Users and roles as people make them by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from leastkey.adopt.adoption import Adoption, adopt
from leastkey.adopt.existing import Existing, ExistingKey, ExistingPolicy, Taken
from leastkey.adopt.text import Wish
from leastkey.iam.arn import AccountId, Arn, role_arn, user_arn
from leastkey.iam.document import PolicyDocument, load_document

if TYPE_CHECKING:
    from leastkey.iam.document import DocumentKind

ACCOUNT = AccountId("111122223333")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
NONE = Taken(frozenset(), frozenset(), frozenset(), frozenset(), frozenset())


def document(
    *statements: dict[str, Any], version: str = "2012-10-17", kind: DocumentKind = "identity"
) -> PolicyDocument:
    return load_document(json.dumps({"Version": version, "Statement": list(statements)}), kind)


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def inline(
    name: str, *statements: dict[str, Any], group: str | None = None, version: str = "2012-10-17"
) -> ExistingPolicy:
    return ExistingPolicy(name, "inline", document(*statements, version=version), group=group)


def customer(name: str, *statements: dict[str, Any], group: str | None = None) -> ExistingPolicy:
    arn = Arn("aws", "iam", "", ACCOUNT, f"policy/{name}")
    return ExistingPolicy(name, "customer", document(*statements), arn, group)


def aws(name: str, group: str | None = None) -> ExistingPolicy:
    arn = Arn.parse(f"arn:aws:iam::aws:policy/{name}")
    return ExistingPolicy(arn.name, "aws", None, arn, group)


def key(last_four: str, days: int, **more: Any) -> ExistingKey:
    return ExistingKey(
        last_four, more.pop("is_active", True), NOW.replace(year=2025) if days > 300 else NOW, **more
    )


def user(*policies: ExistingPolicy, name: str = "automation_user", **more: Any) -> Existing:
    given = {"groups": (), "read_at": NOW, "has_password": False, **more}
    return Existing("user", user_arn("aws", ACCOUNT, "/", name), ACCOUNT, "AIDAEXAMPLE", policies, **given)


def role(
    trust: dict[str, Any] | list[dict[str, Any]],
    *policies: ExistingPolicy,
    name: str = "old-lambda",
    **more: Any,
) -> Existing:
    entries = trust if isinstance(trust, list) else [trust]
    parsed = document(*entries, kind="trust")
    return Existing(
        "role", role_arn("aws", ACCOUNT, "/", name), ACCOUNT, "AROAEXAMPLE", policies, trust=parsed, **more
    )


def trusts(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def adopted(existing: Existing, taken: Taken = NONE, **wish: Any) -> Adoption:
    return adopt(existing, replace(Wish(project="acme"), **wish), taken)
