"""One suite, two accounts: the fake in memory and the sandbox behind the real adapter."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.contract.stages import Embedded, Losing, Memory, Stage
from tests.support.proxy import Proxy, proxying

from leastkey.sandbox.server.http import Server
from leastkey.sandbox.server.process import Sandbox
from leastkey.sandbox.state.backend import prepare_environment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def embedded() -> Iterator[tuple[Sandbox, Proxy, Losing]]:
    prepare_environment(os.environ)
    sandbox = Sandbox(None)
    sandbox.open()
    server = Server(sandbox.gate.handle, 0, threads=6)
    server.open()
    server.run()
    losing = Losing()
    with proxying(server.port, losing) as proxy:
        yield sandbox, proxy, losing
    server.close()


@pytest.fixture(params=["in memory", "sandbox"])
def stage(request: pytest.FixtureRequest) -> Stage:
    if request.param == "in memory":
        return Memory()
    sandbox, proxy, losing = request.getfixturevalue("embedded")
    return Embedded(sandbox, proxy, losing)
