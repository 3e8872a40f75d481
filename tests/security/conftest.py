"""A sandbox a module, and a fresh HOME a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.session import Session
from tests.support.home import Home

from leastkey.sandbox.server import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNT = "200000000099"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lifecycle.SandboxEnv]:
    folder = tmp_path_factory.mktemp("sandbox") / "state"
    lifecycle.start(folder)
    yield lifecycle.env(ACCOUNT, folder)
    lifecycle.stop(folder)


@pytest.fixture(scope="module")
def iam(root: lifecycle.SandboxEnv) -> Any:
    return Session().create_client(
        "iam",
        region_name="us-east-1",
        endpoint_url=root.endpoint_url,
        aws_access_key_id=root.access_key_id,
        aws_secret_access_key=root.secret.reveal(),
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def home(tmp_path: Path, root: lifecycle.SandboxEnv) -> Home:
    made = Home(
        tmp_path,
        {
            "AWS_ENDPOINT_URL": root.endpoint_url,
            "AWS_ACCESS_KEY_ID": root.access_key_id,
            "AWS_SECRET_ACCESS_KEY": root.secret.reveal(),
        },
    )
    made.write_spec()
    return made
