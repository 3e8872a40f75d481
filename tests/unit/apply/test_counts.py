"""How many requests the flow makes: figures that users are promised."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from math import ceil

import pytest
from tests.fakes.account import Account, User
from tests.fakes.flow import World
from tests.fakes.projects import identity, many, project


@pytest.mark.parametrize("count", [1, 10, 300])
def test_a_new_identity_costs_six_requests_and_a_run_the_reads_of_its_plan(count: int) -> None:
    world = World()
    plan_reads = 6
    world.up(many(count))
    made = Counter(world.requests())
    assert made.total() == 6 * count + plan_reads
    assert {call for call, times in made.items() if times == count} >= {
        "iam:CreateUser",
        "iam:CreateRole",
        "iam:CreatePolicy",
        "iam:AttachRolePolicy",
        "iam:PutUserPolicy",
        "iam:CreateAccessKey",
    }


@pytest.mark.parametrize("strangers", [0, 999, 2_500])
def test_a_run_that_changes_nothing_costs_the_pages_of_the_account_and_five(strangers: int) -> None:
    account = Account()
    for number in range(strangers):
        name = f"somebody-{number}"
        account.users[name] = User(name, "/", name, datetime(2020, 1, 1, tzinfo=UTC), {})
    world = World(account)
    wanted = project(identity("a"), identity("b", user=False, ec2=True))
    world.up(wanted)
    world.requests()
    assert world.up(wanted).changed == 0
    assert len(world.requests()) == ceil(account.entities() / 1_000) + 5


def test_taking_an_identity_down_costs_eight_requests() -> None:
    world = World()
    world.up(many(10))
    world.requests()
    world.destroy()
    assert len(world.requests()) == 8 * 10 + 6


def test_changing_one_of_many_costs_one_write() -> None:
    world = World()
    world.up(project(*(identity(f"job-{n}") for n in range(20))))
    changed = project(
        identity("job-0", actions=("ec2:DescribeVpcs",)), *(identity(f"job-{n}") for n in range(1, 20))
    )
    world.requests()
    world.up(changed)
    assert Counter(world.requests())["iam:CreatePolicyVersion"] == 1
    assert world.plan(changed).is_empty
