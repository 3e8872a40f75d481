"""Rotation as a model: the real code over a fake AWS, every fault at every call, then every command that may come next.

That the profile's key works at every instant, that no foreign key is touched and that no second key is made before the
first is accounted for is checked by the world after each call; that nothing is left is checked at the end.
"""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.torture import TORTURE, rounds
from tests.unit.keys.test_faults import FAULTS, attempt, bind, keyless
from tests.unit.keys.world import BINDING, KEY, Fault, Killed, World

from leastkey.errors import AwsError, LeastkeyError
from leastkey.keys.machine import STEPS
from leastkey.ports.binding import binding_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.keys.rotation import Rotated

DAY = 86_400
Command = "Callable[[World, dict[int, Fault] | None], object]"


def rotate(world: World, faults: dict[int, Fault] | None = None) -> object:
    return world.rotate(faults)


def rotate_at_once(world: World, faults: dict[int, Fault] | None = None) -> object:
    return world.rotate(faults, grace=0)


def undo(world: World, faults: dict[int, Fault] | None = None) -> object:
    return world.undo(faults)


def up(world: World, faults: dict[int, Fault] | None = None) -> object:
    return world.ensure(faults)


def settled(world: World) -> World:
    world.tick(20)
    world.seconds += 3_600
    return world


def in_use(lag: int = 0) -> World:
    """A key in use."""
    world = World(lag=lag)
    keyless(world)
    bind(world, world.mint(secret_kept=True))
    return settled(world)


def in_grace(lag: int = 0) -> World:
    """A key in use, and the one before it in its grace."""
    world = in_use(lag)
    world.rotate(grace=DAY)
    world.tick(20)
    return world


def begun(lag: int = 0) -> World:
    """An older rotation whose answer was lost, beside the key in use."""
    world = in_use(lag)
    clean = world.fork()
    clean.rotate()
    attempt_command(world, rotate, {clean.calls.index("iam:CreateAccessKey"): "kill after"})
    return world


STARTS = (in_use, in_grace, begun)
FIRST = (rotate, rotate_at_once, undo)
NEXT = (rotate, undo, up)


def attempt_command(world: World, command: Callable[..., object], faults: dict[int, Fault]) -> str:
    """Run once; gives how it ended."""
    try:
        command(world, faults)
    except Killed:
        return "killed"
    except AwsError as error:
        return error.code or "lost"
    except LeastkeyError as error:
        return error.code
    return "ok"


def assert_nothing_left(world: World, context: str) -> None:
    """After the grace, two runs of `up` leave one key, in use and stored, and no operation open."""
    for _ in range(2):
        world.tick(1_200)
        world.seconds += 2 * DAY
        try:
            world.ensure()
            world.recover()
        except (LeastkeyError, AwsError) as error:
            pytest.fail(f"{context}: {error} {getattr(error, 'why', '')}")
    pointer = world.bindings[binding_id(KEY)].access_key
    assert pointer is not None, context
    assert set(world.aws) - world.foreign == {pointer}, context
    assert world.works(pointer), context
    assert set(world.vault) == {world.entry(pointer)}, context
    assert not world.intents, f"{context}: {world.intents}"


def cases(start: World, command: Callable[..., object]) -> Iterator[tuple[int, str, Fault]]:
    clean = start.fork()
    attempt_command(clean, command, {})
    steps = list(clean.calls)
    for number, step in enumerate(steps):
        for fault in FAULTS:
            yield number, step, fault


@pytest.mark.torture
@pytest.mark.parametrize("lag", [0, 3, 8] if TORTURE else [0, 3])
@pytest.mark.parametrize("first", FIRST, ids=lambda each: each.__name__)
@pytest.mark.parametrize("scene", STARTS, ids=lambda each: each.__name__)
def test_no_single_fault_in_a_rotation_costs_a_key(
    scene: Callable[[int], World], first: Callable[..., object], lag: int
) -> None:
    start = scene(lag)
    for number, step, fault in cases(start, first):
        world = start.fork()
        attempt_command(world, first, {number: fault})
        for following in NEXT:
            after = world.fork()
            ended = attempt_command(after, following, {})
            context = f"{first.__name__}, {fault} at {number} ({step}), then {following.__name__}: {ended}"
            assert ended in {"ok", "not-undoable"}, context
            assert_nothing_left(after, context)


