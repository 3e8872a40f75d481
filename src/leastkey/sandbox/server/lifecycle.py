"""Starting, stopping and asking the sandbox, from outside its process.

A process id in a file proves nothing: a sandbox is known by its control door alone, and no process is ever killed.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from leastkey.clock import SystemClock
from leastkey.disk.files import ensure_folder, open_private, read_private, sweep, write_private
from leastkey.disk.home import leastkey_home, prepare_home
from leastkey.disk.locks import hold_file
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import ACCOUNT, AccountId
from leastkey.sandbox.server.control import ask
from leastkey.sandbox.server.runfile import RunInfo, read_run, remove_run
from leastkey.sandbox.server.snapshot_file import SnapshotFile
from leastkey.sandbox.server.snapshot_key import settle, take_seal
from leastkey.sandbox.server.wish import Wish
from leastkey.sandbox.state.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from leastkey.clock import Clock
    from leastkey.sandbox.server.snapshot_key import Vaults
    from leastkey.sandbox.server.wish import Setting

__all__ = [
    "SandboxEnv",
    "Status",
    "control",
    "env",
    "require_packages",
    "reset",
    "start",
    "state_folder",
    "status",
    "stop",
]

_LOG: Final = "sandbox.log"
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_STEP: Final = 0.02


@dataclass(frozen=True, slots=True)
class Status:
    """What `sandbox status` says. `run` is None when no sandbox answers; `trouble` says why its state is not on disk."""

    folder: Path
    run: RunInfo | None
    accounts: tuple[AccountId, ...] = ()
    is_enforced: bool = False
    uptime_seconds: float = 0
    trouble: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_encrypted: bool | None = None
    """Whether what lies on disk is; None where nothing lies there."""


@dataclass(frozen=True, slots=True)
class SandboxEnv:
    """How to reach one account of the sandbox as its root user."""

    endpoint_url: str
    account: AccountId
    region: str
    access_key_id: str
    secret: Secret


def state_folder(state_dir: Path | None = None) -> Path:
    """Make the sandbox's folder: the one named, else `sandbox` below the state folder of leastkey."""
    if state_dir is None:
        home = leastkey_home(os.environ)
        prepare_home(home)
        state_dir = home / "sandbox"
    folder = state_dir.absolute()
    if not folder.parent.exists():
        prepare_home(folder.parent)
    ensure_folder(folder)
    return folder


def start(
    state_dir: Path | None = None,
    port: int = 0,
    *,
    vaults: Vaults | None = None,
    settings: Sequence[Setting] = (),
    foreground: bool = False,
    clock: Clock | None = None,
) -> RunInfo:
    """Start the sandbox, or find the one that runs (`already`). In the foreground it returns when it was stopped.

    What it keeps is sealed with a key from the vault; without `vaults` it keeps nothing.
    """
    folder, time = state_folder(state_dir), clock or SystemClock()
    require_packages()
    with hold_file(
        folder / "start.lock", "sandbox", "sandbox start", wait_seconds=_START_SECONDS, clock=time
    ):
        run = _running(folder)
        if run is not None:
            return _same(run, port, vaults, settings)
        _sweep(folder)
        seal = None if vaults is None else take_seal(folder, vaults)
        wish = Wish(folder, port, seal, tuple(settings))
        if not foreground:
            _spawn(wish)
            run = _wait(folder, time)
            if vaults is not None and seal is not None and seal.takes_plain:
                settle(folder, vaults)
            return run
    return _in_foreground(wish)


def stop(state_dir: Path | None = None, *, clock: Clock | None = None) -> bool:
    """Stop the sandbox and wait until its snapshot is written. False when none ran."""
    folder, time = state_folder(state_dir), clock or SystemClock()
    run = _running(folder)
    if run is None:
        if not _is_held(folder):
            remove_run(folder)
        return False
    ask(run.control_port, run.token, "stop")
    if not _until(lambda: not _is_held(folder), _STOP_SECONDS, time):
        raise LeastkeyError(
            "sandbox-failed",
            "the sandbox does not stop",
            why=f"process {run.pid} was asked {_STOP_SECONDS:.0f} seconds ago",
            state="it may still run",
            remedy=f"`tail {folder / _LOG}`",
        )
    return True


def status(state_dir: Path | None = None) -> Status:
    """Say whether the sandbox runs, and what it holds."""
    folder = state_folder(state_dir)
    run = read_run(folder)
    found = None if run is None else ask(run.control_port, run.token, "ping")
    if run is None or found is None:
        kind, _ = SnapshotFile.look(folder)
        return Status(folder, None, is_encrypted=None if kind == "none" else kind == "sealed")
    return Status(
        folder,
        run,
        tuple(AccountId(account) for account in found.get("accounts", ())),
        bool(found.get("enforced")),
        (datetime.now(UTC) - run.started).total_seconds(),
        str(found.get("trouble", "")),
        found.get("settings", {}),
        True if found.get("encrypted") else None,
    )


def reset(state_dir: Path | None = None, *, clock: Clock | None = None) -> bool:
    """Forget every account and resource. Says whether a sandbox was running; it goes on, empty."""
    folder = state_folder(state_dir)
    with hold_file(
        folder / "start.lock", "sandbox", "sandbox reset", wait_seconds=_START_SECONDS, clock=clock
    ):
        run = _running(folder)
        if run is None:
            SnapshotFile.delete(folder)
            _sweep(folder)
            return False
        _asked(run, "reset")
        return True


