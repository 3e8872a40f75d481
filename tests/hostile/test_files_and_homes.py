"""Homes and files as they should not be: every command works or says what is wrong, and nothing is half made."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.hostile.commands import Said, bare, said
from tests.support.home import Ended
from tests.support.proxy import proxying
from tests.support.refusals import assert_refused, writes

import leastkey
from leastkey.disk import session_format
from leastkey.disk.aws_config import AwsProfiles
from leastkey.disk.sessions import Sessions
from leastkey.errors import Exit, LeastkeyError
from leastkey.iam.arn import AccountId
from leastkey.iam.credentials import AccessKeyId, SessionCredentials
from leastkey.ports.binding import BindingKey
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Aws
    from tests.support.home import Home

HELPER = Path(leastkey.__file__).with_name("credential_process.py")
CLEAR = {0, 2, 3, 4, 5}
"""Exit codes of commands that work or say why not. 1 would be a refusal, 70 a bug of ours."""


def ended(found: Said) -> Ended:
    return Ended(found.code, found.out, found.err)


@pytest.mark.parametrize("home_is", [None, "", "relative", "file", "file/below"])
@pytest.mark.parametrize("words", bare(), ids=" ".join)
def test_without_a_home_folder_every_command_works_or_says_so(
    words: tuple[str, ...], home_is: str | None, bleak: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEASTKEY_HOME")
    monkeypatch.delenv("HOME")
    if home_is is not None:
        place = str(bleak / home_is) if home_is.startswith("file") else home_is
        monkeypatch.setenv("HOME", place)
    found = said(words, monkeypatch)
    if words == ("doctor",) and found.code == Exit.FINDINGS:
        return  # that is what it is asked for
    assert found.code in CLEAR, found.err
    if found.code:
        assert found.err.count("error[") == 1
        assert found.err.endswith(f"(exit {found.code})\n")
    assert {path.name for path in bleak.iterdir()} <= {"file", "leastkey.yaml"}


STAYS = {("sandbox", "start"), ("agent", "start"), ("agent", "run")}


@pytest.mark.parametrize("words", bare(), ids=" ".join)
def test_in_a_folder_that_is_gone_every_command_works_or_says_so(
    words: tuple[str, ...], bleak: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = bleak / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for state in ("relative", str(bleak / "state")):
        if words in STAYS and state != "relative":
            continue  # it works: it would go on, or leave a process behind
        monkeypatch.setenv("LEASTKEY_HOME", state)
        found = said(words, monkeypatch)
        assert found.code in {*CLEAR, 1}, found.err
        assert "a bug" not in found.err


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_under_any_umask_all_that_is_made_is_the_users_alone(
    umask: int, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(umask)
    try:
        assert said(("up", "--yes"), monkeypatch).code == 0
    finally:
        os.umask(before)
    made = [path for path in here.folder.rglob("*") if path.name != "leastkey.yaml"]
    assert len(made) > 10
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) not in {0o600, 0o700}] == []


def a_file_for_the_folder(folder: Path) -> None:
    (folder / ".aws").write_text("")


def a_folder_for_the_file(folder: Path) -> None:
    (folder / ".aws" / "config").mkdir(parents=True)


def a_file_marked_read_only(folder: Path) -> None:
    (folder / ".aws").mkdir()
    (folder / ".aws" / "config").write_text("[default]\nregion = eu-west-1\n")
    (folder / ".aws" / "config").chmod(0o444)


def a_link_to_itself(folder: Path) -> None:
    (folder / ".aws").mkdir()
    (folder / ".aws" / "config").symlink_to("config")


def a_pipe(folder: Path) -> None:
    (folder / ".aws").mkdir()
    os.mkfifo(folder / ".aws" / "config")


def a_byte_order_mark(folder: Path) -> None:
    (folder / ".aws").mkdir()
    (folder / ".aws" / "config").write_bytes(b"\xef\xbb\xbf[default]\nregion = eu-west-1\n")


def half_a_header(folder: Path) -> None:
    (folder / ".aws").mkdir()
    (folder / ".aws" / "config").write_text("[default\nregion")


def a_folder_for_the_credentials(folder: Path) -> None:
    (folder / ".aws" / "credentials").mkdir(parents=True)


BAD_PROFILES: list[tuple[Callable[[Path], None], str, int]] = [
    (a_file_for_the_folder, "io-failed", 5),
    (a_folder_for_the_file, "io-failed", 5),
    (a_folder_for_the_credentials, "io-failed", 5),
    (a_file_marked_read_only, "config-invalid", 1),
    (a_link_to_itself, "unsafe-file", 1),
    (a_pipe, "config-invalid", 1),
    (a_byte_order_mark, "config-invalid", 1),
    (half_a_header, "config-invalid", 1),
]


@pytest.mark.parametrize(("arrange", "code", "exit_code"), BAD_PROFILES)
def test_a_profile_that_could_not_be_written_is_found_before_the_first_write(
    arrange: Callable[[Path], None],
    code: str,
    exit_code: int,
    aws: Aws,
    here: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrange(here.folder)
    with proxying(aws.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        refused = said(("apply", "--yes"), monkeypatch)
        assert_refused(ended(refused), code, exit_code, ".aws")
        assert writes(proxy) == []


def test_a_folder_that_takes_no_profile_is_found_before_the_first_write(
    aws: Aws, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere: what another user would be told is put in the answer's place.
    monkeypatch.setattr(os, "access", lambda path, _: not str(path).startswith(str(here.folder)))
    with proxying(aws.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        refused = said(("apply", "--yes"), monkeypatch)
        assert_refused(ended(refused), "io-failed", 5, "Permission denied", "0 of 6" if writes(proxy) else "")
        assert writes(proxy) == []
    monkeypatch.undo()
    assert not (here.folder / ".aws").exists()


@pytest.mark.parametrize("target", ["real/config", "../elsewhere"])
def test_a_probe_leaves_no_trace_and_follows_links(target: str, tmp_path: Path) -> None:
    folder = tmp_path / "home" / ".aws"
    folder.mkdir(parents=True)
    (folder / "config").symlink_to(target)
    profiles = AwsProfiles({"HOME": str(tmp_path / "home")})
    before = sorted(tmp_path.rglob("*"))
    profiles.probe()
    assert sorted(tmp_path.rglob("*")) == before
    (tmp_path / "home" / ".aws" / "real").write_text("")
    if target == "real/config":
        with pytest.raises(LeastkeyError):
            profiles.probe()


CRLF = b"[default]\r\nregion = eu-west-1\r\n\r\n# mine\r\n[profile other]\r\noutput = text\r\n"


def test_a_config_with_other_line_ends_keeps_them_and_loses_nothing(
    here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = here.folder / ".aws" / "config"
    config.parent.mkdir()
    (here.folder / "elsewhere").write_bytes(CRLF)
    config.symlink_to("../elsewhere")
    assert said(("apply", "--yes"), monkeypatch).code == 0
    written = config.read_bytes()
    assert written.startswith(CRLF)
    assert written.count(b"\n") == written.count(b"\r\n")
    assert said(("destroy", "--yes"), monkeypatch).code == 0
    assert config.read_bytes() == CRLF
    assert config.is_symlink()


@pytest.mark.parametrize("name", ["relative", "a link", "deep/below"])
def test_a_state_folder_may_be_relative_deep_or_a_link_of_ones_own(
    name: str, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "state-link" if name == "a link" else name
    if name == "a link":
        (here.folder / "real").mkdir(mode=0o700)
        (here.folder / place).symlink_to("real")
    monkeypatch.setenv("LEASTKEY_HOME", place)
    assert said(("up", "--yes"), monkeypatch).code == 0
    line = next(
        line
        for line in (here.folder / ".aws" / "config").read_text().splitlines()
        if "credential_process" in line
    )
    assert str(here.folder / place) in line.split()
    monkeypatch.chdir("/")
    command = line.partition("=")[2].split()
    helper = subprocess.run(command, env={}, cwd="/", capture_output=True, check=True, timeout=30)
    assert b"SessionToken" in helper.stdout


RUBBISH: list[tuple[str, str, int, str]] = [
    ("AWS_DEFAULTS_MODE", "bogus", 2, "bogus"),
    ("AWS_STS_REGIONAL_ENDPOINTS", "bogus", 2, "bogus"),
    ("AWS_REQUEST_CHECKSUM_CALCULATION", "bogus", 2, "bogus"),
    ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "bogus", 2, "bogus"),
    ("AWS_METADATA_SERVICE_TIMEOUT", "abc", 2, "abc"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:99999", 2, "AWS_ENDPOINT_URL"),
    ("AWS_ENDPOINT_URL", "ftp://127.0.0.1", 2, "AWS_ENDPOINT_URL"),
    ("AWS_ENDPOINT_URL", "http://[::1", 2, "AWS_ENDPOINT_URL"),
    ("AWS_PROFILE", "nobody", 3, "nobody"),
    ("AWS_SESSION_TOKEN", "rubbish", 3, "env"),
    ("AWS_SECRET_ACCESS_KEY", "ü☃", 3, "env"),
    ("AWS_REGION", "nowhere", 0, ""),
    ("AWS_RETRY_MODE", "bogus", 0, ""),
    ("AWS_MAX_ATTEMPTS", "abc", 0, ""),
    ("AWS_CA_BUNDLE", "/nowhere", 0, ""),
    ("AWS_DATA_PATH", "/nowhere", 0, ""),
    ("AWS_CONFIG_FILE", "/nowhere/at/all", 0, ""),
    ("AWS_CONFIG_FILE", os.devnull, 0, ""),
]


@pytest.mark.parametrize(("name", "value", "code", "words"), RUBBISH)
def test_rubbish_in_the_variables_of_aws_is_named_or_harmless(
    name: str, value: str, code: int, words: str, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    found = said(("plan",), monkeypatch)
    assert found.code == code, found.err
    if code:
        assert "nothing was changed" in found.err
        assert words in found.err


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def test_a_proxy_that_leads_nowhere_is_not_asked_for_what_is_on_this_computer(
    here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert said(("up", "--yes"), monkeypatch).code == 0
    child = (sys.executable, "-c", "import os; print(os.environ['NO_PROXY'])")
    started = here.leastkey(
        "run", "--", *child, admin=False, HTTP_PROXY="http://127.0.0.1:1", http_proxy="http://127.0.0.1:1"
    )
    assert (started.code, started.out) == (0, "127.0.0.1,localhost\n")


def few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


@pytest.mark.slow
def test_with_few_files_warnings_as_errors_and_nothing_in_the_environment_all_works(home: Home) -> None:
    home.write_spec()
    given = {"HOME": str(home.folder), "LEASTKEY_VAULT": "age-file", "PATH": "", **home.admin}
    command = [sys.executable, "-W", "error", "-X", "dev", "-bb", "-m", "leastkey", "up", "--yes"]
    done = subprocess.run(
        command,
        cwd=home.folder,
        env=given,
        capture_output=True,
        preexec_fn=few_files,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    config = (home.folder / ".aws" / "config").read_text()
    helper = config.partition("credential_process = ")[2].splitlines()[0].split()
    poison = home.folder / "poison"
    poison.mkdir()
    for name in ("sitecustomize.py", "json.py", "click.py", "leastkey.py"):
        (poison / name).write_text("raise SystemExit('poisoned')")
    for environ in (
        {"PYTHONPATH": str(poison), "PYTHONSTARTUP": str(poison / "json.py"), "PYTHONWARNINGS": "error"},
        {"PYTHONHOME": "/nowhere", "PATH": "", "HOME": "", "TMPDIR": "/nowhere"},
        {"AWS_PROFILE": "nobody", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_CONFIG_FILE": "/nowhere"},
        dict.fromkeys(PROXIES, "http://127.0.0.1:1"),
    ):
        for cached in (home.folder / ".local/state/leastkey/sessions").glob("*"):
            cached.unlink()
        with tempfile.TemporaryDirectory() as elsewhere:
            found = subprocess.run(
                helper, cwd=elsewhere, env=environ, capture_output=True, check=False, timeout=60
            )
        assert (found.returncode, found.stderr) == (0, b""), environ
        assert b"SessionToken" in found.stdout


@pytest.mark.parametrize("numbers", [None, (10_000, 10_001)], ids=["no keyring", "keyctl refused"])
def test_where_the_kernel_keeps_nothing_sessions_lie_in_private_files(
    numbers: tuple[int, int] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_format, "kernel_calls", lambda: numbers)
    tmp_path.chmod(0o700)
    sessions = Sessions(tmp_path)
    key = BindingKey(AccountId("111122223333"), None, "acme", "nightly")
    expires = datetime.now(UTC) + timedelta(hours=1)
    session = SessionCredentials(AccessKeyId("ASIA0123456789ABCDEF"), Secret("s"), Secret("t"), expires)
    sessions.put(key, session, refresh_at=expires)
    again = sessions.get(key)
    assert again is not None
    assert again.id == session.id
    sessions.delete(key)
    assert sessions.get(key) is None


def test_without_a_home_folder_a_session_is_still_given(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(("apply", "--yes"), monkeypatch).code == 0
    monkeypatch.delenv("HOME")
    found = said(("creds",), monkeypatch)
    assert found.code == 0, found.err
    assert "SessionToken" in found.out
