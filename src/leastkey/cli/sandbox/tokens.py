"""`leastkey sandbox token | issuer`: tokens of identity providers that the sandbox plays, and the keys of others."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from leastkey.cli.options import output_options, state_dir_option
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.cli.show import Show

__all__ = ["COMMANDS"]

_JOB: Final = (
    click.option("--ref", metavar="REF", help="Branch or tag of the job.  [default: refs/heads/main]"),
    click.option("--environment", metavar="NAME", help="Environment that the job deploys to."),
)
_EVERY: Final = (
    click.option("--audience", metavar="NAME", help="Whom it is for.  [default: sts.amazonaws.com]"),
    click.option(
        "--claim",
        "claims",
        metavar="NAME=VALUE",
        multiple=True,
        help="A further claim, or another value of one; a value that begins with { or [ is JSON.",
    ),
    click.option("--expired", is_flag=True, help="Its time is over: AWS refuses it."),
    click.option("--forged", is_flag=True, help="Somebody else's key signs it: AWS refuses it."),
)


def _token_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Give a command its own options and those that each token takes."""

    def decorated(function: Callable[..., None]) -> Any:
        command: Any = state_dir_option(output_options(function))
        return functools.reduce(lambda found, option: option(found), reversed((*options, *_EVERY)), command)

    return decorated


@click.group()
def token() -> None:
    """Print a web identity token as an identity provider would sign it; it opens nothing but the sandbox."""


@token.command(
    epilog="Example: leastkey sandbox token github --repo acme/app --ref refs/heads/main --environment prod"
)
@_token_options(
    click.option("--repo", "project", metavar="OWNER/NAME", required=True, help="Where the job runs."), *_JOB
)
def github(show: Show, **given: Any) -> None:
    """Print a token as GitHub Actions gives it to a job."""
    _print(show, "github", given)


@token.command(epilog="Example: leastkey sandbox token gitlab --project acme/app --ref refs/tags/v1")
@_token_options(
    click.option("--project", metavar="GROUP/NAME", required=True, help="Where the job runs."),
    *_JOB,
    click.option("--issuer", metavar="URL", help="A GitLab of your own.  [default: https://gitlab.com]"),
)
def gitlab(show: Show, **given: Any) -> None:
    """Print a token as GitLab CI gives it to a job."""
    _print(show, "gitlab", given)


@token.command(
    epilog="Example: leastkey sandbox token generic --issuer https://issuer.example --subject job-7 --claim team=blue"
)
@_token_options(
    click.option("--issuer", metavar="URL", required=True, help="The identity provider."),
    click.option("--subject", metavar="TEXT", required=True, help="The claim `sub`."),
)
def generic(show: Show, **given: Any) -> None:
    """Print a token of any OpenID Connect provider."""
    _print(show, "generic", given)


@click.command(epilog="Example: leastkey sandbox issuer https://issuer.example --jwks keys.json")
@click.argument("url")
@click.option(
    "--jwks",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="The issuer's public keys, as its jwks_uri gives them.",
)
@state_dir_option
@output_options
def issuer(show: Show, state_dir: Path | None, url: str, jwks: Path) -> None:
    """Tell the sandbox the public keys of an identity provider, since it fetches nothing from a network."""
    found = _control("issuer", state_dir, url=url, body=json.dumps(_keys(jwks)))
    show.document("sandbox issuer", found)
    show.data(f"{found['issuer']}  {found['keys']} {'key' if found['keys'] == 1 else 'keys'}")


COMMANDS: Final = (token, issuer)


def _print(show: Show, kind: str, given: dict[str, Any]) -> None:
    if given["expired"] and given["forged"]:
        raise click.UsageError("a token is --expired or --forged, not both")
    fault = "expired" if given.pop("expired") else "forged" if given["forged"] else ""
    del given["forged"]
    state_dir, claims = given.pop("state_dir"), json.dumps(dict(_claim(each) for each in given.pop("claims")))
    words = {name: value for name, value in given.items() if value is not None}
    found = _control("token", state_dir, kind=kind, fault=fault, body=claims, **words)
    show.document(f"sandbox token {kind}", found)
    show.data(found["token"])


def _claim(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.UsageError(f"--claim takes NAME=VALUE, not `{text}`")
    if not value.startswith(("{", "[")):
        return name, value
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        raise click.UsageError(f"the value of --claim {name} begins like JSON and is none") from None


def _keys(jwks: Path) -> object:
    try:
        return json.loads(jwks.read_text(encoding="utf-8"))["keys"]
    except OSError as error:
        why = error.strerror or type(error).__name__
    except (ValueError, KeyError, TypeError, RecursionError):
        why = 'it is no JSON object with a list named "keys"'
    raise LeastkeyError("usage", f"`{jwks}` holds no JSON Web Key Set", why=why, state="nothing was changed")


def _control(command: str, state_dir: Path | None, **given: str) -> dict[str, Any]:
    from leastkey.sandbox.server import lifecycle

    return lifecycle.control(command, state_dir, **given)
