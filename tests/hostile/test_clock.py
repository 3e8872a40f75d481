"""The clock off by a quarter of an hour, both ways, and set in the middle of a run: told as measured, nothing changed."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.hostile.commands import Said, said
from tests.support.home import Ended
from tests.support.proxy import Phase, Seen, proxying
from tests.support.refusals import assert_refused, forget_sessions, writes

from leastkey.iam.arn import AccountId
from leastkey.sandbox.server import http
from leastkey.sandbox.server.process import Sandbox
from leastkey.sandbox.state.backend import prepare_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.home import Home

QUARTER = timedelta(minutes=15)
NUMBERS = itertools.count(400_000_000_001)


@dataclass
class MovedClock:
    """The clock of an AWS whose time is not ours."""

    offset: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        raise AssertionError("nothing here measures")

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


@dataclass(frozen=True)
class Elsewhere:
    """A sandbox of this process, with its clock and an account's root."""

    clock: MovedClock
    port: int
    account: AccountId


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Sandbox, int, MovedClock]]:
    prepare_environment(os.environ)
    clock = MovedClock()
    sandbox = Sandbox(None, clock)
    sandbox.open()
    server = http.Server(sandbox.gate.handle, 0, threads=6, now=clock.now)
    server.open()
    server.run()
    yield sandbox, server.port, clock
    server.close()


@pytest.fixture
def elsewhere(
    served: tuple[Sandbox, int, MovedClock], here: Home, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Elsewhere]:
    sandbox, port, clock = served
    account = AccountId(str(next(NUMBERS)))
    root = sandbox.key_of(account)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(root["access_key_id"]))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", str(root["secret_access_key"]))
    yield Elsewhere(clock, port, account)
    clock.offset = timedelta()


def ended(found: Said) -> Ended:
    return Ended(found.code, found.out, found.err)


@pytest.mark.parametrize(
    ("offset", "words"), [(QUARTER, "behind AWS"), (-QUARTER, "ahead of AWS")], ids=["behind", "ahead"]
)
def test_a_clock_that_is_off_is_told_with_what_was_measured_and_nothing_is_changed(
    offset: timedelta, words: str, elsewhere: Elsewhere, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.clock.offset = offset
    for command in ("plan", "apply", "up"):
        found = ended(said((command, "--yes"), monkeypatch))
        assert_refused(found, "clock-skew", 4, words, "Date header", "nothing was changed", "timedatectl")
        assert any(f"{minutes} min" in found.err for minutes in (14, 15))
    assert not (here.folder / ".aws").exists()
    elsewhere.clock.offset = timedelta()
    assert said(("apply", "--yes"), monkeypatch).code == 0
    forget_sessions(here)
    for binding in (here.state / "bindings").glob("*"):
        text = binding.read_text()  # as if it had been made long ago: a new key would be waited for
        binding.write_text(text.replace(f'"updated": "{datetime.now(UTC):%Y}', '"updated": "2001'))
    elsewhere.clock.offset = offset
    for command in ("verify", "destroy"):
        found = ended(said((command, "--yes"), monkeypatch))
        assert_refused(found, "clock-skew", 4, words, "nothing was changed")
    assert_refused(ended(said(("creds",), monkeypatch)), "clock-skew", 4, words, "no credentials were issued")
    started = ended(said(("run", "--", "true"), monkeypatch))
    assert_refused(started, "clock-skew", 4, words, "true was not started")
    elsewhere.clock.offset = timedelta()
    assert said(("plan", "--exit-code"), monkeypatch).code == 0


@pytest.mark.parametrize("seconds", [-230, 230])
def test_a_clock_that_is_off_by_less_than_aws_takes_is_no_matter(
    seconds: int, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.clock.offset = timedelta(seconds=seconds)
    assert said(("up", "--yes"), monkeypatch).code == 0


def test_a_clock_that_is_set_in_the_middle_of_a_run_is_told_and_the_next_run_finishes(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hook(seen: Seen, phase: Phase) -> None:
        if (seen.action, phase) == ("AttachRolePolicy", "before"):
            elsewhere.clock.offset = QUARTER

    with proxying(elsewhere.port, hook) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        stopped = ended(said(("apply", "--yes"), monkeypatch))
        assert_refused(stopped, "clock-skew", 5, "behind AWS", "changes made and journaled", "leastkey up")
        assert "CreateRole" in writes(proxy)
        elsewhere.clock.offset = timedelta()
    with proxying(elsewhere.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        assert said(("apply", "--yes"), monkeypatch).code == 0
        assert said(("plan", "--exit-code"), monkeypatch).code == 0
