"""boto3 clients that speak to a gate in this process: no socket, the same bytes."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from leastkey.iam.arn import AccountId
from leastkey.iam.credentials import AccessKey
from leastkey.sandbox.gate.gate import Gate
from leastkey.sandbox.gate.judge import Judge
from leastkey.sandbox.gate.wire import RawRequest
from leastkey.sandbox.server.snapshot import wipe
from leastkey.sandbox.state.accounts import Accounts
from leastkey.sandbox.state.backend import Moto, prepare_environment
from leastkey.sandbox.state.sessions import Sessions
from leastkey.sandbox.state.world import World

_TABLES = (
    "users",
    "roles",
    "groups",
    "instance_profiles",
    "certificates",
    "open_id_providers",
    "saml_providers",
    "access_keys",
    "account_aliases",
    "virtual_mfa_devices",
    "inline_policies",
)
_session = cache(boto3.session.Session)
_moto = cache(Moto)
ACCOUNT = AccountId("111122223333")
OTHER = AccountId("444455556666")


class Wall:
    """A clock that stands at the real time until it is moved."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)


class Raw:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, *args: Any, **options: Any) -> Any:
        yield self.body

    def read(self, *args: Any, **options: Any) -> bytes:
        body, self.body = self.body, b""
        return body


class LocalSandbox:
    """One sandbox in this process. moto's state is the process's: `reset` empties it."""

    def __init__(self) -> None:
        prepare_environment(os.environ)

        self.world = World(Accounts(), Sessions())
        self.clock = Wall()
        self.changes = 0
        self.gate = Gate(self.world, _moto(), Judge(), self.clock, self._changed)

    def wipe(self) -> None:
        """Forget everything but each account's AWS-managed policies, which take long to load."""
        from moto.backends import get_backend
        from moto.utilities.tagging_service import TaggingService

        backends = get_backend("iam")
        kept = dict(backends)
        for account in kept.values():
            for iam in account.values():
                for table in _TABLES:
                    getattr(iam, table).clear()
                own = [arn for arn in iam.managed_policies if ":iam::aws:" not in arn]
                for arn in own:
                    del iam.managed_policies[arn]
                for policy in iam.managed_policies.values():
                    policy.attachment_count = 0
                iam.credential_report = None
                iam.account_password_policy = None
                iam.tagger = TaggingService()
        wipe(self.world)
        backends.update(kept)

    def _changed(self) -> None:
        self.changes += 1

    def root(self, account: AccountId = ACCOUNT) -> AccessKey:
        return self.world.accounts.ensure(account)[0]

    def client(self, service: str, key: Any = None, *, region: str = "us-east-1") -> Any:
        """Give a client for a root key, a CreateAccessKey answer or an AssumeRole answer; False for nobody."""
        key = self.root() if key is None else key
        options: dict[str, Any] = {"retries": {"total_max_attempts": 1}, "s3": {"addressing_style": "path"}}
        options["parameter_validation"] = False  # what AWS refuses must be refused there, not by botocore
        if key is False:
            from botocore import UNSIGNED

            options["signature_version"] = UNSIGNED
        client = _session().client(
            service,
            region_name=region,
            endpoint_url="http://127.0.0.1:4999",
            config=Config(**options),
            **_credentials(key),
        )
        client.meta.events.register("before-send", self._send)
        return client

    def user(self, name: str, *documents: dict[str, Any], account: AccountId = ACCOUNT, **more: Any) -> Any:
        """Make a user with inline policies and give its access key."""
        iam = self.client("iam", self.root(account))
        iam.create_user(UserName=name, **more)
        for number, document in enumerate(documents):
            iam.put_user_policy(
                UserName=name, PolicyName=f"inline-{number}", PolicyDocument=json.dumps(document)
            )
        return iam.create_access_key(UserName=name)["AccessKey"]

    def _send(self, request: Any, **ignored: Any) -> AWSResponse:
        parts = urlsplit(request.url)
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        headers.setdefault("host", parts.netloc)
        body = request.body
        if hasattr(body, "read"):
            body = body.read()
        raw = RawRequest(
            request.method,
            parts.path or "/",
            parts.query,
            headers,
            body.encode() if isinstance(body, str) else body or b"",
            "127.0.0.1",
            {name: name for name in headers},
        )
        answer = self.gate.handle(raw)
        found = dict(answer.headers)
        return AWSResponse(request.url, answer.status, _folded(found), Raw(answer.body))


def allow(*actions: str, on: str | list[str] = "*", when: dict[str, Any] | None = None) -> dict[str, Any]:
    return statement("Allow", *actions, on=on, when=when)


def deny(*actions: str, on: str | list[str] = "*", when: dict[str, Any] | None = None) -> dict[str, Any]:
    return statement("Deny", *actions, on=on, when=when)


def statement(
    effect: str, *actions: str, on: str | list[str] = "*", when: dict[str, Any] | None = None
) -> dict[str, Any]:
    entry: dict[str, Any] = {"Effect": effect, "Action": list(actions), "Resource": on}
    if when is not None:
        entry["Condition"] = when
    return {"Version": "2012-10-17", "Statement": [entry]}


def _credentials(key: Any) -> dict[str, str]:
    if key is False:
        return {}
    if isinstance(key, AccessKey):
        return {"aws_access_key_id": key.id, "aws_secret_access_key": key.secret.reveal()}
    found = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    if "SessionToken" in key:
        found["aws_session_token"] = key["SessionToken"]
    return found


def _folded(headers: dict[str, str]) -> Any:
    from botocore.compat import HTTPHeaders

    result = HTTPHeaders()
    for name, value in headers.items():
        result[name] = value
    return result
