"""The program that `run` starts: what it sees, what it does not see, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest
from tests.unit.keys.world import BINDING, START

from leastkey.broker.run import child_environment, run_child
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import AccessKeyId, SessionCredentials
from leastkey.secret import Secret

SESSION = SessionCredentials(
    AccessKeyId("ASIAX"), Secret("s3cret"), Secret("t0ken"), START + timedelta(hours=1)
)
DIRTY = {
    "PATH": "/usr/bin",
    "DB_URL": "postgres://x",
    "HTTPS_PROXY": "http://proxy:3128",
    "AWS_PAGER": "",
    "AWS_PROFILE": "admin",
    "AWS_ACCESS_KEY_ID": "AKIAOLD",
    "AWS_SECURITY_TOKEN": "old",
    "AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/x",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x",
    "AWS_ENDPOINT_URL_S3": "http://evil.example",
    "AWS_CONFIG_FILE": "/home/kim/.aws/config",
    "aws_session_token": "old",
    "LEASTKEY_HOME": "/x",
    "BOTO_CONFIG": "/x",
}


def test_the_child_gets_its_own_variables_the_session_and_no_other_identity() -> None:
    assert child_environment(DIRTY, SESSION, BINDING) == {
        "PATH": "/usr/bin",
        "DB_URL": "postgres://x",
        "HTTPS_PROXY": "http://proxy:3128",
        "AWS_PAGER": "",
        "AWS_ACCESS_KEY_ID": "ASIAX",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_SESSION_TOKEN": "t0ken",
        "AWS_CREDENTIAL_EXPIRATION": "2026-03-01T13:00:00Z",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_a_local_endpoint_is_named_and_kept_off_the_proxy() -> None:
    child = child_environment(
        {"no_proxy": "example.com"}, SESSION, BINDING._replace(endpoint_url="http://127.0.0.1:5000")
    )
    assert child["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"
    assert child["no_proxy"] == "example.com,127.0.0.1,localhost"
    assert child["NO_PROXY"] == "127.0.0.1,localhost"


def test_a_static_default_profile_cannot_win_in_the_child(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n"
    )
    (home / ".aws" / "config").write_text(
        "[default]\nregion = us-east-1\nendpoint_url = http://evil.example\n"
    )
    program = (
        "import botocore.session as b; s = b.Session(); c = s.get_credentials();"
        "print(c.method, c.access_key, s.create_client('sts').meta.endpoint_url, s.get_config_variable('region'))"
    )
    late = SESSION._replace(expiration=SESSION.expiration.replace(year=2100))
    environment = child_environment({**os.environ, "HOME": str(home)}, late, BINDING)
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["env", "ASIAX", "https://sts.eu-west-1.amazonaws.com", "eu-west-1"]


@pytest.mark.parametrize(
    ("program", "code"),
    [("pass", 0), ("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)],
)
def test_the_childs_end_is_ours(program: str, code: int) -> None:
    assert run_child([sys.executable, "-I", "-S", "-c", program], os.environ) == code


def test_a_program_that_is_not_there_was_not_started() -> None:
    with pytest.raises(LeastkeyError) as caught:
        run_child(["/nowhere/program"], {})
    assert caught.value.code == "child-failed"
    assert "was not started" in caught.value.what
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_signals_reach_the_child() -> None:
    program = textwrap.dedent(
        """
        import os, sys
        from leastkey.broker.run import run_child
        child = "import signal, sys; signal.signal(15, lambda *a: sys.exit(33)); print('up', flush=True); signal.pause()"
        sys.exit(run_child([sys.executable, "-I", "-S", "-c", child], os.environ))
        """
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "up\n"
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(timeout=20) == 33
