"""Laws of runs: whatever request the power is cut at, the same command again comes to the same end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.flow import World
from tests.fakes.power import PowerCut
from tests.fakes.projects import READ_ONLY, identity, project

from leastkey.errors import AwsError, LeastkeyError

if TYPE_CHECKING:
    from tests.fakes.account import Fault

    from leastkey.compile.wanted import Wanted

ONE = project(identity())
RICH = project(
    identity("reports", policies=2, boundary=True, managed=(READ_ONLY,)),
    identity("deploy", user=False, ec2=True),
)
CHANGED = project(identity("reports", actions=("s3:GetObject",), policies=1, hours=2), identity("new"))


def state(world: World) -> dict[str, object]:
    """Give what must be the same at the end, whatever happened on the way: all but ids, times and version numbers."""
    account = world.account
    return {
        "users": {
            name: (user.path, sorted(user.inline), user.attached, user.groups)
            for name, user in account.users.items()
        },
        "roles": {
            name: (role.path, role.trust, role.boundary, sorted(map(str, role.attached)), sorted(role.inline))
            for name, role in account.roles.items()
        },
        "policies": {
            name: next(v.document for v in policy.versions if v.id == policy.default)
            for name, policy in account.policies.items()
        },
        "profiles": {name: profile.role for name, profile in account.profiles.items()},
        "keys": sorted(key.user for key in account.keys.values()),
        "sections": world.computer.profiles.sections,
        "bindings": sorted(
            (each.key.identity, each.user, each.profile or "") for each in world.computer.bindings.all()
        ),
    }


def every_key_is_held(world: World) -> bool:
    """Say whether each key's secret is stored, each stored secret has a key, and each is the one in use."""
    stored = {entry.rpartition("/")[2]: secret for entry, secret in world.computer.vault.secrets.items()}
    keys = world.account.keys
    pointers = {each.access_key for each in world.computer.bindings.all()}
    return (
        stored.keys() == keys.keys() == pointers
        and all(keys[name].secret == secret for name, secret in stored.items())
        and all(key.status == "Active" for key in keys.values())
    )


def settled(world: World, wanted: Wanted) -> None:
    """Run again, and once more after AWS's lists can be trusted: then nothing is open."""
    world.survive()
    world.up(wanted)
    assert world.plan(wanted).is_empty
    assert every_key_is_held(world)
    world.account.clock.passed += 600
    world.up(wanted)
    assert world.computer.intents.items == {}


def requests_of(start: Wanted | None, wanted: Wanted) -> int:
    world = World()
    if start is not None:
        world.up(start)
        world.requests()
    world.up(wanted)
    return len(world.requests())


def cut(start: Wanted | None, wanted: Wanted, number: int, fault: Fault) -> World:
    world = World()
    if start is not None:
        world.up(start)
        world.requests()
    world.account.faults[number] = fault
    with pytest.raises((PowerCut, LeastkeyError)):
        world.up(wanted)
    return world


@pytest.mark.parametrize("fault", ["cut before", "cut after"])
@pytest.mark.parametrize(("start", "wanted"), [(None, ONE), (None, RICH), (RICH, CHANGED)])
def test_a_power_cut_at_any_request_and_the_same_command_again_comes_to_the_same_end(
    start: Wanted | None, wanted: Wanted, fault: Fault
) -> None:
    whole = World()
    if start is not None:
        whole.up(start)
    whole.up(wanted)
    for number in range(1, requests_of(start, wanted) + 1):
        world = cut(start, wanted, number, fault)
        settled(world, wanted)
        assert state(world) == state(whole), number


@pytest.mark.parametrize("fault", ["cut before", "cut after"])
def test_a_power_cut_at_any_request_of_destroy_and_again_leaves_nothing(fault: Fault) -> None:
    whole = World()
    whole.up(RICH)
    whole.requests()
    whole.destroy()
    for number in range(1, len(whole.requests()) + 1):
        world = World()
        world.up(RICH)
        world.requests()
        world.account.faults[number] = fault
        with pytest.raises(PowerCut):
            world.destroy()
        world.survive()
        world.destroy()
        assert world.account.entities() == 0, number
        assert not world.account.keys
        assert not world.computer.vault.secrets
        assert not world.computer.bindings.items
        assert not world.computer.intents.items
        assert not world.computer.profiles.sections


@settings(max_examples=150, deadline=None)
@given(
    wanted=st.sampled_from([ONE, RICH, CHANGED]),
    faults=st.dictionaries(
        st.integers(8, 40),
        st.sampled_from(
            [
                "lost, done",
                "lost, not done",
                AwsError("iam:Any", "ConcurrentModification", "two writers", status=409),
            ]
        ),
        max_size=6,
    ),
)
def test_lost_answers_end_in_success_or_in_an_error_that_the_next_run_heals(
    wanted: Wanted, faults: dict[int, Fault]
) -> None:
    world = World()
    world.account.faults.update(faults)
    with contextlib.suppress(LeastkeyError):
        world.up(wanted)
    settled(world, wanted)
    whole = World()
    whole.up(wanted)
    assert state(world) == state(whole)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["cut before", "cut after"])), max_size=4))
def test_several_power_cuts_in_a_row_are_no_worse_than_one(cuts: list[tuple[int, Fault]]) -> None:
    world = World()
    for number, fault in cuts:
        world.account.faults[number] = fault
        with contextlib.suppress(PowerCut, LeastkeyError):
            world.up(RICH)
        world.survive()
        world.account.clock.passed += 5
    settled(world, RICH)
    whole = World()
    whole.up(RICH)
    assert state(world) == state(whole)
