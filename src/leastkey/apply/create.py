"""Create an entity once, whatever becomes of the answer.

No IAM call has an idempotency token. So a create whose answer was lost, or which met the name, is read back: ours
by path and tag is taken up, anything else is `entity-exists`.
Source: IAM API Reference, CreateUser, CreateRole, CreatePolicy (EntityAlreadyExists).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from leastkey.errors import AwsError
from leastkey.iam.refusals import is_missing, is_unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.apply.work import Work

__all__ = ["create_or_read"]

T = TypeVar("T")
R = TypeVar("R")

_CREATES: Final = 3
_READS: Final = 5


def create_or_read(
    work: Work,
    call: str,
    target: str,
    create: Callable[[], T],
    read: Callable[[], R | None],
    *,
    names: tuple[str, ...] = (),
) -> tuple[T | None, R | None]:
    """Give (what was created, None), or (None, what was there already). Raises AwsError.

    The refusal EntityAlreadyExists is raised when the name is taken and `read` finds nothing that could be ours.
    """
    for attempt in range(1, _CREATES + 1):
        try:
            return work.write(call, target, create, names=names, again=False), None
        except AwsError as error:
            taken = error.code == "EntityAlreadyExists"
            if not taken and not is_unknown(error):
                raise
            found = _read_back(work, read)
            if found is not None:
                work.journal("done", call, target, "found there when read back")
                return None, found
            if taken or attempt == _CREATES:
                raise
    raise AssertionError  # the loop ends by return or raise


def _read_back(work: Work, read: Callable[[], R | None]) -> R | None:
    """Read until it is there: AWS may know an entity by its name before it can show it."""
    for attempt in range(_READS):
        try:
            found = read()
        except AwsError as error:
            if not is_missing(error):
                raise
            found = None
        if found is not None:
            return found
        work.local.clock.sleep(0.5 * 2.0**attempt)
    return None
