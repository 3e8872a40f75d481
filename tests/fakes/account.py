"""An account in memory: entities as IAM keeps them, one request counter, and faults by the n-th request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeVar

from tests.fakes.power import FakeClock, Power

from leastkey.errors import AwsError
from leastkey.iam.arn import AccountId, Arn
from leastkey.ports.trail import TrailEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.iam.document import PolicyDocument
    from leastkey.plan.seen import SeenProvider
    from leastkey.secret import Secret

T = TypeVar("T")

ACCOUNT = AccountId("111122223333")

Fault = Literal["cut before", "cut after", "lost, done", "lost, not done"] | AwsError
"""`lost`: the answer never arrives. An AwsError is AWS's refusal."""


@dataclass
class Key:
    id: AccessKeyId
    secret: Secret
    user: str
    created: datetime
    status: Literal["Active", "Inactive"] = "Active"
    last_used: datetime | None = None
    service: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class Worn:
    """A session of a role."""

    secret: Secret
    token: Secret
    role: str
    name: str


@dataclass
class User:
    name: str
    path: str
    id: str
    created: datetime
    tags: dict[str, str]
    inline: dict[str, PolicyDocument] = field(default_factory=dict)
    attached: list[Arn] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    boundary: Arn | None = None


@dataclass
class Group:
    name: str
    inline: dict[str, PolicyDocument] = field(default_factory=dict)
    attached: list[Arn] = field(default_factory=list)


@dataclass
class Role:
    name: str
    path: str
    id: str
    created: datetime
    tags: dict[str, str]
    trust: PolicyDocument
    description: str
    max_session_seconds: int
    boundary: Arn | None
    inline: dict[str, PolicyDocument] = field(default_factory=dict)
    attached: list[Arn] = field(default_factory=list)


@dataclass
class Version:
    id: str
    created: datetime
    document: PolicyDocument


@dataclass
class Policy:
    name: str
    path: str
    tags: dict[str, str]
    description: str
    versions: list[Version]
    default: str
    numbers: int = 1


@dataclass
class InstanceProfile:
    name: str
    path: str
    tags: dict[str, str]
    role: str = ""


@dataclass
class Account:
    """What AWS holds. `faults` maps the number of a request (from 1) to what befalls it."""

    id: AccountId = ACCOUNT
    alias: str | None = "acme-dev"
    clock: FakeClock = field(default_factory=FakeClock)
    power: Power = field(default_factory=Power)
    quotas: dict[str, int] = field(
        default_factory=lambda: {
            "UsersQuota": 5_000,
            "RolesQuota": 1_000,
            "PoliciesQuota": 1_500,
            "InstanceProfilesQuota": 1_000,
            "AttachedPoliciesPerRoleQuota": 10,
        }
    )
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    profiles: dict[str, InstanceProfile] = field(default_factory=dict)
    providers: dict[Arn, SeenProvider] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    sessions: dict[str, Worn] = field(default_factory=dict)
    faults: dict[int, Fault] = field(default_factory=dict)
    refuse: Callable[[str, int], Fault | None] | None = None
    report_age: timedelta = timedelta(0)
    requests: list[str] = field(default_factory=list)
    trail: list[tuple[str, str, TrailEvent]] = field(default_factory=list)
    """Key id and user name of each recorded call, the oldest first."""
    serial: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def ask(self, call: str, act: Callable[[], T]) -> T:
        """Make one request."""
        with self.lock:
            self.power.check()
            self.requests.append(call)
            fault = self.faults.get(len(self.requests))
            if fault is None and self.refuse is not None:
                fault = self.refuse(call, len(self.requests))
            if isinstance(fault, AwsError):
                raise fault
            if fault == "cut before":
                self.power.cut()
            if fault == "lost, not done":
                raise AwsError(call, "", "no usable answer", outcome="unknown")
            result = act()
            if fault == "cut after":
                self.power.cut()
            if fault == "lost, done":
                raise AwsError(call, "", "no usable answer", outcome="unknown")
            return result

    def record(self, key: str, user: str, call: str, actor: str) -> None:
        """Write a call into the trail."""
        event = TrailEvent(f"event-{len(self.trail)}", self.clock.now(), call, "127.0.0.1", "", actor)
        self.trail.append((key, user, event))

    def next_id(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}{self.serial:016d}"

    def arn(self, resource: str) -> Arn:
        return Arn("aws", "iam", "", self.id, resource)

    def entities(self) -> int:
        return len(self.users) + len(self.roles) + len(self.policies)


STATUS = {
    "AccessDenied": 403,
    "ConcurrentModification": 409,
    "DeleteConflict": 409,
    "EntityAlreadyExists": 409,
    "InvalidClientTokenId": 403,
    "LimitExceeded": 409,
    "MalformedPolicyDocument": 400,
    "NoSuchEntity": 404,
    "SignatureDoesNotMatch": 403,
    "ValidationError": 400,
}


def refused(call: str, code: str, message: str = "refused") -> AwsError:
    """Give AWS's refusal."""
    return AwsError(call, code, message, status=STATUS.get(code, 400))
