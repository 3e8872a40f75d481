"""One sandbox a worker, a fresh account and a fresh HOME a test."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.session import Session
from tests.support.home import Home

from leastkey.sandbox.server import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ACCOUNTS = itertools.count(200_000_000_001)


@dataclass(frozen=True, slots=True)
class Aws:
    """The running sandbox and its accounts."""

    folder: Path
    endpoint_url: str
    port: int

    def new_account(self) -> str:
        return str(next(_ACCOUNTS))

    def variables(self, account: str, endpoint_url: str | None = None) -> dict[str, str]:
        """Give the administrator's variables of an account: its root."""
        root = lifecycle.env(account, self.folder)
        return {
            "AWS_ENDPOINT_URL": endpoint_url or self.endpoint_url,
            "AWS_ACCESS_KEY_ID": root.access_key_id,
            "AWS_SECRET_ACCESS_KEY": root.secret.reveal(),
            "AWS_DEFAULT_REGION": root.region,
        }

    def client(self, account: str, service: str) -> Any:
        """Give a botocore client as an account's root."""
        return self.client_of(self.variables(account), service)

    def client_of(self, given: dict[str, str], service: str) -> Any:
        """Give a botocore client with a key, as variables name it."""
        return Session().create_client(
            service,
            region_name="us-east-1",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    folder = tmp_path_factory.mktemp("sandbox") / "state"
    run = lifecycle.start(folder)
    yield Aws(folder, run.endpoint_url, run.port)
    lifecycle.stop(folder)


@pytest.fixture
def account(aws: Aws) -> str:
    return aws.new_account()


@pytest.fixture
def home(tmp_path: Path, aws: Aws, account: str) -> Home:
    return Home(tmp_path, aws.variables(account))
