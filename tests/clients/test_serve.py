"""Programs below `run --serve`: each finds the endpoint by its environment alone, whatever the SDK."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.clients.conftest import BUCKET, DEBIAN, JAVASCRIPT, need
from tests.support.home import BIN, Ended, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.conftest import User

pytestmark = pytest.mark.slow

ONLY = "work/only/"
GO = Path(__file__).parent / "go"
GO_PACKAGES = Path("/usr/share/gocode")
WHO = ":assumed-role/clients-uploader/leastkey-uploader"

BOTO3 = """
import boto3, json, os
session = boto3.Session()
found = session.get_credentials()
print(json.dumps({
    "method": found.method, "left": found._seconds_remaining(), "who": session.client("sts").get_caller_identity()["Arn"],
    "names": sorted(name for name in os.environ if name.startswith("AWS_")),
}))
"""


@pytest.fixture
def misled(user: User) -> Iterator[dict[str, str]]:
    """Variables and files of other identities, which must not win."""
    static = user.home.folder / ".aws/credentials"
    static.write_text("[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n")
    yield {
        "AWS_PROFILE": "default",
        "AWS_ACCESS_KEY_ID": "AKIAOTHER",
        "AWS_SECRET_ACCESS_KEY": "other",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/other",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    static.unlink()


def below(user: User, misled: dict[str, str], *command: str) -> Ended:
    ended = user.home.leastkey("run", "--serve", "--", *command, admin=False, timeout=120, **misled)
    assert ended.code == 0, ended.out + ended.err
    return ended


def test_boto3_asks_the_endpoint_and_sees_no_other_identity(user: User, misled: dict[str, str]) -> None:
    found = below(user, misled, sys.executable, "-c", BOTO3).json
    assert WHO in found["who"]
    assert found["method"] == "container-role"
    assert found["left"] > 900
    assert found["names"] == [
        "AWS_CONFIG_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_DEFAULT_REGION",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_ENDPOINT_URL",
        "AWS_PAGER",
        "AWS_REGION",
        "AWS_SHARED_CREDENTIALS_FILE",
    ]


@pytest.mark.parametrize("which", ["of the registry", "of Debian"])
def test_the_aws_clis_ask_the_endpoint(user: User, misled: dict[str, str], which: str) -> None:
    program = BIN / "aws" if which == "of the registry" else DEBIAN
    need(program.exists(), "no AWS CLI of Debian: `apt-get install awscli`")
    command = (str(program), "sts", "get-caller-identity", "--endpoint-url", user.endpoint_url)
    assert WHO in below(user, misled, *command).json["Arn"]


def test_the_sdk_for_javascript_asks_the_endpoint(user: User, misled: dict[str, str], node: str) -> None:
    command = (node, str(JAVASCRIPT / "calls.mjs"), "served", BUCKET, "work/", user.endpoint_url)
    found = below(user, misled, *command).json
    assert WHO in found["who"]
    assert found["ends"].endswith("Z")
    assert (found["put"]["name"], found["put"]["status"]) == ("AccessDenied", 403)


def test_the_sdk_for_go_asks_the_endpoint(user: User, misled: dict[str, str], tmp_path: Path) -> None:
    program = shutil.which("go")
    sdk = GO_PACKAGES / "src/github.com/aws/aws-sdk-go-v2"
    if program is None or not sdk.exists():  # `.ci/run` installs none: a compiler is large
        pytest.skip("no AWS SDK for Go: `apt-get install golang-go golang-github-aws-aws-sdk-go-v2-dev`")
    built = tmp_path / "calls"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GOPATH": str(GO_PACKAGES),
        "GO111MODULE": "off",
        "GOPROXY": "off",
        "CGO_ENABLED": "0",
    }
    made = run([str(program), "build", "-o", str(built), "."], GO, environ, 240)
    assert made.code == 0, made.err
    found = json.loads(below(user, misled, str(built)).out)
    assert WHO in found["who"]
    assert found["source"] == "CredentialsEndpointProvider"
    assert found["expires"] is True


NARROW = f"""
import boto3
s3 = boto3.client("s3")
def tried(call, **given):
    try:
        call(Bucket={BUCKET!r}, **given)
        return "done"
    except s3.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
print(
    tried(s3.put_object, Key=f"{ONLY}x", Body=b"1"),
    tried(s3.put_object, Key="work/beside", Body=b"1"),
    tried(s3.get_object, Key=f"{ONLY}x"),
    tried(boto3.client("s3").list_objects_v2, Prefix="work/"),
)
"""


def test_a_narrowed_session_does_less_than_the_role_and_is_kept_for_nobody(user: User) -> None:
    command = (sys.executable, "-c", NARROW)
    only = ("--only", f"s3 write on s3://{BUCKET}/{ONLY}")
    ended = user.home.leastkey("run", *only, "--", *command, admin=False)
    assert ended.code == 0, ended.err
    assert ended.out.split() == ["done", "AccessDenied", "AccessDenied", "AccessDenied"]
    # What a bucket policy grants to a session by name no session policy takes away.
    account = user.client("sts").get_caller_identity()["Account"]
    usual = f"arn:aws:sts::{account}:assumed-role/clients-uploader/leastkey-uploader"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": usual},
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    user.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=policy)
    try:
        granted = user.home.leastkey("run", *only, "--", *command, admin=False)
    finally:
        user.client("s3").delete_bucket_policy(Bucket=BUCKET)
    assert granted.out.split() == ended.out.split()
    assert "each within the role" in ended.err
    whole = user.home.leastkey("run", "--", *command, admin=False)
    assert whole.out.split() == ["done"] * 4
    refused = user.home.leastkey("run", "--only", f"s3 read on s3://{BUCKET}/", "--", *command, admin=False)
    assert refused.code == 1
    assert "error[not-narrower]" in refused.err
    assert "was not started" in " ".join(refused.err.split())