def env(account: str | None = None, state_dir: Path | None = None) -> SandboxEnv:
    """Give an account's root key, making the account on first asking. Raises LeastkeyError `no-sandbox`."""
    wanted = DEFAULT_ACCOUNT if account is None else account
    if not ACCOUNT.fullmatch(wanted):
        raise LeastkeyError("usage", f"`{wanted}` is no account id", why="an account id is twelve digits")
    run = _running(state_folder(state_dir))
    if run is None:
        raise LeastkeyError("no-sandbox", "the sandbox is not running", remedy="`leastkey sandbox start`")
    found = _asked(run, "env", account=wanted)
    return SandboxEnv(
        run.endpoint_url,
        AccountId(wanted),
        DEFAULT_REGION,
        str(found["access_key_id"]),
        Secret(str(found["secret_access_key"])),
    )


def control(command: str, state_dir: Path | None = None, *, body: str = "", **given: str) -> dict[str, Any]:
    """Have the running sandbox carry out a command of its control door. Raises LeastkeyError `usage`, `no-sandbox`."""
    run = _running(state_folder(state_dir))
    if run is None:
        raise LeastkeyError("no-sandbox", "the sandbox is not running", remedy="`leastkey sandbox start`")
    found = ask(run.control_port, run.token, command, body=body, **given)
    if found is None:
        raise LeastkeyError(
            "sandbox-failed", f"the sandbox did not answer `{command}`", remedy="`leastkey sandbox status`"
        )
    if "error" in found:
        raise LeastkeyError("usage", str(found["error"]), state="nothing was changed")
    return found


def require_packages() -> None:
    """Refuse when what the embedded AWS is made of is not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("moto", "cheroot", "flask") if find_spec(name) is None]
    if missing:
        raise LeastkeyError(
            "no-sandbox",
            "the embedded AWS is not installed",
            why=f"missing    {', '.join(missing)}",
            remedy="python -m pip install 'leastkey[sandbox]'",
        )


def _running(folder: Path) -> RunInfo | None:
    """Give the sandbox that answers at the door its run file names."""
    run = read_run(folder)
    return run if run is not None and ask(run.control_port, run.token, "ping") is not None else None


def _same(run: RunInfo, port: int, vaults: Vaults | None, settings: Sequence[Setting]) -> RunInfo:
    """Take the running sandbox for the one asked for, or say how it differs."""
    differs = [f"it runs on port {run.port}"] if port not in (0, run.port) else []
    if vaults is None and not run.is_ephemeral:
        differs.append("it keeps its state")
    if vaults is not None and vaults.named not in (None, run.vault):
        differs.append(f"its key lies in the vault {run.vault}" if run.vault else "it keeps nothing")
    if settings:
        differs.append("settings are read when it starts")
    if differs:
        raise LeastkeyError(
            "sandbox-failed",
            "another sandbox runs in this folder",
            why=tuple(differs),
            remedy="`leastkey sandbox stop`",
        )
    return replace(run, already=True)


def _asked(run: RunInfo, command: str, **given: str) -> dict[str, Any]:
    found = ask(run.control_port, run.token, command, **given)
    if found is None or "error" in found:
        raise LeastkeyError(
            "sandbox-failed", f"the sandbox did not answer `{command}`", remedy="`leastkey sandbox status`"
        )
    return found


def _spawn(wish: Wish) -> None:
    """Start the process, which leaves us at once. Exit code 3 is another server: it is waited for instead."""
    folder = wish.folder
    remove_run(folder)
    write_private(folder / _LOG, b"")
    command = [sys.executable, "-P", "-m", "leastkey.sandbox.server.process"]
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "MOTO_", "S3_", "PYTHON"))
    }
    with open_private(folder / _LOG, os.O_WRONLY | os.O_APPEND) as log:
        subprocess.run(
            command,
            input=wish.handed_over(),
            stdout=log,
            stderr=log,
            cwd=folder,
            env=kept,
            check=False,
        )


def _wait(folder: Path, clock: Clock) -> RunInfo:
    """Wait until the sandbox answers; one that let go of its folder has died."""
    found: list[RunInfo] = []

    def is_settled() -> bool:
        run = _running(folder)
        found.extend(() if run is None else (run,))
        return bool(found) or not _is_held(folder)

    _until(is_settled, _START_SECONDS, clock)
    if not found:
        last = (read_private(folder / _LOG) or b"").decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise LeastkeyError(
            "sandbox-failed",
            "the sandbox did not start",
            why=last or f"it said nothing for {_START_SECONDS:.0f} seconds",
            remedy=f"`cat {folder / _LOG}`",
        )
    return found[0]


def _in_foreground(wish: Wish) -> RunInfo:
    from leastkey.sandbox.server import process

    run = process.foreground(wish)
    if run is None:
        raise LeastkeyError(
            "sandbox-failed", "another sandbox is starting in this folder", remedy="`leastkey sandbox status`"
        )
    return run


def _sweep(folder: Path) -> None:
    """Remove what a killed server was writing: it holds secrets. The caller holds `start.lock`, so nobody else writes."""
    from leastkey.sandbox.server.hold import hold_folder

    with hold_folder(folder) as is_free:
        if is_free:
            sweep(folder, math.inf)


def _is_held(folder: Path) -> bool:
    from leastkey.sandbox.server.hold import hold_folder

    with hold_folder(folder) as is_free:
        return not is_free


def _until(is_so: Callable[[], bool], seconds: float, clock: Clock) -> bool:
    end = clock.monotonic() + seconds
    while not is_so():
        if clock.monotonic() >= end:
            return False
        clock.sleep(_STEP)
    return True
