"""`leastkey serve`: the container-credentials endpoint in the foreground, for programs that renew by themselves."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import signal
from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import common_options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leastkey.broker.listener import Listener
    from leastkey.cli.options import Options
    from leastkey.cli.show import Show
    from leastkey.ports.binding import Binding

__all__ = ["command"]

_TOKENS: Final = "serve"
OTHER_IDENTITIES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""Variables that AWS's tools would look at before the endpoint."""


@click.command(
    "serve",
    epilog="Example: leastkey serve nightly > env.sh &",
)
@click.argument("identity", metavar="[NAME]", required=False)
@click.option(
    "--verbose",
    "-v",
    is_flag=True,
    help="Show each request: its method, whether its path is right, its status.",
)
@common_options
def command(options: Options, identity: str | None) -> int:
    """Serve sessions of the identity to AWS tools on 127.0.0.1, renewed before they end.

    It prints the variables that lead a program here: `. ./env.sh` reads them where they were written to that file.
    The token lies in a private file, which they name, and goes with the server. It ends when interrupted, or with the
    process that started it.
    """
    from leastkey.broker.endpoint import Watcher
    from leastkey.cli.binding import binding_of
    from leastkey.cli.machine import machine
    from leastkey.cli.serving import GUESSED, Heard, endpoint_for, same_parent

    show = options.show
    heard = Heard(show)

    def answered(method: str, route: str, status: int) -> None:
        if options.verbose:
            heard.say(show.talk, f"{method} {route} {status}")

    here = machine()
    binding = binding_of(here, options, identity, "leastkey serve NAME")
    watcher = Watcher(answered, lambda: heard.say(show.warn, GUESSED), same_parent())
    listener, url, token = endpoint_for(here, binding, watcher)
    with _stopped_by_signals(listener), _token_file(here.home / _TOKENS, token) as file:
        _say(show, binding, url, file)
        listener.run()
    return 0


def _say(show: Show, binding: Binding, url: str, file: Path) -> None:
    from leastkey.broker.run import settings_of

    where = settings_of(binding)
    show.document(
        "serve",
        {
            "identity": binding.key.identity,
            "pid": os.getpid(),
            "environment": where | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url},
            "token_file": str(file),
            "unset": list(OTHER_IDENTITIES),
        },
    )
    show.data(f"unset {' '.join(OTHER_IDENTITIES)}")
    for name, value in where.items():
        show.data(f"export {name}={shlex.quote(value)}")
    show.data(f"export AWS_CONTAINER_CREDENTIALS_FULL_URI={url}")
    show.data(f'export AWS_CONTAINER_AUTHORIZATION_TOKEN="$(cat {shlex.quote(str(file))})"')
    show.talk(f"Serving {binding.key.identity} at {url} until interrupted")


@contextlib.contextmanager
def _token_file(folder: Path, token: str) -> Iterator[Path]:
    """Put the token into a file of ours alone, without a line end, which SDKs would send along."""
    from leastkey.disk.files import create_private, ensure_folder, list_folder, remove

    ensure_folder(folder)
    for left in list_folder(folder, ".token"):
        if not _is_alive(left.name.partition("-")[0]):
            remove(left)  # of a server that was killed
    file = folder / f"{os.getpid()}-{secrets.token_hex(8)}.token"
    create_private(file, token.encode())
    try:
        yield file
    finally:
        remove(file)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def _stopped_by_signals(listener: Listener) -> Iterator[None]:
    """End on the usual signals as on a wish, not as on an accident."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [getattr(signal, name) for name in names]
    before = {number: signal.signal(number, lambda *_: listener.stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
