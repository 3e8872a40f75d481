"""The two AWS accounts the contract runs on: the one in memory, and the sandbox behind the real adapter.

A stage also does what the ports cannot: what people did in the console before leastkey came.
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from botocore.config import Config
from botocore.session import Session
from tests.fakes.account import Account, Role, User
from tests.fakes.connect import FakeConnect
from tests.fakes.power import FakeClock

from leastkey.aws.connect import connect_as
from leastkey.iam.arn import AccountId, Arn
from leastkey.iam.credentials import AccessKey, AccessKeyId
from leastkey.iam.document import PolicyDocument, parse_document
from leastkey.secret import Secret

if TYPE_CHECKING:
    from tests.support.proxy import Phase, Proxy, Seen

    from leastkey.ports.aws import Connect, Iam
    from leastkey.sandbox.server.process import Sandbox

PATH = "/leastkey/acme/"


class Stage(Protocol):
    """An account, clients for it, and a hand behind the scenes."""

    account: AccountId
    connect: Connect
    iam: Iam

    def now(self) -> datetime: ...

    def requests(self) -> list[str]:
        """Give the requests made since this was asked last."""
        ...

    def lose_next_answer(self) -> None:
        """The next request is carried out, and its answer never arrives."""
        ...

    def put_in_group(self, user: str, group: str) -> None: ...

    def attach_to_user(self, user: str, policy: Arn) -> None: ...

    def put_in_role(self, role: str, name: str, document: PolicyDocument) -> None: ...

    def name_account(self, alias: str) -> None: ...

    def fill(self, users: int) -> None:
        """Make many users at once."""
        ...


class Memory:
    """The fake."""

    def __init__(self) -> None:
        self._held = Account(alias=None)
        self.account = self._held.id
        self.connect: Connect = FakeConnect(self._held)
        self.iam = self.connect.iam()
        self._from = 0

    def now(self) -> datetime:
        return self._held.clock.now()

    def requests(self) -> list[str]:
        made = self._held.requests[self._from :]
        self._from += len(made)
        return made

    def lose_next_answer(self) -> None:
        self._held.faults[len(self._held.requests) + 1] = "lost, done"

    def put_in_group(self, user: str, group: str) -> None:
        self._user(user).groups.append(group)

    def attach_to_user(self, user: str, policy: Arn) -> None:
        self._user(user).attached.append(policy)

    def put_in_role(self, role: str, name: str, document: PolicyDocument) -> None:
        found: Role = self._held.roles[role.lower()]
        found.inline[name] = document

    def name_account(self, alias: str) -> None:
        self._held.alias = alias

    def fill(self, users: int) -> None:
        for number in range(users):
            name = f"somebody-{number}"
            self._held.users[name] = User(name, "/", name, self.now(), {})

    def _user(self, name: str) -> User:
        return self._held.users[name.lower()]


class Losing:
    """A proxy's hook that drops the connection after a request was carried out."""

    def __init__(self) -> None:
        self.next = False

    def __call__(self, seen: Seen, phase: Phase) -> None:
        if phase == "after" and self.next:
            self.next = False
            raise ConnectionAbortedError


_ACCOUNTS = itertools.count(310_000_000_001)


class Embedded:
    """The sandbox, asked through botocore and the real adapter."""

    def __init__(self, sandbox: Sandbox, proxy: Proxy, losing: Losing) -> None:
        self.account = AccountId(str(next(_ACCOUNTS)))
        self._sandbox, self._proxy, self._losing = sandbox, proxy, losing
        root = sandbox.key_of(self.account)
        self._root = AccessKey(
            AccessKeyId(str(root["access_key_id"])), Secret(str(root["secret_access_key"]))
        )
        # The clock stands still but for naps, so that no test waits for the limiter or for a report.
        self.connect: Connect = connect_as(
            self._root, FakeClock(), region="us-east-1", endpoint_url=proxy.url, source="a test"
        )
        self.iam = self.connect.iam()
        self._from = len(proxy.seen)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def requests(self) -> list[str]:
        made = [each.action for each in self._proxy.seen[self._from :]]
        self._from += len(made)
        return [f"{'sts' if each in _STS else 'iam'}:{each}" for each in made]

    def lose_next_answer(self) -> None:
        self._losing.next = True

    def put_in_group(self, user: str, group: str) -> None:
        self._client().create_group(GroupName=group)
        self._client().add_user_to_group(GroupName=group, UserName=user)

    def attach_to_user(self, user: str, policy: Arn) -> None:
        self._client().attach_user_policy(UserName=user, PolicyArn=str(policy))

    def put_in_role(self, role: str, name: str, document: PolicyDocument) -> None:
        self._client().put_role_policy(
            RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document.to_json())
        )

    def name_account(self, alias: str) -> None:
        self._client().create_account_alias(AccountAlias=alias)

    def fill(self, users: int) -> None:
        iam = self._sandbox.world.iam(self.account)
        for number in range(users):
            iam.create_user("us-east-1", f"somebody-{number}")

    def _client(self) -> Any:
        return Session().create_client(
            "iam",
            region_name="us-east-1",
            endpoint_url=self._proxy.url,
            aws_access_key_id=self._root.id,
            aws_secret_access_key=self._root.secret.reveal(),
            config=Config(retries={"total_max_attempts": 1}),
        )


_STS = frozenset({"AssumeRole", "GetCallerIdentity"})


def allows(*actions: str, on: str = "*") -> PolicyDocument:
    """Give an identity policy of one Allow."""
    return parse_document(_one({"Effect": "Allow", "Action": list(actions), "Resource": on}), "identity")


def trusts(account: str, **condition: Any) -> PolicyDocument:
    """Give a trust policy that names a whole account, under conditions."""
    entry: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    return parse_document(_one(entry | ({"Condition": condition} if condition else {})), "trust")


def _one(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def make_role(
    stage: Stage, name: str = "Job", *, trust: PolicyDocument | None = None, seconds: int = 3_600
) -> Arn:
    """Make a role that anybody of the account may wear who is allowed to."""
    made = stage.iam.create_role(
        name,
        PATH,
        trust or trusts(stage.account),
        description="a job",
        max_session_seconds=seconds,
        boundary=None,
        tags={},
    )
    return made.arn


def make_policy(stage: Stage, name: str = "Rules", document: PolicyDocument | None = None) -> Arn:
    """Make a customer policy."""
    return stage.iam.create_policy(
        name, PATH, document or allows("ec2:DescribeRegions"), description="", tags={}
    )
