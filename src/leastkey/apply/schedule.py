"""Carry changes out at once where nothing stands between them: each starts when what it waits for is finished.

The first failure, or Ctrl-C, stops new work; what is running is let finish, so that no request is cut off.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["THREADS", "run_all"]

THREADS: Final = 16


def run_all(waits: Sequence[frozenset[int]], carry_out: Callable[[int], None]) -> None:
    """Call `carry_out` once for every position, each after those it waits for. Raises the first failure."""
    left = [set(before) for before in waits]
    ready = deque(index for index, before in enumerate(left) if not before)
    followers: dict[int, list[int]] = {}
    for index, before in enumerate(left):
        for each in before:
            followers.setdefault(each, []).append(index)
    running: dict[Future[None], int] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            while ready or running:
                # No more than can run: waiting on thousands would cost more than the work.
                while ready and len(running) < THREADS:
                    index = ready.popleft()
                    running[pool.submit(carry_out, index)] = index
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    index = running.pop(future)
                    future.result()
                    ready.extend(_freed(index, followers.get(index, ()), left))
        except BaseException:
            for future in running:
                future.cancel()
            raise


def _freed(index: int, followers: Sequence[int], left: list[set[int]]) -> list[int]:
    """Give those that waited for this one last."""
    freed = []
    for follower in followers:
        left[follower].discard(index)
        if not left[follower]:
            freed.append(follower)
    return freed
