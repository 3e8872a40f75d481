"""SIGKILL and every kind of bad answer at requests and file operations of rotate, destroy and revoke: nothing is lost or left.

A few points of each kind beside the other tests, all of them under `make torture`.
"""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.e2e.test_kill import UP, Killer, points
from tests.e2e.test_rotate import answer_to, key_in_use, statuses
from tests.support.home import ROOT, Home
from tests.support.proxy import Phase, Seen, proxying
from tests.support.torture import rounds

from leastkey.disk.bindings import FileBindings
from leastkey.disk.vault_files import VaultFiles
from leastkey.iam.credentials import AccessKeyId
from leastkey.ports.binding import vault_entry
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Aws

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

ROTATE = ("rotate", "--yes")
NEXT = (("rotate", "--yes"), ("rotate", "--undo", "--yes"), ("apply", "--yes"))
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ANSWERS = {
    "lost": b"",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 900\r\n\r\n"
    b"<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><SecretAccessKey>" + SECRET.encode(),
    "500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "503": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
}


def killed(home: Home, command: tuple[str, ...], at: int, count: Path) -> int:
    """Run leastkey, killed at its n-th change of a file; gives the exit code."""
    kill = {
        "PYTHONPATH": str(ROOT / "tests/support/killer"),
        "LEASTKEY_KILL_BELOW": str(home.folder),
        "LEASTKEY_KILL_AT": str(at),
        "LEASTKEY_KILL_COUNT": str(count),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environ = home.environ | {"LEASTKEY_VAULT": "age-file"} | home.admin | kill
    return subprocess.run(
        home.command(*command), cwd=home.folder, env=environ, capture_output=True, check=False, timeout=120
    ).returncode


def assert_nothing_lost(aws: Aws, account: str, home: Home, context: str) -> None:
    """Check that the profile's key signs, and that the secret of every active key is stored."""
    assert answer_to(key_in_use(home), aws) == "nightly-bot", context
    (binding,) = FileBindings(home.state).all()
    vault = open_vault("age-file", VaultFiles(home.state))
    for key, status in statuses(aws, account).items():
        entry = vault_entry(account, binding.key.endpoint, "nightly-bot", AccessKeyId(key))
        assert status == "Inactive" or vault.get(entry) is not None, f"{context}: {key} is an orphan"


def recovered(aws: Aws, account: str, home: Home, number: int, context: str) -> None:
    """Check, run the next command, check again."""
    assert answer_to(key_in_use(home), aws) == "nightly-bot", context
    following = NEXT[number % len(NEXT)]
    ended = home.leastkey(*following)
    assert ended.code == 0 or "not-undoable" in ended.err, f"{context}, then {following}: {ended.err}"
    assert_nothing_lost(aws, account, home, f"{context}, then {following}")


def set_up(home: Home) -> Home:
    home.write_spec()
    ended = home.leastkey("up", "--yes")
    assert ended.code == 0, ended.err
    return home


@pytest.fixture
def ready(home: Home) -> Home:
    return set_up(home)


def test_rotate_killed_at_a_file_operation_loses_nothing(
    aws: Aws, account: str, ready: Home, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    command = ("rotate", "--yes", "--grace", "1h")
    assert killed(ready, command, 0, count) == 0
    assert killed(ready, command, 0, count) == 0
    operations = len(count.read_bytes())
    assert operations >= 30
    for number in points(operations, 4):
        code = killed(ready, command, number, count)
        assert code in {-signal.SIGKILL, 0}, number
        recovered(aws, account, ready, number, f"file operation {number}")


@pytest.mark.parametrize("phase", ["before", "after"])
def test_rotate_killed_at_a_request_loses_nothing(
    phase: Phase, aws: Aws, account: str, tmp_path: Path
) -> None:
    killer = Killer()
    killer.phase = phase
    with proxying(aws.port, killer) as proxy:
        home = set_up(Home(tmp_path, aws.variables(account, proxy.url)))
        killer.run(home, proxy, ROTATE, 0)
        requests = len(proxy.seen) - killer.base
        assert requests > 15
        for number in points(requests, 3):
            assert killer.run(home, proxy, ROTATE, number) in {-signal.SIGKILL, 0}
            recovered(aws, account, home, number, f"{phase} request {number}")


@pytest.mark.torture
@pytest.mark.parametrize("phase", ["after", "before"][: rounds(1, 2)])
def test_destroy_killed_at_a_request_is_finished_by_the_next(
    phase: Phase, aws: Aws, account: str, tmp_path: Path
) -> None:
    killer = Killer()
    killer.phase = phase
    destroy = ("destroy", "--yes")
    with proxying(aws.port, killer) as proxy:
        home = set_up(Home(tmp_path, aws.variables(account, proxy.url)))
        killer.run(home, proxy, destroy, 0)
        requests = len(proxy.seen) - killer.base
        assert requests > 10
        for number in points(requests, 2):
            killer.run(home, proxy, UP, 0)
            assert killer.run(home, proxy, destroy, number) in {-signal.SIGKILL, 0}
            killer.run(home, proxy, destroy, 0)
            assert aws.client(account, "iam").list_users()["Users"] == [], number
            assert aws.client(account, "iam").list_roles()["Roles"] == [], number
            assert open_vault("age-file", VaultFiles(home.state)).entries() == (), number


@pytest.mark.torture
@pytest.mark.parametrize("phase", ["after", "before"][: rounds(1, 2)])
def test_revoke_and_restore_killed_at_a_request_are_finished_by_the_next(
    phase: Phase, aws: Aws, account: str, tmp_path: Path
) -> None:
    killer = Killer()
    killer.phase = phase
    revoke = ("revoke", "nightly", "--yes")
    restore = (*revoke, "--restore")
    with proxying(aws.port, killer) as proxy:
        home = set_up(Home(tmp_path, aws.variables(account, proxy.url)))
        killer.run(home, proxy, revoke, 0)
        requests = len(proxy.seen) - killer.base
        killer.run(home, proxy, restore, 0)
        assert requests > 8
        for number in points(requests, 2):
            killer.run(home, proxy, UP, 0)
            stolen = key_in_use(home)
            assert killer.run(home, proxy, revoke, number) in {-signal.SIGKILL, 0}
            killer.run(home, proxy, revoke, 0)
            assert answer_to(stolen, aws) == "InvalidClientTokenId", number
            assert killer.run(home, proxy, restore, number) in {-signal.SIGKILL, 0}
            killer.run(home, proxy, restore, 0)
            assert answer_to(stolen, aws) == "InvalidClientTokenId", number
        killer.run(home, proxy, UP, 0)
        assert_nothing_lost(aws, account, home, phase)


@pytest.mark.torture
@pytest.mark.parametrize("kind", list(ANSWERS)[: rounds(2, 4)])
def test_an_answer_of_create_access_key_that_never_arrives_leaves_no_orphan(
    kind: str, aws: Aws, account: str, tmp_path: Path
) -> None:
    spoilt: list[str] = []

    def hook(seen: Seen, phase: Phase) -> bytes | None:
        if seen.action == "CreateAccessKey" and phase == "after" and spoilt == ["armed"]:
            spoilt.append(kind)
            return ANSWERS[kind]
        return None

    with proxying(aws.port, hook) as proxy:
        home = set_up(Home(tmp_path, aws.variables(account, proxy.url)))
        spoilt.append("armed")
        ended = home.leastkey("rotate", "--yes")
        assert spoilt == ["armed", kind]
        assert ended.code == 0, ended.err
        assert SECRET not in ended.out + ended.err
        assert_nothing_lost(aws, account, home, kind)
        assert sorted(statuses(aws, account).values()) == ["Active", "Inactive"]


def test_destroy_killed_at_a_file_operation_is_finished_by_the_next(
    aws: Aws, account: str, ready: Home, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    command = ("destroy", "--yes")
    assert ready.leastkey("rotate", "--yes").code == 0
    assert killed(ready, command, 0, count) == 0
    operations = len(count.read_bytes())
    for number in points(operations, 2):
        assert ready.leastkey("up", "--yes").code == 0
        assert killed(ready, command, number, count) in {-signal.SIGKILL, 0}
        ended = ready.leastkey("destroy", "--yes")
        assert ended.code == 0, ended.err
        assert aws.client(account, "iam").list_users()["Users"] == []
        assert open_vault("age-file", VaultFiles(ready.state)).entries() == (), number
        assert list((ready.state / "intents").glob("*.json")) == [], number
