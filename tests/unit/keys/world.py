"""One IAM user, one computer, and a demon: every port call is counted, and the n-th can be made to go wrong."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeVar

from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.arn import AccountId, Arn, role_arn, user_arn
from leastkey.iam.credentials import AccessKey, AccessKeyId, SessionCredentials
from leastkey.keys.create import ensure_key
from leastkey.keys.recover import recover
from leastkey.keys.rotation import Rotated, rotate_key, undo_rotation
from leastkey.keys.work import KeyWork, work_on
from leastkey.plan.seen import Caller, SeenAccessKey, SeenUser
from leastkey.ports.aws import KeyList, KeyUse
from leastkey.ports.binding import Binding, BindingKey, binding_id, vault_entry
from leastkey.ports.local import HelperCommand, Intent, JournalEntry, Local, ProfileSection
from leastkey.ports.people import Silent
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

T = TypeVar("T")
Fault = Literal["kill before", "kill after", "lost", "5xx", "throttled", "disk full"]
ACCOUNT = AccountId("111122223333")
USER = "bot"
HELPER = HelperCommand(
    "/opt/lk/bin/python", "/opt/lk/leastkey/credential_process.py", "/home/kim/.local/state/leastkey"
)
KEY = BindingKey(ACCOUNT, None, "acme", "automation")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BINDING = Binding(
    key=KEY,
    partition="aws",
    region="eu-west-1",
    target="aws",
    endpoint_url=None,
    role=role_arn("aws", ACCOUNT, "/leastkey/acme/", "acme-automation"),
    user=USER,
    access_key=None,
    vault="memory",
    session_seconds=3_600,
    profile=None,
    config_file=None,
    updated=START,
)


class Killed(BaseException):
    """The process is gone."""


@dataclass
class KeyAtAws:
    status: Literal["Active", "Inactive"]
    created: datetime
    secret: str
    run: int
    last_used: datetime | None = None


@dataclass
class Shared:
    """What all computers have in common besides the account: time, and the number of keys that were ever made."""

    seconds: float = 0.0
    minted: int = 0


@dataclass
class World:
    """What outlives a process: AWS, time, and one computer's disk and vault."""

    lag: int = 0
    aws: dict[AccessKeyId, KeyAtAws] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    history: list[tuple[SeenAccessKey, ...]] = field(default_factory=list)
    bindings: dict[str, Binding] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    vault: dict[str, Secret] = field(default_factory=dict)
    sessions: dict[str, SessionCredentials] = field(default_factory=dict)
    shared: Shared = field(default_factory=Shared)
    journal: list[JournalEntry] = field(default_factory=list)
    name: str = ""
    run: int = 0
    foreign: frozenset[AccessKeyId] = frozenset()
    calls: list[str] = field(default_factory=list)
    faults: Mapping[int, Fault] = field(default_factory=dict)
    pointer_was_good: bool = False
    profiles: dict[str, ProfileSection] = field(default_factory=dict)
    shadows: dict[str, str] = field(default_factory=dict)

    shared_key: bool = False
    """Another computer has a copy of the key in use, and may replace it."""
    turn: Callable[[str], None] = lambda name: None
    """Called before every port call; where two computers take turns it waits."""

    @property
    def seconds(self) -> float:
        return self.shared.seconds

    @seconds.setter
    def seconds(self, value: float) -> None:
        self.shared.seconds = value

    def now(self) -> datetime:
        return START + timedelta(seconds=int(self.seconds))

    def another(self, name: str) -> World:
        """Give another computer on the same account, which knows nothing yet."""
        return replace(
            self, name=name, bindings={}, intents={}, vault={}, sessions={}, journal=[], calls=[], faults={},
            pointer_was_good=False,
        )  # fmt: skip

    def step(self, name: str, action: Callable[[], T]) -> T:
        """Make one port call, or let it go wrong."""
        self.turn(name)
        number = len(self.calls)
        self.calls.append(name)
        fault = self.faults.get(number)
        remote = name.startswith(("iam:", "sts:"))
        if fault == "kill before":
            raise Killed
        if remote and fault in {"5xx", "throttled"}:
            code, outcome = (
                ("Throttling", "refused") if fault == "throttled" else ("InternalFailure", "unknown")
            )
            raise AwsError(name, code, "injected", outcome="unknown" if outcome == "unknown" else "refused")
        if not remote and fault == "disk full":
            raise LeastkeyError("disk-full", "no space left on device")
        result = action()
        if remote:
            self.tick(1)
        self.check()
        if fault == "kill after":
            raise Killed
        if remote and fault == "lost":
            raise AwsError(name, "", "no answer", outcome="unknown")
        return result

    def tick(self, count: int) -> None:
        seen = tuple(SeenAccessKey(key_id, key.status, key.created) for key_id, key in self.aws.items())
        self.history.extend([seen] * count)
        self.seconds += count * 0.3

    def check(self) -> None:
        """P: a pointer that named a key that works names one always, or nothing. Foreign keys are never touched."""
        binding = self.bindings.get(binding_id(KEY))
        pointer = None if binding is None else binding.access_key
        good = pointer is not None and self.works(pointer)
        broken = pointer is not None and not good
        assert self.shared_key or not (broken and self.pointer_was_good), (
            f"the pointer broke at {self.calls[-1]}"
        )
        self.pointer_was_good = good
        for key_id in self.foreign:
            assert key_id in self.aws, f"a foreign key was deleted at {self.calls[-1]}"

    def works(self, key_id: AccessKeyId) -> bool:
        return key_id in self.aws and self.aws[key_id].status == "Active" and self.entry(key_id) in self.vault

    def entry(self, key_id: AccessKeyId) -> str:
        return vault_entry(ACCOUNT, None, USER, key_id)

    def mint(self, *, secret_kept: bool, status: Literal["Active", "Inactive"] = "Active") -> AccessKeyId:
        self.shared.minted += 1
        key_id = AccessKeyId(f"AKIA{self.shared.minted:016d}")
        self.aws[key_id] = KeyAtAws(status, self.now(), f"secret of {key_id}", self.run)
        if secret_kept:
            self.vault[self.entry(key_id)] = Secret(self.aws[key_id].secret)
        return key_id

    def fork(self) -> World:
        return replace(
            self,
            aws={key_id: replace(key) for key_id, key in self.aws.items()},
            tags=dict(self.tags),
            history=list(self.history),
            bindings=dict(self.bindings),
            intents=dict(self.intents),
            vault=dict(self.vault),
            sessions=dict(self.sessions),
            shared=replace(self.shared),
            journal=list(self.journal),
            calls=[],
        )

    def local(self) -> Local:
        return Local(
            bindings=FakeBindings(self),
            intents=FakeIntents(self),
            journal=FakeJournal(self),
            locks=FakeLocks(self),
            profiles=FakeProfiles(self),
            sessions=FakeSessions(self),
            vault=FakeVault(self),
            clock=FakeClock(self),
            helper=HELPER,
        )

    def start(self, faults: Mapping[int, Fault] | None = None) -> str:
        self.run += 1
        self.calls.clear()
        self.faults = faults or {}
        return f"run-{self.name}{self.run}"

    def ensure(self, faults: Mapping[int, Fault] | None = None, *, new: bool = False) -> AccessKeyId:
        """Run `ensure_key` as one process would."""
        operation = self.start(faults)
        born = None
        if new:
            self.tags["leastkey:op"] = operation
            born = self.now()
        return ensure_key(self.work(operation), born=born)

    def work(self, operation: str) -> KeyWork:
        stored = self.bindings.get(binding_id(KEY), BINDING)
        return work_on(
            stored, FakeIam(self), lambda key: FakeSts(self, key), self.local(), operation, Silent()
        )

    def rotate(
        self, faults: Mapping[int, Fault] | None = None, *, grace: int = 3_600, older_than: int = 0
    ) -> Rotated:
        return rotate_key(self.work(self.start(faults)), grace_seconds=grace, older_than=older_than)

    def undo(self, faults: Mapping[int, Fault] | None = None) -> Rotated:
        return undo_rotation(self.work(self.start(faults)))

    def recover(self) -> AccessKeyId | None:
        return recover(self.work(self.start()))


