"""What `init` finds, each in the place it says; and that it asks nobody when there is nobody to ask."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pytest
from botocore.loaders import Loader
from tests.unit.cli.test_init_questions import flags

from leastkey.aws.connect import Administrator
from leastkey.aws.find import find_account
from leastkey.cli.init.found import find
from leastkey.clock import SystemClock
from leastkey.errors import AwsError
from leastkey.iam.arn import AccountId, Arn
from leastkey.plan.seen import Caller
from leastkey.spec.settings import REGIONS, region_caution

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's HOME without any AWS variable, and a working folder in it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LEASTKEY_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LEASTKEY_VAULT", "age-file")
    (tmp_path / ".aws").mkdir()
    folder = tmp_path / "Acme Reports"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return tmp_path


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, str]]:
    """Something that takes connections and never says a word; stands in for an instance's metadata too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        yield server, url
    for thread in threading.enumerate():
        if thread.name == "leastkey-within":  # given up by the code, not by us
            thread.join(30)


def environ(**more: str) -> dict[str, str]:
    return {**os.environ, **more}


def was_called(server: socket.socket, seconds: float = 0.05) -> bool:
    server.settimeout(seconds)
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


@pytest.mark.usefixtures("home")
def test_without_credentials_no_call_leaves_this_computer(silent: tuple[socket.socket, str]) -> None:
    found = find(flags(), environ())
    assert found.account.value == ""
    assert found.account.source == (
        "no AWS credentials found for an administrator; the spec will work in any account"
    )
    assert not was_called(silent[0])


@pytest.mark.usefixtures("home")
def test_an_aws_that_does_not_answer_is_a_line_and_no_wait(
    silent: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": silent[1]}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    found = find_account(environ(), SystemClock(), region="us-east-1", limit_seconds=0.3)
    assert (found.account, found.source) == (None, "AWS did not answer within 0.3 seconds")
    assert was_called(silent[0], 30)


@dataclass(frozen=True, slots=True)
class Answering:
    """An administrator whose calls end in these; stands in for `AwsConnect`."""

    identity: Caller | AwsError
    alias: str | AwsError | None
    administrator: ClassVar[Administrator] = Administrator("profile `admin`", "admin", "eu-west-1", None)

    def admin_sts(self) -> Answering:
        return self

    def iam(self) -> Answering:
        return self

    def caller(self) -> Caller:
        if isinstance(self.identity, AwsError):
            raise self.identity
        return self.identity

    def account_alias(self) -> str | None:
        if isinstance(self.alias, AwsError):
            raise self.alias
        return self.alias


ME = Caller(Arn.parse("arn:aws:iam::111122223333:user/admin"), AccountId("111122223333"), "AIDAX")
REFUSED = AwsError("sts:GetCallerIdentity", "ExpiredToken", "expired", status=403)
LOST = AwsError("sts:GetCallerIdentity", "", "no answer")


@pytest.mark.parametrize(
    ("answering", "account", "alias", "source"),
    [
        (Answering(ME, "acme-dev"), "111122223333", "acme-dev", "from profile `admin`"),
        (Answering(ME, REFUSED), "111122223333", None, "from profile `admin`"),
        (Answering(REFUSED, None), None, None, "AWS refused the credentials (ExpiredToken)"),
        (Answering(LOST, None), None, None, "AWS did not answer"),
    ],
)
def test_an_account_that_answers_or_refuses_is_a_line(
    monkeypatch: pytest.MonkeyPatch, answering: Answering, account: str | None, alias: str | None, source: str
) -> None:
    monkeypatch.setattr("leastkey.aws.find.connect_admin", lambda *_, **__: answering)
    found = find_account({}, SystemClock(), region="eu-west-1")
    assert (found.account, found.alias, found.source) == (account, alias, source)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (
            "role_arn=arn:aws:iam::111122223333:role/a\nsource_profile=b\n[profile b]\nmfa_serial=x",
            "`b` asks for",
        ),
        ("credential_process=sleep 100", "`admin` runs a program for its credentials"),
        ("", "no AWS credentials found"),
    ],
)
def test_a_profile_that_asks_or_runs_something_is_left_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch, settings: str, why: str
) -> None:
    (home / ".aws/config").write_text(f"[profile admin]\n{settings}\n")
    monkeypatch.setenv("AWS_PROFILE", "admin")
    found = find_account(environ(), SystemClock(), region="us-east-1")
    assert found.account is None
    assert why in found.source


