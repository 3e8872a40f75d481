"""The options every command takes, as one value."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from leastkey.cli.hints import words_for
from leastkey.cli.show import Show

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DEFAULT_SPEC",
    "Options",
    "common_options",
    "key_age_options",
    "output_options",
    "project_options",
    "state_dir_option",
    "vault_option",
]

DEFAULT_SPEC: Final = "leastkey.yaml"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said, apart from a command's own arguments."""

    spec: str
    spec_given: bool
    yes: bool
    admin_profile: str | None
    vault: str | None
    sandbox: bool
    profile: str | None
    allow_endpoint: str | None
    verbose: bool
    show: Show

    def again(self, command: str) -> str:
        """Give the words that make another command mean the same, for the hints: empty or such as ` --spec FILE`."""
        given = {
            "--spec": self.spec if self.spec_given else None,
            "--sandbox": "" if self.sandbox else None,
            "--vault": None if self.vault == os.environ.get("LEASTKEY_VAULT") else self.vault,
            "--admin-profile": self.admin_profile,
            "--allow-endpoint": self.allow_endpoint,
            "--profile": self.profile,
        }
        return words_for(command, {name: value for name, value in given.items() if value is not None})


_OUTPUT: Final = (
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout."),
    click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour on stderr."
    ),
)

_COMMON: Final = (
    click.option("--spec", metavar="FILE", help=f"The spec file.  [default: {DEFAULT_SPEC}]"),
    click.option("--yes", "-y", is_flag=True, help="Answer every question with yes; taken by every command."),
    click.option("--admin-profile", metavar="NAME", help="AWS profile of the administrator."),
    click.option(
        "--vault",
        metavar="NAME",
        envvar="LEASTKEY_VAULT",
        show_envvar=True,
        help="Where secrets lie: keyring, kernel, tpm2, ... (leastkey help vaults).",
    ),
    click.option("--sandbox", is_flag=True, help="Use the embedded AWS, starting it if needed."),
)

_PROJECT: Final = (
    click.option(
        "--profile", metavar="NAME", help="Name of the AWS profile to write.  [default: the identity's name]"
    ),
    click.option(
        "--allow-endpoint", metavar="URL", help="Trust this endpoint, which is neither AWS's nor local."
    ),
    click.option("--verbose", "-v", is_flag=True, help="Show details."),
)

_KEY_AGE: Final = (
    click.option("--offline", is_flag=True, help="Ask this computer alone, and AWS nothing."),
    click.option(
        "--rotate-days",
        type=click.IntRange(1, 3_650),
        default=90,
        show_default=True,
        envvar="LEASTKEY_ROTATE_DAYS",
        show_envvar=True,
        metavar="DAYS",
        help="How old a key may become.",
    ),
)


def key_age_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that looks at keys its two options: whether AWS is asked, and when a key is old."""
    return _decorated(command, _KEY_AGE)


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options every command takes; its function gets them as `options`."""
    return _with_options(command, (*_COMMON, *_OUTPUT))


def project_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the common options and those that bear on a project in an account."""
    return _with_options(command, (*_COMMON, *_PROJECT, *_OUTPUT))


def _with_options(
    command: Callable[..., Any], options: tuple[Callable[[Callable[..., Any]], Any], ...]
) -> Callable[..., Any]:
    @functools.wraps(command)
    def wrapped(**values: Any) -> Any:
        return command(options=_taken(values), **values)

    return _decorated(wrapped, options)


def _taken(values: dict[str, Any]) -> Options:
    """Take the common options out of a command's values."""
    spec = values.pop("spec")
    return Options(
        spec=spec or DEFAULT_SPEC,
        spec_given=spec is not None,
        yes=values.pop("yes"),
        admin_profile=values.pop("admin_profile"),
        vault=values.pop("vault") or None,
        sandbox=values.pop("sandbox"),
        profile=values.pop("profile", None),
        allow_endpoint=values.pop("allow_endpoint", None),
        verbose=values.pop("verbose", False),
        show=Show.for_terminal(as_json=values.pop("as_json"), colour=values.pop("color")),
    )


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--json` and `--color` only; its function gets a Show as `show`."""

    @functools.wraps(command)
    def wrapped(**values: Any) -> Any:
        show = Show.for_terminal(as_json=values.pop("as_json"), colour=values.pop("color"))
        return command(show=show, **values)

    return _decorated(wrapped, _OUTPUT)


def _decorated(
    command: Callable[..., Any], options: tuple[Callable[[Callable[..., Any]], Any], ...]
) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def state_dir_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command of the sandbox the option that says which one."""
    return click.option(
        "--state-dir",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Where it keeps its state.  [default: sandbox/ in LEASTKEY_HOME]",
    )(function)


def vault_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command about vaults the option that names one."""
    return click.option(
        "--vault", metavar="NAME", envvar="LEASTKEY_VAULT", show_envvar=True, help="Which vault."
    )(function)
