"""Plain sockets and hand-made signatures: nothing here repairs what it sends."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

FORM = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The error code, whatever the wire format."""
        if self.body.startswith(b"{"):
            return str(json.loads(self.body)["__type"])
        found = re.search(rb"<Code>(.*?)</Code>", self.body)
        return found[1].decode() if found else ""


def exchange(port: int, data: bytes) -> Answer:
    """Send bytes, read one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        return read_answer(connection.makefile("rb"))


def read_answer(stream: Any) -> Answer:
    line = stream.readline()
    assert line.startswith(b"HTTP/1.1 "), line
    headers: dict[str, str] = {}
    while (row := stream.readline().strip()) != b"":
        name, _, value = row.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    return Answer(int(line.split()[1]), headers, stream.read(length))


@dataclass
class Key:
    id: str
    secret: str
    token: str | None = None


@dataclass
class Call:
    """A request that is signed properly unless a test bends it before or after."""

    service: str
    method: str = "POST"
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    region: str = "us-east-1"
    host: str = "127.0.0.1:4566"

    def signed(
        self,
        key: Key,
        *,
        at: datetime | None = None,
        scope_service: str | None = None,
        payload: str | None = None,
    ) -> list[tuple[str, str]]:
        """Sign with botocore's own signer, for a moment of our choice."""
        signer = S3SigV4Auth if self.service == "s3" else SigV4Auth
        request = AWSRequest(
            self.method, f"http://{self.host}{self.path}", {"Host": self.host, **self.headers}, self.body
        )
        moment = at or datetime.now(UTC)
        auth = signer(Credentials(key.id, key.secret, key.token), scope_service or self.service, self.region)
        if payload is not None:
            auth.payload = lambda _: payload  # what streaming signers put there
        _sign_at(auth, request, moment)
        return list(request.headers.items())

    def raw(self, headers: list[tuple[str, str]], body: bytes | None = None) -> bytes:
        payload = self.body if body is None else body
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        if payload and not any(name.lower() == "transfer-encoding" for name, _ in headers):
            lines.append(f"Content-Length: {len(payload)}")
        return "\r\n".join((*lines, "", "")).encode() + payload

    def send(self, port: int, key: Key, **signing: Any) -> Answer:
        return exchange(port, self.raw(self.signed(key, **signing)))


def _sign_at(auth: Any, request: AWSRequest, moment: datetime) -> None:
    """botocore reads the clock in add_auth; the steps are the same ones, at our moment."""
    request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
    auth._modify_request_before_signing(request)
    canonical = auth.canonical_request(request)
    auth._inject_signature_to_request(
        request, auth.signature(auth.string_to_sign(request, canonical), request)
    )


def query(service: str, action: str, version: str, **parameters: str) -> Call:
    body = urlencode({"Action": action, "Version": version, **parameters}).encode()
    return Call(service, headers={"Content-Type": FORM}, body=body)


CALLS: dict[str, Callable[[], Call]] = {
    "iam": lambda: query("iam", "ListUsers", "2010-05-08"),
    "sts": lambda: query("sts", "GetCallerIdentity", "2011-06-15"),
    "ec2": lambda: query("ec2", "DescribeRegions", "2016-11-15"),
    "s3": lambda: Call("s3", "GET", "/", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}),
    "dynamodb": lambda: Call(
        "dynamodb",
        headers={
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.ListTables",
        },
        body=b"{}",
    ),
}
"""One harmless call a family, allowed to root."""

HOUR = timedelta(hours=1)
