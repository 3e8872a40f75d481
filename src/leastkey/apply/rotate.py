"""Rotate the keys of a project's identities, one after the other, or go back on it, under the project's lock.

`up` and `destroy` hold the same lock, so nobody writes the bindings meanwhile. Stopping at the first that fails leaves
the others as they were; the same command again goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from leastkey.apply.refusals import refusal
from leastkey.errors import AwsError, Exit, LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.keys.clock_skew import clock_skew
from leastkey.keys.rotation import rotate_key, undo_rotation
from leastkey.keys.work import work_on
from leastkey.plan.ownership import owns
from leastkey.ports.local import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.keys.rotation import Rotated
    from leastkey.keys.work import KeyWork
    from leastkey.ports.aws import Connect
    from leastkey.ports.binding import Binding
    from leastkey.ports.local import Local, ProjectKey
    from leastkey.ports.people import Progress

__all__ = ["Order", "rotate_keys"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: how long old keys stay, switched off; how old a key must be, in seconds; or to go back."""

    grace_seconds: int
    older_than: int = 0
    undo: bool = False


def rotate_keys(
    project: ProjectKey,
    bindings: Sequence[tuple[Binding, Local]],
    order: Order,
    connect: Connect,
    progress: Progress,
) -> list[Rotated]:
    """Rotate each identity's key; `Local` is this computer with the vault its new key goes to. Raises LeastkeyError."""
    done: list[Rotated] = []
    if not bindings:
        return done
    local = bindings[0][1]
    run = uuid4().hex[:12]
    verb = "undo" if order.undo else "rotate"
    with local.locks.hold(project.lock, f"{verb} {run}"):
        for binding, here in bindings:
            work = work_on(binding, connect.iam(), connect.sts, here, f"{run}{len(done) or ''}", progress)
            started = here.clock.monotonic()
            _journal(work, "begin", verb)
            try:
                _refuse_stranger(work)
                rotated = undo_rotation(work) if order.undo else _rotated(work, order)
            except (AwsError, LeastkeyError) as error:
                progress.failed("access key", f"of {binding.user}")
                raise _stopped(work, error, len(done), len(bindings)) from None
            _journal(work, "end", verb)
            done.append(rotated)
            if rotated.outcome != "not-due":
                name = f"{shown(rotated.before)} -> {shown(rotated.key)}"
                progress.done("access key", name, here.clock.monotonic() - started, f"of {binding.user}")
    return done


def _rotated(work: KeyWork, order: Order) -> Rotated:
    return rotate_key(work, grace_seconds=order.grace_seconds, older_than=order.older_than)


def _journal(work: KeyWork, phase: Literal["begin", "end"], verb: str) -> None:
    now = work.local.clock.now()
    work.local.journal.write(JournalEntry(work.operation, now, phase, f"leastkey:{verb}", work.user))


def _refuse_stranger(work: KeyWork) -> None:
    """Refuse a user that is not ours by path and tag: somebody may have made one of this name since."""
    user = work.iam.get_user(work.user)
    if not owns(work.key.project, user.path, user.tags):
        raise LeastkeyError(
            "entity-exists",
            f"the user `{work.user}` is not one that leastkey made for `{work.key.project}`",
            why=f"it is {user.arn}",
            remedy="leastkey plan",
        )


def _stopped(work: KeyWork, error: AwsError | LeastkeyError, done: int, count: int) -> LeastkeyError:
    others = f"{done} of {count} keys were rotated before; " if done else ""
    if isinstance(error, LeastkeyError):
        return error.again(state=f"{others}{error.state}") if others else error
    skew = clock_skew(error, work.local.clock.now(), state=f"{others}the profile works as it did")
    if skew is not None:
        return skew
    name = work.key.identity
    return refusal(
        error,
        state=f"{others}the profile works; what was begun stands in the journal",
        remedy=(f"finish: `leastkey rotate {name}`", f"or go back: `leastkey rotate {name} --undo`"),
        exit_code=Exit.STOPPED,
    )
