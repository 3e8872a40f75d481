"""Destroying a user's keys leaves nothing, however often it is cut off."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from tests.unit.keys.world import BINDING, USER, FakeIam, Fault, Killed, World

from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.keys.remove import remove_keys
from leastkey.ports.people import Silent


def remove(world: World, faults: dict[int, Fault] | None = None) -> int:
    operation = world.start(faults)
    return remove_keys(USER, BINDING, FakeIam(world), world.local(), operation=operation, progress=Silent())


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
    remove_keys(USER, BINDING, FakeIam(world), elsewhere, operation=operation, progress=told)
    assert len(told.lines) == 1
    assert shown(stranger) in told.lines[0]
