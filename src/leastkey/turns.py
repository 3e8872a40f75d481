"""Threads that wait for one thing take turns, and whose turn it is serves all who wait.

Three hundred keys or profiles made at once then cost a few writes of the file they all stand in, not three hundred.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Turns"]

_Item = TypeVar("_Item")


class _Waiting(Generic[_Item]):
    __slots__ = ("error", "is_done", "item")

    def __init__(self, item: _Item) -> None:
        self.item = item
        self.is_done = False
        self.error: BaseException | None = None


class Turns(Generic[_Item]):
    """Carries items out in batches, each batch by one of the threads that brought its items."""

    def __init__(self, carry_out: Callable[[list[_Item]], None]) -> None:
        self._carry_out = carry_out
        self._queue: list[_Waiting[_Item]] = []
        self._queueing = allocate_lock()
        self._turn = allocate_lock()

    def take(self, item: _Item) -> None:
        """Carry an item out, with those that others brought meanwhile. Raises what the batch raised, in each thread of it."""
        mine = _Waiting(item)
        with self._queueing:
            self._queue.append(mine)
        with self._turn:
            if not mine.is_done:
                with self._queueing:
                    batch = tuple(self._queue)
                self._serve(batch)
        if mine.error is not None:
            raise mine.error

    def _serve(self, batch: tuple[_Waiting[_Item], ...]) -> None:
        """Carry a batch out. Its items wait until it is over: an interruption before it begins loses none."""
        try:
            self._carry_out([each.item for each in batch])
        except BaseException as error:
            for each in batch:
                each.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            for each in batch:
                each.is_done = True
            with self._queueing:
                self._queue = [each for each in self._queue if not each.is_done]