def test_the_region_is_that_of_flag_variable_profile_and_default_in_this_order(home: Path) -> None:
    def region(given: str | None = None, **variables: str) -> tuple[str, str]:
        found = find(flags(region=given, sandbox=True), environ(**variables)).region
        return found.value, found.source

    assert region() == ("us-east-1", "the default: no setting names one")
    (home / ".aws/config").write_text("[default]\nregion = eu-west-3\n[profile admin]\nregion = eu-west-1\n")
    assert region() == ("eu-west-3", "from profile `default` in ~/.aws/config")
    assert region(AWS_PROFILE="admin") == ("eu-west-1", "from profile `admin` in ~/.aws/config")
    assert region(AWS_PROFILE="none") == ("us-east-1", "the default: no setting names one")
    both = {"AWS_DEFAULT_REGION": "eu-west-2", "AWS_PROFILE": "admin"}
    assert region(**both) == ("eu-west-2", "from AWS_DEFAULT_REGION")
    assert region(**both, AWS_REGION="sa-east-1") == ("sa-east-1", "from AWS_REGION")
    assert region("us-west-2", **both) == ("us-west-2", "from --region")
    (home / ".aws/config").write_bytes(b"\xff\n")
    assert region()[0] == "us-east-1"


@pytest.mark.parametrize(
    ("files", "name", "source"),
    [
        ({}, "Acme-Reports", "the folder's name"),
        ({"package.json": '{"name": "reports"}'}, "reports", "from package.json"),
        (
            {"package.json": '{"name": "r"}', "pyproject.toml": '[project]\nname = "acme"'},
            "acme",
            "from pyproject.toml",
        ),
        ({"package.json": '{"name": "@acme/r"}'}, "Acme-Reports", "the folder's name"),
        ({"package.json": "[" * 100_000, "pyproject.toml": "name = "}, "Acme-Reports", "the folder's name"),
        ({"package.json": '["name"]', "pyproject.toml": "project = 1"}, "Acme-Reports", "the folder's name"),
    ],
)
def test_the_project_is_named_by_the_folders_own_files_then_by_the_folder(
    home: Path, files: dict[str, str], name: str, source: str
) -> None:
    for file, text in files.items():
        (home / "Acme Reports" / file).write_text(text)
    found = find(flags(sandbox=True), environ()).project
    assert (found.value, found.source) == (name, source)


def test_a_folder_that_is_no_name_is_not_taken_and_nothing_is_left_behind(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / ("x" * 70)
    folder.mkdir()
    monkeypatch.chdir(folder)
    found = find(flags(sandbox=True, project=None), environ())
    assert found.project.value == ""
    assert (found.account.value, found.account.source) == (
        "123456789012",
        "the embedded AWS: nothing goes to AWS",
    )
    assert not (home / "state").exists()
    assert find(flags(sandbox=True, project="p"), environ()).project.source == "from --project"


@pytest.mark.usefixtures("home")
def test_the_vault_is_the_one_that_up_would_take() -> None:
    def vault(*, sandbox: bool = False, **variables: str) -> tuple[str, str, str]:
        found = find(flags(account="111122223333", sandbox=sandbox), environ(**variables))
        return found.vault.value, found.vault.source, found.vault_to_name

    named = vault()
    assert named == ("age-file", "from LEASTKEY_VAULT: a file only you can read", "")
    none = {"LEASTKEY_VAULT": "", "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    assert vault(sandbox=False, **none) == (
        "",
        "no secure store here; `--vault age-file` takes a file",
        "age-file",
    )
    assert vault(sandbox=True, **none)[0] == "age-file"
    assert vault(LEASTKEY_VAULT="keyrung") == ("", "there is no vault `keyrung`", "")


def test_regions_that_botocore_knows_are_known_and_others_are_told_with_the_nearest() -> None:
    partitions = Loader().load_data("partitions")["partitions"]
    theirs = {name for partition in partitions for name in partition["regions"] if "global" not in name}
    assert theirs <= set(REGIONS)
    assert region_caution("eu-west-1") is None
    caution = region_caution("eu-wets-1")
    assert caution is not None
    assert caution.endswith("Did you mean `eu-west-1`?")
    assert (
        region_caution("qq-zzzzzzzz-9") == "`qq-zzzzzzzz-9` is no region leastkey knows; it is taken as it is"
    )
