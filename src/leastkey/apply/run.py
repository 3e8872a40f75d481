"""Carry a plan out: concurrently, every write journaled first, stopping at the first failure with a true account of it.

Running the same command again after any interruption goes on where this one stopped, because plans are made from what
the account shows and not from what a run remembers.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from leastkey.apply.carry import carry_out
from leastkey.apply.local_state import project_of
from leastkey.apply.refusals import refusal
from leastkey.apply.resume import finish_open_operations, has_open_operations
from leastkey.apply.schedule import run_all
from leastkey.apply.untagged import refuse_untagged
from leastkey.apply.work import Work
from leastkey.errors import NOTHING_CHANGED, AwsError, Exit, LeastkeyError
from leastkey.keys.clock_skew import clock_skew
from leastkey.keys.helper import check_helper
from leastkey.plan.operation import EnsureKey, WriteProfile
from leastkey.plan.order import phases, prerequisites

if TYPE_CHECKING:
    from leastkey.plan.plan import Change, Plan
    from leastkey.ports.aws import Connect
    from leastkey.ports.local import Local
    from leastkey.ports.people import Progress

__all__ = ["Applied", "apply_plan"]

_NO_JOURNAL: Final = frozenset({"disk-full", "io-failed"})
"""Errors after which the journal itself may be what cannot be written."""
_RESUME_DESTROY: Final = ("finish: `leastkey destroy`",)
_RESUME: Final = ("finish: `leastkey up`", "or undo: `leastkey destroy`")


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run did."""

    changed: int
    seconds: float


def apply_plan(
    plan: Plan,
    connect: Connect,
    local: Local,
    progress: Progress,
) -> Applied:
    """Carry a plan out under the project's lock.

    An empty plan finishes key operations that an earlier run left open, if there are any, and else does nothing.
    Raises LeastkeyError: `locked` and what the vault says before anything is changed; after that whatever stopped it,
    with how far it came.
    """
    project = project_of(plan.wanted, connect.endpoint_url)
    if plan.is_empty and not has_open_operations(project, local):
        return Applied(0, 0.0)
    started = local.clock.monotonic()
    run = uuid4().hex[:12]
    with local.locks.hold(project.lock, f"apply {run}"):
        _refuse_early(plan, connect, local)
        work = Work(
            run,
            plan.wanted,
            connect,
            local,
            progress,
        )
        _Run(work, plan).go()
    return Applied(len(plan.changes), local.clock.monotonic() - started)


def _refuse_early(plan: Plan, connect: Connect, local: Local) -> None:
    """Find out before anything is written anywhere that the secret or the profile could not be, or may not."""
    operations = [change.operation for change in plan.changes]
    if any(isinstance(operation, WriteProfile) for operation in operations):
        check_helper(local.helper)
        local.profiles.probe()
    if any(isinstance(operation, EnsureKey) for operation in operations):
        local.vault.probe()
    try:
        refuse_untagged(plan, connect.iam())
    except AwsError as error:
        raise refusal(error) from None


class _Run:
    """One run and how far it came."""

    def __init__(self, work: Work, plan: Plan) -> None:
        self._work = work
        self._plan = plan
        self._remedy = _RESUME if plan.wanted.identities else _RESUME_DESTROY
        self._lock = threading.Lock()
        self._made: list[Change] = []

    def go(self) -> None:
        """Carry out all phases. Raises LeastkeyError."""
        target = f"{self._plan.account} {self._plan.project}"
        self._work.journal("begin", "leastkey:apply", target, f"plan {self._plan.id}")
        try:
            finish_open_operations(self._work, self._plan)
            for phase in phases(self._plan.changes):
                run_all(prerequisites(phase), partial(self._one, phase))
        except KeyboardInterrupt:
            stopped = LeastkeyError(
                "interrupted", "you stopped the run", state=self._state(), remedy=self._remedy
            )
        except AwsError as error:
            stopped = self._refused(error)
        except LeastkeyError as error:
            stopped = self._stopped(error)
        else:
            self._work.journal("end", "leastkey:apply", target)
            return
        if stopped.code not in _NO_JOURNAL:
            self._work.journal("end", "leastkey:apply", target, f"stopped: {stopped.code}")
        raise stopped

    def _one(self, phase: tuple[Change, ...], index: int) -> None:
        change = phase[index]
        clock = self._work.local.clock
        started = clock.monotonic()
        try:
            name = carry_out(self._work, change)
        except (AwsError, LeastkeyError):
            self._work.progress.failed(change.noun, change.name.removeprefix("of ").strip("`"))
            raise
        with self._lock:
            self._made.append(change)
        note = "in the vault" if isinstance(change.operation, EnsureKey) else ""
        self._work.progress.done(change.noun, name.strip("`"), clock.monotonic() - started, note)

    def _refused(self, error: AwsError) -> LeastkeyError:
        """Give a refusal of AWS, or the clock that it comes from: it may have been set in the middle of a run."""
        skew = clock_skew(error, self._work.local.clock.now(), state=NOTHING_CHANGED)
        if skew is not None:
            return self._stopped(skew)
        return refusal(error, state=self._state(), remedy=self._remedy, exit_code=Exit.STOPPED)

    def _stopped(self, error: LeastkeyError) -> LeastkeyError:
        """Give an error of a part again, with what became of the whole run."""
        state = self._state() if error.state == NOTHING_CHANGED else f"{self._state()}; {error.state}"
        return error.again(
            state=state,
            remedy=(*error.remedy, *self._remedy),
            exit_code=None if error.exit_code is Exit.INTERRUPTED else Exit.STOPPED,
        )

    def _state(self) -> str:
        count = f"{len(self._made)} of {len(self._plan.changes)} changes made and journaled"
        wanted = sum(isinstance(change.operation, EnsureKey) for change in self._plan.changes)
        made = sum(isinstance(change.operation, EnsureKey) for change in self._made)
        if not wanted:
            return count
        if not made:
            return f"{count}; no access key was made"
        return f"{count}; {made} of {wanted} access keys made, secrets in the vault"
