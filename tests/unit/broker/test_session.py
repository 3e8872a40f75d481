"""Sessions: minted once for all who ask, served until renewal is due, refused in words a user can act on."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.fakes.memory_vault import MemoryVault
from tests.unit.keys.world import BINDING, START

from leastkey.broker.session import refresh_at, session_for, session_name
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import AccessKey, AccessKeyId, SessionCredentials
from leastkey.iam.names import name_fault
from leastkey.ports.binding import Binding, BindingKey, vault_entry
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

KEY = AccessKeyId("AKIAIOSFODNN7EXAMPLE")
BOUND = BINDING._replace(access_key=KEY, updated=START - timedelta(days=1))


@dataclass
class Cache:
    session: SessionCredentials | None = None
    due: datetime | None = None
    full: bool = False

    def get(self, key: BindingKey) -> SessionCredentials | None:
        return self.session

    def refresh_at(self, key: BindingKey) -> datetime | None:
        return self.due

    def put(self, key: BindingKey, session: SessionCredentials, *, refresh_at: datetime) -> None:
        if self.full:
            raise LeastkeyError("disk-full", "no room")
        self.session, self.due = session, refresh_at

    def delete(self, key: BindingKey) -> None:
        self.session = self.due = None


class Locks:
    def __init__(self) -> None:
        self.lock = threading.Lock()

    @contextmanager
    def hold(self, name: str, operation: str, *, wait_seconds: float = 0) -> Iterator[None]:
        if not self.lock.acquire(timeout=wait_seconds):
            raise LeastkeyError("locked", "somebody is minting")
        try:
            yield
        finally:
            self.lock.release()


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Bound:
    """The binding as it is on the disk now."""

    now: Binding | None = None

    def get(self, key: BindingKey) -> Binding | None:
        return self.now

    def put(self, binding: Binding) -> None:
        self.now = binding

    def delete(self, key: BindingKey) -> None:
        self.now = None

    def all(self) -> tuple[Binding, ...]:
        return () if self.now is None else (self.now,)


@dataclass
class Computer:
    sessions: Cache = field(default_factory=Cache)
    locks: Locks = field(default_factory=Locks)
    clock: Clock = field(default_factory=Clock)
    bindings: Bound = field(default_factory=Bound)
    vault: MemoryVault = field(default_factory=MemoryVault)
    opened: list[str] = field(default_factory=list)
    refusals: list[AwsError] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        entry = vault_entry(BOUND.key.account, None, BOUND.user, KEY)
        self.vault.put(entry, Secret("long-lived"))

    def vault_for(self, name: str) -> MemoryVault:
        self.opened.append(name)
        return self.vault

    def assume(self, key: AccessKey, binding: Binding, name: str) -> SessionCredentials:
        self.asked += 1
        if self.refusals:
            raise self.refusals.pop(0)
        end = self.clock.now() + timedelta(seconds=binding.session_seconds)
        return SessionCredentials(AccessKeyId(f"ASIA{self.asked:016d}"), Secret("s"), Secret("t"), end)


def refused(code: str, **more: object) -> AwsError:
    return AwsError("sts:AssumeRole", code, "words of AWS", status=403, **more)  # type: ignore[arg-type]  # test shorthand


@pytest.mark.parametrize(
    ("seconds", "served_for"), [(43_200, 42_000), (3_600, 2_400), (2_700, 1_500), (1_500, 540), (900, 600)]
)
def test_a_session_is_served_until_so_much_is_left(seconds: int, served_for: int) -> None:
    assert refresh_at(seconds, START + timedelta(seconds=seconds)) == START + timedelta(seconds=served_for)
    here = Computer()
    binding = BOUND._replace(session_seconds=seconds)
    first = session_for(binding, here, here.assume)
    here.clock.seconds = served_for - 1
    assert session_for(binding, here, here.assume) is first
    assert here.opened == ["memory"], "a cached answer opens no vault"
    here.clock.seconds = served_for
    assert session_for(binding, here, here.assume) is not first


def test_who_needs_more_time_gets_a_new_session() -> None:
    here = Computer()
    first = session_for(BOUND, here, here.assume)
    here.clock.seconds = 1_000
    assert session_for(BOUND, here, here.assume, least_seconds=2_000) is first
    assert session_for(BOUND, here, here.assume, least_seconds=3_000) is not first


def test_many_cold_callers_mint_once() -> None:
    here = Computer()
    gate = threading.Barrier(16)
    got: list[SessionCredentials] = []

    def ask() -> None:
        gate.wait()
        got.append(session_for(BOUND, here, here.assume))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert here.asked == 1
    assert len({session.id for session in got}) == 1
    assert len(got) == 16


def test_a_cache_that_cannot_be_written_does_not_cost_the_credentials() -> None:
    here = Computer(sessions=Cache(full=True))
    assert session_for(BOUND, here, here.assume).token == Secret("t")


def test_while_aws_does_not_answer_what_is_left_is_served() -> None:
    here = Computer()
    first = session_for(BOUND, here, here.assume)
    here.clock.seconds = 3_000
    here.refusals = [refused("", outcome="unknown")] * 2
    assert session_for(BOUND, here, here.assume) is first
    here.clock.seconds = 3_590
    with pytest.raises(LeastkeyError) as caught:
        session_for(BOUND, here, here.assume)
    assert caught.value.code == "no-answer"


def test_a_refusal_is_never_covered_up_by_the_cache() -> None:
    here = Computer()
    session_for(BOUND, here, here.assume)
    here.clock.seconds = 3_000
    here.refusals = [refused("AccessDenied")]
    with pytest.raises(LeastkeyError) as caught:
        session_for(BOUND, here, here.assume)
    assert caught.value.code == "session-refused"
    assert "words of AWS" in caught.value.why[0]
    assert caught.value.state == "no credentials were issued"


def test_the_clock_is_measured_from_awss_answer() -> None:
    here = Computer()
    late = here.clock.now() + timedelta(minutes=11, seconds=40)
    here.refusals = [refused("SignatureDoesNotMatch", server_time=late)]
    with pytest.raises(LeastkeyError) as caught:
        session_for(BOUND, here, here.assume)
    assert caught.value.code == "clock-skew"
    assert "11 min 40 s behind" in caught.value.what


def test_a_wrong_secret_is_not_blamed_on_the_clock() -> None:
    here = Computer()
    here.refusals = [refused("SignatureDoesNotMatch", server_time=here.clock.now())]
    with pytest.raises(LeastkeyError) as caught:
        session_for(BOUND, here, here.assume)
    assert caught.value.code == "session-refused"


def test_a_key_in_use_since_moments_is_given_time_to_arrive() -> None:
    here = Computer()
    here.refusals = [refused("InvalidClientTokenId")] * 3
    session_for(BOUND._replace(updated=here.clock.now()), here, here.assume)
    assert here.asked == 4
    old = Computer(refusals=[refused("InvalidClientTokenId")])
    with pytest.raises(LeastkeyError):
        session_for(BOUND, old, old.assume)
    assert old.asked == 1


@pytest.mark.parametrize("case", ["no pointer", "no secret"])
def test_without_a_stored_key_aws_is_not_asked(case: str) -> None:
    here = Computer()
    binding = BOUND._replace(access_key=None if case == "no pointer" else AccessKeyId("AKIAOTHER"))
    with pytest.raises(LeastkeyError) as caught:
        session_for(binding, here, here.assume)
    assert caught.value.code == ("not-set-up" if case == "no pointer" else "secret-missing")
    assert here.asked == 0


@pytest.mark.parametrize("identity", ["automation", "ä b/c", "x" * 200])
def test_the_session_name_is_one_aws_takes(identity: str) -> None:
    assert name_fault("session", session_name(identity)) is None


NEW = AccessKeyId("AKIAI44QH8DHBEXAMPLE")


@pytest.mark.parametrize("gone", ["at AWS", "from the vault too"])
def test_a_key_that_is_replaced_before_it_signs_costs_no_call(gone: str) -> None:
    computer = Computer()
    computer.vault.put(vault_entry(BOUND.key.account, None, BOUND.user, NEW), Secret("newer"))
    computer.bindings.put(BOUND._replace(access_key=NEW, updated=START))
    if gone == "at AWS":
        computer.refusals.append(refused("InvalidClientTokenId"))
    else:
        computer.vault.delete(vault_entry(BOUND.key.account, None, BOUND.user, KEY))
    signed: list[str] = []

    def assume(key: AccessKey, binding: Binding, name: str) -> SessionCredentials:
        signed.append(key.id)
        return computer.assume(key, binding, name)

    assert session_for(BOUND, computer, assume).id
    assert signed == ([KEY, NEW] if gone == "at AWS" else [NEW])
    assert computer.clock.seconds == 0


@pytest.mark.parametrize("code", ["secret-missing", "vault-failed", "vault-locked"])
def test_a_key_that_is_moved_to_another_vault_before_it_is_read_costs_no_call(code: str) -> None:
    class Moved(Computer):
        def vault_for(self, name: str) -> MemoryVault:
            self.opened.append(name)
            if name == "old":
                raise LeastkeyError(code, "the old vault is left")
            return self.vault

    computer = Moved()
    computer.bindings.put(BOUND._replace(vault="new"))
    assert session_for(BOUND._replace(vault="old"), computer, computer.assume).id
    assert computer.opened == ["old", "new"]
    computer.bindings.put(BOUND._replace(vault="old"))
    computer.sessions = Cache()
    with pytest.raises(LeastkeyError, match="the old vault is left"):
        session_for(BOUND._replace(vault="old"), computer, computer.assume)


def test_a_refusal_of_the_key_in_use_is_told_at_once() -> None:
    computer = Computer(refusals=[refused("InvalidClientTokenId")])
    computer.bindings.put(BOUND)
    with pytest.raises(LeastkeyError) as caught:
        session_for(BOUND, computer, computer.assume)
    assert caught.value.code == "session-refused"
    assert computer.asked == 1
