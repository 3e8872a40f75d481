"""Delete what AWS may still hold on to: after DeleteConflict the account is read again and what is found is cleared.

Source: IAM API Reference, DeleteUser, DeleteRole, DeletePolicy (DeleteConflict).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.apply.observe import seen_entities
from leastkey.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.apply.work import Work
    from leastkey.plan.seen import Seen

__all__ = ["delete_when_clear"]

_TRIES: Final = 5


def delete_when_clear(
    work: Work, call: str, target: str, delete: Callable[[], None], clear_again: Callable[[Seen], None]
) -> None:
    """Delete; while AWS says that something hangs on it, clear what hangs on it and delete again."""
    for attempt in range(1, _TRIES + 1):
        try:
            work.remove(call, target, delete)
        except AwsError as error:
            if error.code != "DeleteConflict" or attempt == _TRIES:
                raise
        else:
            return
        work.local.clock.sleep(0.5 * 2.0**attempt)
        clear_again(seen_entities(work.connect))
