"""Secrets move from vault to vault: at every instant each can be read where its binding says, and in the end lies once."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.torture import rounds
from tests.unit.keys.world import BINDING, HELPER, KEY, START

from leastkey.clock import SystemClock
from leastkey.disk.aws_config import AwsProfiles
from leastkey.disk.bindings import FileBindings
from leastkey.disk.home import prepare_home
from leastkey.disk.intents import FileIntents
from leastkey.disk.journal import FileJournal
from leastkey.disk.locks import FileLocks
from leastkey.disk.move_note import FileMoveNote
from leastkey.disk.sessions import Sessions
from leastkey.disk.settings import FileSettings
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import AccessKeyId
from leastkey.keys.move_vault import Moved, move_vault
from leastkey.ports.binding import vault_entry
from leastkey.ports.local import Intent, Local
from leastkey.ports.moving import Movers
from leastkey.secret import Secret
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from pathlib import Path

    from leastkey.vault.age_file import AgeFile

USERS: Final = {"automation": "bot", "nightly": "nightly-bot"}
OTHER = "sandbox-snapshot/0123"


class Computer:
    """A state folder on the disk."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        prepare_home(self.home)
        self.bindings = FileBindings(self.home)

    def vault(self, name: str) -> AgeFile:
        return open_vault(name, VaultFiles(self.home))

    def local(self, vault: str) -> Local:
        return Local(
            bindings=self.bindings,
            intents=FileIntents(self.home),
            journal=FileJournal(self.home),
            locks=FileLocks(self.home),
            profiles=AwsProfiles({"HOME": str(self.home)}),
            sessions=Sessions(self.home, kernel=False),
            vault=self.vault(vault),
            clock=SystemClock(),
            helper=HELPER,
            vault_named=self.vault,
        )

    def fill(self, vault: str) -> None:
        """Make two identities with a key, and a key that nothing points at."""
        for number, (identity, user) in enumerate(USERS.items()):
            key = AccessKeyId(f"AKIA{number:016}")
            self.vault(vault).put(self.entry(user, key), Secret(f"secret of {key}"))
            bound = BINDING._replace(
                key=KEY._replace(identity=identity), user=user, access_key=key, vault=vault
            )
            self.bindings.put(bound)
        self.vault(vault).put(self.entry("bot", AccessKeyId("AKIASPARE")), Secret("spare"))

    def entry(self, user: str, key: AccessKeyId) -> str:
        return vault_entry(KEY.account, KEY.endpoint, user, key)

    def move(self, target: str) -> Moved:
        settings = FileSettings(self.home)
        movers = Movers(
            self.local(target),
            FileMoveNote(self.home),
            self.vault,
            lambda: settings.remember_vault("aws", target),
        )
        return move_vault(movers, self.vault(target), {b.vault for b in self.bindings.all()})

    def assert_readable(self) -> None:
        """Read each key in the vault that its binding names."""
        bound = self.bindings.all()
        assert len(bound) == len(USERS)
        for each in bound:
            assert each.access_key is not None
            held = self.vault(each.vault).get(self.entry(each.user, each.access_key))
            assert held == Secret(f"secret of {each.access_key}")

    def assert_all_in(self, vault: str) -> None:
        """Find every secret in this vault, and of the other nothing on the disk."""
        self.assert_readable()
        assert {each.vault for each in self.bindings.all()} == {vault}
        assert len(self.vault(vault).entries()) == 3
        found = {path.name for path in (self.home / "vault").iterdir()}
        left = {name for name in found if not name.startswith(".leastkey-tmp-")}  # of a killed writer
        assert len(left) == 2
        assert not {"vault.age", "identity.txt"} & left
        assert FileMoveNote(self.home).read() is None


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    computer = Computer(tmp_path)
    computer.fill("age-file")
    return computer


@pytest.fixture
def elsewhere(tmp_path: Path) -> str:
    return f"age-file:{tmp_path}/home/vault/elsewhere.txt"


def test_all_secrets_move_and_the_old_vault_is_gone(computer: Computer, elsewhere: str) -> None:
    assert computer.move(elsewhere) == Moved(3, ("age-file",), ())
    computer.assert_all_in(elsewhere)
    assert FileSettings(computer.home).vault("aws") == elsewhere
    assert computer.move(elsewhere) == Moved(0, (), ())
    assert computer.move("age-file") == Moved(3, (), (elsewhere,))  # the identity file is the user's
    assert computer.vault(elsewhere).entries() == ()


OPERATIONS: Final = ("rename", "link", "unlink", "fsync", "write")


def killed_at(number: int, computer: Computer, target: str) -> bool:
    """Move in a process that ends without a word at its n-th operation on a file; says whether it was killed."""
    child = os.fork()
    if child == 0:
        count = 0

        def mortal(name: str) -> None:
            real = getattr(os, name)

            def call(*arguments: object, **named: object) -> object:
                nonlocal count
                count += 1
                if count == number:
                    os._exit(9)
                return real(*arguments, **named)

            setattr(os, name, call)

        for name in OPERATIONS:
            mortal(name)
        try:
            computer.move(target)
        except BaseException:  # noqa: BLE001  # the parent sees the code
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, 9}
    return code == 9


@pytest.mark.torture
def test_killed_at_any_operation_each_key_stays_readable_and_the_next_run_ends_the_move(
    tmp_path: Path,
) -> None:
    step = rounds(7, 1)
    number = 1
    while True:
        computer = Computer(tmp_path / str(number))
        computer.fill("age-file")
        elsewhere = f"age-file:{computer.home}/vault/elsewhere.txt"
        killed = killed_at(number, computer, elsewhere)
        computer.assert_readable()
        computer.move(elsewhere)
        computer.assert_all_in(elsewhere)
        if not killed:
            break
        number += step
    assert number > 40


def test_what_is_not_a_key_stays_and_the_vault_with_it(computer: Computer, elsewhere: str) -> None:
    computer.vault("age-file").put(OTHER, Secret("x"))
    assert computer.move(elsewhere) == Moved(3, (), ("age-file",))
    assert computer.vault("age-file").entries() == (OTHER,)
    computer.assert_readable()


def test_a_vault_that_does_not_open_is_not_left_halfway(computer: Computer, elsewhere: str) -> None:
    (computer.home / "vault" / "identity.txt").rename(computer.home / "gone")
    with pytest.raises(LeastkeyError, match="identity is gone"):
        computer.move(elsewhere)
    assert FileMoveNote(computer.home).read() is None
    assert {each.vault for each in computer.bindings.all()} == {"age-file"}
    (computer.home / "gone").rename(computer.home / "vault" / "identity.txt")
    computer.assert_readable()


def test_an_open_key_operation_is_finished_first(computer: Computer, elsewhere: str) -> None:
    FileIntents(computer.home).create(Intent("run.x.1", KEY, "bot", (), START, "creating"))
    with pytest.raises(LeastkeyError, match="is not finished") as caught:
        computer.move(elsewhere)
    assert caught.value.why == ("keys of `bot`",)
    computer.assert_readable()


def test_who_reads_meanwhile_finds_every_key_where_its_binding_says(
    computer: Computer, elsewhere: str
) -> None:
    failed: list[str] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            for each in computer.bindings.all():
                assert each.access_key is not None
                entry = computer.entry(each.user, each.access_key)
                if computer.vault(each.vault).get(entry) is None:
                    now = computer.bindings.get(each.key)
                    if now is None or now.vault == each.vault:
                        failed.append(entry)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for target in (elsewhere, "age-file", elsewhere):
            computer.move(target)
    finally:
        over.set()
        reader.join()
    assert failed == []
