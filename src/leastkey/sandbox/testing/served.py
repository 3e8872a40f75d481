"""One sandbox in this process, on a free port of 127.0.0.1, and the variables that lead AWS tools to it and nowhere else."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.server.http import Server
from leastkey.sandbox.server.process import Sandbox
from leastkey.sandbox.state.backend import prepare_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Served", "serving", "variables"]

_THREADS: Final = 8
_BENT: Final = ("AWS_", "MOTO_", "S3_")
"""Variables that AWS tools and moto read start so."""


@dataclass(slots=True)
class Served:
    """A running sandbox, its address, and the clients that were made for it."""

    sandbox: Sandbox
    endpoint_url: str
    clients: list[Any] = field(default_factory=list)
    session: Any = None
    """boto3's session behind them: one, since each would read the models of the services anew."""

    def client(self, service: str, given: Mapping[str, str], options: Mapping[str, Any]) -> Any:
        """Make a boto3 client with the credentials of some variables."""
        if self.session is None:
            import boto3

            self.session = boto3.session.Session()
        settings: dict[str, Any] = {
            "endpoint_url": self.endpoint_url,
            "region_name": given["AWS_DEFAULT_REGION"],
            "aws_access_key_id": given["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": given["AWS_SECRET_ACCESS_KEY"],
            "aws_session_token": given.get("AWS_SESSION_TOKEN"),
        }
        made = self.session.client(service, **{**settings, **options})
        self.clients.append(made)
        return made

    def empty(self) -> None:
        """Close the clients and forget every account and resource."""
        for client in self.clients:
            client.close()
        self.clients.clear()
        self.sandbox.reset()


@contextmanager
def serving() -> Iterator[Served]:
    """Serve a sandbox that keeps nothing. `AWS_` variables are as before once it runs, moto's own when it ends."""
    before = _bent()
    prepare_environment(os.environ)
    try:
        sandbox = Sandbox(None)
        sandbox.open()
        server = Server(sandbox.gate.handle, 0, threads=_THREADS, now=sandbox.clock.now)
        server.open()
        server.run()
        _put("AWS_", {name: value for name, value in before.items() if name.startswith("AWS_")})
        try:
            yield Served(sandbox, f"http://127.0.0.1:{server.port}")
        finally:
            server.close()
            sandbox.close()
    finally:
        for start in _BENT:
            _put(start, {name: value for name, value in before.items() if name.startswith(start)})


@contextmanager
def variables(given: Mapping[str, str]) -> Iterator[None]:
    """Let these stand in place of all `AWS_` variables, for this process and what it starts; boto3's default session too."""
    import boto3

    before, session = _bent(), boto3.DEFAULT_SESSION
    _put("AWS_", given)
    boto3.DEFAULT_SESSION = None
    try:
        yield
    finally:
        _put("AWS_", {name: value for name, value in before.items() if name.startswith("AWS_")})
        boto3.DEFAULT_SESSION = session


def _bent() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_BENT)}


def _put(start: str, given: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith(start)]:
        del os.environ[name]
    os.environ.update(given)
