"""An account as `aws iam get-account-authorization-details` prints it, read and checked as a whole.

What AWS keeps in other places stands under the key `Leastkey`. Quotas are not applied: an account may have had its own.
Source: IAM API Reference, GetAccountAuthorizationDetails; UserDetail, GroupDetail, RoleDetail, ManagedPolicyDetail.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from leastkey.iam.arn import ACCOUNT, AccountId
from leastkey.iam.document import DocumentError, load_json
from leastkey.sandbox.rules.account_extras import Extras, Profile, profile_of, read_extras
from leastkey.sandbox.rules.account_fields import Fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from leastkey.iam.names import Kind
    from leastkey.sandbox.rules.account_fields import Tags

__all__ = ["EXTRAS", "Account", "Entity", "Policy", "Version", "read_account"]

EXTRAS: Final = "Leastkey"
"""The key of what the call does not give."""

EntityKind = Literal["User", "Group", "Role"]
_NAME_KINDS: Final[dict[EntityKind, Kind]] = {"User": "user", "Group": "policy", "Role": "role"}
_AWS: Final = "arn:aws:iam::aws:policy/"
_VERSION: Final = re.compile(r"v[1-9][0-9]{0,9}", re.ASCII)
_WHOLE: Final = "`aws iam get-account-authorization-details` without --filter, --max-items and --no-paginate"


@dataclass(frozen=True, slots=True)
class Entity:
    """A user, group or role; what a kind has not is empty."""

    kind: EntityKind
    name: str
    path: str
    id: str
    arn: str
    created: datetime
    inline: tuple[tuple[str, str], ...]
    attached: tuple[str, ...]
    boundary: str
    tags: Tags
    groups: tuple[str, ...]
    trust: str
    profiles: tuple[Profile, ...]
    last_used: tuple[datetime, str] | None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a managed policy."""

    id: str
    is_default: bool
    text: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Policy:
    """A managed policy: the account's own, or one of AWS's that the sandbox does not know."""

    name: str
    path: str
    id: str
    arn: str
    description: str
    created: datetime
    updated: datetime
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """All that a file says, checked."""

    id: AccountId
    entities: tuple[Entity, ...]
    policies: tuple[Policy, ...]
    extras: Extras
    not_loaded: tuple[str, ...]

    def of(self, kind: EntityKind) -> tuple[Entity, ...]:
        """Give the entities of a kind."""
        return tuple(each for each in self.entities if each.kind == kind)


def read_account(text: str, account: str, known: Mapping[str, str]) -> Account:
    """Read a file. `account` is "" or what its ARNs must name; `known` are AWS's policies here. Raises ValueError."""
    unread: Counter[str] = Counter()
    top = Fields(_json(text), "the file", unread)
    if top.has("NextToken") or top.has("Marker") or (top.has("IsTruncated") and top.flag("IsTruncated")):
        raise ValueError(f"the file is one page of several; make it with {_WHOLE}")
    top.drop("IsTruncated", "Marker", "NextToken", "ResponseMetadata")
    kinds: tuple[EntityKind, ...] = ("User", "Group", "Role")
    entities = [_entity(kind, each) for kind in kinds for each in top.objects(f"{kind}DetailList")]
    policies = [_policy(each) for each in top.objects("Policies")]
    extras = read_extras(top.object(EXTRAS))
    top.strict()
    found = AccountId(
        _account(
            [*(each.arn for each in entities), *(each.arn for each in policies)], account or extras.account
        )
    )
    if extras.account not in ("", found):
        raise ValueError(f"`{EXTRAS}` is of account {extras.account}, the ARNs are of {found}")
    own = [each for each in policies if each.arn not in known]
    notes = [*_differing(policies, known), *(f"{name} of {count}" for name, count in sorted(unread.items()))]
    attached, more = _linked(entities, {each.arn for each in own} | known.keys())
    result = Account(found, tuple(attached), tuple(own), extras, (*notes, *more))
    _consistent(result)
    return result


def _json(text: str) -> Any:
    try:
        return load_json(text)
    except DocumentError as error:
        raise ValueError(f"the file cannot be read, line {error.line}: {error.what}") from None


def _account(arns: Iterable[str], wanted: str) -> str:
    accounts = {arn.split(":")[4] for arn in arns if not arn.startswith(_AWS)} or {wanted}
    if wanted and accounts != {wanted}:
        raise ValueError(f"the ARNs are of account {', '.join(sorted(accounts))}, not of {wanted}")
    if len(accounts) > 1:
        raise ValueError(f"the ARNs are of several accounts: {', '.join(sorted(accounts))}")
    (account,) = accounts
    if not ACCOUNT.fullmatch(account):
        raise ValueError("no ARN says which account it is: name it with --account")
    return account


def _entity(kind: EntityKind, fields: Fields) -> Entity:
    name = fields.name(f"{kind}Name", _NAME_KINDS[kind])
    fields.where = f"{kind.lower()} `{name}`"
    path = fields.path()
    boundary = fields.object("PermissionsBoundary")
    used = fields.object("RoleLastUsed")
    result = Entity(
        kind,
        name,
        path,
        fields.id(f"{kind}Id"),
        _arn(fields, kind.lower(), path, name),
        fields.time("CreateDate"),
        _inline(fields, kind),
        tuple(_attached(each) for each in fields.objects("AttachedManagedPolicies")),
        boundary.text("PermissionsBoundaryArn", ""),
        fields.tags(),
        fields.texts("GroupList"),
        fields.document("AssumeRolePolicyDocument", "trust") if kind == "Role" else "",
        tuple(profile_of(each) for each in fields.objects("InstanceProfileList")),
        (used.time("LastUsedDate"), used.text("Region", "")) if used.has("LastUsedDate") else None,
    )
    boundary.drop("PermissionsBoundaryType")
    for each, called in ((boundary, "PermissionsBoundary"), (used, "RoleLastUsed"), (fields, kind)):
        each.close(called)
    return result


