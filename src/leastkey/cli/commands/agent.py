"""`leastkey agent`: sessions held in memory and renewed ahead, so that no AWS tool ever waits for one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import click

from leastkey.cli.options import output_options
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from pathlib import Path

    from leastkey.cli.machine import Machine
    from leastkey.cli.show import Show

__all__ = ["command"]

_LOCK: Final = "agent"
_SECONDS: Final = 10.0


@click.group("agent")
def command() -> None:
    """Hold sessions in memory and renew them ahead, for AWS tools that run as this user. Optional: all works without it."""


@command.command(epilog="Example: leastkey agent start")
@output_options
def start(show: Show) -> None:
    """Start the agent in the background, or find the one that runs already."""
    from leastkey.cli.machine import machine

    home = machine().home
    already = _asked(home)
    if already is None:
        _start(home)
    show.document("agent start", {"running": True, "already": already is not None})
    show.data(
        "Already running." if already is not None else "Started. Sessions are renewed 20 minutes ahead."
    )
    show.data("Next: leastkey agent status")


@command.command(epilog="Example: leastkey agent stop")
@output_options
def stop(show: Show) -> None:
    """Stop the agent; what it held is gone with it."""
    from leastkey.cli.machine import machine
    from leastkey.disk.agent_socket import ask_agent

    home = machine().home
    stopped = ask_agent(home, "stop") is not None
    until = time.monotonic() + _SECONDS
    while stopped and _asked(home) is not None:
        if time.monotonic() > until:
            raise LeastkeyError("agent-failed", "the agent does not end", remedy="`leastkey agent status`")
        time.sleep(0.02)
    show.document("agent stop", {"stopped": stopped})
    show.data("Stopped." if stopped else "Already stopped.")


@command.command(epilog="Example: leastkey agent status --json")
@output_options
def status(show: Show) -> None:
    """Say whether the agent runs, and until when it holds sessions of which identities."""
    from leastkey.cli.machine import machine
    from leastkey.ports.binding import binding_id

    here = machine()
    told = _asked(here.home)
    names = {binding_id(each.key): each for each in here.bindings.all()}
    held = [
        {"identity": names[binding].key.identity, "account": names[binding].key.account, "expiration": end}
        for binding, end in ({} if told is None else told["held"]).items()
        if binding in names
    ]
    show.document("agent status", {"running": told is not None, "held": held})
    if told is None:
        show.data("Not running.")
        show.data("Next: leastkey agent start")
        return
    show.data(f"Running   process {told['pid']}")
    for each in held:
        show.data(f"Holds     {each['identity']} of account {each['account']} until {each['expiration']}")
    if not held:
        show.data("Holds     nothing yet; what is asked for once is renewed ahead")


@command.command(epilog="Example: leastkey agent run")
@output_options
def run(show: Show) -> None:
    """Be the agent, in the foreground, for a service manager. It prints a line when clients can ask."""
    from leastkey.cli.machine import machine
    from leastkey.disk.locks import FileLocks

    here = machine()
    with FileLocks(here.home).hold(_LOCK, "hold sessions in memory"):
        _serve(show, here)


def _serve(show: Show, here: Machine) -> None:
    from leastkey.broker.agent import Agent
    from leastkey.broker.apart import minting_apart
    from leastkey.broker.kept import Kept
    from leastkey.broker.listener import Listener
    from leastkey.cli.machine import helper_command
    from leastkey.disk.agent_socket import is_ours, listen_for_clients, socket_path
    from leastkey.disk.sessions import Sessions

    path = socket_path(here.home)
    listening, identity = listen_for_clients(here.home)

    def keep(binding: str) -> Kept | None:
        found = here.bindings.find(binding)
        if found is None:
            return None
        minting = minting_apart(helper_command(here.home), binding)
        mark = Sessions(here.home).forgotten_mark
        return Kept(minting, found.session_seconds, here.clock, mark=mark, ready=listener.wake)

    agent = Agent(keep, here.clock, is_ours=is_ours, alive=lambda: _is_at(path, identity))
    listener = Listener(listening, agent)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), lambda *_: listener.stop())
    show.document("agent run", {"pid": os.getpid(), "socket": str(path)})
    show.data(f"Listening at {path}")
    try:
        listener.run()
    finally:
        if _is_at(path, identity):
            path.unlink(missing_ok=True)


def _is_at(path: Path, identity: tuple[int, int]) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == identity


def _asked(home: Path) -> dict[str, Any] | None:
    from leastkey.disk.agent_socket import ask_agent

    answer = ask_agent(home, "status")
    try:
        told = None if answer is None else json.loads(answer)
    except ValueError:
        told = None
    return told if isinstance(told, dict) and "held" in told else None


def _start(home: Path) -> None:
    """Start the agent as a process of its own session, without the identities of who starts it."""
    from leastkey.broker.run import without_identities

    program = [sys.executable, "-m", "leastkey", "agent", "run", "--json"]
    environ = without_identities(os.environ) | {"LEASTKEY_HOME": str(home)}
    with subprocess.Popen(
        program,
        env=environ,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        until = time.monotonic() + _SECONDS
        while _asked(home) is None:
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                told = b"" if process.stderr is None else process.stderr.read(4_000)
                first = told.decode(errors="replace").strip().split("\n")[0]
                raise LeastkeyError(
                    "agent-failed",
                    "the agent did not start",
                    why=first or (),
                    remedy="`leastkey agent run` shows more",
                )
            time.sleep(0.02)
        _leave(process)


def _leave(process: subprocess.Popen[bytes]) -> None:
    """Let a process go on without us: neither its end nor its words are waited for."""
    if process.stderr is not None:
        process.stderr.close()
    process.returncode = 0