def state_of(world: World) -> object:
    """Give what a later run can see, without the time: states that differ in seconds only count as one."""
    return repr(
        (
            sorted((key, each.status) for key, each in world.aws.items()),
            [[(seen.id, seen.status) for seen in each] for each in world.history[-world.lag - 1 :]],
            world.tags,
            [(each.access_key, each.vault) for each in world.bindings.values()],
            [
                (each.phase, each.before, each.created_key, each.retired_key, each.grace_seconds, each.since is None)
                for each in world.intents.values()
            ],
            sorted(world.vault),
        )
    )  # fmt: skip


def states_after_one_fault() -> dict[object, tuple[str, World]]:
    """Give every state that a run with one fault can leave behind, and how one comes there."""
    found: dict[object, tuple[str, World]] = {}
    for scene in STARTS:
        for lag in (0, 3):
            start = scene(lag)
            for first in FIRST:
                for number, step, fault in cases(start, first):
                    world = start.fork()
                    attempt_command(world, first, {number: fault})
                    how = f"{scene.__name__}, lag {lag}: {first.__name__}, {fault} at {number} ({step})"
                    found.setdefault((lag, state_of(world)), (how, world))
    return found


@pytest.mark.torture
def test_no_two_faults_in_two_runs_cost_a_key() -> None:
    chance = random.Random(7)
    states = list(states_after_one_fault().values())
    assert len(states) > 100
    tried = 0
    for how, world in chance.sample(states, rounds(25, len(states))):
        for following in NEXT:
            every = list(cases(world, following))
            for number, step, fault in chance.sample(every, min(len(every), rounds(4, len(every)))):
                twice = world.fork()
                attempt_command(twice, following, {number: fault})
                assert_nothing_left(twice, f"{how}; {following.__name__}, {fault} at {number} ({step})")
                tried += 1
    assert tried > rounds(200, 50_000)


def test_a_rotation_goes_through_every_step_of_the_table_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from leastkey.keys import machine

    taken: set[tuple[str, str]] = set()
    check = machine._check

    def noting(source: str, target: str) -> None:
        check(source, target)  # type: ignore[arg-type]  # what the code says
        taken.add((source, target))

    monkeypatch.setattr(machine, "_check", noting)
    fresh = World()
    fresh.ensure(new=True)
    lost = in_use()
    lost.vault.clear()
    lost.pointer_was_good = False
    lost.ensure()
    for scene in STARTS:
        for first in FIRST:
            for number, _, fault in cases(scene(0), first):
                world = scene(0)
                if fault in {"5xx", "throttled"}:
                    continue
                attempt_command(world, first, {number: fault})
                for following in (undo, up):
                    attempt_command(world.fork(), following, {})
    gone = in_grace()
    clean = gone.fork()
    clean.undo()
    attempt_command(gone, undo, {clean.calls.index("iam:UpdateAccessKey"): "kill before"})
    old = next(iter(gone.intents.values())).retired_key
    assert old is not None
    del gone.aws[old]
    gone.ensure()
    spare = in_use()
    spare.mint(secret_kept=True)
    spare.tick(1)
    spare.ensure()
    assert taken == {(step.source, step.target) for step in STEPS}


def test_a_rotation_keeps_the_old_key_switched_off_until_its_grace_is_over() -> None:
    world = in_use()
    (old,) = world.aws
    told = world.rotate(grace=DAY)
    assert (told.outcome, told.before, told.kept) == ("rotated", old, old)
    assert world.aws[old].status == "Inactive"
    assert world.works(told.key)
    world.seconds += DAY - 60
    world.tick(1)
    world.ensure()
    assert old in world.aws
    world.seconds += 120
    world.tick(1)
    world.recover()
    assert set(world.aws) == {told.key}
    assert set(world.vault) == {world.entry(told.key)}


def test_a_grace_costs_no_request_before_it_is_over() -> None:
    world = in_grace()
    world.recover()
    assert world.calls == []


def test_undo_goes_back_to_the_old_key_and_takes_the_new_one_away() -> None:
    world = in_use()
    (old,) = world.aws
    new = world.rotate(grace=DAY).key
    told = world.undo()
    assert (told.outcome, told.key, told.before) == ("undone", old, new)
    assert set(world.aws) == {old}
    assert world.works(old)
    with pytest.raises(LeastkeyError) as caught:
        world.undo()
    assert caught.value.code == "not-undoable"
    assert set(world.aws) == {old}


