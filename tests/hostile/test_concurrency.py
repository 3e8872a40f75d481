"""Several runs at once: of one project, of two, from two computers, up against destroy. One active key, and clear words."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.support.home import SPEC, Home, assert_no_traceback
from tests.support.proxy import Phase, Seen, proxying
from tests.support.refusals import assert_refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Aws

pytestmark = pytest.mark.slow

OTHER = SPEC.replace("project: acme", "project: other").replace("nightly", "weekly")


class Gate:
    """A hook that holds requests of one action until it is opened."""

    def __init__(self, action: str, phase: Phase = "before") -> None:
        self._at = (action, phase)
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, seen: Seen, phase: Phase) -> None:
        if (seen.action, phase) == self._at:
            self.reached.set()
            self.opened.wait(60)


class Meeting:
    """A hook on which two runs wait for each other, once each, at one action."""

    def __init__(self, action: str) -> None:
        self._action = action
        self._both = threading.Barrier(2, timeout=30)
        self._left = 2
        self._lock = threading.Lock()

    def __call__(self, seen: Seen, phase: Phase) -> None:
        if (seen.action, phase) != (self._action, "before"):
            return
        with self._lock:
            self._left -= 1
            waits = self._left >= 0
        if waits:
            self._both.wait()


def keys(aws: Aws, account: str, user: str = "nightly-bot") -> list[str]:
    found = aws.client(account, "iam").list_access_keys(UserName=user)["AccessKeyMetadata"]
    return [key["Status"] for key in found]


def finished(aws: Aws, account: str, home: Home) -> None:
    """Check that the same command again finishes with one active key whose secret is here."""
    again = home.leastkey("up", "--yes")
    assert again.code == 0, again.err
    assert keys(aws, account) == ["Active"]
    assert home.leastkey("creds", admin=False).code == 0
    assert list((home.state / "intents").glob("*.json")) == []


def test_two_runs_from_two_computers_at_once_leave_no_key_whose_secret_nobody_holds(
    aws: Aws, account: str, home: Home
) -> None:
    homes = [Home(home.folder / name, aws.variables(account)) for name in ("one", "two")]
    with (
        proxying(aws.port, Meeting("GetAccountAuthorizationDetails")) as proxy,
        ThreadPoolExecutor(2) as pool,
    ):
        for each in homes:
            each.write_spec()
            each.admin["AWS_ENDPOINT_URL"] = proxy.url
        both = list(pool.map(lambda each: each.leastkey("apply", "--yes"), homes))
        settled = [each.leastkey("up", "--yes") for each in homes]
        served = [each for each in homes if each.leastkey("creds", admin=False).code == 0]
    for found in (*both, *settled):
        assert_no_traceback(found)
        assert found.code in {0, 1, 5}, found.err
    # AWS knows no lock. Who came second has a key of its own, or is told of the other's; no secret is lost.
    assert keys(aws, account) == ["Active"] * len(served)
    assert [found.code == 0 for found in settled] == [each in served for each in homes], (both, settled)
    for refused in (found for found in settled if found.code):
        assert_refused(refused, "unknown-key", 1, "secret not here")


def test_two_projects_of_one_account_at_once_both_finish_and_share_one_file(
    aws: Aws, account: str, home: Home
) -> None:
    home.write_spec()
    home.write_spec(OTHER, "other.yaml")
    with ThreadPoolExecutor(2) as pool:
        runs = list(
            pool.map(lambda more: home.leastkey("up", "--yes", *more), [(), ("--spec", "other.yaml")])
        )
    assert [found.code for found in runs] == [0, 0], runs
    assert (keys(aws, account), keys(aws, account, "weekly-bot")) == (["Active"], ["Active"])
    config = (home.folder / ".aws" / "config").read_text()
    assert config.count("[profile ") == config.count("credential_process = ") == 2


@pytest.fixture
def held(aws: Aws, home: Home, request: pytest.FixtureRequest) -> Iterator[Gate]:
    action, phase = request.param
    gate = Gate(action, phase)
    with ExitStack() as stack:
        proxy = stack.enter_context(proxying(aws.port, gate))
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        yield gate
        gate.opened.set()


@pytest.mark.parametrize("held", [("AttachRolePolicy", "before")], indirect=True)
def test_destroy_and_an_old_plan_wait_while_up_is_at_work(
    held: Gate, aws: Aws, account: str, home: Home
) -> None:
    home.write_spec()
    old = home.leastkey("plan", "--json").json["plan"]
    with ThreadPoolExecutor(1) as pool:
        up = pool.submit(home.leastkey, "up", "--yes")
        assert held.reached.wait(60)
        assert_refused(home.leastkey("destroy", "--yes"), "locked", 1, "nothing was changed")
        stale = home.leastkey("apply", old)
        assert_refused(stale, "plan-outdated", 1, "nothing was changed")
        held.opened.set()
        assert up.result().code == 0, up.result().err
    finished(aws, account, home)


@pytest.mark.parametrize("held", [("DeleteAccessKey", "after")], indirect=True)
def test_up_waits_while_destroy_is_at_work_and_an_old_plan_is_refused(
    held: Gate, aws: Aws, account: str, home: Home
) -> None:
    home.write_spec()
    old = home.leastkey("plan", "--json").json["plan"]
    assert home.leastkey("apply", "--yes").code == 0
    with ThreadPoolExecutor(1) as pool:
        destroy = pool.submit(home.leastkey, "destroy", "--yes")
        assert held.reached.wait(60)
        for arguments, code in ((("up", "--yes"), "locked"), (("apply", old), "plan-outdated")):
            assert_refused(home.leastkey(*arguments), code, 1, "nothing was changed")
        held.opened.set()
        assert destroy.result().code == 0, destroy.result().err
    assert aws.client(account, "iam").list_users()["Users"] == []
    finished(aws, account, home)
