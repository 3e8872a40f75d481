"""Carrying out at once what may be done at once."""

from __future__ import annotations

import threading

import pytest

from leastkey.apply.schedule import THREADS, run_all


def test_each_starts_after_those_it_waits_for_and_only_once() -> None:
    done: list[int] = []
    run_all([frozenset({2}), frozenset(), frozenset({1}), frozenset({0, 1})], done.append)
    assert done == [1, 2, 0, 3]


def test_after_a_failure_nothing_new_is_started_and_what_runs_is_let_finish() -> None:
    started: list[int] = []
    finished: list[int] = []

    def carry_out(index: int) -> None:
        started.append(index)
        if index == 0:
            raise OSError
        threading.Event().wait(0.1)
        finished.append(index)

    with pytest.raises(OSError):  # noqa: PT011  # it is told apart by where it was raised
        run_all([frozenset()] * 200, carry_out)
    assert len(started) <= 2 * THREADS
    assert sorted(finished) == sorted(started)[1:]


def test_what_waits_for_a_failure_is_never_started() -> None:
    started: list[int] = []

    def carry_out(index: int) -> None:
        started.append(index)
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011  # it is told apart by where it was raised
        run_all([frozenset(), frozenset({0})], carry_out)
    assert started == [0]
