"""What was approved is what happens: one plan id stands for one plan, whoever wrote the spec."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes.account import Account
from tests.fakes.connect import FakeConnect
from tests.fakes.projects import READ_ONLY, allows, identity, project

from leastkey.apply.observe import observe
from leastkey.plan.diff import make_plan
from leastkey.plan.seen_local import SeenLocal
from leastkey.ports.people import Silent


def test_nobody_can_search_for_a_harmless_and_a_harmful_plan_of_one_id() -> None:
    """A search costs the square root of all ids: it must be out of reach for who writes both specs."""
    seen = observe(FakeConnect(Account()), project="acme", progress=Silent())
    plan = make_plan(project(identity()), seen, SeenLocal())
    assert len(plan.id) * 4 >= 128
    assert int(plan.id, 16)


def test_an_id_does_not_outlive_a_change_of_aws_own_policy() -> None:
    seen = observe(FakeConnect(Account()), project="acme", progress=Silent())
    wanted = project(identity(managed=(READ_ONLY,)))
    ids = {
        make_plan(wanted, replace(seen, managed={str(READ_ONLY): document}), SeenLocal()).id
        for document in (allows("ec2:Describe*"), allows("*"))
    }
    assert len(ids) == 2
