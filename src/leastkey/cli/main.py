"""The command line's entry: commands are loaded when called, errors become text and exit codes, nothing else."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Final

import click

from leastkey import __version__
from leastkey.cli.help_layout import HelpLayout
from leastkey.cli.hints import chosen_in, in_context
from leastkey.cli.show import Show
from leastkey.cli.streams import delivering, escape_unwritable, open_missing, silence, undelivered
from leastkey.errors import AwsError, Exit, LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "OVERVIEW", "cli", "run"]

COMMANDS: Final = {
    "demo": "the whole story in an embedded AWS, no account needed",
    "init": "write leastkey.yaml",
    "up": "plan, ask, apply, verify",
    "plan": "show what would change",
    "apply": "make the account as the plan says",
    "verify": "prove what is allowed and what is denied",
    "explain": "say why something is allowed or denied, offline",
    "run": "run a command with short-lived credentials",
    "serve": "let programs fetch credentials that are renewed, on 127.0.0.1",
    "status": "keys with age and last use, where the secret lies, what has drifted",
    "revoke": "cut all access of an identity at once, until it is restored",
    "doctor": "what is wrong with this computer and its keys, and what helps",
    "rotate": "replace an identity's key, and go back on it",
    "destroy": "take everything of the project down again",
    "key": "give another computer a key of its own",
    "vault": "where secrets lie: status, move",
    "unlock": "open a vault for a time",
    "lock": "close it again",
    "creds": "print credentials for the AWS CLI to read",
    "agent": "hold sessions in memory and renew them ahead",
    "bootstrap-policy": "print the smallest policy of who runs leastkey",
    "export": "write a job of GitHub Actions or GitLab CI that needs no key",
    "policy": "ask what policies permit, offline",
    "sandbox": "the embedded AWS: start, stop, status, env, reset",
    "help": "explain a command, an error code, the steps, the words",
}

_BEGUN: Final = "what was begun stands in the journal; the same command goes on"

OVERVIEW: Final = """\
leastkey gives a script a role, proves what it can do, hides its key

  leastkey demo          the whole story in an embedded AWS, no account needed
  leastkey init          describe your script in leastkey.yaml
  leastkey up            plan, ask, apply, verify
  leastkey run -- CMD    run CMD with short-lived credentials

Careful path: leastkey plan, then leastkey apply PLAN-ID
Replace what was made by hand: leastkey init --from-user NAME
What does a policy permit: leastkey policy simulate
No AWS account at hand: --sandbox on any command
More: leastkey --help"""


click.Context.formatter_class = HelpLayout  # of every command, those of `sandbox` among them


class LazyGroup(click.Group):
    """Loads a command's module when the command is called or its own help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of a first afternoon."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"leastkey.cli.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = next(iter(get_close_matches(args[0].lower(), COMMANDS, n=1, cutoff=0.74)), None)
            raise LeastkeyError(
                "usage",
                f"`{args[0]}` is no command",
                remedy=(*([f"leastkey {close}"] if close else []), "all of them: `leastkey --help`"),
            )
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="leastkey %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Least-privilege AWS API access for automation scripts, from one small file and one command."""
    if ctx.invoked_subcommand is None:
        Show.for_terminal(as_json=False, colour="auto").data(OVERVIEW)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; give the exit code. No traceback reaches the user."""
    open_missing()
    escape_unwritable(sys.stdout)
    show = Show.for_terminal(as_json="--json" in _own(arguments), colour=_colour_of(_own(arguments)))
    code = _run(arguments, show)
    try:
        with delivering(sys.stdout):
            sys.stdout.flush()
    except LeastkeyError as error:
        return _fail(show, error)
    return code


def _run(arguments: Sequence[str], show: Show) -> int:
    try:
        result = cli.main(args=list(arguments), prog_name="leastkey", standalone_mode=False)
        return int(result or 0)
    except (BrokenPipeError, SystemExit):
        # click's own help went to a reader that left (`leastkey --help | head`): nothing is left to say.
        silence(sys.stdout)
        return int(Exit.OK)
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  # the last door: no traceback with a secret in its locals may leave
        found = _document(error)
        chosen = chosen_in(_own(arguments))
        remedy = tuple(in_context(line, chosen) for line in found.remedy)
        return _fail(show, found.again(remedy=remedy))


def _document(error: BaseException) -> LeastkeyError:
    """Give any error as the user reads it."""
    match error:
        case LeastkeyError():
            found = error
        case AwsError():
            from leastkey.apply.refusals import refusal

            found = refusal(error, state=_BEGUN)
        case click.UsageError():
            found = _usage(error)
        case click.ClickException():
            found = LeastkeyError("usage", error.format_message())
        case KeyboardInterrupt() | click.Abort():
            found = LeastkeyError(
                "interrupted", "stopped by you", state=_BEGUN, remedy="see what is there: `leastkey plan`"
            )
        case OSError() if error.filename is None:
            found = _nowhere() if _is_nowhere() else undelivered(error)
        case OSError():
            # The text of an OSError names a path and a reason, never a secret.
            found = LeastkeyError(
                "io-failed",
                f"a file failed: {error.strerror}",
                why=str(error.filename),
                state=_BEGUN,
                remedy="run the same command again",
            )
        case _:
            found = _bug(error)
    return found


def _is_nowhere() -> bool:
    """Say whether the folder we were started in has been removed."""
    from pathlib import Path

    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _nowhere() -> LeastkeyError:
    return LeastkeyError(
        "usage",
        "the folder this was started in is gone",
        why="a relative path leads nowhere from here",
        remedy="go to another: `cd`, then run the same command again",
    )


def _fail(show: Show, error: LeastkeyError) -> int:
    show.error_document(error)
    show.error(error)
    return int(error.exit_code)


def _usage(error: click.UsageError) -> LeastkeyError:
    where = error.ctx.command_path if error.ctx is not None else "leastkey"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return LeastkeyError("usage", f"`{where}` needs to be told what to do", remedy=f"{where} --help")
    what = error.format_message().rstrip(".")
    return LeastkeyError("usage", what[:1].lower() + what[1:], remedy=f"{where} --help")


def _bug(error: BaseException) -> LeastkeyError:
    """Name the place in our code, without the error's text: it could quote a secret."""
    trace = error.__traceback__
    place = "?"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "leastkey" in code.co_filename:
            place = f"{code.co_filename.rsplit('leastkey', 1)[-1].lstrip('/')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return LeastkeyError(
        "internal",
        f"a bug in leastkey: {type(error).__name__} at {place}",
        state=_BEGUN,
        remedy="please report it with the line above; it holds no secret",
    )


def _own(arguments: Sequence[str]) -> Sequence[str]:
    """Give the arguments that are ours: those before `--`."""
    arguments = list(arguments)
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _colour_of(arguments: Sequence[str]) -> str:
    for index, argument in enumerate(arguments):
        if argument.startswith("--color="):
            return argument.removeprefix("--color=")
        if argument == "--color" and index + 1 < len(arguments):
            return arguments[index + 1]
    return "auto"
