"""This computer in memory, behind `ports.local`. What is written before the power goes stays; nothing is written after."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leastkey.errors import LeastkeyError
from leastkey.ports.binding import Binding, BindingKey, binding_id
from leastkey.ports.local import HelperCommand, Intent, JournalEntry, Local, ProfileSection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.fakes.power import FakeClock, Power

    from leastkey.iam.credentials import SessionCredentials
    from leastkey.secret import Secret


HELPER = HelperCommand(
    "/opt/leastkey/bin/python", "/opt/leastkey/credential_process.py", "/home/me/.local/state/leastkey"
)


class MemoryVault:
    name = "memory"

    def __init__(self, power: Power) -> None:
        self._power = power
        self.secrets: dict[str, Secret] = {}
        self.is_locked = False

    def put(self, entry: str, secret: Secret) -> None:
        self._power.check()
        self.secrets[entry] = secret

    def get(self, entry: str) -> Secret | None:
        self._power.check()
        return self.secrets.get(entry)

    def delete(self, entry: str) -> None:
        self._power.check()
        self.secrets.pop(entry, None)

    def entries(self) -> tuple[str, ...]:
        return tuple(sorted(self.secrets))

    def probe(self) -> None:
        self._power.check()
        if self.is_locked:
            raise LeastkeyError("vault-locked", "the vault is locked")


class MemoryBindings:
    def __init__(self, power: Power) -> None:
        self._power = power
        self.items: dict[str, Binding] = {}

    def get(self, key: BindingKey) -> Binding | None:
        return self.items.get(binding_id(key))

    def put(self, binding: Binding) -> None:
        self._power.check()
        self.items[binding_id(binding.key)] = binding

    def delete(self, key: BindingKey) -> None:
        self._power.check()
        self.items.pop(binding_id(key), None)

    def all(self) -> tuple[Binding, ...]:
        return tuple(self.items[name] for name in sorted(self.items))


class MemoryIntents:
    def __init__(self, power: Power) -> None:
        self._power = power
        self.items: dict[str, Intent] = {}
        self._lock = threading.Lock()

    def create(self, intent: Intent) -> None:
        self._power.check()
        with self._lock:
            assert intent.operation not in self.items
            self.items[intent.operation] = intent

    def update(self, intent: Intent) -> None:
        self._power.check()
        with self._lock:
            self.items[intent.operation] = intent

    def close(self, operation: str) -> None:
        self._power.check()
        with self._lock:
            self.items.pop(operation, None)

    def open(self) -> tuple[Intent, ...]:
        with self._lock:
            return tuple(self.items.values())


class MemoryJournal:
    def __init__(self, power: Power) -> None:
        self._power = power
        self.lines: list[JournalEntry] = []

    def write(self, entry: JournalEntry) -> None:
        self._power.check()
        self.lines.append(entry)

    def entries(self, since: datetime | None = None) -> Iterator[JournalEntry]:
        return iter(tuple(each for each in self.lines if since is None or each.time >= since))


class MemoryLocks:
    def __init__(self) -> None:
        self.held: set[str] = set()

    @contextmanager
    def hold(self, name: str, operation: str, *, wait_seconds: float = 0) -> Iterator[None]:
        if name in self.held:
            raise LeastkeyError("locked", f"another leastkey is at work on {name}")
        self.held.add(name)
        try:
            yield
        finally:
            self.held.discard(name)


class MemoryProfiles:
    config_file = "/home/me/.aws/config"

    def __init__(self, power: Power) -> None:
        self._power = power
        self.sections: dict[str, ProfileSection] = {}
        self.shadows: dict[str, str] = {}

    def read(self, name: str) -> ProfileSection | None:
        return self.sections.get(name)

    def shadowed_by(self, name: str) -> str | None:
        return self.shadows.get(name)

    def probe(self) -> None:
        """Take every section."""

    def write(self, section: ProfileSection) -> bool:
        self._power.check()
        changed = self.sections.get(section.name) != section
        self.sections[section.name] = section
        return changed

    def remove(self, name: str) -> bool:
        self._power.check()
        return self.sections.pop(name, None) is not None


class MemorySessions:
    def __init__(self, power: Power) -> None:
        self._power = power
        self.items: dict[str, SessionCredentials] = {}
        self.due: dict[str, datetime] = {}

    def get(self, key: BindingKey) -> SessionCredentials | None:
        return self.items.get(binding_id(key))

    def put(self, key: BindingKey, session: SessionCredentials, *, refresh_at: datetime) -> None:
        self._power.check()
        self.items[binding_id(key)] = session
        self.due[binding_id(key)] = refresh_at

    def refresh_at(self, key: BindingKey) -> datetime | None:
        return self.due.get(binding_id(key))

    def delete(self, key: BindingKey) -> None:
        self._power.check()
        self.items.pop(binding_id(key), None)
        self.due.pop(binding_id(key), None)


class Computer:
    """A computer whose state outlives its processes."""

    def __init__(self, power: Power, clock: FakeClock) -> None:
        self.vault = MemoryVault(power)
        self.bindings = MemoryBindings(power)
        self.intents = MemoryIntents(power)
        self.journal = MemoryJournal(power)
        self.profiles = MemoryProfiles(power)
        self.sessions = MemorySessions(power)
        self.clock = clock

    def process(self) -> Local:
        """Start a new process: locks of dead ones are gone."""
        return Local(
            bindings=self.bindings,
            intents=self.intents,
            journal=self.journal,
            locks=MemoryLocks(),
            profiles=self.profiles,
            sessions=self.sessions,
            vault=self.vault,
            clock=self.clock,
            helper=HELPER,
        )
