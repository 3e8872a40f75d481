"""The sandbox's own process: `python -m leastkey.sandbox.server.process < WISH`.

What is wished comes over stdin, the seal of its snapshots with it. It leaves its starter at once and holds a lock on
its state folder as long as it lives.
Exit codes: 0 stopped, 1 did not start (the last line says why), 3 another one holds the folder.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import threading
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Final

import leastkey
from leastkey.clock import SystemClock
from leastkey.disk.hardening import close_memory, harden
from leastkey.errors import LeastkeyError
from leastkey.sandbox.gate.gate import Gate
from leastkey.sandbox.gate.judge import Judge
from leastkey.sandbox.server.clock import MovableClock
from leastkey.sandbox.server.commands import control_commands
from leastkey.sandbox.server.control import Control
from leastkey.sandbox.server.hold import hold_folder
from leastkey.sandbox.server.runfile import RunInfo, remember_port, remembered_port, remove_run, write_run
from leastkey.sandbox.server.selftest import enforces
from leastkey.sandbox.server.settings import Settings
from leastkey.sandbox.server.snapshot import Saver, dump, load, wipe
from leastkey.sandbox.server.snapshot_file import SnapshotFile
from leastkey.sandbox.server.trail_delivery import deliver
from leastkey.sandbox.server.trail_files import TrailFiles
from leastkey.sandbox.server.wish import Wish
from leastkey.sandbox.state.accounts import Accounts
from leastkey.sandbox.state.backend import Moto, prepare_environment
from leastkey.sandbox.state.managed import share
from leastkey.sandbox.state.moto_time import rule_time
from leastkey.sandbox.state.sessions import Sessions
from leastkey.sandbox.state.world import World
from leastkey.sandbox.trail.recorder import Trail
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from leastkey.clock import Clock
    from leastkey.iam.arn import AccountId
    from leastkey.sandbox.server.http import Server
    from leastkey.sandbox.server.wish import Setting
    from leastkey.sandbox.trail.event import Event

__all__ = ["Sandbox", "foreground", "main", "serve"]

_LOG: Final = logging.getLogger(__name__)
_LOG_BYTES: Final = 1_000_000
_EAGER: Final = ("iam", "s3")
_LATER: Final = ("ec2",)
BUSY: Final = 3


class Sandbox:
    """World, moto and gate of one sandbox, wired. `save` writes a snapshot; None keeps nothing."""

    def __init__(
        self, file: SnapshotFile | None, clock: Clock | None = None, logs: TrailFiles | None = None
    ) -> None:
        share()
        self.world = World(Accounts(), Sessions())
        self.moto = Moto()
        self._file = file
        self._saver = Saver(self._save) if file is not None else None
        mark = self._saver.mark if self._saver is not None else _nothing
        self.clock = MovableClock(clock or SystemClock())
        rule_time(self.clock)
        self.world.propagation.clock = self.clock
        self._logs = logs
        self.trail = Trail(self._keep)
        judge = Judge(self.trail.history)
        self.gate = Gate(self.world, self.moto, judge, self.clock, mark, self.clock.clients, self.trail)
        self.settings = Settings(self.world, self.clock, self.gate.obstacles)
        self.mark = mark
        """Says that something changed and is to be kept."""

    def open(self) -> None:
        """Load the snapshot, and refuse to go on when the three proofs of enforcement fail."""
        if self._logs is not None:
            self._logs.sweep()
        state = self._file.read() if self._file is not None else None
        if state is not None:
            load(self.world, state)
        self.moto.warm(*_EAGER)
        wrong = enforces(self.gate, self.clock.now())
        if wrong:
            raise LeastkeyError("sandbox-failed", "the sandbox does not enforce what it should", why=wrong)
        self.trail.forget()  # the proofs are nobody's calls
        self.trail.start()
        if self._saver is not None:
            self._saver.start()

    def key_of(self, account: AccountId) -> dict[str, object]:
        """Give an account's root key, making the account on first asking."""
        with self.gate.lock:
            key, is_new = self.world.accounts.ensure(account)
        if is_new:
            self.mark()
        return {"account": account, "access_key_id": key.id, "secret_access_key": key.secret.reveal()}

    @property
    def trouble(self) -> str:
        """Why state or events are not on disk; "" when all is well."""
        removed = 0 if self._logs is None else self._logs.removed
        room = f"the trail is full: its {removed} oldest files made room" if removed else ""
        return ("" if self._saver is None else self._saver.trouble) or self.trail.trouble or room

    def begin(self, settings: Sequence[Setting]) -> None:
        """Take the settings of the start. Raises LeastkeyError."""
        with self.gate.lock:
            self.settings.begin(settings)
        if settings:
            self.mark()

    def reset(self) -> None:
        """Forget everything, on disk too; settings are as at the start."""
        with self.gate.lock:
            wipe(self.world)
            self.settings.reset()
        self.trail.forget()
        if self._logs is not None:
            self._logs.delete()
        self.mark()
        if self._saver is not None:
            self._saver.now()

    def close(self) -> None:
        """Write the last events and the last snapshot."""
        self.trail.stop()
        if self._saver is not None:
            self.mark()
            self._saver.stop()

    def _keep(self, events: Sequence[Event]) -> None:
        """Write records to the state folder, and into the buckets of the trails that log them."""
        if self._logs is not None:
            self._logs.write(events)
        with self.gate.lock:
            files = deliver(events, self.world, self.clock.now())
        if files:
            self.mark()

    def _save(self) -> None:
        with self.gate.lock:
            state = dump(self.world)
        if self._file is not None:
            self._file.write(state)


