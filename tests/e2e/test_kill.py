"""SIGKILL at requests of `up`, each of them under `make torture`, then `up` again: converged, one key, and its secret is stored."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.support.home import Home
from tests.support.proxy import Phase, Proxy, Seen, proxying
from tests.support.torture import rounds

from leastkey.aws.connect import connect_as
from leastkey.clock import SystemClock
from leastkey.disk.bindings import FileBindings
from leastkey.disk.intents import FileIntents
from leastkey.disk.vault_files import VaultFiles
from leastkey.iam.credentials import AccessKey
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Aws

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


UP = ("up", "--yes")


class Killer:
    """A hook that kills a process at one request, and counts up to there."""

    def __init__(self) -> None:
        self.at = 0
        self.phase: Phase = "after"
        self.pid = 0
        self.base = 0

    def __call__(self, seen: Seen, phase: Phase) -> None:
        if self.at and self.pid and phase == self.phase and seen.number - self.base == self.at:
            os.kill(self.pid, signal.SIGKILL)

    def run(self, home: Home, proxy: Proxy, command: tuple[str, ...], at: int) -> int:
        """Run leastkey, killed at the n-th request (0: never, and it must go well); gives the exit code."""
        self.base, self.at, self.pid = len(proxy.seen), at, 0
        process = subprocess.Popen(
            home.command(*command),
            cwd=home.folder,
            env=home.environ | {"LEASTKEY_VAULT": "age-file"} | home.admin,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.pid = process.pid
        out, _ = process.communicate(timeout=120)
        self.at = 0
        assert at or process.returncode == 0, out.decode()
        return process.returncode


def points(count: int, few: int) -> list[int]:
    """Give the numbers of this run: a few, spread over all, or all of them."""
    step = max(1, count // few)
    return list(range(1, count + 1, rounds(step, 1)))


@pytest.mark.torture
@pytest.mark.parametrize("phase", ["before", "after"])
def test_up_converges_after_a_kill_at_any_request(phase: Phase, aws: Aws, tmp_path: Path) -> None:
    killer = Killer()
    killer.phase = phase
    with proxying(aws.port, killer) as proxy:
        first = new_home(tmp_path / "whole", aws, proxy)
        killer.run(first, proxy, UP, 0)
        requests = len(proxy.seen)
        assert requests > 15
        for point in points(requests, 3):
            account = aws.new_account()
            home = new_home(tmp_path / str(point), aws, proxy, account)
            assert killer.run(home, proxy, UP, point) in {-signal.SIGKILL, 0}, point
            killer.run(home, proxy, UP, 0)
            assert_one_stored_key(aws, account, home, point)


def new_home(folder: Path, aws: Aws, proxy: Proxy, account: str | None = None) -> Home:
    folder.mkdir()
    home = Home(folder, aws.variables(account or aws.new_account(), proxy.url))
    home.write_spec()
    return home


def assert_one_stored_key(aws: Aws, account: str, home: Home, point: int) -> None:
    iam = aws.client(account, "iam")
    keys = iam.list_access_keys(UserName="nightly-bot")["AccessKeyMetadata"]
    assert [key["Status"] for key in keys] == ["Active"], point
    (binding,) = FileBindings(home.state).all()
    assert binding.access_key is not None
    assert binding.access_key == keys[0]["AccessKeyId"], point
    vault = open_vault("age-file", VaultFiles(home.state))
    (entry,) = vault.entries()
    secret = vault.get(entry)
    assert secret is not None
    key = AccessKey(binding.access_key, secret)
    signed = connect_as(key, SystemClock(), region="eu-west-1", endpoint_url=aws.endpoint_url, source="test")
    assert signed.admin_sts().caller().arn.name == "nightly-bot", point
    # An operation that made no key may stay open until its lists can be trusted; none may still name a key.
    assert [intent.created_key for intent in FileIntents(home.state).open() if intent.created_key] == [], (
        point
    )
