"""Policies as tests have them: a dict, JSON text, or a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Policies", "Policy", "is_arn", "several", "text_of"]

Policy: TypeAlias = "Mapping[str, Any] | str | PathLike[str]"
"""A document, its JSON text, the path of a file that holds it, or the ARN of a managed policy."""

Policies: TypeAlias = "Policy | Sequence[Policy] | None"


def several(policies: Policies) -> list[Policy]:
    """Give the policies as a list: none, one or more."""
    if policies is None:
        return []
    return [policies] if isinstance(policies, str | PathLike | Mapping) else list(policies)


def is_arn(policy: Policy) -> bool:
    """Say whether a policy is the ARN of a managed one."""
    return isinstance(policy, str) and policy.startswith("arn:")


def text_of(policy: Policy) -> str:
    """Give the document as JSON text. What it says is judged by IAM, when it gets it."""
    if isinstance(policy, Mapping):
        return json.dumps(policy)
    if isinstance(policy, str) and policy.lstrip().startswith("{"):
        return policy
    return Path(policy).read_text(encoding="utf-8")
