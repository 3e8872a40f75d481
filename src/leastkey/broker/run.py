"""Run a program with a session in its environment, and nothing else that AWS's tools would look at.

What the child gets: every variable of ours that has nothing to do with AWS, for a script needs its own; no `AWS_*`
but the harmless ones in `KEPT`, no `LEASTKEY_*`, no boto 2 settings; then the session. Config and credentials file
are the null device: a static `[default]` there cannot win, and a profile cannot send requests elsewhere.
Source: AWS SDKs and Tools Reference Guide, "Environment variables list"; AWS CLI User Guide, "Environment variables".
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import ENVIRONMENT, handed_over
from leastkey.iam.endpoints import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import FrameType

    from leastkey.iam.credentials import SessionCredentials
    from leastkey.ports.binding import Binding

__all__ = [
    "KEPT",
    "child_environment",
    "run_child",
    "served_environment",
    "settings_of",
    "without_identities",
]

KEPT: Final = frozenset(
    {
        "AWS_CA_BUNDLE",
        "AWS_CLI_AUTO_PROMPT",
        "AWS_DEFAULT_OUTPUT",
        "AWS_MAX_ATTEMPTS",
        "AWS_PAGER",
        "AWS_RETRY_MODE",
    }
)
"""`AWS_*` variables that name no identity, no file of identities and no endpoint."""
_OURS: Final = ("AWS_", "LEASTKEY_", "BOTO_")
_FORWARDED: Final = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGINT")


def child_environment(
    environ: Mapping[str, str], session: SessionCredentials, binding: Binding
) -> dict[str, str]:
    """Give the child's environment: ours without what AWS's tools look at, then the session."""
    return {**_without_identity(environ, binding), **handed_over(session, ENVIRONMENT)}


def served_environment(environ: Mapping[str, str], url: str, token: str, binding: Binding) -> dict[str, str]:
    """Give the child's environment: ours without what AWS's tools look at, then where to ask for sessions.

    Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
    """
    return {
        **_off_the_proxy(_without_identity(environ, binding)),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
    }


def settings_of(binding: Binding) -> dict[str, str]:
    """Give the variables that say where the identity lives, and that no file of identities counts."""
    where = {
        "AWS_REGION": binding.region,
        "AWS_DEFAULT_REGION": binding.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return where if binding.endpoint_url is None else where | {"AWS_ENDPOINT_URL": binding.endpoint_url}


def without_identities(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that have nothing to do with AWS's identities, files and endpoints, nor with us."""
    return {
        name: value for name, value in environ.items() if name in KEPT or not name.upper().startswith(_OURS)
    }


def _without_identity(environ: Mapping[str, str], binding: Binding) -> dict[str, str]:
    child = without_identities(environ) | settings_of(binding)
    is_here = binding.endpoint_url is not None and is_loopback(urlsplit(binding.endpoint_url).hostname or "")
    return _off_the_proxy(child) if is_here else child


def _off_the_proxy(child: dict[str, str]) -> dict[str, str]:
    """Let requests to this computer go there straight."""
    excused = {}
    for name in ("NO_PROXY", "no_proxy"):
        named = [each for each in child.get(name, "").split(",") if each]
        excused[name] = ",".join(dict.fromkeys((*named, "127.0.0.1", "localhost")))
    return child | excused


def run_child(
    command: Sequence[str],
    environment: Mapping[str, str],
    starting: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Run a program to its end, passing signals on; gives its exit code, 128 + n when signal n ended it.

    It is started within `starting`. Raises `child-failed` when it cannot be started.
    """
    waiting: list[int] = []
    child: subprocess.Popen[bytes] | None = None

    def forward(number: int, _frame: FrameType | None) -> None:
        if child is None:
            waiting.append(number)
        elif child.poll() is None and not _terminal_told_both(number):
            child.send_signal(number)

    numbers = [getattr(signal, name) for name in _FORWARDED if hasattr(signal, name)]
    before = {number: signal.signal(number, forward) for number in numbers}
    try:
        try:
            with starting():
                child = subprocess.Popen(list(command), env=dict(environment))
        except (OSError, ValueError) as error:
            raise _not_started(command[0], error) from None
        for number in waiting:
            child.send_signal(number)
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    return 128 - code if code < 0 else code


def _terminal_told_both(number: int) -> bool:
    """Say whether a key press sent this: then the terminal has told the child, which is in our process group, too."""
    if number not in {signal.SIGINT, getattr(signal, "SIGQUIT", None)}:
        return False
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False  # no terminal: somebody sent it to us alone
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _not_started(program: str, error: OSError | ValueError) -> LeastkeyError:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return LeastkeyError(
        "child-failed",
        f"`{program}` was not started",
        why=f"the system says: {said}",
        state="nothing was started; the session stays in the cache",
        remedy="name a program: `leastkey run -- aws ec2 describe-regions`",
    )
