"""AWS's answers as values: users, roles, policies, keys and reports as `plan.seen` and the ports name them."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from leastkey.iam.arn import Arn
from leastkey.iam.credentials import AccessKeyId
from leastkey.iam.document import DocumentError, DocumentKind, PolicyDocument, parse_document
from leastkey.plan.seen import (
    InlinePolicy,
    KeyReport,
    SeenAccessKey,
    SeenGroup,
    SeenInstanceProfile,
    SeenPolicy,
    SeenPolicyVersion,
    SeenRole,
    SeenUser,
)
from leastkey.ports.aws import UserReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "access_key",
    "document",
    "group",
    "instance_profile",
    "policy",
    "report_rows",
    "role",
    "tags",
    "user",
]

Json = Any


def document(raw: Json, kind: DocumentKind) -> PolicyDocument | None:
    """Give a policy document from an answer (decoded or URL-encoded), or None when AWS holds one we cannot read."""
    try:
        return parse_document(json.loads(unquote(raw)) if isinstance(raw, str) else raw, kind)
    except (DocumentError, ValueError):
        return None


def tags(raw: Json) -> Mapping[str, str]:
    """Give a tag list as a mapping."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in raw or ()}


def user(raw: Json) -> SeenUser:
    """Give a user of the dump, of CreateUser or of GetUser."""
    return SeenUser(
        arn=Arn.parse(raw["Arn"]),
        path=raw["Path"],
        name=raw["UserName"],
        user_id=raw["UserId"],
        created=raw["CreateDate"],
        inline=_inline(raw.get("UserPolicyList")),
        attached=_attached(raw),
        groups=tuple(raw.get("GroupList") or ()),
        boundary=_boundary(raw),
        tags=tags(raw.get("Tags")),
    )


def role(raw: Json) -> SeenRole:
    """Give a role of the dump, of CreateRole or of GetRole."""
    return SeenRole(
        arn=Arn.parse(raw["Arn"]),
        path=raw["Path"],
        name=raw["RoleName"],
        role_id=raw["RoleId"],
        created=raw["CreateDate"],
        trust=document(raw.get("AssumeRolePolicyDocument"), "trust"),
        inline=_inline(raw.get("RolePolicyList")),
        attached=_attached(raw),
        boundary=_boundary(raw),
        tags=tags(raw.get("Tags")),
        instance_profiles=tuple(instance_profile(each) for each in raw.get("InstanceProfileList") or ()),
        max_session_seconds=raw.get("MaxSessionDuration"),
    )


def group(raw: Json) -> SeenGroup:
    """Give a group of the dump."""
    return SeenGroup(raw["GroupName"], _inline(raw.get("GroupPolicyList")), _attached(raw))


def instance_profile(raw: Json) -> SeenInstanceProfile:
    """Give an instance profile; `role` is empty when it holds none."""
    roles = raw.get("Roles") or ()
    return SeenInstanceProfile(
        arn=Arn.parse(raw["Arn"]),
        path=raw["Path"],
        name=raw["InstanceProfileName"],
        role=roles[0]["RoleName"] if roles else "",
    )


def policy(raw: Json, versions: Iterable[Json] | None = None) -> SeenPolicy:
    """Give a customer policy of the dump, or of GetPolicy together with its versions."""
    return SeenPolicy(
        arn=Arn.parse(raw["Arn"]),
        path=raw["Path"],
        name=raw["PolicyName"],
        versions=tuple(
            SeenPolicyVersion(
                id=version["VersionId"],
                is_default=bool(version["IsDefaultVersion"]),
                created=version["CreateDate"],
                document=document(version.get("Document"), "identity"),
            )
            for version in (raw.get("PolicyVersionList") or () if versions is None else versions)
        ),
        attachments=int(raw.get("AttachmentCount") or 0),
    )


def access_key(raw: Json) -> SeenAccessKey:
    """Give a key of ListAccessKeys."""
    return SeenAccessKey(
        id=AccessKeyId(raw["AccessKeyId"]),
        status="Active" if raw["Status"] == "Active" else "Inactive",
        created=raw["CreateDate"],
    )


def report_rows(content: bytes) -> Mapping[str, UserReport]:
    """Give the credential report's rows by lower-case user name, without the root row."""
    rows = csv.DictReader(io.StringIO(content.decode()))
    return {
        row["user"].lower(): UserReport(
            keys=tuple(
                KeyReport(active=row[f"access_key_{slot}_active"] == "true")
                for slot in (1, 2)
                if _has_key(row, slot)
            ),
            has_password=row.get("password_enabled") == "true",
        )
        for row in rows
        if row["user"] != "<root_account>"
    }


def _has_key(row: Mapping[str, str], slot: int) -> bool:
    return (
        row[f"access_key_{slot}_active"] == "true"
        or _time(row[f"access_key_{slot}_last_rotated"]) is not None
    )


def _time(text: str) -> datetime | None:
    """Give a time of the report; `N/A`, `no_information` and the like are None."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _inline(raw: Json) -> tuple[InlinePolicy, ...]:
    return tuple(
        InlinePolicy(each["PolicyName"], document(each["PolicyDocument"], "identity")) for each in raw or ()
    )


def _attached(raw: Json) -> tuple[Arn, ...]:
    return tuple(Arn.parse(each["PolicyArn"]) for each in raw.get("AttachedManagedPolicies") or ())


def _boundary(raw: Json) -> Arn | None:
    boundary = raw.get("PermissionsBoundary") or {}
    text = boundary.get("PermissionsBoundaryArn")
    return Arn.parse(text) if text else None
