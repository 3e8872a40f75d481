"""A sandbox, a bucket and a profile that `leastkey up` wrote, once a worker; and the clients, or why there are none."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.session import Session
from tests.support.home import BIN, Ended, Home, run

from leastkey.sandbox.server import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "clients-files"
PROFILE = "uploader-sandbox"
SPEC = f"""\
version: 1
project: clients
region: us-east-1
target: sandbox
identities:
  uploader:
    allow:
      - actions: [ec2:DescribeRegions]
      - s3: [list, read, write]
        on: s3://{BUCKET}/work/
    used-by:
      - user: uploader-bot
"""
JAVASCRIPT = Path(__file__).parent / "js"
DEBIAN = Path("/usr/bin/aws")
REQUIRED = "LEASTKEY_TEST_CLIENTS"
"""Set to `required`, no test is skipped for want of a client: it fails."""


@dataclass(frozen=True, slots=True)
class User:
    """A computer with one profile, which may do a little, and the account's owner, who may look."""

    home: Home
    endpoint_url: str
    owner: dict[str, str]

    def client(self, service: str) -> Any:
        """Give a client as the account's owner."""
        return Session().create_client(
            service,
            region_name="us-east-1",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.owner["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.owner["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    def keys(self, prefix: str) -> list[str]:
        """List the objects below a prefix, as the owner sees them."""
        found = self.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"].removeprefix(prefix) for entry in found.get("Contents", [])]


@dataclass(frozen=True, slots=True)
class AwsCli:
    """One of the two AWS CLIs, with the profile and what else it has to be told."""

    user: User
    folder: Path
    program: Path
    given: tuple[str, ...]

    def __call__(self, *arguments: str, **variables: str) -> Ended:
        return run(
            [str(self.program), *arguments, "--profile", PROFILE, *self.given],
            self.folder,
            self.user.home.environ | variables,
            60,
        )

    def done(self, *arguments: str, **variables: str) -> str:
        ended = self(*arguments, **variables)
        assert ended.code == 0, ended.out + ended.err
        return ended.out


def need(found: object, reason: str) -> None:
    """Skip a test whose client is missing, or fail it where none may be."""
    wanted = os.environ.get(REQUIRED, "")
    if wanted not in {"", "required"}:
        raise pytest.UsageError(f"{REQUIRED} is `required` or not set, not `{wanted}`")
    if not found and wanted:
        pytest.fail(reason, pytrace=False)
    if not found:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    home = Home(tmp_path_factory.mktemp("clients"))
    home.write_spec(SPEC)
    folder = home.state / "sandbox"
    home.state.mkdir(mode=0o700)
    run = lifecycle.start(folder)
    try:
        root = lifecycle.env(None, folder)
        user = User(
            home,
            run.endpoint_url,
            {
                "AWS_ENDPOINT_URL": run.endpoint_url,
                "AWS_ACCESS_KEY_ID": root.access_key_id,
                "AWS_SECRET_ACCESS_KEY": root.secret.reveal(),
                "AWS_DEFAULT_REGION": root.region,
            },
        )
        user.client("s3").create_bucket(Bucket=BUCKET)
        up = home.leastkey("up", "--yes")
        assert up.code == 0, up.out + up.err
        yield user
    finally:
        lifecycle.stop(folder)


@pytest.fixture(params=["of the registry", "of Debian"])
def aws(user: User, tmp_path: Path, request: pytest.FixtureRequest) -> AwsCli:
    if request.param == "of the registry":
        return AwsCli(user, tmp_path, BIN / "aws", ())
    need(DEBIAN.exists(), "no AWS CLI of Debian: `apt-get install awscli`")
    # Older than `endpoint_url` in a profile.
    return AwsCli(user, tmp_path, DEBIAN, ("--endpoint-url", user.endpoint_url))


@pytest.fixture
def node(user: User) -> str:
    program = shutil.which("node")
    need(program, "no node: `apt-get install nodejs`")
    need(
        (JAVASCRIPT / "node_modules/.package-lock.json").exists(), "no AWS SDK for JavaScript: `make clients`"
    )
    return str(program)
