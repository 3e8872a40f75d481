"""The key protocol under faults heaped on faults: whatever went wrong in earlier runs, a good one ends with one key that works."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.keys.test_faults import FAULTS, SCENARIOS, fresh, prepared
from tests.unit.keys.world import Fault, Killed, World

from leastkey.errors import AwsError, LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = st.lists(
    st.dictionaries(st.integers(0, 40), st.sampled_from(FAULTS), min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SCENARIOS), st.sampled_from([0, 3, 8]), RUNS, st.integers(0, 400))
def test_after_any_runs_a_good_one_leaves_one_working_key(
    scenario: Callable[[World], None], lag: int, runs: list[dict[int, Fault]], pause: int
) -> None:
    world = prepared(scenario, lag)
    for number, faults in enumerate(runs):
        with contextlib.suppress(Killed, AwsError, LeastkeyError):
            world.ensure(faults, new=scenario is fresh and number == 0)
        world.tick(pause)
    world.tick(1_200)
    world.recover()
    key = world.ensure()
    world.tick(1_200)
    world.recover()
    assert set(world.aws) - world.foreign == {key}
    assert world.works(key)
    assert not world.intents
