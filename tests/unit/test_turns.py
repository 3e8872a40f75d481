"""Threads that wait for one thing are served together, and an interruption of one loses nothing of the others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from leastkey.turns import Turns


def test_all_items_are_carried_out_once_in_fewer_batches_than_items() -> None:
    batches: list[list[int]] = []
    first, waiting = threading.Event(), threading.Event()

    def carry_out(batch: list[int]) -> None:
        batches.append(batch)
        if len(batches) == 1:
            first.set()
            waiting.wait(30)

    turns = Turns(carry_out)
    with ThreadPoolExecutor(8) as pool:
        begun = [pool.submit(turns.take, 0)]
        first.wait(30)
        begun += [pool.submit(turns.take, number) for number in range(1, 8)]
        while len(turns._queue) < 8:
            pass
        waiting.set()
        for each in begun:
            each.result()
    assert sorted(number for batch in batches for number in batch) == list(range(8))
    assert [len(batch) for batch in batches] == [1, 7]


def test_what_a_batch_raised_is_raised_to_each_of_it_and_to_nobody_after() -> None:
    fails = [True]

    def carry_out(_: list[int]) -> None:
        if fails[0]:
            raise OSError("full")

    turns = Turns(carry_out)
    with pytest.raises(OSError, match="full"):
        turns.take(1)
    fails[0] = False
    turns.take(2)
    assert turns._queue == []


def test_an_interruption_before_the_batch_begins_leaves_the_items_of_others_to_be_carried_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[int] = []
    turns = Turns(done.extend)
    serve = turns._serve
    interrupts = [True]

    def interrupted(batch: object) -> None:
        if interrupts.pop() if interrupts else False:
            raise KeyboardInterrupt
        serve(batch)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(turns, "_serve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        turns.take(1)
    turns.take(2)
    assert done == [1, 2]
