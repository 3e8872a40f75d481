"""How many requests `apply` makes on the wire: figures that users are promised, counted by a proxy."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

import pytest
from tests.support.home import Home
from tests.support.proxy import Proxy, proxying

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Aws

pytestmark = pytest.mark.slow

WRITES = (
    "CreateUser",
    "CreateRole",
    "CreatePolicy",
    "AttachRolePolicy",
    "PutUserPolicy",
    "CreateAccessKey",
)
READS = (
    "GetCallerIdentity",
    "ListAccountAliases",
    "GetAccountSummary",
    "GenerateCredentialReport",
    "GetCredentialReport",
    "GetAccountAuthorizationDetails",
)


@pytest.fixture
def proxy(aws: Aws) -> Iterator[Proxy]:
    with proxying(aws.port) as running:
        yield running


@pytest.fixture
def counted(aws: Aws, account: str, proxy: Proxy, tmp_path: Path) -> Home:
    return Home(tmp_path, aws.variables(account, proxy.url))


def spec_of(count: int) -> str:
    """Give a spec of so many identities, each with a key and rules of its own."""
    head = "version: 1\nproject: acme\nregion: eu-west-1\nidentities:\n"
    return head + "".join(
        f"  job-{number}:\n"
        f"    allow:\n"
        f"      - actions: [ec2:DescribeRegions]\n"
        f"      - s3: [read]\n"
        f"        on: s3://acme-{number}/\n"
        f"    used-by: [user]\n"
        for number in range(count)
    )


def requests(home: Home, proxy: Proxy, *command: str) -> Counter[str]:
    """Run leastkey and count what it asked of AWS."""
    before = len(proxy.seen)
    ended = home.leastkey(*command)
    assert ended.code == 0, ended.err
    return Counter(each.action for each in proxy.seen[before:])


@pytest.mark.parametrize("count", [1, 20])
def test_apply_costs_six_requests_an_identity_and_nothing_new_five_and_a_page(
    count: int, aws: Aws, account: str, counted: Home, proxy: Proxy
) -> None:
    counted.write_spec(spec_of(count))
    assert requests(counted, proxy, "plan") == Counter(READS)

    applied = requests(counted, proxy, "apply", "--yes")
    assert applied - Counter(READS) == Counter(dict.fromkeys(WRITES, count))
    assert applied.total() == 6 * count + len(READS)

    again = requests(counted, proxy, "apply", "--yes")
    summary = aws.client(account, "iam").get_account_summary()["SummaryMap"]
    entities = sum(summary[each] for each in ("Users", "Groups", "Roles", "Policies"))
    assert entities == 3 * count
    assert again.total() <= ceil(entities / 1_000) + 5
    assert set(again) == set(READS)
