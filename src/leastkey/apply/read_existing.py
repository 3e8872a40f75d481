"""Read one user or role that somebody made by hand, and the account's names: read calls only, nothing is changed.

The dump answers almost everything in one request a page of 1,000 entities: asking for the one user by itself would be
fewer bytes, but its groups, the nearest names, free names and the roles that trust it would each be questions of their
own. A user costs pages + 3 requests and one a key, a role pages + 1.
Source: IAM API Reference, GetAccountAuthorizationDetails, ListAccessKeys, GetAccessKeyLastUsed, GetCredentialReport.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.adopt.existing import Existing, ExistingKey, ExistingPolicy, Taken
from leastkey.apply.refusals import refusal
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.catalog import nearest
from leastkey.iam.marks import OUR_PATH, PROJECT_TAG
from leastkey.iam.refusals import DENIED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.adopt.existing import Kind
    from leastkey.iam.arn import AccountId, Arn
    from leastkey.iam.document import PolicyDocument
    from leastkey.plan.seen import InlinePolicy, SeenRole, SeenUser
    from leastkey.ports.aws import Details, Iam
    from leastkey.ports.people import Progress

__all__ = ["read_existing"]

_SERVICE_LINKED: Final = "/aws-service-role/"
_RESERVED: Final = "/aws-reserved/"


def read_existing(
    iam: Iam, account: AccountId, kind: Kind, name: str, progress: Progress
) -> tuple[Existing, Taken]:
    """Read a user or role by name. Raises LeastkeyError, also where it cannot be replaced."""
    try:
        dump = iam.account_authorization_details()
        found = _find(dump, kind, name)
        _refuse_kept(found, kind)
        existing = (
            _user(iam, account, found, dump, progress)
            if kind == "user"
            else _role(iam, account, dump, found.name)
        )
    except AwsError as error:
        raise refusal(error) from None
    return existing, _taken(dump)


# --- finding it


def _find(dump: Details, kind: Kind, name: str) -> SeenUser | SeenRole:
    every: tuple[SeenUser | SeenRole, ...] = dump.users if kind == "user" else dump.roles
    found = next((one for one in every if one.name.lower() == name.lower()), None)
    if found is not None:
        return found
    if kind == "user" and name.lower() in {"root", "<root_account>"}:
        raise _kept(
            "the root user cannot be replaced by a role",
            "it may do everything in the account, and nothing can limit it",
            "describe the script instead: `leastkey init`; then delete the root user's keys",
        )
    close = nearest(name, [one.name for one in every])
    other = dump.roles if kind == "user" else dump.users
    swapped = any(one.name.lower() == name.lower() for one in other)
    option = "--from-role" if kind == "user" else "--from-user"
    fix = f"did you mean `{close}`?" if close else f"look at the names: `aws iam list-{kind}s`"
    raise LeastkeyError(
        "unknown-name",
        f"the account has no {kind} `{name}`",
        why=f"{len(every)} {kind}s were read",
        remedy=f"it is a {'role' if kind == 'user' else 'user'}: `{option} {name}`" if swapped else fix,
    )


def _refuse_kept(found: SeenUser | SeenRole, kind: Kind) -> None:
    """Refuse what is ours already, and what AWS keeps for itself."""
    if found.path.startswith(OUR_PATH) or PROJECT_TAG in found.tags:
        project = found.tags.get(PROJECT_TAG) or found.path.removeprefix(OUR_PATH).strip("/")
        raise _kept(
            f"the {kind} `{found.name}` belongs to the leastkey project `{project}` already",
            f"there      {found.arn}",
            f"change it in the spec of `{project}`, then `leastkey plan`",
        )
    if found.path.startswith(_SERVICE_LINKED):
        raise _kept(
            f"`{found.name}` is a service-linked role, which no other role can replace",
            "its service made it and wears only it",
            "leave it as it is",
        )
    if found.path.startswith(_RESERVED) or found.name.startswith("AWSReservedSSO_"):
        raise _kept(
            f"`{found.name}` belongs to IAM Identity Center, which would make it again",
            "it is for people who sign in, and follows a permission set",
            "change the permission set in IAM Identity Center",
        )


def _kept(what: str, why: str, remedy: str) -> LeastkeyError:
    return LeastkeyError("not-replaceable", what, why=why, remedy=remedy)


# --- reading it


def _user(
    iam: Iam, account: AccountId, found: SeenUser | SeenRole, dump: Details, progress: Progress
) -> Existing:
    user = next(one for one in dump.users if one.name == found.name)
    listed = iam.list_access_keys(user.name)
    keys = []
    for key in sorted(listed.keys, key=lambda one: one.created):
        use = iam.access_key_last_used(key.id)
        keys.append(
            ExistingKey(
                last_four=key.id[-4:],
                is_active=key.status == "Active",
                created=key.created,
                last_used=use.last_used,
                service=use.service,
                region=use.region,
            )
        )
    policies = [*_policies(user.inline, user.attached, dump)]
    groups = {group.name: group for group in dump.groups}
    for name in user.groups:
        group = groups.get(name)
        if group is None:
            raise _unread(f"group `{name}`")
        policies += _policies(group.inline, group.attached, dump, group.name)
    return Existing(
        kind="user",
        arn=user.arn,
        account=account,
        unique_id=user.user_id,
        policies=tuple(policies),
        boundary=None if user.boundary is None else _managed(user.boundary, dump),
        tags=user.tags,
        groups=user.groups,
        keys=tuple(keys),
        has_password=_password(iam, user.name, progress),
        read_at=listed.server_time,
        worn_by_others=_trusting(user.arn, dump),
    )


def _role(iam: Iam, account: AccountId, dump: Details, name: str) -> Existing:
    role = next(one for one in dump.roles if one.name == name)
    return Existing(
        kind="role",
        arn=role.arn,
        account=account,
        unique_id=role.role_id,
        policies=tuple(_policies(role.inline, role.attached, dump)),
        boundary=None if role.boundary is None else _managed(role.boundary, dump),
        tags=role.tags,
        trust=role.trust,
        max_session_seconds=iam.get_role(name).max_session_seconds,
        instance_profiles=tuple(profile.name for profile in role.instance_profiles),
        worn_by_others=_trusting(role.arn, dump),
    )


def _policies(
    inline: Iterable[InlinePolicy], attached: Iterable[Arn], dump: Details, group: str | None = None
) -> Iterable[ExistingPolicy]:
    for policy in inline:
        yield ExistingPolicy(policy.name, "inline", _read(policy.document, policy.name), None, group)
    for arn in attached:
        yield _managed(arn, dump, group)


def _managed(arn: Arn, dump: Details, group: str | None = None) -> ExistingPolicy:
    if arn.account == "aws":
        return ExistingPolicy(arn.name, "aws", None, arn, group)
    policy = next((one for one in dump.policies if one.arn == arn), None)
    return ExistingPolicy(
        arn.name, "customer", _read(None if policy is None else policy.document, arn.name), arn, group
    )


def _read(document: PolicyDocument | None, name: str) -> PolicyDocument:
    """Give a document that was read. One that was not could hold a Deny: without it the role would be wider."""
    if document is None:
        raise _unread(f"policy `{name}`")
    return document


def _unread(what: str) -> LeastkeyError:
    return LeastkeyError(
        "policy-invalid",
        f"the {what} cannot be read, so nothing can replace it",
        why="a Deny in it would be lost",
        remedy="look at it in the console, and take away what no longer counts",
    )


def _password(iam: Iam, name: str, progress: Progress) -> bool | None:
    """Say whether the user has a console password, None where the report cannot be read."""
    try:
        row = iam.credential_report().rows.get(name.lower())
    except AwsError as error:
        if error.code not in DENIED:
            raise
        progress.say(f"whether `{name}` has a password cannot be read: AWS refused `{error.call}`")
        return None
    return None if row is None else row.has_password


def _trusting(arn: Arn, dump: Details) -> tuple[str, ...]:
    """Give the roles whose trust policy names a user or role."""
    return tuple(
        role.name
        for role in dump.roles
        if role.trust is not None and role.arn != arn and str(arn) in _named_in(role.trust)
    )


def _named_in(trust: PolicyDocument) -> set[str]:
    found: set[str] = set()
    for statement in trust.statements:
        found.update(() if statement.principal is None else statement.principal.aws)
        found.update(value for condition in statement.conditions for value in condition.values)
    return found


def _taken(dump: Details) -> Taken:
    paths = {user.path for user in dump.users} | {role.path for role in dump.roles}
    paths |= {policy.path for policy in dump.policies}
    return Taken(
        users=frozenset(user.name.lower() for user in dump.users),
        roles=frozenset(role.name.lower() for role in dump.roles),
        policies=frozenset(policy.name.lower() for policy in dump.policies),
        instance_profiles=frozenset(
            profile.name.lower() for role in dump.roles for profile in role.instance_profiles
        ),
        projects=frozenset(
            path.removeprefix(OUR_PATH).strip("/").lower() for path in paths if path.startswith(OUR_PATH)
        ),
    )
