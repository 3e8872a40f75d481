"""`leastkey serve` as a process, on a computer whose one identity has a session in its cache; and a socket to ask it with."""

from __future__ import annotations

import json
import secrets
import select
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.unit.keys.world import BINDING, KEY

from leastkey.disk.bindings import FileBindings
from leastkey.disk.home import prepare_home
from leastkey.disk.sessions import Sessions
from leastkey.iam.credentials import AccessKeyId, SessionCredentials
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.home import Home

__all__ = ["SECRETS", "Reply", "Served", "bind_warm", "serving"]

SECRETS = ("the-secret-of-the-session", "the-token-of-the-session")


def bind_warm(home: Home, *, left: timedelta = timedelta(minutes=59)) -> None:
    """Put an identity on this computer, whose session is in the cache: nothing has to be asked for it."""
    prepare_home(home.state)
    end = datetime.now(UTC).replace(microsecond=0) + left
    session = SessionCredentials(AccessKeyId("ASIAWARM"), Secret(SECRETS[0]), Secret(SECRETS[1]), end)
    FileBindings(home.state).put(
        BINDING._replace(access_key=AccessKeyId("AKIAIOSFODNN7EXAMPLE"), vault="age-file")
    )
    Sessions(home.state, kernel=False).put(KEY, session, refresh_at=end - timedelta(minutes=20))


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back until the end: status 0 where nothing did."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Served:
    """A running server: where it is, and what lets one in."""

    process: subprocess.Popen[bytes]
    told: dict[str, Any]
    said: Path
    """Where its talk goes: a pipe that nobody reads would stop it once it is full."""

    @property
    def url(self) -> str:
        return str(self.told["environment"]["AWS_CONTAINER_CREDENTIALS_FULL_URI"])

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    @property
    def token_file(self) -> Path:
        return Path(self.told["token_file"])

    @property
    def token(self) -> str:
        return self.token_file.read_text()

    def ask(self, data: bytes | None = None, *, token: str | None = None) -> Reply:
        """Send bytes, read to the end. Without any, ask as an SDK does."""
        if data is None:
            given = self.token if token is None else token
            data = f"GET /credentials HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: {given}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            return read_reply(connection)

    def stop(self) -> tuple[str, str]:
        """End it politely; gives what it printed after its document, and what it said."""
        self.process.terminate()
        out, _ = self.process.communicate(timeout=10)
        return out.decode(), self.said.read_text()


def read_reply(connection: socket.socket) -> Reply:
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    if not head:
        return Reply(0, {}, b"")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(": ")
        assert name.lower() not in headers
        headers[name.lower()] = value
    return Reply(int(first.split()[1]), headers, body)


@contextmanager
def serving(home: Home, *arguments: str, talk_to: int | None = None, **variables: str) -> Iterator[Served]:
    """Start `leastkey serve --json` and wait for its document. `talk_to`: where its talk goes instead of a file."""
    command = home.command("serve", "--json", *arguments)
    environ = home.environ | {"LEASTKEY_VAULT": "age-file"} | variables
    said = home.folder / f"said-{secrets.token_hex(8)}"
    with (
        said.open("wb") as talk,
        subprocess.Popen(
            command,
            cwd=home.folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=talk if talk_to is None else talk_to,
            stdin=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            yield Served(process, _document(process, said), said)
        finally:
            if process.poll() is None:
                process.kill()


def _document(process: subprocess.Popen[bytes], said: Path) -> dict[str, Any]:
    assert process.stdout is not None
    text = b""
    until = time.monotonic() + 60
    while not text.endswith(b"}\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        part = process.stdout.read1(65_536) if ready else b""  # type: ignore[attr-defined]  # a buffered reader
        assert part, said.read_text()
        text += part
    told: dict[str, Any] = json.loads(text)
    return told