class FakeIam:
    def __init__(self, world: World) -> None:
        self.world = world

    def get_user(self, name: str) -> SeenUser:
        def read() -> SeenUser:
            arn = user_arn("aws", ACCOUNT, "/leastkey/acme/", USER)
            return SeenUser(
                arn, "/leastkey/acme/", USER, "AIDA", START, (), (), (), None, dict(self.world.tags)
            )

        return self.world.step("iam:GetUser", read)

    def tag(self, kind: Literal["user", "role", "policy"], name_or_arn: str, tags: Mapping[str, str]) -> None:
        self.world.step("iam:TagUser", lambda: self.world.tags.update(tags))

    def list_access_keys(self, user: str) -> KeyList:
        def read() -> KeyList:
            self.world.tick(1)
            at = max(0, len(self.world.history) - 1 - self.world.lag)
            return KeyList(self.world.history[at], self.world.now())

        return self.world.step("iam:ListAccessKeys", read)

    def access_key_last_used(self, key: AccessKeyId) -> KeyUse:
        def read() -> KeyUse:
            found = self.world.aws.get(key)
            return KeyUse(None if found is None else found.last_used, None)

        return self.world.step("iam:GetAccessKeyLastUsed", read)

    def create_access_key(self, user: str) -> AccessKey:
        world = self.world

        def create() -> AccessKey:
            unstored = [
                key_id for key_id, key in world.aws.items()
                if world.entry(key_id) not in world.vault and key_id not in world.foreign and key.status == "Active"
            ]  # fmt: skip
            old = {binding.access_key for binding in world.bindings.values()}
            if world.lag:
                unstored = [key_id for key_id in unstored if world.aws[key_id].run == world.run]
            assert world.name or not set(unstored) - old, (
                "N: a second key is made before the first is reconciled"
            )
            if len(world.aws) >= 2:
                raise AwsError("iam:CreateAccessKey", "LimitExceeded", "two keys", status=409)
            key_id = world.mint(secret_kept=False)
            return AccessKey(key_id, Secret(world.aws[key_id].secret))

        return world.step("iam:CreateAccessKey", create)

    def update_access_key(self, user: str, key: AccessKeyId, status: Literal["Active", "Inactive"]) -> None:
        def update() -> None:
            if key not in self.world.aws:
                raise AwsError("iam:UpdateAccessKey", "NoSuchEntity", "no key", status=404)
            self.world.aws[key].status = status

        self.world.step("iam:UpdateAccessKey", update)

    def delete_access_key(self, user: str, key: AccessKeyId) -> None:
        def delete() -> None:
            if self.world.aws.pop(key, None) is None:
                raise AwsError("iam:DeleteAccessKey", "NoSuchEntity", "no key", status=404)

        self.world.step("iam:DeleteAccessKey", delete)


