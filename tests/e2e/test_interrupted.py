"""Runs that are stopped half way, by AWS, the disk, a person or another run: the next one finishes."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.support.home import Ended, Home, assert_no_traceback
from tests.support.proxy import Phase, Seen, proxying
from tests.support.refusals import assert_refused, writes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Aws

pytestmark = pytest.mark.slow

MAY = [
    "iam:Get*",
    "iam:List*",
    "iam:GenerateCredentialReport",
    "iam:CreateUser",
    "iam:CreateRole",
    "iam:TagUser",
    "iam:TagRole",
    "iam:PutUserPolicy",
]


def assert_finished(aws: Aws, account: str, home: Home) -> None:
    """Check that the same command again finishes: one key, its secret stored, nothing left to do."""
    again = home.leastkey("apply", "--yes")
    assert again.code == 0, again.err
    assert home.leastkey("plan", "--exit-code").code == 0
    assert home.leastkey("creds", admin=False).code == 0
    (key,) = aws.client(account, "iam").list_access_keys(UserName="nightly-bot")["AccessKeyMetadata"]
    assert key["Status"] == "Active"
    assert list((home.state / "intents").glob("*.json")) == []


def started(home: Home, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        home.command(*arguments),
        cwd=home.folder,
        env=home.environ | {"LEASTKEY_VAULT": "age-file"} | home.admin,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(process: subprocess.Popen[bytes]) -> Ended:
    out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out.decode(), err.decode())


def test_an_operator_who_may_not_do_all_stops_half_way_and_root_finishes(
    aws: Aws, account: str, home: Home
) -> None:
    iam = aws.client(account, "iam")
    iam.create_user(UserName="operator")
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": MAY, "Resource": "*"}]}
    iam.put_user_policy(UserName="operator", PolicyName="some", PolicyDocument=json.dumps(allowed))
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    operator = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    home.write_spec()
    stopped = home.leastkey("apply", "--yes", **operator)
    assert_refused(stopped, "access-denied", 5, "`iam:CreatePolicy`", "user/operator", "no access key")
    assert_finished(aws, account, home)
    iam.delete_user_policy(UserName="operator", PolicyName="some")
    blind = home.leastkey("plan", **operator)
    assert_refused(blind, "access-denied", 5, "`iam:GetAccountAuthorizationDetails`", "--admin-profile")


def limit_file_size(size: int) -> Callable[[], None]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def apply_with_room_for(size: int, home: Home) -> Ended:
    """Apply where no file may grow past a size. Python keeps its own files: a cut-off .pyc would stay broken."""
    process = subprocess.run(
        home.command("apply", "--yes"),
        cwd=home.folder,
        env=home.environ | {"LEASTKEY_VAULT": "age-file", "PYTHONDONTWRITEBYTECODE": "1"} | home.admin,
        capture_output=True,
        preexec_fn=limit_file_size(size),
        check=False,
        timeout=60,
    )
    return Ended(process.returncode, process.stdout.decode(), process.stderr.decode())


@pytest.mark.parametrize("size", [0, 100, 300])
def test_a_full_disk_is_found_before_the_first_write_to_aws(size: int, aws: Aws, home: Home) -> None:
    home.write_spec()
    with proxying(aws.port) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        refused = apply_with_room_for(size, home)
        assert_refused(refused, "disk-full", 5, "make room")
        assert writes(proxy) == []


def test_a_disk_that_fills_up_in_the_middle_costs_no_key(aws: Aws, account: str, home: Home) -> None:
    home.write_spec()
    stopped = apply_with_room_for(1_200, home)
    assert_refused(stopped, "disk-full", 5, "journal")
    assert_finished(aws, account, home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_state_folder_on_a_full_file_system(aws: Aws, account: str, home: Home) -> None:
    home.write_spec()
    home.state.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(home.state)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        filler = home.state / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(b"x" * 100_000)
        with proxying(aws.port) as proxy:
            full = home.leastkey("apply", "--yes", AWS_ENDPOINT_URL=proxy.url)
            assert_refused(full, "disk-full", 5, "make room on that disk")
            assert writes(proxy) == []
        filler.unlink()
        assert_finished(aws, account, home)
    finally:
        subprocess.run(["umount", str(home.state)], check=True)


@pytest.mark.parametrize(
    ("action", "phase", "times"),
    [("CreateAccessKey", "before", 1), ("CreatePolicy", "after", 2), ("GetCallerIdentity", "before", 1)],
)
def test_ctrl_c_stops_with_a_word_and_the_next_run_finishes(
    action: str, phase: Phase, times: int, aws: Aws, account: str, home: Home
) -> None:
    home.write_spec()
    running: list[subprocess.Popen[bytes]] = []

    def hook(seen: Seen, now: Phase) -> None:
        if (seen.action, now) == (action, phase) and running:
            for _ in range(times):
                running[0].send_signal(signal.SIGINT)
                time.sleep(0.1)
            running.clear()

    with proxying(aws.port, hook) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        running.append(process := started(home, "apply", "--yes"))
        assert_refused(ended(process), "interrupted", 130)
        assert_finished(aws, account, home)


LOADING = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
from leastkey.__main__ import main
main()
"""


def test_ctrl_c_while_python_loads_us_shows_no_traceback() -> None:
    process = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, check=False, timeout=60)
    assert (process.returncode, process.stderr) == (130, b"")


def test_of_two_runs_at_once_one_works_and_the_other_says_who_does(
    aws: Aws, account: str, home: Home
) -> None:
    home.write_spec()
    reached, go_on = threading.Event(), threading.Event()

    def hook(seen: Seen, phase: Phase) -> None:
        if (seen.action, phase) == ("CreateAccessKey", "before"):
            reached.set()
            go_on.wait(30)

    with proxying(aws.port, hook) as proxy, ThreadPoolExecutor(1) as pool:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        process = started(home, "apply", "--yes")
        first = pool.submit(ended, process)
        assert reached.wait(30)
        before = len(writes(proxy))
        for command in ("apply", "destroy"):
            second = home.leastkey(command, "--yes")
            assert_refused(second, "locked", 1, f"process {process.pid}", "nothing was changed")
        assert home.leastkey("plan").code == 0
        assert len(writes(proxy)) == before
        go_on.set()
        assert first.result().code == 0, first.result().err
        assert_finished(aws, account, home)


@pytest.mark.parametrize(
    ("shell", "code", "is_applied"),
    [
        ("{} apply --yes 2>&1 | true", 0, True),
        ("{} apply --yes --json | true", 0, True),
        ("{} apply --yes >&- 2>&-", 0, True),
        ("{} apply --yes 2> /dev/full", 0, True),
        ("{} plan --exit-code | true", 10, False),
        ("{} plan --spec none 2>&1 | true", 2, False),
        ("{} plan > /dev/full", 5, False),
    ],
)
def test_a_reader_that_goes_away_changes_neither_the_work_nor_the_exit_code(
    shell: str, code: int, *, is_applied: bool, aws: Aws, account: str, home: Home
) -> None:
    home.write_spec()
    command = shell.format(f"{sys.executable} -m leastkey")
    process = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"],
        cwd=home.folder,
        env=home.environ | {"LEASTKEY_VAULT": "age-file"} | home.admin,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert process.returncode == code, process.stderr
    assert_no_traceback(Ended(code, process.stdout.decode(), process.stderr.decode()))
    users = aws.client(account, "iam").list_users()["Users"]
    assert len(users) == is_applied
    if is_applied:
        assert home.leastkey("plan", "--exit-code").code == 0
