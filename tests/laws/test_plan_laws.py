"""Laws of plans: applied, nothing is left to do, from wherever the account was; and nothing but ours is ever touched."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.account import Account, Policy, Role, User, Version
from tests.fakes.flow import World
from tests.fakes.projects import PATH, READ_ONLY, allows, identity, project, trust_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.compile.wanted import Wanted

identities = st.builds(
    identity,
    name=st.sampled_from(["reports", "nightly", "deploy"]),
    actions=st.sampled_from([("ec2:DescribeRegions",), ("ec2:DescribeVpcs", "s3:GetObject")]),
    policies=st.integers(1, 3),
    user=st.booleans(),
    ec2=st.booleans(),
    managed=st.sampled_from([(), (READ_ONLY,)]),
    boundary=st.booleans(),
    hours=st.integers(1, 2),
    suffix=st.sampled_from(["", "-v2"]),
)
specs = st.lists(identities, min_size=0, max_size=3, unique_by=lambda one: one.name).map(
    lambda some: project(*some)
)


def drop_inline(account: Account) -> None:
    for user in account.users.values():
        user.inline.clear()


def add_inline(account: Account) -> None:
    for role in account.roles.values():
        if role.path == PATH:
            role.inline["by-hand"] = allows("*")


def attach(account: Account) -> None:
    holders: tuple[User | Role, ...] = (*account.users.values(), *account.roles.values())
    for holder in holders:
        if holder.path == PATH and READ_ONLY not in holder.attached:
            holder.attached.append(READ_ONLY)


def detach(account: Account) -> None:
    for role in account.roles.values():
        if role.path == PATH:
            role.attached.clear()


def widen(account: Account) -> None:
    for policy in account.policies.values():
        if policy.path == PATH:
            policy.versions[-1].document = allows("*")


def fill_versions(account: Account) -> None:
    for policy in account.policies.values():
        if policy.path == PATH:
            policy.versions[:] = [
                Version(f"v{number}", account.clock.now(), allows(f"a:B{number}")) for number in range(11, 16)
            ]
            policy.default, policy.numbers = "v13", 15


def open_trust(account: Account) -> None:
    for role in account.roles.values():
        if role.path == PATH:
            role.trust = trust_of(None, "lambda")
            role.boundary = None


def lose_keys(account: Account) -> None:
    account.keys.clear()


def delete_users(account: Account) -> None:
    account.keys.clear()
    for name in [name for name, user in account.users.items() if user.path == PATH]:
        del account.users[name]


def empty_profiles(account: Account) -> None:
    for profile in account.profiles.values():
        profile.role = ""


def spoil_tags(account: Account) -> None:
    for role in account.roles.values():
        if role.path == PATH:
            role.tags["leastkey:settings"] = "spoilt"
            role.tags["team"] = "kept"


def age(account: Account) -> None:
    account.clock.passed += 10_000


DRIFTS: list[Callable[[Account], None]] = [
    drop_inline,
    add_inline,
    attach,
    detach,
    widen,
    fill_versions,
    open_trust,
    lose_keys,
    delete_users,
    empty_profiles,
    spoil_tags,
    age,
]


def with_strangers() -> Account:
    """Give an account with entities that look like ours and are not."""
    account = Account()
    now = account.clock.now()
    ours = {"leastkey:project": "acme"}
    account.users["their-user"] = User("their-user", "/", "AIDAX", now, ours, {"in": allows("*")})
    account.users["no-tag"] = User("no-tag", PATH, "AIDAY", now, {})
    account.roles["their-role"] = Role(
        "their-role", "/leastkey/acmes/", "AROAX", now, ours, trust_of(None, "ec2"), "", 3_600, None
    )
    account.policies["their-policy"] = Policy(
        "their-policy", "/", ours, "", [Version("v1", now, allows("x:Y"))], "v1"
    )
    return account


STRANGERS = ("their-user", "no-tag", "their-role", "their-policy")


def strangers(account: Account) -> str:
    found = [
        entity
        for kind in (account.users, account.roles, account.policies)
        for name, entity in kind.items()
        if name in STRANGERS
    ]
    return repr(copy.deepcopy(found))


@settings(max_examples=150, deadline=None)
@given(first=specs, drifts=st.lists(st.sampled_from(DRIFTS), max_size=4), second=specs)
def test_after_any_spec_and_any_drift_one_apply_leaves_an_empty_plan(
    first: Wanted, drifts: list[Callable[[Account], None]], second: Wanted
) -> None:
    world = World(with_strangers())
    before = strangers(world.account)
    world.up(first)
    assert world.plan(first).is_empty
    untouched = copy.deepcopy(world.account.users["no-tag"])
    for drift in drifts:
        drift(world.account)
    if any(drift in {attach, drop_inline, delete_users} for drift in drifts):
        # These were done to the untagged user too, by the hand and not by us.
        world.account.users["no-tag"] = untouched
        world.account.users["their-user"].inline["in"] = allows("*")
    world.up(second)
    assert world.plan(second).is_empty
    assert strangers(world.account) == before
    assert all(role.tags.get("team", "kept") == "kept" for role in world.account.roles.values())


@settings(max_examples=60, deadline=None)
@given(spec=specs, drifts=st.lists(st.sampled_from(DRIFTS), max_size=3))
def test_destroy_leaves_nothing_of_ours_and_all_of_the_others(
    spec: Wanted, drifts: list[Callable[[Account], None]]
) -> None:
    world = World(with_strangers())
    before = strangers(world.account)
    world.up(spec)
    untouched = copy.deepcopy(world.account.users["no-tag"])
    for drift in drifts:
        drift(world.account)
    world.account.users["no-tag"] = untouched
    world.account.users["their-user"].inline["in"] = allows("*")
    world.destroy()
    assert strangers(world.account) == before
    assert world.account.entities() == len(STRANGERS)
    assert not world.account.keys
    assert not world.account.profiles
    assert not world.computer.vault.secrets
    assert not world.computer.bindings.items
    assert not world.computer.intents.items
    assert not world.computer.profiles.sections


@settings(max_examples=60, deadline=None)
@given(spec=specs)
def test_a_plan_has_one_id_and_each_line_its_step(spec: Wanted) -> None:
    world = World()
    plan = world.plan(spec)
    assert plan.id == world.plan(spec).id
    assert plan.adds == len(plan.changes)
    nouns = {
        "role": 1,
        "policy": 2,
        "user": 3,
        "attachment": 4,
        "instance profile": 4,
        "access key": 5,
        "profile": 6,
    }
    assert all(change.step == nouns[change.noun] for change in plan.changes)