class FakeSts:
    def __init__(self, world: World, key: AccessKey) -> None:
        self.world = world
        self.key = key

    def caller(self) -> Caller:
        def ask() -> Caller:
            found = self.world.aws.get(self.key.id)
            young = found is not None and self.world.now() - found.created < timedelta(
                seconds=self.world.lag // 3
            )
            if found is None or young or found.status == "Inactive":
                raise AwsError("sts:GetCallerIdentity", "InvalidClientTokenId", "not valid", status=403)
            if Secret(found.secret) != self.key.secret:
                raise AwsError("sts:GetCallerIdentity", "SignatureDoesNotMatch", "wrong", status=403)
            return Caller(user_arn("aws", ACCOUNT, "/leastkey/acme/", USER), ACCOUNT, "AIDA")

        return self.world.step("sts:GetCallerIdentity", ask)

    def assume_role(
        self, role: Arn, session_name: str, *, seconds: int, external_id: str | None = None
    ) -> SessionCredentials:
        raise AssertionError("keys assume no role")


class FakeClock:
    def __init__(self, world: World) -> None:
        self.world = world

    def now(self) -> datetime:
        return self.world.now()

    def monotonic(self) -> float:
        return self.world.seconds

    def sleep(self, seconds: float) -> None:
        self.world.tick(round(seconds))
        self.world.seconds += seconds * 0.7


