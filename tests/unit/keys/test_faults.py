"""The key protocol under every single fault, and under kills in two runs: no working key is ever lost, none is orphaned.

P (the pointer never breaks), N (no create before a reconcile) and "foreign keys are not touched" are checked by the
world after every port call; O (no key without a stored secret) and convergence are checked at the end.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from tests.unit.keys.world import BINDING, Fault, Killed, World

from leastkey.errors import AwsError, LeastkeyError
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.iam.credentials import AccessKeyId

FAULTS: tuple[Fault, ...] = ("kill before", "kill after", "lost", "5xx", "throttled", "disk full")
KILLS: tuple[Fault, ...] = ("kill before", "kill after")


def fresh(world: World) -> None:
    """A user that this run makes."""


def keyless(world: World) -> None:
    """A user of an earlier run, without a key."""
    world.tags["leastkey:op"] = "run-0"


def bind(world: World, key: AccessKeyId) -> None:

    world.local().bindings.put(BINDING._replace(access_key=key))


def secret_lost(world: World) -> None:
    """The key in use is there, its secret is not."""
    keyless(world)
    bind(world, world.mint(secret_kept=False))


def switched_off(world: World) -> None:
    """Somebody switched the key in use off."""
    keyless(world)
    bind(world, world.mint(secret_kept=True, status="Inactive"))


def vanished(world: World) -> None:
    """Somebody deleted the key in use."""
    keyless(world)
    key = world.mint(secret_kept=True)
    del world.aws[key]
    bind(world, key)


def both_useless(world: World) -> None:
    """Two keys of ours: one switched off, the one in use without its secret."""
    secret_lost(world)
    world.mint(secret_kept=True, status="Inactive")


def unbound(world: World) -> None:
    """The binding is gone, key and secret are there."""
    keyless(world)
    world.mint(secret_kept=True)


def beside_foreign(world: World) -> None:
    """Somebody's key, switched off, takes one slot."""
    keyless(world)
    world.foreign = frozenset({world.mint(secret_kept=False, status="Inactive")})


SCENARIOS = (fresh, keyless, secret_lost, switched_off, vanished, both_useless, unbound, beside_foreign)


def prepared(scenario: Callable[[World], None], lag: int) -> World:
    world = World(lag=lag)
    scenario(world)
    world.tick(20)
    world.seconds += 3_600
    return world


def attempt(world: World, faults: dict[int, Fault], *, new: bool = False) -> bool:
    """Run once; says whether it ended well."""
    try:
        world.ensure(faults, new=new)
    except (Killed, AwsError, LeastkeyError):
        return False
    return True


def assert_converges(world: World, context: str, runs: int = 1) -> None:
    """One more run without faults ends well, and a later one sweeps what was still settling."""
    for number in range(1, runs + 1):
        try:
            world.ensure()
            break
        except LeastkeyError as error:
            if number == runs:
                pytest.fail(f"{context}: {error} {error.why}")
    world.tick(1_200)
    world.recover()
    key = world.ensure()
    world.tick(1_200)
    world.recover()
    ours = set(world.aws) - world.foreign
    assert ours == {key}, f"{context}: keys left at AWS {ours}"
    assert world.works(key), context
    assert not world.intents, f"{context}: {world.intents}"


@pytest.mark.parametrize("lag", [0, 3, 8])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.__name__)
def test_no_single_fault_costs_a_key(scenario: Callable[[World], None], lag: int) -> None:
    start = prepared(scenario, lag)
    for new in {scenario is fresh, False}:
        clean = start.fork()
        assert attempt(clean, {}, new=new)
        steps = list(clean.calls)
        for number, step in enumerate(steps):
            for fault in FAULTS:
                world = start.fork()
                attempt(world, {number: fault}, new=new)
                assert_converges(world, f"{scenario.__name__}, {fault} at {number} ({step})")


@pytest.mark.parametrize("lag", [0, 3])
@pytest.mark.parametrize("scenario", [fresh, secret_lost], ids=lambda s: s.__name__)
def test_no_kill_in_two_runs_costs_a_key(scenario: Callable[[World], None], lag: int) -> None:
    start = prepared(scenario, lag)
    clean = start.fork()
    attempt(clean, {}, new=scenario is fresh)
    for first in range(len(clean.calls)):
        for fault in (*KILLS, "lost"):
            world = start.fork()
            attempt(world, {first: fault}, new=scenario is fresh)
            again = world.fork()
            with contextlib.suppress(LeastkeyError, AwsError):
                again.ensure()
            for second in range(len(again.calls)):
                for kill in KILLS:
                    twice = world.fork()
                    attempt(twice, {second: kill})
                    assert_converges(twice, f"{fault} at {first}, {kill} at {second}", runs=2 if lag else 1)


