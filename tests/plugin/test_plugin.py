"""The pytest plugin as other people's projects meet it: each run here is a pytest of its own."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.home import ROOT, Ended, Home, run
from tests.unit.test_credential_process import NOW, imported

from leastkey.sandbox.testing.recording import Recording
from leastkey.sandbox.trail.recorder import CALLS
from leastkey.sandbox.trail.why import Call

if TYPE_CHECKING:
    from pathlib import Path

HOW_TO = (ROOT / "docs/how-to/prove-a-role-in-ci.md").read_text()
OWN = {"AWS_PROFILE": "mine", "MOTO_ACCOUNT_ID": "999999999999", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
BAD = '''
"""The example's function under policies that are not right for it."""

import json

from handler import handler
from test_role import FOLDER, role

POLICY = json.loads((FOLDER / "policy.json").read_text())


def run_as(box, role):
    with box.recording() as run, role.active():
        handler({"key": "7.json"}, None)
    return run


def test_short(leastkey_sandbox, role):
    POLICY["Statement"][0]["Resource"] = "arn:aws:s3:::acme-orders/2025/*"
    file = FOLDER / "short.json"
    file.write_text(json.dumps(POLICY))
    run_as(leastkey_sandbox, leastkey_sandbox.as_role(file))


def test_wide(leastkey_sandbox, role):
    read, keep = POLICY["Statement"][:2]
    read |= {"Action": "s3:GetObject*", "Resource": "arn:aws:s3:::acme-orders/*"}
    keep |= {"Action": [keep["Action"], "dynamodb:DeleteItem"]}
    keep |= {"Resource": [keep["Resource"], "arn:aws:dynamodb:us-east-1:123456789012:table/other"]}
    file = FOLDER / "wide.json"
    file.write_text(json.dumps(POLICY))
    role = leastkey_sandbox.as_role(file)
    run_as(leastkey_sandbox, role).assert_minimal(role, ignoring=["logs:*"])
'''


def pytest_in(folder: Path, *arguments: str, **variables: str) -> Ended:
    """Run pytest with no plugin but ours and those named."""
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    environ = Home(folder).environ | OWN | variables
    return run([*command, "-p", "leastkey.pytest_plugin", *arguments], folder, environ, 240)


def counts(ended: Ended) -> dict[str, int]:
    last = ended.out.strip().rpartition("\n")[2]
    return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)", last)}


class Kept:
    """A trail that holds what it is given."""

    def __init__(self) -> None:
        self.held: list[Call] = []

    def calls(self) -> tuple[Call, ...]:
        return tuple(self.held[-CALLS:])

    def add(self, count: int) -> None:
        start = len(self.held)
        self.held += [
            Call(str(start + number), NOW, "", "s3", "GetObject", 200, "", "", ()) for number in range(count)
        ]


def test_a_recording_that_is_longer_than_the_trail_proves_nothing() -> None:
    trail: Any = Kept()
    trail.add(10)
    recording = Recording(trail)
    trail.add(CALLS - 1)
    assert len(recording.calls) == CALLS - 1
    trail.add(2)
    with pytest.raises(RuntimeError, match="nothing is proved"):
        recording.end()


@pytest.mark.slow
def test_the_fixture_keeps_its_promises_in_workers_that_run_side_by_side(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/plugin/behaviours.py", tmp_path / "test_behaviours.py")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nleastkey_account = 444455556666\nleastkey_region = eu-west-1\n"
    )
    ended = pytest_in(tmp_path, "-p", "xdist", "-n", "2")
    assert counts(ended) == {"passed": 23}, ended.out
    assert ended.code == 0
    assert not (tmp_path / ".aws").exists()
    assert not (tmp_path / "state").exists()


@pytest.mark.slow
def test_the_example_passes_and_tells_why_a_policy_is_short_or_wide(tmp_path: Path) -> None:
    folder = tmp_path / "example"
    shutil.copytree(ROOT / "examples/lambda-role", folder)
    (folder / "test_bad.py").write_text(BAD)
    ended = pytest_in(folder)
    assert counts(ended) == {"passed": 2, "failed": 2}, ended.out
    said = [line.removeprefix("E").strip() for line in ended.out.splitlines()]
    promised = [
        line.strip()
        for block in re.findall(r"```text\n(.*?)```", HOW_TO, re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(promised) > 7
    assert [line for line in promised if line not in said] == []


def test_an_account_that_is_none_is_said_before_anything_is_served(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(leastkey_sandbox): pass\n")
    ended = pytest_in(tmp_path, "-o", "leastkey_account=12")
    assert counts(ended) == {"error": 1}
    assert "leastkey_account: `12` is no account id: twelve digits" in ended.out


def test_where_the_sandbox_is_not_installed_the_fixture_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(leastkey_sandbox): pass\n")
    (tmp_path / "conftest.py").write_text("import sys; sys.modules['moto'] = None\n")
    ended = pytest_in(tmp_path)
    assert counts(ended) == {"error": 1}
    assert "the embedded AWS is not installed" in ended.out
    assert "leastkey[sandbox]" in ended.out


def test_a_run_that_does_not_ask_for_the_fixture_loads_nothing_of_it() -> None:
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    assert entry == {"leastkey": "leastkey.pytest_plugin"}
    without = imported([sys.executable, "-c", "import pytest"])
    more = imported([sys.executable, "-c", "import leastkey.pytest_plugin"]) - without
    assert {name.split(".")[0] for name in more if name != "site"} == {"leastkey"}
    assert len(more) < 4


def test_the_next_steps_of_a_job_get_the_sandbox_and_its_secret_masked(tmp_path: Path) -> None:
    home, file = Home(tmp_path), tmp_path / "github.env"
    file.write_text("KEPT=1\n")
    home.leastkey("sandbox", "start", "--ephemeral")
    try:
        root = home.leastkey("sandbox", "env", "--json").json
        given = home.leastkey("sandbox", "env", "--github", GITHUB_ENV=str(file))
        assert (given.code, given.err) == (0, "")
        assert given.out.splitlines()[0] == f"::add-mask::{root['secret_access_key']}"
        assert file.read_text().splitlines() == [
            "KEPT=1",
            f"AWS_ENDPOINT_URL={root['endpoint_url']}",
            f"AWS_ACCESS_KEY_ID={root['access_key_id']}",
            f"AWS_SECRET_ACCESS_KEY={root['secret_access_key']}",
            "AWS_DEFAULT_REGION=us-east-1",
        ]
        before = file.read_text()
        refused = {
            "GITHUB_ENV, which is not set": {},
            "an earlier step set AWS_PROFILE": {"GITHUB_ENV": str(file), "AWS_PROFILE": "mine"},
            "cannot be read or written": {"GITHUB_ENV": str(tmp_path)},
        }
        for words, variables in refused.items():
            ended = run(home.command("sandbox", "env", "--github"), tmp_path, home.environ | variables, 60)
            assert ended.code != 0
            assert words in " ".join(ended.err.split())
        assert file.read_text() == before
    finally:
        home.leastkey("sandbox", "stop")