class FakeBindings:
    def __init__(self, world: World) -> None:
        self.world = world

    def get(self, key: BindingKey) -> Binding | None:
        return self.world.bindings.get(binding_id(key))

    def put(self, binding: Binding) -> None:
        self.world.step(
            "bindings.put", lambda: self.world.bindings.update({binding_id(binding.key): binding})
        )

    def delete(self, key: BindingKey) -> None:
        self.world.step("bindings.delete", lambda: self.world.bindings.pop(binding_id(key), None))

    def all(self) -> tuple[Binding, ...]:
        return tuple(self.world.bindings.values())


class FakeIntents:
    def __init__(self, world: World) -> None:
        self.world = world

    def create(self, intent: Intent) -> None:
        def create() -> None:
            assert intent.operation not in self.world.intents
            self.world.intents[intent.operation] = intent

        self.world.step("intents.create", create)

    def update(self, intent: Intent) -> None:
        self.world.step("intents.update", lambda: self.world.intents.update({intent.operation: intent}))

    def close(self, operation: str) -> None:
        self.world.step("intents.close", lambda: self.world.intents.pop(operation, None))

    def open(self) -> tuple[Intent, ...]:
        return tuple(sorted(self.world.intents.values(), key=lambda i: i.server_time))


class FakeVault:
    name = "memory"

    def __init__(self, world: World) -> None:
        self.world = world

    def put(self, entry: str, secret: Secret) -> None:
        self.world.step("vault.put", lambda: self.world.vault.update({entry: secret}))

    def get(self, entry: str) -> Secret | None:
        return self.world.step("vault.get", lambda: self.world.vault.get(entry))

    def delete(self, entry: str) -> None:
        self.world.step("vault.delete", lambda: self.world.vault.pop(entry, None))

    def entries(self) -> tuple[str, ...]:
        return tuple(sorted(self.world.vault))

    def probe(self) -> None:
        self.world.step("vault.probe", lambda: None)


class FakeSessions:
    def __init__(self, world: World) -> None:
        self.world = world

    def get(self, key: BindingKey) -> SessionCredentials | None:
        return self.world.sessions.get(binding_id(key))

    def refresh_at(self, key: BindingKey) -> datetime | None:
        return None

    def put(self, key: BindingKey, session: SessionCredentials, *, refresh_at: datetime) -> None:
        self.world.sessions[binding_id(key)] = session

    def delete(self, key: BindingKey) -> None:
        self.world.step("sessions.delete", lambda: self.world.sessions.pop(binding_id(key), None))


class FakeJournal:
    """What runs did, and a place where the disk can be full."""

    def __init__(self, world: World) -> None:
        self.world = world

    def write(self, entry: JournalEntry) -> None:
        self.world.step("journal.write", lambda: self.world.journal.append(entry))

    def entries(self, since: datetime | None = None) -> Iterator[JournalEntry]:
        return iter(tuple(self.world.journal))


class FakeLocks:
    def __init__(self, world: World) -> None:
        self.world = world

    def hold(self, name: str, operation: str, *, wait_seconds: float = 0) -> AbstractContextManager[None]:
        self.world.step("locks.hold", lambda: None)
        return nullcontext()


class FakeProfiles:
    def __init__(self, world: World) -> None:
        self.world = world
        self.config_file = "/home/kim/.aws/config"

    def read(self, name: str) -> ProfileSection | None:
        return self.world.profiles.get(name)

    def shadowed_by(self, name: str) -> str | None:
        return self.world.shadows.get(name)

    def probe(self) -> None:
        """Take every section."""

    def write(self, section: ProfileSection) -> bool:
        changed = self.world.profiles.get(section.name) != section
        self.world.profiles[section.name] = section
        return changed

    def remove(self, name: str) -> bool:
        return self.world.profiles.pop(name, None) is not None