def _inline(fields: Fields, kind: EntityKind) -> tuple[tuple[str, str], ...]:
    found = {}
    for each in fields.objects(f"{kind}PolicyList"):
        name = each.name("PolicyName", "policy")
        each.where = f"{fields.where}, policy `{name}`"
        if name in found:
            raise each.fault("it stands twice")
        found[name] = each.document("PolicyDocument", "identity")
        each.close(f"{kind}PolicyList")
    return tuple(found.items())


def _attached(fields: Fields) -> str:
    arn = fields.text("PolicyArn")
    fields.drop("PolicyName")
    fields.close("AttachedManagedPolicies")
    return arn


def _policy(fields: Fields) -> Policy:
    name, path = fields.name("PolicyName", "policy"), fields.path()
    fields.where = f"policy `{name}`"
    fields.drop("AttachmentCount", "PermissionsBoundaryUsageCount", "IsAttachable")
    default = fields.text("DefaultVersionId")
    result = Policy(
        name,
        path,
        fields.id("PolicyId"),
        _arn(fields, "policy", path, name),
        fields.description(),
        fields.time("CreateDate"),
        fields.time("UpdateDate"),
        tuple(_version(each) for each in fields.objects("PolicyVersionList")),
    )
    if [each.id for each in result.versions if each.is_default] != [default]:
        raise fields.fault(f"its default version `{default}` is not the one version marked so")
    if len({each.id for each in result.versions}) != len(result.versions):
        raise fields.fault("a version stands twice")
    fields.close("Policy")
    return result


def _version(fields: Fields) -> Version:
    number = fields.text("VersionId")
    if not _VERSION.fullmatch(number):
        raise fields.fault(f"`{number}` is no version, such as v1")
    result = Version(
        number,
        fields.flag("IsDefaultVersion"),
        fields.document("Document", "identity"),
        fields.time("CreateDate"),
    )
    fields.close("PolicyVersion")
    return result


def _arn(fields: Fields, kind: str, path: str, name: str) -> str:
    arn = fields.text("Arn")
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[:4] != ["arn", "aws", "iam", ""]:
        raise fields.fault(f"`{arn[:80]}` is no ARN of IAM in the partition `aws`, the only one here")
    if not (ACCOUNT.fullmatch(parts[4]) or arn.startswith(_AWS)) or parts[5] != f"{kind}{path}{name}":
        raise fields.fault(f"`{arn[:80]}` is not the ARN of {kind}{path}{name}")
    return arn


def _differing(policies: Iterable[Policy], known: Mapping[str, str]) -> list[str]:
    """Say which of AWS's policies the sandbox has in another version: its own counts."""
    return [
        f"the document of {each.arn}: the sandbox has another version of it, which counts"
        for each in policies
        for version in each.versions
        if version.is_default
        and each.arn in known
        and json.loads(known[each.arn]) != json.loads(version.text)
    ]


def _linked(entities: Iterable[Entity], there: set[str]) -> tuple[list[Entity], list[str]]:
    """Take off the attachments of AWS's policies that nobody has the text of; the account's own must be there."""
    kept, notes = [], []
    for each in entities:
        words = f"{each.kind.lower()} `{each.name}`"
        absent = [arn for arn in (*each.attached, each.boundary) if arn and arn not in there]
        for arn in absent:
            if not arn.startswith(_AWS):
                raise ValueError(f"{words}: policy {arn} is not in the file; make it with {_WHOLE}")
        kept.append(replace(each, attached=tuple(arn for arn in each.attached if arn not in absent)))
        notes += [
            f"{arn}, attached to {words}: its text is not known" for arn in absent if arn in each.attached
        ]
        if each.boundary in absent:
            notes.append(
                f"{each.boundary}, boundary of {words}: its text is not known, so it permits nothing"
            )
    return kept, notes


def _consistent(account: Account) -> None:
    """Refuse names and ids that stand twice, and members of groups that are not there."""
    _unique("id", [*(each.id for each in account.entities), *(each.id for each in account.policies)])
    for kind in _NAME_KINDS:
        _unique(kind.lower(), [each.name for each in account.of(kind)])
    _unique("policy", [each.arn for each in account.policies])
    profiles = [each for role in account.of("Role") for each in role.profiles]
    _unique("instance profile", [each.name for each in (*profiles, *account.extras.profiles)])
    groups = {each.name for each in account.of("Group")}
    for user in account.of("User"):
        absent = set(user.groups) - groups
        if absent:
            raise ValueError(
                f"user `{user.name}`: group `{min(absent)}` is not in the file; make it with {_WHOLE}"
            )
    roles, policies = {each.name for each in account.of("Role")}, {each.arn for each in account.policies}
    strangers = (account.extras.roles.keys() - roles) | (account.extras.policy_tags.keys() - policies)
    if strangers:
        raise ValueError(f"`{EXTRAS}` speaks of `{min(strangers)}`, which is not in the file")


def _unique(kind: str, found: list[str]) -> None:
    counted = Counter(each.lower() for each in found)
    twice = [each for each, count in counted.items() if count > 1]
    if twice:
        raise ValueError(f"{kind} `{twice[0]}` stands twice; letter case does not tell names apart")
