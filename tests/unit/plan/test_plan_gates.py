"""The fingerprint, the removal gate and the order of work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.account import Account
from tests.fakes.connect import FakeConnect
from tests.fakes.projects import PATH, PROJECT, READ_ONLY, identity, many, project

from leastkey.apply.observe import observe
from leastkey.errors import LeastkeyError
from leastkey.plan import operation as op
from leastkey.plan.changes import Lines
from leastkey.plan.diff import make_plan
from leastkey.plan.fingerprint import fingerprint
from leastkey.plan.order import phases, prerequisites
from leastkey.plan.plan import Change, Plan
from leastkey.plan.safety import guard
from leastkey.plan.seen_local import SeenLocal
from leastkey.ports.people import Silent
from leastkey.spec.model import Place

if TYPE_CHECKING:
    from leastkey.plan.operation import Operation
    from leastkey.plan.seen import Seen


def look(account: Account) -> Seen:
    return observe(FakeConnect(account), project=PROJECT, progress=Silent())


def plan_of(*operations: Operation, entities: int = 0) -> Plan:
    changes = tuple(Lines("reports").remove("user", "x", "", each) for each in operations)
    return Plan("0", project().account, PROJECT, changes, project(), entities=entities)


def test_the_id_does_not_move_with_lines_of_the_spec() -> None:
    seen = look(Account())
    here = identity()
    there = replace(here, spec=replace(here.spec, place=Place("leastkey.yaml", 99, 1)))
    first, second = (make_plan(project(each), seen, SeenLocal()) for each in (here, there))
    assert first.id == second.id


def test_a_plan_is_named_by_the_first_eight_digits_of_its_id_or_more() -> None:
    plan = replace(plan_of(), id="7f3a91c2" + "0" * 24)
    assert plan.is_named(plan.id)
    assert plan.is_named("7F3A91C2")
    assert not plan.is_named("7f3a91c")
    assert not plan.is_named("7f3a91c3")
    assert not plan.is_named(plan.id + "0")
    assert not plan.is_named("")


def test_a_plan_tells_its_counts() -> None:
    plan = plan_of(op.RemoveKeys("x"), op.RemoveProfile(None))
    assert plan.counts == "0 to add, 0 to change, 2 to remove"


def test_the_id_moves_with_spec_account_and_what_was_seen_of_ours() -> None:
    account = Account()
    empty = make_plan(project(identity()), look(account), SeenLocal()).id
    longer = make_plan(project(identity(hours=2)), look(account), SeenLocal()).id
    FakeConnect(account).iam().create_user("acme-reports", PATH, {"leastkey:project": PROJECT})
    drifted = make_plan(project(identity()), look(account), SeenLocal()).id
    assert len({empty, longer, drifted}) == 3


def test_no_id_is_given_over_what_has_no_stable_text() -> None:
    with pytest.raises(TypeError, match="float"):
        fingerprint(replace(project(), identities=(1.5,)), look(Account()), ())  # type: ignore[arg-type]  # what must not come


def test_the_id_ignores_strangers_and_the_mark_of_a_key_operation() -> None:
    account = Account()
    iam = FakeConnect(account).iam()
    iam.create_user("acme-reports", PATH, {"leastkey:project": PROJECT})
    before = make_plan(project(identity()), look(account), SeenLocal()).id
    iam.create_user("somebody", "/", {})
    iam.tag("user", "acme-reports", {"leastkey:op": "run-1"})
    assert make_plan(project(identity()), look(account), SeenLocal()).id == before


def test_the_id_does_not_depend_on_the_order_aws_lists_things_in() -> None:
    account = Account()
    iam = FakeConnect(account).iam()
    for name in ("acme-b", "acme-a"):
        iam.create_user(name, PATH, {"leastkey:project": PROJECT})
    seen = look(account)
    turned = replace(seen, users=dict(reversed(list(seen.users.items()))))
    assert fingerprint(project(), seen, ()) == fingerprint(project(), turned, ())


@pytest.mark.parametrize(
    ("removed", "entities", "passes"), [(5, 5, True), (6, 18, True), (6, 17, False), (300, 900, True)]
)
def test_removing_much_of_a_project_wants_a_word(removed: int, entities: int, passes: bool) -> None:  # noqa: FBT001  # a parameter of the table
    plan = plan_of(*[op.DeleteRole(f"r{n}", (), None) for n in range(removed)], entities=entities)
    guard(plan, allow_removals=True)
    if passes:
        guard(plan, allow_removals=False)
        return
    with pytest.raises(LeastkeyError) as caught:
        guard(plan, allow_removals=False)
    assert caught.value.code == "unsafe-plan"
    assert "--allow-removals" in caught.value.remedy[0]


def test_ties_and_keys_do_not_count_as_removals() -> None:
    ties = [op.DetachRolePolicy("r", READ_ONLY, "removal") for _ in range(20)]
    guard(plan_of(*ties, entities=3), allow_removals=False)


def waits_by_kind(changes: tuple[Change, ...]) -> dict[str, set[str]]:
    kinds = [type(change.operation).__name__ for change in changes]
    return {
        kind: {kinds[index] for index in before}
        for kind, before in zip(kinds, prerequisites(changes), strict=True)
    }


def test_user_role_and_policy_wait_for_nothing_and_the_key_for_all_three() -> None:
    waits = waits_by_kind(make_plan(project(identity()), look(Account()), SeenLocal()).changes)
    assert waits["CreateUser"] == waits["CreateRole"] == waits["CreatePolicy"] == set()
    assert waits["AttachRolePolicy"] == {"CreateRole", "CreatePolicy"}
    assert waits["EnsureKey"] == {"CreateUser", "CreateRole", "CreatePolicy"}
    assert waits["WriteProfile"] == {"EnsureKey"}


def test_a_role_waits_for_its_own_boundary() -> None:
    waits = waits_by_kind(make_plan(project(identity(boundary=True)), look(Account()), SeenLocal()).changes)
    assert waits["CreateRole"] == {"CreatePolicy"}


def test_identities_do_not_wait_for_one_another_even_with_a_shared_policy_of_aws() -> None:
    wanted = project(*(identity(f"job-{n}", managed=(READ_ONLY,)) for n in range(3)))
    changes = make_plan(wanted, look(Account()), SeenLocal()).changes
    for index, before in enumerate(prerequisites(changes)):
        assert {changes[each].identity for each in before} <= {changes[index].identity}


def test_what_goes_comes_after_all_that_is_made() -> None:
    account = Account()
    iam = FakeConnect(account).iam()
    iam.create_user("acme-old", PATH, {"leastkey:project": PROJECT})
    first, *last = phases(make_plan(project(identity()), look(account), SeenLocal()).changes)
    assert {change.sign for change in first} == {"+"}
    assert [type(change.operation) for phase in last for change in phase] == [op.RemoveKeys, op.DeleteUser]


def test_of_what_goes_keys_are_first_and_profiles_second_whatever_the_plan_lists_first() -> None:
    account = Account()
    iam = FakeConnect(account).iam()
    iam.create_user("acme-old", PATH, {"leastkey:project": PROJECT})
    planned = make_plan(project(identity()), look(account), SeenLocal()).changes
    keys, user = (change for change in planned if change.sign == "-")
    profile = replace(keys, operation=op.RemoveProfile("acme-old"))
    assert phases((user, profile, keys)) == ((keys,), (profile,), (user,))


def test_a_surplus_policy_leaves_after_the_new_one_came_unless_the_role_is_full() -> None:
    account = Account()
    iam = FakeConnect(account).iam()
    wanted = identity()
    tags = dict(wanted.role.tags)
    iam.create_role(
        "acme-reports",
        PATH,
        wanted.role.trust,
        description="",
        max_session_seconds=3_600,
        boundary=None,
        tags=tags,
    )
    iam.attach_role_policy("acme-reports", READ_ONLY)
    waits = waits_by_kind(make_plan(project(wanted), look(account), SeenLocal()).changes)
    assert "AttachRolePolicy" in waits["DetachRolePolicy"]
    account.quotas["AttachedPoliciesPerRoleQuota"] = 1
    waits = waits_by_kind(make_plan(project(wanted), look(account), SeenLocal()).changes)
    assert "DetachRolePolicy" in waits["AttachRolePolicy"]


def test_three_hundred_identities_are_ordered_in_no_time() -> None:
    changes = make_plan(many(300), look(Account()), SeenLocal()).changes
    assert sum(len(before) for before in prerequisites(changes)) == 300 * (2 + 3 + 1)
