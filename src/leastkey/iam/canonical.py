"""Policy documents by meaning: two documents that differ only in order, spelling of one-element lists or Sid are equal.

AWS gives documents back with its own order and white space, so a plan compares meanings, never texts.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Condition, Json, Principals, Statement

__all__ = ["digest", "meaning", "same_meaning"]


def meaning(document: PolicyDocument) -> Json:
    """Give the document in a form that is equal for equal meanings: lists sorted, Sids and Id left out."""
    statements = [_statement(statement) for statement in document.statements]
    return {
        "Version": document.version,
        "Statement": sorted(statements, key=lambda statement: json.dumps(statement, sort_keys=True)),
    }


def same_meaning(one: PolicyDocument, other: PolicyDocument) -> bool:
    """Say whether two documents mean the same."""
    return meaning(one) == meaning(other)


def digest(value: Json) -> str:
    """Give a SHA-256 over a JSON value, in hexadecimal, independent of key order."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _statement(statement: Statement) -> Json:
    return {
        "Effect": statement.effect,
        "Action": _texts(statement.actions, fold=True),
        "NotAction": _texts(statement.not_actions, fold=True),
        "Resource": _texts(statement.resources),
        "NotResource": _texts(statement.not_resources),
        "Principal": _principals(statement.principal),
        "NotPrincipal": _principals(statement.not_principal),
        "Condition": _conditions(statement.conditions),
    }


def _texts(values: tuple[str, ...], *, fold: bool = False) -> list[Json]:
    return [*sorted({value.lower() if fold else value for value in values})]


def _principals(principals: Principals | None) -> Json:
    if principals is None:
        return None
    return {
        "anyone": principals.anyone,
        "aws": _texts(principals.aws),
        "service": _texts(principals.service),
        "federated": _texts(principals.federated),
        "canonical": _texts(principals.canonical_user),
    }


def _conditions(conditions: tuple[Condition, ...]) -> list[Json]:
    rows: list[Json] = [
        [condition.operator.lower(), condition.key.lower(), _texts(condition.values)]
        for condition in conditions
    ]
    return sorted(rows, key=json.dumps)
