"""The pytest plugin: `leastkey_sandbox`, an AWS account of a test's own in which IAM is enforced.

pytest loads it by its entry point wherever leastkey is installed, so it imports nothing until a test asks for the fixture.
Each process of a run, such as a worker of pytest-xdist, serves one sandbox of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.sandbox.testing.account import SandboxAccount
    from leastkey.sandbox.testing.served import Served

__all__ = ["leastkey_sandbox", "leastkey_served", "pytest_addoption"]

_ACCOUNT: Final = "leastkey_account"
_REGION: Final = "leastkey_region"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the account and the region that the policies of a project name."""
    parser.addini(_ACCOUNT, "account id of the fixture leastkey_sandbox", default="123456789012")
    parser.addini(_REGION, "region of the fixture leastkey_sandbox", default="us-east-1")


@pytest.fixture(scope="session")
def leastkey_served(pytestconfig: pytest.Config) -> Iterator[Served]:
    """Serve this process's sandbox until the run ends."""
    from leastkey.errors import LeastkeyError
    from leastkey.iam.arn import ACCOUNT
    from leastkey.sandbox.server.lifecycle import require_packages

    wanted = str(pytestconfig.getini(_ACCOUNT))
    if not ACCOUNT.fullmatch(wanted):
        pytest.fail(f"{_ACCOUNT}: `{wanted}` is no account id: twelve digits", pytrace=False)
    try:
        require_packages()
    except LeastkeyError as error:
        pytest.fail("\n".join((error.what, *error.why, *error.remedy)), pytrace=False)
    from leastkey.sandbox.testing.served import serving

    with serving() as served:
        yield served


@pytest.fixture
def leastkey_sandbox(leastkey_served: Served, pytestconfig: pytest.Config) -> Iterator[SandboxAccount]:
    """Give an empty account. Until the test ends, `AWS_` variables lead to the sandbox and hold no credentials."""
    from leastkey.iam.arn import AccountId
    from leastkey.sandbox.testing.account import SandboxAccount
    from leastkey.sandbox.testing.identity import nobody
    from leastkey.sandbox.testing.served import variables

    id_ = AccountId(str(pytestconfig.getini(_ACCOUNT)))
    account = SandboxAccount(leastkey_served, id_, str(pytestconfig.getini(_REGION)))
    with variables(nobody(account.root)):
        yield account
    leastkey_served.empty()
