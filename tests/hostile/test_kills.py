"""The sandbox killed at its work and started again, and commands stopped by signals: the next run finishes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.fakes.memory_vault import MemoryVaults
from tests.support.home import Ended, Home, assert_no_traceback
from tests.support.proxy import Hook, Phase, Seen, proxying
from tests.support.refusals import assert_refused

from leastkey.sandbox.server import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leastkey.sandbox.server.runfile import RunInfo

pytestmark = pytest.mark.slow

ACCOUNT = "200000000077"


@dataclass
class Mortal:
    """A sandbox that keeps its state and can be killed; `home` reaches it by a port that stays."""

    folder: Path
    home: Home
    vaults: MemoryVaults

    def start(self) -> RunInfo:
        return lifecycle.start(self.folder, vaults=self.vaults)

    def kill(self) -> None:
        run = lifecycle.status(self.folder).run
        assert run is not None
        os.kill(run.pid, signal.SIGKILL)
        while lifecycle._is_held(self.folder):
            time.sleep(0.01)

    def saved(self) -> None:
        """Wait until the snapshot is newer than now."""
        began = time.time()
        path = self.folder / "snapshot.bin"
        while not path.exists() or path.stat().st_mtime < began:
            assert time.time() - began < 20
            time.sleep(0.05)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    folder = tmp_path / "sandbox"
    vaults = MemoryVaults()
    lifecycle.start(folder, vaults=vaults)
    root = lifecycle.env(ACCOUNT, folder)
    home = Home(
        tmp_path,
        {"AWS_ACCESS_KEY_ID": root.access_key_id, "AWS_SECRET_ACCESS_KEY": root.secret.reveal()},
    )
    home.write_spec()
    yield Mortal(folder, home, vaults)
    lifecycle.stop(folder)


def killing(mortal: Mortal, action: str, phase: Phase, *, after_save: bool) -> Hook:
    done: list[int] = []

    def hook(seen: Seen, now: Phase) -> None:
        if (seen.action, now) == (action, phase) and not done:
            done.append(seen.number)
            if after_save:
                mortal.saved()
            mortal.kill()

    return hook


@pytest.mark.parametrize(
    ("action", "phase", "after_save"),
    [
        ("CreateAccessKey", "after", True),
        ("CreateAccessKey", "after", False),  # a world that has forgotten what it did a moment ago
        ("AssumeRole", "before", False),
    ],
)
def test_up_finishes_with_one_key_after_the_sandbox_was_killed_and_started_again(
    action: str, phase: Phase, *, after_save: bool, mortal: Mortal
) -> None:
    home = mortal.home
    run = lifecycle.status(mortal.folder).run
    assert run is not None
    with proxying(run.port, killing(mortal, action, phase, after_save=after_save)) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        cut = home.leastkey("up", "--yes")
        assert_no_traceback(cut)
        assert cut.code in {4, 5, 14}, (cut.code, cut.err)
        assert "internal" not in cut.err
        assert_refused(home.leastkey("up", "--yes"), "no-answer", 4, "nothing was changed")
        again = mortal.start()
        assert again.port == run.port
        finished = home.leastkey("up", "--yes")
        assert finished.code == 0, finished.err
        assert home.leastkey("plan", "--exit-code").code == 0
        binding = next((home.state / "bindings").glob("*.json")).read_text()
        listed = home.leastkey("run", "--", "true")
        assert listed.code == 0, listed.err
    assert binding.count("AKIA") == 1


def test_a_session_is_refused_in_words_while_the_sandbox_is_dead_and_given_again_after(
    mortal: Mortal,
) -> None:
    home = mortal.home
    run = lifecycle.status(mortal.folder).run
    assert run is not None
    home.admin["AWS_ENDPOINT_URL"] = run.endpoint_url
    assert home.leastkey("up", "--yes").code == 0
    mortal.kill()
    for cached in (home.state / "sessions").glob("*"):
        cached.unlink()
    for arguments in (("verify",), ("plan",), ("run", "--", "true")):
        assert_refused(home.leastkey(*arguments), "no-answer", 4)
    mortal.start()
    assert home.leastkey("up", "--yes").code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_at_any_moment_stops_up_and_the_next_run_finishes(
    number: signal.Signals, mortal: Mortal
) -> None:
    home = mortal.home
    run = lifecycle.status(mortal.folder).run
    assert run is not None
    running: list[subprocess.Popen[bytes]] = []

    def hook(seen: Seen, phase: Phase) -> None:
        if (seen.action, phase) == ("CreateAccessKey", "after") and running:
            running.pop().send_signal(number)
            time.sleep(0.3)

    with proxying(run.port, hook) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        process = subprocess.Popen(
            home.command("up", "--yes"),
            cwd=home.folder,
            env=home.environ | {"LEASTKEY_VAULT": "age-file"} | home.admin,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        running.append(process)
        out, err = process.communicate(timeout=60)
        stopped = Ended(process.returncode, out.decode(), err.decode())
        assert_no_traceback(stopped)
        assert stopped.code == (130 if number == signal.SIGINT else -number)
        finished = home.leastkey("up", "--yes")
        assert finished.code == 0, finished.err
        assert home.leastkey("plan", "--exit-code").code == 0
    assert list((home.state / "intents").glob("*.json")) == []
