"""Destroying a user's keys leaves nothing, however often it is cut off."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest
from tests.unit.keys.world import BINDING, KEY, USER, FakeIam, Fault, Killed, World

from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.keys.remove import forget_secrets, remove_keys
from leastkey.keys.retire import switch_off_and_delete
from leastkey.keys.work import UserKeys
from leastkey.ports.binding import vault_entry
from leastkey.ports.people import Silent

if TYPE_CHECKING:
    from leastkey.iam.credentials import AccessKeyId


def remove(world: World, faults: dict[int, Fault] | None = None) -> int:
    operation = world.start(faults)
    local = world.local()
    bound = local.bindings.all()
    return remove_keys(UserKeys(USER, KEY, FakeIam(world), local, operation, Silent()), bound)


def with_keys() -> World:
    world = World()
    world.ensure(new=True)
    world.mint(secret_kept=False)
    world.tick(3)
    return world


FAULTS: tuple[Fault, ...] = ("kill before", "kill after", "lost", "5xx", "disk full")


@pytest.mark.parametrize("fault", FAULTS)
def test_removal_cut_off_anywhere_is_finished_by_the_next(fault: Fault) -> None:
    clean = with_keys()
    remove(clean)
    for number in range(len(clean.calls)):
        world = with_keys()
        with contextlib.suppress(Killed, AwsError, LeastkeyError):
            remove(world, {number: fault})
        remove(world)
        assert not world.aws
        assert not world.vault
        assert not world.intents
        assert all(binding.access_key is None for binding in world.bindings.values())


class Told(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def test_the_key_in_use_is_ours_wherever_its_secret_lies() -> None:
    world = World()
    world.ensure(new=True)
    stranger = world.mint(secret_kept=False)
    told = Told()
    operation = world.start()
    elsewhere = replace(world.local(), vault=World().local().vault)
    remove_keys(UserKeys(USER, KEY, FakeIam(world), elsewhere, operation, told), ())
    assert len(told.lines) == 1
    assert shown(stranger) in told.lines[0]


def test_a_secret_that_another_identity_has_come_to_use_is_kept_until_that_one_goes() -> None:
    world = World()
    key = world.ensure(new=True)
    local = world.local()
    entry = vault_entry(BINDING.key.account, BINDING.key.endpoint, USER, key)
    other = BINDING._replace(key=BINDING.key._replace(identity="other"), access_key=key)
    local.bindings.put(BINDING._replace(access_key=None))
    local.bindings.put(other)
    bound = local.bindings.all()
    forget_secrets(USER, BINDING.key, local.vault, local, bound)
    assert local.vault.get(entry) is not None
    local.bindings.put(other._replace(access_key=None))
    forget_secrets(USER, BINDING.key, local.vault, local, bound)
    assert local.vault.get(entry) is None


class NotEverywhere(FakeIam):
    """Asks a server to switch keys off that has not heard of them yet."""

    def update_access_key(self, user: str, key: AccessKeyId, status: Literal["Active", "Inactive"]) -> None:
        raise AwsError("iam:UpdateAccessKey", "NoSuchEntity", f"{user} has no {key} to make {status}")


def test_a_key_that_one_server_does_not_know_yet_is_deleted_all_the_same() -> None:
    world = World()
    key = world.mint(secret_kept=False)
    operation = world.start()
    work = UserKeys(USER, KEY, NotEverywhere(world), world.local(), operation, Silent())
    switch_off_and_delete(work, key)
    assert not world.aws
