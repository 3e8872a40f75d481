"""`leastkey run`: run a command with short-lived credentials and a cleaned environment."""

from __future__ import annotations

import os
import shlex
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.hints import VALUED
from leastkey.cli.options import common_options
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.machine import Machine
    from leastkey.cli.options import Options
    from leastkey.ports.binding import Binding

__all__ = ["command"]

_CHILD: Final = "leastkey.child"
FIRST_CALL: Final = ("aws", "ec2", "describe-regions")


class RunCommand(click.Command):
    """Takes everything behind `--` as the command to run, untouched."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split the arguments at the first `--`."""
        if "--" in args:
            at = args.index("--")
            args, ctx.meta[_CHILD] = args[:at], tuple(args[at + 1 :])
        else:
            _refuse_undivided(args)
        return super().parse_args(ctx, args)


def _refuse_undivided(args: list[str]) -> None:
    """Refuse `run aws s3 ls`, where the `--` was forgotten, and give the line that was meant."""
    rest = list(args)
    while rest and rest[0].startswith("-"):
        if rest.pop(0) in (*VALUED, "--only") and rest:
            rest.pop(0)
    if not rest:
        return
    if shutil.which(rest[0]) is None:
        name, *rest = rest
        ours = [name, "--", *(rest or FIRST_CALL)]
    else:
        ours = ["--", *rest]
    raise LeastkeyError(
        "usage",
        "there is no command to run behind `--`",
        state="nothing was started",
        remedy=f"leastkey run {shlex.join(ours)}",
    )


@click.command(
    "run",
    cls=RunCommand,
    epilog="Examples: leastkey run -- ./report.sh, leastkey run nightly --serve -- ./takes-all-day.py",
    options_metavar="[OPTIONS] [NAME] -- CMD [ARGS]...",
)
@click.argument("identity", metavar="", required=False)
@click.option(
    "--serve", "is_served", is_flag=True, help="Let CMD fetch sessions by itself, however long it runs."
)
@click.option(
    "--only",
    metavar="GRANT",
    multiple=True,
    help="Narrow the session to this grant, as `init --allow` takes it.",
)
@common_options
@click.pass_context
def command(
    ctx: click.Context, options: Options, identity: str | None, *, is_served: bool, only: tuple[str, ...]
) -> int:
    """Run CMD with short-lived credentials of the identity. Its exit code is ours once it has started."""
    from leastkey.broker.run import run_child
    from leastkey.cli.binding import binding_of
    from leastkey.cli.machine import machine
    from leastkey.cli.sessions import saying_not_started
    from leastkey.disk.hardening import as_started

    child: tuple[str, ...] = ctx.meta.get(_CHILD, ())
    if not child:
        raise LeastkeyError(
            "usage",
            "there is no command to run behind `--`",
            state="nothing was started",
            remedy=f"leastkey run -- {' '.join(FIRST_CALL)}",
        )
    if only and is_served:
        raise LeastkeyError(
            "usage",
            "`--only` narrows one session, `--serve` hands out many",
            state="nothing was started",
            remedy="leave one of them out",
        )
    with ExitStack() as open_for_child:
        with saying_not_started(child[0]):
            here = machine()
            binding = binding_of(here, options, identity, f"leastkey run NAME -- {shlex.join(child)}")
            if is_served:
                environment = _served(open_for_child, here, binding, options)
            else:
                environment = _given(here, binding, options, only)
        return run_child(child, environment, as_started)


def _given(here: Machine, binding: Binding, options: Options, only: tuple[str, ...]) -> dict[str, str]:
    """Give the environment with one session in it, which has most of its life before it: the child gets no other."""
    from leastkey.broker.run import child_environment
    from leastkey.cli.sessions import narrowed_session, session_of

    if only:
        session = narrowed_session(here, options, binding, only)
    else:
        session = session_of(here, binding, is_lasting=True)
    return child_environment(os.environ, session, binding)


def _served(open_for_child: ExitStack, here: Machine, binding: Binding, options: Options) -> dict[str, str]:
    """Give the environment that leads to an endpoint of the child's own, open until it ends."""
    from leastkey.broker.run import served_environment
    from leastkey.cli.serving import endpoint_of_child

    url, token = open_for_child.enter_context(endpoint_of_child(here, binding, options.show))
    return served_environment(os.environ, url, token, binding)
