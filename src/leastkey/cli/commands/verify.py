"""`leastkey verify`: prove what is allowed and what is denied, by two judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import project_options

if TYPE_CHECKING:
    from leastkey.cli.options import Options

__all__ = ["command"]

SHOWN_ROWS: Final = 6
"""Rows of each side that are shown without `-v`."""


@click.command("verify", epilog="Example: leastkey verify nightly -v")
@click.argument("identity", metavar="[NAME]", required=False)
@project_options
def command(options: Options, identity: str | None) -> int:
    """Prove what each identity may and may not do: our engine and AWS's own answers must agree. Changes nothing."""
    from leastkey.cli.planning import look, who_and_where
    from leastkey.cli.proof import first_run, outcome, prove, show_reports
    from leastkey.cli.read_spec import one_identity
    from leastkey.cli.wiring import build

    project = build(options)
    if identity is not None:
        one_identity(project.spec, identity)
    options.show.talk(who_and_where(project))
    seen = look(project)
    reports = prove(project, seen, identity, settling=False)
    options.show.document("verify", {"identities": [report.to_json() for report in reports]})
    show_reports(options.show, reports, verbose=True, most=None if options.verbose else SHOWN_ROWS)
    code = outcome(project, seen, reports)
    if code == 0:
        options.show.data(f"Next: {first_run(project, identity)}")
    return code
