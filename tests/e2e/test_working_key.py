"""A script that signs a call through the profile all the time sees no failed call, however often its key is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.session import Session
from tests.e2e.test_kill import Killer
from tests.e2e.test_kill_rotation import ROTATE, assert_nothing_lost, set_up
from tests.support.home import BIN, Home
from tests.support.proxy import proxying
from tests.support.torture import rounds

from leastkey.disk.bindings import FileBindings
from leastkey.disk.sessions import Sessions
from leastkey.keys.helper import parse_command

if TYPE_CHECKING:
    from tests.e2e.conftest import Aws

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7_200)]

EVERY_SECONDS = 0.05


class Script:
    """Signs calls until it is stopped; keeps what failed."""

    def __init__(self, home: Home, endpoint_url: str) -> None:
        self.home = home
        self.endpoint_url = endpoint_url
        self.calls = 0
        self.mints = 0
        self.failed: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=each) for each in (self._lasting, self._fetching)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def _client(self, session: Session, **given: str) -> Any:
        return session.create_client(
            "sts",
            region_name="eu-west-1",
            endpoint_url=self.endpoint_url,
            config=Config(retries={"total_max_attempts": 1}),
            **given,
        )

    def _lasting(self) -> None:
        """Go on with one client, as a program that runs for hours: it got its session before the rotations."""
        client = self._client(self._session())
        while not self._stop.is_set():
            self._call(client.get_caller_identity)
            self._stop.wait(EVERY_SECONDS)

    def _session(self) -> Session:
        session = Session(profile="nightly")
        session.set_config_variable("config_file", str(self.home.folder / ".aws/config"))
        return session

    def _fetching(self) -> None:
        """Fetch credentials anew for each call, from the profile's own command and with nothing in its cache."""
        (binding,) = FileBindings(self.home.state).all()
        line = next(
            text.partition("=")[2].strip()
            for text in (self.home.folder / ".aws/config").read_text().splitlines()
            if text.startswith("credential_process")
        )
        assert parse_command(line) is not None
        sessions = Sessions(self.home.state)
        while not self._stop.is_set():
            sessions.delete(binding.key)
            fetched = subprocess.run(
                line.split(),
                capture_output=True,
                check=False,
                timeout=60,
                env={"HOME": str(self.home.folder), "PATH": f"{BIN}:/usr/bin:/bin"},
            )
            self.mints += 1
            if fetched.returncode != 0:
                self.failed.append(f"{time.time():.2f} {fetched.stderr.decode()}")
            self._stop.wait(EVERY_SECONDS)

    def _call(self, call: Any) -> None:
        try:
            call()
            self.calls += 1
        except Exception as error:  # noqa: BLE001  # whatever fails is a failed call
            self.failed.append(f"{time.time():.2f} {error}")


@pytest.mark.torture
@pytest.mark.parametrize("delay", ["0s", "1s"][: rounds(1, 2)])
def test_no_call_fails_while_the_key_is_replaced_again_and_again(
    delay: str, aws: Aws, account: str, tmp_path: Path
) -> None:
    killer = Killer()
    times = rounds(2, 100)
    with proxying(aws.port, killer) as proxy:
        home = set_up(Home(tmp_path, aws.variables(account, proxy.url)))
        slow(aws, home, delay)
        script = Script(home, aws.endpoint_url)
        script.start()
        killed = 0
        try:
            for number in range(times):
                # Every third is killed at a request, each time at another one; the next rotation goes on.
                at = 5 + 7 * number % 45 if number % 3 == 1 else 0
                code = killer.run(home, proxy, ROTATE, at)
                killed += code == -signal.SIGKILL
                assert code in {0, -signal.SIGKILL}, number
                report(f"{number + 1} of {times}, delay {delay}: {killed} killed, {script.calls} calls, "
                       f"{script.mints} fetches, failed: {script.failed}")  # fmt: skip
        finally:
            script.stop()
            slow(aws, home, "0s")
        assert script.failed == []
        assert script.calls > 5 * times
        assert script.mints > times
        killer.at = 0
        ended = home.leastkey("rotate", "--yes", "--grace", "0s")
        assert ended.code == 0, ended.err
        assert_nothing_lost(aws, account, home, "at the end")


def slow(aws: Aws, home: Home, delay: str) -> None:
    ended = home.leastkey("sandbox", "delay", delay, "--state-dir", str(aws.folder), admin=False)
    assert ended.code == 0, ended.err


def report(line: str) -> None:
    """Keep a figure where it was asked for."""
    if (path := os.environ.get("LEASTKEY_FIGURES")) is not None:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
