"""Who runs `leastkey up`, in each way that people and computers sign in; and a session that ends while it runs.

Sources: AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider", "IMDS credential provider",
"Assume role credential provider", "Login credentials provider".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
import threading
import time
from base64 import b32decode
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.support.home import Home, assert_no_traceback
from tests.support.proxy import proxying
from tests.support.terminal import Terminal

from leastkey.sandbox.server import lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.e2e.conftest import Aws
    from tests.support.home import Ended
    from tests.support.proxy import Phase, Seen

pytestmark = pytest.mark.slow
ERRORS = {401: "UnauthorizedException", 403: "AccessDeniedException"}
EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)


@dataclass(frozen=True, slots=True)
class Operator:
    """A role that may do everything, and the user who may wear it."""

    account: str
    role: str
    user: dict[str, str]
    iam: Any
    sts: Any

    def session(self, seconds: int = 3_600) -> dict[str, Any]:
        made = self.sts.assume_role(RoleArn=self.role, RoleSessionName="boss", DurationSeconds=seconds)
        found: dict[str, Any] = made["Credentials"]
        return found


@pytest.fixture
def operator(aws: Aws, account: str) -> Operator:
    iam = aws.client(account, "iam")
    root = f"arn:aws:iam::{account}:root"
    trust = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"},
    }
    iam.create_role(RoleName="operator", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="operator", PolicyName="all", PolicyDocument=EVERYTHING)
    iam.create_user(UserName="boss")
    iam.put_user_policy(UserName="boss", PolicyName="all", PolicyDocument=EVERYTHING)
    key = iam.create_access_key(UserName="boss")["AccessKey"]
    variables = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    sts = aws.client_of(variables, "sts")
    return Operator(account, f"arn:aws:iam::{account}:role/operator", variables, iam, sts)


@pytest.fixture
def signed_out(tmp_path: Path, aws: Aws) -> Home:
    """A home that knows where AWS is, and has no credentials."""
    home = Home(tmp_path, {"AWS_ENDPOINT_URL": aws.endpoint_url})
    home.write_spec()
    return home


def configure(home: Home, text: str) -> None:
    folder = home.folder / ".aws"
    folder.mkdir(exist_ok=True)
    (folder / "config").write_text(text)


def one_time_code(seed: bytes, steps: int) -> str:
    """RFC 6238."""
    digest = hmac.new(
        b32decode(seed), struct.pack(">Q", int(time.time()) // 30 + steps), hashlib.sha1
    ).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def told(ended: Ended) -> str:
    """Give what was told as one line, however it was wrapped."""
    return " ".join(ended.err.split())


def chained(home: Home, operator: Operator, more: str = "") -> None:
    configure(
        home,
        "[profile base]\n"
        f"aws_access_key_id = {operator.user['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {operator.user['AWS_SECRET_ACCESS_KEY']}\n"
        f"[profile admin]\nrole_arn = {operator.role}\nsource_profile = base\nregion = eu-west-1\n{more}",
    )


def test_a_role_chain_applies_and_says_as_whom_before_it_writes(signed_out: Home, operator: Operator) -> None:
    chained(signed_out, operator, "role_session_name = boss\n")
    ended = signed_out.leastkey("up", "--yes", "--admin-profile", "admin")
    assert ended.code == 0, ended.err
    acting = (
        f"Reading account {operator.account} as arn:aws:sts::{operator.account}:assumed-role/operator/boss"
    )
    assert acting in ended.err
    assert ended.err.index(acting) < ended.err.index("ok  role")


def test_an_mfa_code_is_asked_for_at_a_terminal_and_nowhere_else(
    signed_out: Home, operator: Operator
) -> None:
    made = operator.iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed, device = made["Base32StringSeed"], made["SerialNumber"]
    operator.iam.enable_mfa_device(
        UserName="boss",
        SerialNumber=device,
        AuthenticationCode1=one_time_code(seed, -1),
        AuthenticationCode2=one_time_code(seed, 0),
    )
    needs_device = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{operator.account}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
    }
    operator.iam.update_assume_role_policy(RoleName="operator", PolicyDocument=json.dumps(needs_device))
    chained(signed_out, operator, f"mfa_serial = {device}\n")

    unattended = signed_out.leastkey("plan", "--admin-profile", "admin")
    assert unattended.code == 3
    assert "there is no terminal to ask on" in told(unattended)
    assert device in unattended.err

    environ = signed_out.environ | {"LEASTKEY_VAULT": "age-file"} | signed_out.admin
    terminal = Terminal(
        signed_out.command("up", "--yes", "--admin-profile", "admin"), signed_out.folder, environ
    )
    assert f"MFA code of {device}" in terminal.until_question()
    code = one_time_code(seed, 1)
    terminal.press(code.encode() + b"\n")
    assert terminal.end() == 0, terminal.text
    assert code not in terminal.text


def test_a_session_that_the_aws_cli_keeps_is_used_and_none_is_written(
    signed_out: Home, operator: Operator
) -> None:
    chained(signed_out, operator)
    asked = signed_out.aws("sts", "get-caller-identity", "--profile", "admin", **signed_out.admin)
    assert asked.code == 0, asked.err
    cache = signed_out.folder / ".aws" / "cli" / "cache"
    (kept,) = cache.iterdir()
    before = kept.read_bytes()
    operator.iam.update_assume_role_policy(RoleName="operator", PolicyDocument=ONLY_EC2)
    assert signed_out.leastkey("plan", "--admin-profile", "admin").code == 0
    assert [path.read_bytes() for path in cache.iterdir()] == [before]
    kept.unlink()
    refused = signed_out.leastkey("plan", "--admin-profile", "admin")
    assert (refused.code, "`AssumeRole`, which gets them, was refused" in " ".join(refused.err.split())) == (
        3,
        True,
    )


ONLY_EC2 = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


def test_identity_center_s_session_is_used_and_its_end_is_told_with_the_command(
    signed_out: Home, operator: Operator
) -> None:
    given = operator.session()
    role = {
        "roleCredentials": {
            "accessKeyId": given["AccessKeyId"],
            "secretAccessKey": given["SecretAccessKey"],
            "sessionToken": given["SessionToken"],
            "expiration": int(given["Expiration"].timestamp() * 1_000),
        }
    }
    configure(
        signed_out,
        "[sso-session acme]\nsso_start_url = https://acme.example/start\nsso_region = eu-west-1\n"
        "[profile admin]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Operator\n",
    )
    cache = signed_out.folder / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = {"accessToken": "of-the-portal", "expiresAt": until, "region": "eu-west-1", "startUrl": "x"}
    (cache / f"{hashlib.sha1(b'acme').hexdigest()}.json").write_text(json.dumps(token))

    def portal(path: str, headers: Mapping[str, str]) -> tuple[int, object]:
        ours = headers.get("x-amz-sso_bearer_token") == "of-the-portal"
        assert path.startswith("/federation/credentials?")
        return (200, role) if ours else (401, {"message": "Session token not found or invalid"})

    with answering(portal) as url:
        ended = signed_out.leastkey("up", "--yes", "--admin-profile", "admin", AWS_ENDPOINT_URL_SSO=url)
        assert ended.code == 0, ended.err
        token["accessToken"] = "ended"
        (cache / f"{hashlib.sha1(b'acme').hexdigest()}.json").write_text(json.dumps(token))
        over = signed_out.leastkey("plan", "--admin-profile", "admin", AWS_ENDPOINT_URL_SSO=url)
    assert over.code == 3
    assert "the session of IAM Identity Center has ended" in told(over)
    assert "aws sso login" in over.err
    assert_no_traceback(over)


def test_an_instance_s_role_applies(signed_out: Home, operator: Operator) -> None:
    given = operator.session()
    credentials = {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "LastUpdated": "2026-01-01T00:00:00Z",
        "AccessKeyId": given["AccessKeyId"],
        "SecretAccessKey": given["SecretAccessKey"],
        "Token": given["SessionToken"],
        "Expiration": given["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    }

    def metadata(path: str, headers: Mapping[str, str]) -> tuple[int, object]:
        if path == "/latest/api/token":
            return 200, "imds-token"
        assert headers.get("x-aws-ec2-metadata-token") == "imds-token"
        folder = "/latest/meta-data/iam/security-credentials/"
        return (200, "operator") if path == folder else (200, credentials)

    with answering(metadata) as url:
        ended = signed_out.leastkey(
            "up", "--yes", AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=url
        )
    assert ended.code == 0, ended.err
    assert f"as arn:aws:sts::{operator.account}:assumed-role/operator/boss" in ended.err


def test_a_session_of_aws_login_is_renewed_and_its_end_is_told_with_the_command(
    signed_out: Home, operator: Operator
) -> None:
    given = operator.session()
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    soon = (datetime.now(UTC) + timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    old = {"accessKeyId": "ASIAENDSSOONENDSSOON", "secretAccessKey": "x", "sessionToken": "x"}
    token = {
        "accessToken": {**old, "accountId": operator.account, "expiresAt": soon},
        "tokenType": "aws_sigv4",
        "refreshToken": "first",
        "idToken": "x",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": key.decode(),
    }
    session = "arn:aws:iam::111122223333:user/boss"
    configure(signed_out, f"[profile admin]\nlogin_session = {session}\nregion = eu-west-1\n")
    cache = signed_out.folder / ".aws" / "login" / "cache"
    cache.mkdir(parents=True)
    kept = cache / f"{hashlib.sha256(session.encode()).hexdigest()}.json"
    kept.write_text(json.dumps(token))
    new = {name: given[name[0].upper() + name[1:]] for name in old}

    def signin(path: str, headers: Mapping[str, str]) -> tuple[int, object]:
        assert path == "/v1/token"
        assert headers.get("dpop", "").count(".") == 2
        answer = {"accessToken": new, "tokenType": "aws_sigv4", "expiresIn": 900, "refreshToken": "second"}
        return (200, answer) if len(renewed) == 1 else (403, {"error": "TOKEN_EXPIRED"})

    renewed: list[str] = []
    with answering(signin, renewed) as url:
        ended = signed_out.leastkey("up", "--yes", "--admin-profile", "admin", AWS_ENDPOINT_URL_SIGNIN=url)
        assert ended.code == 0, ended.err
        assert len(renewed) == 1
        kept.write_text(json.dumps(token))
        over = signed_out.leastkey("plan", "--admin-profile", "admin", AWS_ENDPOINT_URL_SIGNIN=url)
    assert over.code == 3
    assert "the session of `aws login` has ended" in told(over)
    assert_no_traceback(over)


def test_a_session_that_ends_in_the_middle_stops_the_run_and_a_new_one_finishes_it(
    tmp_path: Path, aws: Aws, operator: Operator
) -> None:
    """`aws login` gives sessions of 15 minutes. IAM User Guide: "Request temporary security credentials"."""
    given = operator.session(900)
    ended: list[Seen] = []

    def hook(seen: Seen, phase: Phase) -> None:
        if (seen.action, phase) == ("CreateAccessKey", "before") and not ended:
            ended.append(seen)
            lifecycle.control("clock", aws.folder, to="+16m")

    with proxying(aws.port, hook) as proxy:
        short = {
            "AWS_ENDPOINT_URL": proxy.url,
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }
        home = Home(tmp_path, short)
        home.write_spec()
        try:
            stopped = home.leastkey("up", "--yes")
        finally:
            lifecycle.control("clock", aws.folder, to="now")
        assert stopped.code == 5, stopped.err
        assert "error[bad-credentials]" in stopped.err
        assert "journaled" in stopped.err
        assert_no_traceback(stopped)
        fresh = operator.session()
        home.admin |= {
            "AWS_ACCESS_KEY_ID": fresh["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": fresh["SecretAccessKey"],
            "AWS_SESSION_TOKEN": fresh["SessionToken"],
        }
        finished = home.leastkey("up", "--yes")
    assert finished.code == 0, finished.err
    assert len(operator.iam.list_access_keys(UserName="nightly-bot")["AccessKeyMetadata"]) == 1


@contextmanager
def answering(
    answer: Callable[[str, Mapping[str, str]], tuple[int, object]], seen: list[str] | None = None
) -> Iterator[str]:
    """Serve a status and a text or a JSON document for each path, whatever the method."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if seen is not None:
                seen.append(self.path)
            status, given = answer(self.path, {name.lower(): value for name, value in self.headers.items()})
            body = given.encode() if isinstance(given, str) else json.dumps(given).encode()
            self.send_response(status)
            if status in ERRORS:
                self.send_header("x-amzn-errortype", ERRORS[status])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = handle_one  # noqa: N815  # the names that the base class calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