def test_a_new_users_key_costs_one_request() -> None:
    world = World()
    world.ensure(new=True)
    assert [call for call in world.calls if call.startswith(("iam:", "sts:"))] == ["iam:CreateAccessKey"]


def test_a_full_disk_or_locked_store_stops_before_any_remote_write() -> None:
    start = prepared(keyless, 0)
    clean = start.fork()
    clean.ensure()
    for number, step in enumerate(clean.calls[: clean.calls.index("iam:TagUser")]):
        if step.startswith("iam:"):
            continue
        world = start.fork()
        with pytest.raises(LeastkeyError):
            world.ensure({number: "disk full"})
        assert not {"iam:CreateAccessKey", "iam:TagUser"} & set(world.calls), step


def test_a_store_that_lies_has_its_key_deleted_again() -> None:
    world = prepared(keyless, 0)
    original = world.step

    def lying(name: str, action: Callable[[], object]) -> object:
        result = original(name, action)
        return Secret("something else") if name == "vault.get" else result

    world.step = lying  # type: ignore[method-assign, assignment]  # the store answers with another secret
    with pytest.raises(LeastkeyError) as caught:
        world.ensure()
    assert caught.value.code == "store-failed"
    assert not world.aws
    assert not world.intents


@pytest.mark.parametrize("count", [1, 2])
def test_a_key_nobody_here_knows_is_named_and_no_second_is_made(count: int) -> None:
    world = prepared(keyless, 0)
    world.foreign = frozenset(world.mint(secret_kept=False) for _ in range(count))
    world.tick(1)
    with pytest.raises(LeastkeyError) as caught:
        world.ensure()
    assert caught.value.code == ("unknown-key" if count == 1 else "key-limit")
    assert len(caught.value.why) == count
    assert set(world.aws) == world.foreign
    assert "iam:CreateAccessKey" not in world.calls


def test_a_key_of_ours_that_is_not_in_use_is_deleted_beside_the_one_that_is() -> None:
    world = prepared(keyless, 0)
    key = world.ensure()
    world.mint(secret_kept=True)
    world.tick(1)
    assert world.ensure() == key
    assert set(world.aws) == {key}
    assert set(world.vault) == {world.entry(key)}


def test_one_success_between_refusals_proves_nothing() -> None:
    world = prepared(keyless, 0)
    clean = world.fork()
    clean.ensure()
    first = clean.calls.index("sts:GetCallerIdentity")
    world.ensure({first: "throttled", first + 2: "throttled"})
    assert world.calls[first : first + 5] == ["sts:GetCallerIdentity"] * 5


@pytest.mark.parametrize("doubt", ["used", "retagged", "old", "two"])
def test_an_orphan_that_may_be_somebodys_is_not_touched(doubt: str) -> None:
    world = prepared(keyless, 0)
    clean = world.fork()
    clean.ensure()
    assert not attempt(world, {clean.calls.index("iam:CreateAccessKey"): "kill after"})
    (orphan,) = world.aws
    match doubt:
        case "used":
            world.aws[orphan].last_used = world.now()
        case "retagged":
            world.tags["leastkey:op"] = "another-host"
        case "two":
            world.mint(secret_kept=False)
            world.tick(1)
        case _:
            world.seconds += 3_600
            world.aws[orphan].created = world.now()
            world.tick(1)
    with pytest.raises(LeastkeyError) as caught:
        world.ensure()
    assert caught.value.code == "orphan-key"
    assert orphan in world.aws
    assert world.aws[orphan].status == "Active"


def test_a_key_that_aws_never_accepts_is_kept_and_not_bound() -> None:
    world = prepared(keyless, 0)
    world.lag = 3_000
    world.history.clear()
    world.tick(1)
    with pytest.raises(LeastkeyError) as caught:
        world.ensure()
    assert caught.value.code == "key-unproved"
    assert not world.bindings


def test_a_recreated_user_starts_from_nothing() -> None:
    world = prepared(keyless, 0)
    key = world.ensure()
    world.aws.clear()
    world.pointer_was_good = False
    world.seconds += 3_600
    world.tick(10)
    new = world.ensure(new=True)
    assert new != key
    assert world.works(new)
