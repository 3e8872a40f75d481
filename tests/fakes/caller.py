"""Who speaks with given credentials in the fake account, and what its policies let it do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.account import Account, Role, User, refused
from tests.fakes.lookup import Lookup

from leastkey.evaluate.request import NamedDocument, Policies, Principal
from leastkey.iam.arn import session_arn
from leastkey.iam.credentials import AccessKey, SessionCredentials
from leastkey.plan.seen import Caller

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.iam.arn import Arn


@dataclass(frozen=True)
class Speaker:
    """A caller with the policies that bear on it."""

    caller: Caller
    principal: Principal
    policies: Policies


def speaker(
    account: Account, credentials: AccessKey | SessionCredentials, service: str, call: str
) -> Speaker:
    """Give who these credentials are. Raises AwsError."""
    if isinstance(credentials, AccessKey):
        return _of_key(account, credentials, service, call)
    worn = account.sessions.get(credentials.id)
    if worn is None or worn.token != credentials.token:
        raise refused(call, "InvalidClientTokenId")
    if worn.secret != credentials.secret:
        raise refused(call, "SignatureDoesNotMatch")
    role = account.roles[worn.role.lower()]
    arn = session_arn("aws", account.id, role.name, worn.name)
    account.record(credentials.id, worn.name, call, str(arn))
    role_arn = str(account.arn(f"role{role.path}{role.name}"))
    return Speaker(
        Caller(arn, account.id, f"{role.id}:{worn.name}"),
        Principal("session", str(arn), account.id, role_arn),
        Policies(
            _documents(account, role),
            boundaries=_named(account, () if role.boundary is None else (role.boundary,)),
        ),
    )


def _of_key(account: Account, credentials: AccessKey, service: str, call: str) -> Speaker:
    key = account.keys.get(credentials.id)
    if key is None or key.status == "Inactive":
        raise refused(call, "InvalidClientTokenId")
    if key.secret != credentials.secret:
        raise refused(call, "SignatureDoesNotMatch")
    key.last_used, key.service, key.region = account.clock.now(), service, "us-east-1"
    user = account.users[key.user.lower()]
    arn = account.arn(f"user{user.path}{user.name}")
    account.record(credentials.id, user.name, call, str(arn))
    return Speaker(
        Caller(arn, account.id, user.id),
        Principal("user", str(arn), account.id),
        Policies(_documents(account, user)),
    )


def _documents(account: Account, entity: User | Role) -> tuple[NamedDocument, ...]:
    inline = tuple(NamedDocument(name, document) for name, document in entity.inline.items())
    return inline + _named(account, entity.attached)


def _named(account: Account, policies: Iterable[Arn]) -> tuple[NamedDocument, ...]:
    return tuple(NamedDocument(arn.name, Lookup(account).in_force("GetPolicy", arn)) for arn in policies)