@pytest.mark.parametrize("how", ["used", "switched on"])
def test_an_old_key_that_somebody_needs_is_kept_and_named(how: str) -> None:
    world = in_use()
    (old,) = world.aws
    world.rotate(grace=60)
    world.seconds += 3_600
    if how == "used":
        world.aws[old].last_used = world.now()
    else:
        world.aws[old].status = "Active"
    world.tick(1)
    world.ensure()
    assert old in world.aws
    with pytest.raises(LeastkeyError) as caught:
        world.rotate(grace=60)
    assert caught.value.code == "key-in-use"
    assert old[-4:] in caught.value.what
    assert old in world.aws
    world.rotate(grace=0)
    assert old not in world.aws


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_beside_a_foreign_key_a_rotation_is_refused_and_both_are_named(status: str) -> None:
    world = in_use()
    foreign = world.mint(secret_kept=False)
    world.aws[foreign].status = "Active" if status == "Active" else "Inactive"
    world.foreign = frozenset({foreign})
    world.seconds += 3 * DAY
    world.aws[foreign].last_used = world.now()
    world.seconds += 2 * DAY
    world.tick(1)
    before = {key: replace(each) for key, each in world.aws.items()}
    with pytest.raises(LeastkeyError) as caught:
        world.rotate()
    assert caught.value.code == "key-limit"
    assert len(caught.value.why) == 2
    text = "\n".join(caught.value.why)
    assert "made 5 days ago  last used 2 days ago  not ours" in text
    assert "never used  ours" in text
    assert world.aws == before
    assert not {"iam:CreateAccessKey", "iam:TagUser"} & set(world.calls)


@pytest.mark.parametrize("lag", [0, 3])
def test_no_fault_touches_a_foreign_key(lag: int) -> None:
    start = in_use(lag)
    start.foreign = frozenset({start.mint(secret_kept=False)})
    settled(start)
    for number, step, fault in cases(start, rotate):
        world = start.fork()
        attempt_command(world, rotate, {number: fault})
        with contextlib.suppress(LeastkeyError):
            world.rotate()
        assert set(world.aws) == set(start.aws), step


def test_a_rotation_that_was_cut_off_is_finished_and_no_second_one_made() -> None:
    start = in_use()
    clean = start.fork()
    clean.rotate()
    at = clean.calls.index("bindings.put")
    for number in (at - 1, at, at + 1):
        world = start.fork()
        assert attempt_command(world, rotate, {number: "kill after"}) == "killed"
        told: Rotated = world.rotate()
        assert told.outcome == "finished"
        assert world.shared.minted == 2


def test_a_young_key_is_kept_and_an_old_one_replaced() -> None:
    world = in_use()
    (old,) = world.aws
    assert world.rotate(older_than=60 * DAY).outcome == "not-due"
    assert "iam:CreateAccessKey" not in world.calls
    world.seconds += 61 * DAY
    world.tick(1)
    assert world.rotate(older_than=60 * DAY).before == old


def test_a_full_disk_or_a_locked_store_stops_a_rotation_before_any_remote_write() -> None:
    start = in_use()
    clean = start.fork()
    clean.rotate()
    local = [
        number
        for number, step in enumerate(clean.calls[: clean.calls.index("iam:TagUser")])
        if not step.startswith("iam:")
    ]
    assert len(local) >= 4
    for number in local:
        world = start.fork()
        assert attempt_command(world, rotate, {number: "disk full"}) == "disk-full"
        assert not [call for call in world.calls if call.startswith(("iam:Create", "iam:Tag", "iam:Update"))]


def test_the_sessions_of_the_old_key_stay_in_the_cache() -> None:
    world = in_use()
    world.rotate()
    world.undo()
    assert "sessions.delete" not in world.calls
    assert not attempt(World(), {0: "disk full"})


def old_and_new(world: World) -> tuple[AccessKeyId, AccessKeyId]:
    told = world.rotate(grace=DAY)
    return told.before, told.key


def test_secrets_lie_in_the_vaults_that_the_intent_names() -> None:
    world = in_use()
    old, _ = old_and_new(world)
    (intent,) = world.intents.values()
    assert (intent.vault, intent.retired_vault) == (BINDING.vault, BINDING.vault)
    assert world.entry(old) in world.vault
