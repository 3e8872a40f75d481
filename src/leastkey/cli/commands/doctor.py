"""`leastkey doctor`: what is wrong with this computer and the keys it serves, each with what helps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import key_age_options, project_options
from leastkey.errors import Exit, LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.apply.status import IdentityStatus
    from leastkey.cli.machine import Machine
    from leastkey.cli.options import Options
    from leastkey.cli.show import Show
    from leastkey.doctor.finding import Surroundings
    from leastkey.doctor.run import Checked
    from leastkey.ports.binding import Binding
    from leastkey.ports.local import Local

__all__ = ["command"]

_WORDS: Final = {"ok": "ok", "warn": "warn", "bad": "BAD", "error": "ERROR", "skipped": "skip"}


@click.command("doctor", epilog="Example: leastkey doctor --fix")
@click.option("--fix", is_flag=True, help="Put right what is safe to; never a key or a file of yours.")
@key_age_options
@project_options
def command(options: Options, *, fix: bool, offline: bool, rotate_days: int) -> int:
    """Look for what would leak a key, hide a profile or break a script. Exit 13 when something is wrong.

    A check that could not look counts as wrong; a warning does not. Without --fix nothing is changed.
    """
    from leastkey.cli.wrap import counted
    from leastkey.doctor.run import examine

    found = examine(_surroundings(options, offline=offline, rotate_days=rotate_days), fix=fix)
    counts = {state: sum(each.finding.state == state for each in found) for state in _WORDS}
    options.show.document(
        "doctor", {"checks": [_document(each) for each in found], "counts": counts, "fix": fix}
    )
    _show(options.show, found)
    options.show.data(
        f"{counts['ok']} ok, {counted(counts['warn'], 'warning')}, {counts['bad']} bad, {counts['error']} could not be looked at"
        + (f", {counts['skipped']} skipped" if counts["skipped"] else "")
    )
    if any(each.finding.mend is not None and not each.is_fixed for each in found) and not fix:
        options.show.data(f"Next: leastkey doctor --fix{options.again('doctor')}")
    elif counts["bad"] or counts["error"]:
        options.show.data("Next: what stands below each line, then leastkey doctor again")
    else:
        has_spec = options.spec_given or Path(options.spec).exists()
        options.show.data(
            f"Next: leastkey status{options.again('status')}" if has_spec else "Next: leastkey init"
        )
    return int(Exit.FINDINGS if counts["bad"] or counts["error"] else Exit.OK)


class _Here:
    """This computer, opened when the first check asks: where that is refused, it is that check's answer."""

    def __init__(self, options: Options) -> None:
        from leastkey.disk.home import leastkey_home

        self._options = options
        self.home = leastkey_home(os.environ)
        self._local: Local | None = None

    def _machine(self) -> Machine:
        from leastkey.cli.machine import Machine, machine
        from leastkey.clock import SystemClock
        from leastkey.disk.settings import FileSettings

        if self.home.exists():
            return machine()
        return Machine(self.home, FileSettings(self.home), SystemClock())  # looking makes no folder

    def local(self) -> Local:
        """Open the state folder."""
        if self._local is None:
            here = self._machine()
            self._local = here.local(here.any_vault(self._options, "sandbox"))
        return self._local

    def bindings(self) -> tuple[Binding, ...]:
        """Give the identities this computer serves."""
        return self.local().bindings.all()


def _surroundings(options: Options, *, offline: bool, rotate_days: int) -> Surroundings:
    from leastkey.clock import SystemClock
    from leastkey.doctor.finding import Surroundings

    here = _Here(options)

    def account() -> tuple[IdentityStatus, ...]:
        from leastkey.cli.commands.status import online

        if not options.spec_given and not Path(options.spec).exists():
            if not here.bindings():
                return ()
            raise LeastkeyError(
                "spec-not-found",
                "no spec here says in which account the keys are",
                remedy=("run it beside the spec, or with `--spec FILE`", "or ask AWS nothing: `--offline`"),
            )
        return online(options, rotate_days)[1]

    return Surroundings(
        environ=os.environ,
        home=here.home,
        folder=Path.cwd(),
        clock=SystemClock(),
        local=here.local,
        bindings=here.bindings,
        account=None if offline else account,
        finish=None if offline else lambda: _finish(options),
    )


def _finish(options: Options) -> None:
    """Finish the key operations that a run left open, as the next `up` would, and nothing else."""
    from leastkey.apply.run import apply_plan
    from leastkey.cli.wiring import build
    from leastkey.plan.plan import Plan

    project = build(options)
    nothing = Plan("doctor", project.wanted.account, project.wanted.project, (), project.wanted)
    apply_plan(nothing, project.connect, project.local, project.progress)


def _document(checked: Checked) -> dict[str, object]:
    finding = checked.finding
    return {
        "check": checked.check,
        "state": finding.state,
        "what": finding.what,
        "fix": list(finding.fix),
        "fixable": finding.mend is not None,
        "fixed": checked.is_fixed,
    }


def _show(show: Show, found: Sequence[Checked]) -> None:
    from leastkey.cli.wrap import wrapped

    width = max(len(each.check) for each in found)
    for each in found:
        what = f"{each.finding.what}: put right" if each.is_fixed else each.finding.what
        head = f"  {_WORDS[each.finding.state]:<5}  {each.check:<{width}}  "
        for line in wrapped(head, what, columns=show.columns):
            show.data(line)
        for fix in () if each.is_fixed else each.finding.fix:
            show.data(f"         fix: {fix}")
