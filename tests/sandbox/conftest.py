"""One sandbox a test process, served from a thread; a fresh account a test."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.wires import Key

from leastkey.iam.arn import AccountId
from leastkey.sandbox.server.http import Server
from leastkey.sandbox.server.process import Sandbox
from leastkey.sandbox.state.backend import prepare_environment
from leastkey.sandbox.state.moto_time import rule_time

if TYPE_CHECKING:
    from collections.abc import Iterator


class MovedClock:
    """The computer's clock, moved by what a test says."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        raise AssertionError("nothing here measures")

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


@dataclass
class Place:
    """A running sandbox and one account of its own for the test."""

    sandbox: Sandbox
    port: int
    account: AccountId
    root: Key
    clock: MovedClock

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, key: Key | None = None, **more: Any) -> Any:
        """Give a boto3 client as root, or as the owner of a key."""
        import boto3

        used = key or self.root
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=more.pop("region_name", "us-east-1"),
            aws_access_key_id=used.id,
            aws_secret_access_key=used.secret,
            aws_session_token=used.token,
            **more,
        )

    def user(self, name: str, policy: str | None = None) -> Key:
        """Make a user with a key, and an inline policy."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if policy is not None:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"])


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Sandbox, int, MovedClock]]:
    prepare_environment(os.environ)
    clock = MovedClock()
    sandbox = Sandbox(None, clock)
    sandbox.open()
    server = Server(sandbox.gate.handle, 0, threads=6, now=sandbox.clock.now)
    server.open()
    server.run()
    yield sandbox, server.port, clock
    server.close()
    sandbox.close()


_NUMBERS = itertools.count(100000000000)


@pytest.fixture
def place(served: tuple[Sandbox, int, MovedClock]) -> Iterator[Place]:
    sandbox, port, clock = served
    rule_time(sandbox.clock)  # another sandbox of this process may have had its turn
    account = AccountId(str(next(_NUMBERS)))
    made = sandbox.key_of(account)
    yield Place(
        sandbox, port, account, Key(str(made["access_key_id"]), str(made["secret_access_key"])), clock
    )
    clock.offset = timedelta()
