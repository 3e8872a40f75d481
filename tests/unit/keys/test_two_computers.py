"""Two computers, each with a state folder of its own, at one user's keys at once: one key comes into use at most.

Each runs in a thread that may go only when it has its turn, so that every order of their calls with so many changes of
turn can be tried. No key in use may stop working: the world checks that for each after every call.
"""

from __future__ import annotations

import itertools
import random
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.torture import rounds
from tests.unit.keys.test_faults import keyless
from tests.unit.keys.test_rotation import attempt_command, in_use
from tests.unit.keys.world import KEY, Fault, World

from leastkey.ports.binding import binding_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.iam.credentials import AccessKeyId

MOST_CALLS = 45
"""More than one run makes."""


class Turns:
    """Gives two threads turns: so many calls for the first, so many for the second, and so on; the rest as they come."""

    def __init__(self, lengths: list[int]) -> None:
        self._condition = threading.Condition()
        self._lengths = list(lengths)
        self._owner = 0
        self._ended = [False, False]

    def take(self, who: int) -> None:
        """Wait for the next turn."""
        with self._condition:
            if self._owner == who and self._lengths and self._lengths[0] == 0:
                self._lengths.pop(0)
                self._give(1 - who)
            assert self._condition.wait_for(lambda: self._owner == who, timeout=30)
            if self._lengths:
                self._lengths[0] -= 1

    def end(self, who: int) -> None:
        """Say that a thread makes no more calls."""
        with self._condition:
            self._ended[who] = True
            if self._owner == who:
                del self._lengths[:1]
                self._owner = 1 - who
                self._condition.notify_all()

    def _give(self, who: int) -> None:
        if not self._ended[who]:
            self._owner = who
            self._condition.notify_all()


Run = "tuple[World, Callable[..., object], dict[int, Fault]]"


def race(runs: list[tuple[World, Callable[..., object], dict[int, Fault]]], lengths: list[int]) -> list[str]:
    """Run both at once; gives how each ended."""
    turns = Turns(lengths)
    ended = ["", ""]
    failures: list[BaseException] = []

    def one(who: int) -> None:
        world, command, faults = runs[who]
        world.turn = lambda _name: turns.take(who)
        try:
            ended[who] = attempt_command(world, command, faults)
        except BaseException as error:  # noqa: BLE001  # a check of the world that failed belongs to the test
            failures.append(error)
        finally:
            turns.end(who)

    threads = [threading.Thread(target=one, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise AssertionError(f"{lengths}: {failures[0]}") from failures[0]
    for world, _, _ in runs:
        world.turn = lambda _name: None
    return ended


def up(world: World, faults: dict[int, Fault] | None = None) -> object:
    return world.ensure(faults)


def rotate(world: World, faults: dict[int, Fault] | None = None) -> object:
    return world.rotate(faults)


def make(world: World, faults: dict[int, Fault] | None = None) -> object:
    return world.ensure(faults, new=True)


def old_user() -> tuple[World, World]:
    """A user without a key that neither computer has made."""
    world = World(name="a")
    keyless(world)
    world.tick(20)
    world.seconds += 3_600
    return world, world.another("b")


def new_user() -> tuple[World, World]:
    """A user that the first computer makes in this run."""
    world = World(name="a")
    world.tick(20)
    world.tags["leastkey:op"] = "run-a1"
    return world, world.another("b")


def lengths_of(turns: int, count: int) -> list[list[int]]:
    """Give schedules of so many turns: all of them under torture, else a choice that is the same in every run."""
    every = [list(each) for each in itertools.product(range(MOST_CALLS), repeat=turns)]
    return random.Random(turns).sample(every, rounds(count, len(every)))


def pointer_of(world: World) -> AccessKeyId | None:
    binding = world.bindings.get(binding_id(KEY))
    return None if binding is None else binding.access_key


@pytest.mark.parametrize(("scene", "first"), [(old_user, up), (new_user, make)], ids=["old user", "new user"])
def test_of_two_that_make_a_key_at_once_one_keeps_it_at_most(
    scene: Callable[[], tuple[World, World]], first: Callable[..., object]
) -> None:
    won = 0
    for lengths in lengths_of(2, 60):
        a, b = scene()
        ended = race([(a, first, {}), (b, up, {})], lengths)
        assert set(ended) <= {"ok", "locked", "unknown-key", "key-limit", "LimitExceeded"}, (lengths, ended)
        bound = [world for world in (a, b) if pointer_of(world) is not None]
        assert len(bound) == ended.count("ok") <= 1, (lengths, ended)
        assert set(a.aws) == {pointer_of(world) for world in bound}, (lengths, ended)
        won += len(bound)
    assert won > 30


def test_a_lost_answer_lets_nobody_overlook_a_key_that_another_computer_made_meanwhile() -> None:
    a, b = old_user()
    ended = race([(a, up, {}), (b, up, {10: "lost"})], [6, 18])
    assert sorted(ended) == ["ok", "unknown-key"]
    assert set(a.aws) == {pointer_of(a)}


@pytest.mark.torture
@pytest.mark.parametrize("kill", ["kill before", "kill after", "lost"])
def test_a_computer_that_dies_costs_the_other_no_key_in_use(kill: Fault) -> None:
    for at in range(0, 24, rounds(3, 1)):
        for lengths in lengths_of(2, 6) if rounds(1, 2) == 1 else lengths_of(2, 6)[::16]:
            a, b = old_user()
            ended = race([(a, up, {}), (b, up, {at: kill})], lengths)
            context = f"{kill} at {at} of the second, turns {lengths}: {ended}"
            for world in (b, a, b):
                attempt_command(world, up, {})
                world.seconds += 600
                world.tick(20)
            active = {key for key, each in a.aws.items() if each.status == "Active"}
            stored = {key for key in active if a.entry(key) in a.vault or b.entry(key) in b.vault}
            bound = {pointer_of(world) for world in (a, b)} - {None}
            assert bound <= active, context
            if active - stored:
                # Nobody may tell whose it is: it is named by both, and deleted by none.
                told = {attempt_command(world, up, {}) for world in (a, b)}
                assert told & {"orphan-key", "unknown-key", "key-limit"}, context
            else:
                assert len(active) <= 1, context


def test_of_two_copies_that_rotate_at_once_one_goes_on_and_no_key_is_lost() -> None:
    for lengths in lengths_of(2, 40):
        a = replace(in_use(), name="a")
        b = a.another("b")
        b.bindings, b.vault = dict(a.bindings), dict(a.vault)
        a.shared_key = b.shared_key = True
        ended = race([(a, rotate, {}), (b, rotate, {})], lengths)
        context = f"{lengths}: {ended}"
        good = [world for world in (a, b) if (key := pointer_of(world)) is not None and world.works(key)]
        assert good, context
        active = {key for key, each in a.aws.items() if each.status == "Active"}
        assert active == {pointer_of(world) for world in good}, context