def _nothing() -> None:
    """Keep nothing."""


def serve(wish: Wish, ready: Callable[[RunInfo], None]) -> None:
    """Serve until told to stop. The caller holds the folder."""
    folder, seal = wish.folder, wish.seal
    sandbox = Sandbox(
        None if seal is None else SnapshotFile(folder, seal),
        logs=None if seal is None else TrailFiles(folder),
    )
    sandbox.open()
    sandbox.begin(wish.settings)
    server = _listen(sandbox, wish)
    stop = threading.Event()
    token = Secret(secrets.token_urlsafe(32))
    run: list[RunInfo] = []
    with Control(token, control_commands(sandbox, run, stop)) as control:
        run.append(
            RunInfo(
                os.getpid(),
                server.port,
                control.port,
                token,
                datetime.now(UTC),
                None if seal is None else seal.vault,
                leastkey.__version__,
            )
        )
        remember_port(folder, server.port)
        write_run(folder, run[0])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        server.run()
        control.run()
        ready(run[0])
        threading.Thread(target=_warm, args=(sandbox,), name="warm", daemon=True).start()
        stop.wait()
        server.close()
        sandbox.close()
        remove_run(folder)
        control.shutdown()


def _listen(sandbox: Sandbox, wish: Wish) -> Server:
    from leastkey.sandbox.server.http import Server

    wanted = (wish.port,) if wish.port else (remembered_port(wish.folder), 0)
    for port in wanted:
        server = Server(sandbox.gate.handle, port, now=sandbox.clock.now)
        try:
            server.open()
        except OSError as error:
            if port == wanted[-1]:
                raise LeastkeyError(
                    "sandbox-failed", f"port {port} cannot be used", why=str(error.strerror or error)
                ) from error
        else:
            return server
    raise AssertionError("the last port either works or raises")


def _warm(sandbox: Sandbox) -> None:
    """Import what takes a second while nobody waits for it."""
    import importlib

    for service in _LATER:
        importlib.import_module(f"moto.{service}.models")
        with sandbox.gate.lock:
            sandbox.moto.warm(service)


def _log_to(folder: Path) -> None:
    handler = RotatingFileHandler(folder / "requests.log", maxBytes=_LOG_BYTES, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    ours = logging.getLogger("leastkey.sandbox")
    ours.setLevel(logging.INFO)
    ours.addHandler(handler)
    ours.propagate = False


def _say(run: RunInfo) -> None:
    kept = "nothing is kept" if run.is_ephemeral else "state is kept, encrypted"
    print(f"Sandbox   {run.endpoint_url}, nothing goes to AWS, {kept}", flush=True)  # noqa: T201  # the process's own words
    print("Enforced  signatures, expiry; identity, boundary, session, bucket, trust policy", flush=True)  # noqa: T201  # same


def foreground(wish: Wish) -> RunInfo | None:
    """Serve in this very process until told to stop; None when another server has the folder."""
    runs: list[RunInfo] = []

    def ready(run: RunInfo) -> None:
        runs.append(run)
        _say(run)

    harden()
    close_memory()
    with hold_folder(wish.folder) as is_ours:
        if not is_ours:
            return None
        prepare_environment(os.environ)
        _log_to(wish.folder)
        serve(wish, ready)
    return runs[0]


def main() -> int:
    """Run the sandbox's own process: leave the starter, and serve."""
    harden()
    close_memory()
    wish = Wish.taken_over(sys.stdin.buffer.read())
    with hold_folder(wish.folder) as is_ours:
        if not is_ours:
            return BUSY
        if os.fork():
            os._exit(0)
        os.setsid()
        prepare_environment(os.environ)
        _log_to(wish.folder)
        try:
            serve(wish, _say)
        except LeastkeyError as error:
            print(": ".join((error.what, *error.why)), file=sys.stderr, flush=True)  # noqa: T201  # the last line says why
            return 1
        return 0


if __name__ == "__main__":
    sys.exit(main())
