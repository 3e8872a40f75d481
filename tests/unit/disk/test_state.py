"""Bindings, intents and settings on the disk: what is written is read, and what is damaged is named."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from leastkey.disk.bindings import FileBindings
from leastkey.disk.intents import FileIntents
from leastkey.disk.settings import FileSettings
from leastkey.disk.slots import SLOT_BYTES
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import AccountId, Arn
from leastkey.iam.credentials import AccessKeyId
from leastkey.ports.binding import Binding, BindingKey, binding_id
from leastkey.ports.local import Intent

if TYPE_CHECKING:
    from pathlib import Path

KEY = BindingKey(AccountId("012345678901"), None, "acme", "automation")
NOW = datetime(2026, 3, 1, 12, 30, 0, 250_000, tzinfo=UTC)
BINDING = Binding(
    key=KEY,
    partition="aws",
    region="eu-west-1",
    target="aws",
    endpoint_url=None,
    role=Arn.parse("arn:aws:iam::012345678901:role/leastkey/acme/automation_role"),
    user="automation_user",
    access_key=AccessKeyId("AKIAEXAMPLE7Q2X"),
    vault="age-file",
    session_seconds=3600,
    profile="automation",
    config_file="/home/u/.aws/config",
    updated=NOW,
)
INTENT = Intent("op/../1", KEY, "automation_user", (AccessKeyId("AKIA1"),), NOW, "creating")


def test_a_binding_comes_back_as_it_was_put(tmp_path: Path) -> None:
    bindings = FileBindings(tmp_path)
    other = BINDING._replace(
        key=KEY._replace(endpoint="http://127.0.0.1:4566"),
        access_key=None,
        profile=None,
        config_file=None,
    )
    bindings.put(other)
    bindings.put(BINDING)
    assert bindings.get(KEY) == BINDING
    assert bindings.find(binding_id(KEY)) == BINDING
    assert bindings.all() == (BINDING, other)
    bindings.delete(KEY)
    bindings.delete(KEY)
    assert bindings.get(KEY) is None
    assert bindings.find("../../etc/passwd") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"format": 1}', "account"),
        ('{"format": 2}', "format is 2"),
        ("[]", "no JSON object"),
        ('{"format": 1, "acc', "Unterminated"),
        ("", "Expecting value"),
        ("\xff", "codec"),
    ],
)
def test_a_damaged_binding_is_an_error_that_names_the_file(tmp_path: Path, text: str, says: str) -> None:
    bindings = FileBindings(tmp_path)
    bindings.put(BINDING)
    path = tmp_path / "bindings" / f"{binding_id(KEY)}.json"
    path.write_bytes(text.encode("latin-1"))
    for attempt in (lambda: bindings.get(KEY), bindings.all):
        with pytest.raises(LeastkeyError) as caught:
            attempt()
        assert str(path) in caught.value.what
        assert says in caught.value.why[0]


def test_a_binding_under_anothers_name_is_damage(tmp_path: Path) -> None:
    bindings = FileBindings(tmp_path)
    bindings.put(BINDING)
    wrong = tmp_path / "bindings" / f"{'0' * 16}.json"
    (tmp_path / "bindings" / f"{binding_id(KEY)}.json").rename(wrong)
    with pytest.raises(LeastkeyError, match="is not as leastkey wrote it"):
        bindings.all()


def test_an_intent_lives_through_its_phases(tmp_path: Path) -> None:
    intents = FileIntents(tmp_path)
    older = replace(INTENT, operation="op-0", server_time=NOW.replace(hour=1))
    intents.create(INTENT)
    intents.create(older)
    assert intents.open() == (older, INTENT)
    stored = replace(INTENT, phase="stored", created_key=AccessKeyId("AKIA2"))
    retire = replace(stored, phase="retire", retired_key=AccessKeyId("AKIA1"))
    for phase in (stored, retire, stored):
        intents.update(phase)
        assert FileIntents(tmp_path).open() == (older, phase)
    intents.close(INTENT.operation)
    intents.close(INTENT.operation)
    assert intents.open() == (older,)


def test_an_operation_that_exists_is_refused_and_kept(tmp_path: Path) -> None:
    intents = FileIntents(tmp_path)
    intents.create(INTENT)
    with pytest.raises(LeastkeyError, match="exists already"):
        intents.create(replace(INTENT, user="other"))
    assert intents.open() == (INTENT,)


def test_an_update_of_an_intent_takes_no_new_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    intents = FileIntents(tmp_path)
    intents.create(INTENT)
    (path,) = (tmp_path / "intents").iterdir()
    before = path.stat()
    asked = os.open

    def full(file: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, "full")
        return asked(file, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", full)
    stored = replace(INTENT, phase="stored", created_key=AccessKeyId("AKIA2"))
    intents.update(stored)
    assert intents.open() == (stored,)
    after = path.stat()
    assert (after.st_ino, after.st_size, after.st_blocks) == (
        before.st_ino,
        before.st_size,
        before.st_blocks,
    )
    assert before.st_blocks * 512 >= 2 * SLOT_BYTES


@pytest.mark.parametrize("written", [0, 1, 70, 200])
def test_a_crash_in_the_middle_of_an_update_leaves_the_phase_before(tmp_path: Path, written: int) -> None:
    """The second update lands in the first slot; whatever part of it reached the disk, the older phase is read."""
    intents = FileIntents(tmp_path)
    stored = replace(INTENT, phase="stored", created_key=AccessKeyId("AKIA2"))
    retire = replace(stored, phase="retire", retired_key=AccessKeyId("AKIA1"))
    intents.create(INTENT)
    intents.update(stored)
    (path,) = (tmp_path / "intents").iterdir()
    before = path.read_bytes()
    intents.update(retire)
    path.write_bytes(path.read_bytes()[:written] + before[written:])
    assert intents.open() == (stored,)
    intents.update(retire)
    assert intents.open() == (retire,)


def test_a_damaged_intent_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    intents = FileIntents(tmp_path)
    intents.create(INTENT)
    (path,) = (tmp_path / "intents").iterdir()
    path.write_bytes(path.read_bytes()[100:])
    for attempt in (intents.open, lambda: intents.update(INTENT)):
        with pytest.raises(LeastkeyError) as caught:
            attempt()
        assert str(path) in caught.value.what


def test_a_choice_of_vault_is_remembered_for_its_target(tmp_path: Path) -> None:
    settings = FileSettings(tmp_path)
    assert settings.vault("aws") is None
    settings.remember_vault("aws", "keyring")
    settings.remember_vault("sandbox", "age-file")
    assert (FileSettings(tmp_path).vault("aws"), settings.vault("sandbox")) == ("keyring", "age-file")
    (tmp_path / "settings.json").write_text('{"format": 1, "vault": ["x"]}')
    with pytest.raises(LeastkeyError, match=r"settings\.json"):
        settings.vault("aws")
