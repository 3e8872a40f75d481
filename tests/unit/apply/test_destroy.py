"""Taking a project down leaves nothing of ours and touches nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.fakes.account import Account, InstanceProfile, Key, Role, User, Version, refused
from tests.fakes.flow import World
from tests.fakes.projects import PATH, READ_ONLY, allows, identity, project, trust_of

from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import AccessKeyId
from leastkey.secret import Secret

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WANTED = project(
    identity(policies=2, boundary=True, managed=(READ_ONLY,)), identity("ec2", user=False, ec2=True)
)


def nothing_is_left(world: World) -> bool:
    account, computer = world.account, world.computer
    return not (
        account.users
        or account.roles
        or account.policies
        or account.profiles
        or account.keys
        or computer.vault.secrets
        or computer.bindings.items
        or computer.intents.items
        or computer.profiles.sections
        or computer.sessions.items
    )


def test_everything_of_the_project_goes() -> None:
    world = World()
    world.up(WANTED)
    world.destroy()
    assert nothing_is_left(world)
    assert world.destroy_plan().is_empty


def test_keys_go_before_anything_else() -> None:
    world = World()
    world.up(project(identity()))
    world.requests()
    world.destroy()
    deletes = [call for call in world.requests() if call.startswith(("iam:Delete", "iam:Detach"))]
    assert deletes[0] == "iam:DeleteAccessKey"


def test_what_hangs_on_ours_by_hand_goes_too() -> None:
    world = World()
    world.up(WANTED)
    user, role = world.account.users["acme-reports"], world.account.roles["acme-reports"]
    user.inline["more"] = allows("*")
    user.attached.append(READ_ONLY)
    user.groups.append("admins")
    role.inline["more"] = allows("*")
    key = AccessKeyId("AKIABYHAND")
    world.account.keys[key] = Key(key, Secret("x"), "acme-reports", NOW)
    world.destroy()
    assert nothing_is_left(world)


def test_strangers_stay_as_they_are() -> None:
    account = Account()
    account.users["acme-reports-x"] = User("acme-reports-x", "/", "A", NOW, {"leastkey:project": "acme"})
    account.users["theirs"] = User("theirs", PATH, "B", NOW, {})
    account.roles["other"] = Role(
        "other",
        "/leastkey/other/",
        "C",
        NOW,
        {"leastkey:project": "other"},
        trust_of(None, "ec2"),
        "",
        3_600,
        None,
    )
    world = World(account)
    world.up(WANTED)
    world.destroy()
    assert set(account.users) == {"acme-reports-x", "theirs"}
    assert set(account.roles) == {"other"}


def test_a_user_that_was_replaced_by_a_strangers_keeps_its_keys() -> None:
    world = World()
    world.up(project(identity()))
    world.account.keys.clear()
    world.account.users["acme-reports"] = User("acme-reports", "/", "Z", NOW, {})
    key = AccessKeyId("AKIATHEIRS")
    world.account.keys[key] = Key(key, Secret("x"), "acme-reports", NOW)
    world.destroy()
    assert set(world.account.keys) == {"AKIATHEIRS"}
    assert set(world.account.users) == {"acme-reports"}
    assert not world.computer.bindings.items
    assert not world.computer.vault.secrets


@pytest.mark.parametrize("kind", ["users", "roles", "policies"])
def test_what_is_gone_already_is_done(kind: str) -> None:
    world = World()
    world.up(project(identity()))
    if kind == "users":
        world.account.keys.clear()
    if kind == "policies":
        world.account.roles["acme-reports"].attached.clear()
    getattr(world.account, kind).clear()
    world.destroy()
    assert nothing_is_left(world)


def test_an_entity_that_vanishes_between_plan_and_run_is_done() -> None:
    world = World()
    world.up(project(identity()))
    gone = iter(["iam:DeleteUserPolicy", "iam:DetachRolePolicy", "iam:DeleteAccessKey"])
    waiting = next(gone)

    def hook(call: str, _: int) -> None:
        nonlocal waiting
        if call == waiting == "iam:DetachRolePolicy":
            world.account.roles["acme-reports"].attached.clear()
        if call == waiting == "iam:DeleteUserPolicy":
            world.account.users["acme-reports"].inline.clear()
        waiting = next(gone, "") if call == waiting else waiting

    world.account.refuse = hook
    world.destroy()
    assert nothing_is_left(world)


def test_dependants_that_appear_late_are_cleared_when_aws_says_conflict() -> None:
    world = World()
    world.up(project(identity()))
    done: list[str] = []

    def hook(call: str, _: int) -> None:
        if call == "iam:DeleteRole" and not done:
            done.append(call)
            world.account.roles["acme-reports"].attached.append(READ_ONLY)

    world.account.refuse = hook
    world.destroy()
    assert nothing_is_left(world)


def test_a_conflict_that_does_not_go_away_is_told_after_five_tries() -> None:
    world = World()
    world.up(project(identity()))
    world.account.refuse = lambda call, _: (
        refused(call, "DeleteConflict") if call == "iam:DeleteRole" else None
    )
    world.requests()
    with pytest.raises(LeastkeyError) as caught:
        world.destroy()
    assert world.requests().count("iam:DeleteRole") == 5
    assert caught.value.remedy == ("finish: `leastkey destroy`",)
    world.account.refuse = None
    world.destroy()
    assert nothing_is_left(world)


def test_a_role_in_somebody_elses_instance_profile_stops_the_plan() -> None:
    world = World()
    world.up(WANTED)
    world.account.profiles["theirs"] = InstanceProfile("theirs", "/", {}, "acme-ec2")
    with pytest.raises(LeastkeyError) as caught:
        world.destroy()
    assert caught.value.code == "in-use"
    assert world.account.keys


def test_an_instance_profile_without_its_role_goes_too() -> None:
    world = World()
    world.up(WANTED)
    world.account.profiles["acme-ec2"].role = ""
    world.destroy()
    assert nothing_is_left(world)


def test_another_computer_can_take_the_project_down() -> None:
    world = World()
    world.up(project(identity()))
    other = World(world.account)
    other.destroy()
    assert world.account.entities() == 0
    assert not world.account.keys
    world.destroy()
    assert nothing_is_left(world)


@pytest.mark.parametrize("kind", ["user", "policy"])
def test_other_late_dependants_are_cleared_too(kind: str) -> None:
    world = World()
    world.up(project(identity()))
    done: list[str] = []

    def hook(call: str, _: int) -> None:
        if call != f"iam:Delete{kind.capitalize()}" or done:
            return
        done.append(call)
        if kind == "user":
            world.account.users["acme-reports"].groups.append("late")
        else:
            policy = world.account.policies["acme-reports"]
            policy.versions.append(Version("v2", NOW, allows("a:B")))

    world.account.refuse = hook
    world.destroy()
    assert nothing_is_left(world)
