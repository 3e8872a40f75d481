"""Revoking cuts everything whatever else fails, in any half-made state, and holds until it is restored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from tests.fakes.account import ACCOUNT, Key, Role, refused
from tests.fakes.flow import World
from tests.fakes.memory_vault import MemoryVault
from tests.fakes.power import PowerCut
from tests.fakes.projects import PROJECT, identity, project, trust_of, without_user

from leastkey.apply.observe import seen_entities
from leastkey.apply.revoke import Cut, Revocation, Target
from leastkey.apply.trace import regions_of, trace
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import AccessKey, AccessKeyId, SessionCredentials
from leastkey.keys.work import UserKeys
from leastkey.ports.binding import vault_entry
from leastkey.ports.local import Intent, ProjectKey
from leastkey.ports.people import Silent
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.power import Power

    from leastkey.ports.local import Local

SPEC = project(identity())
NAME = "acme-reports"
STRANGER = AccessKeyId("AKIASTRANGER")


def settled() -> World:
    """Give a world in which the identity is at work: its session lies in the cache."""
    world = World()
    world.up(SPEC)
    (binding,) = world.computer.bindings.all()
    ends = world.account.clock.now() + timedelta(hours=1)
    cached = SessionCredentials(AccessKeyId("ASIACACHED"), Secret("s"), Secret("t"), ends)
    world.computer.sessions.put(binding.key, cached, refresh_at=ends)
    return world


def work(world: World, local: Local | None = None, user: str | None = NAME) -> Revocation:
    local = local or world.computer.process()
    key = ProjectKey(ACCOUNT, None, PROJECT).binding("reports")
    iam = world.connect.iam()
    keys = UserKeys(user or "", key, iam, local, uuid4().hex, Silent())
    return Revocation(
        Target("reports", user, NAME), iam, world.connect.admin_sts(), keys, local.bindings.all()
    )


def revoke(world: World) -> Cut:
    return work(world).revoke()


def restore(world: World) -> tuple[AccessKeyId, ...]:
    return work(world).restore(seen_entities(world.connect), PROJECT)


def session_of(world: World) -> SessionCredentials:
    (key,) = world.account.keys.values()
    arn = world.account.arn(f"role/leastkey/acme/{NAME}")
    return world.connect.sts(AccessKey(key.id, key.secret)).assume_role(arn, "thief", seconds=3_600)


def is_dead(world: World) -> bool:
    """Say whether nothing of the identity is left: at AWS, and here."""
    account, computer = world.account, world.computer
    return (
        {"leastkey-revoked", "AWSRevokeOlderSessions"} <= account.users[NAME].inline.keys()
        and {"leastkey-revoked", "AWSRevokeOlderSessions"} <= account.roles[NAME].inline.keys()
        and all(key.status == "Inactive" for key in account.keys.values())
        and not computer.vault.secrets
        and not computer.sessions.items
        and not computer.intents.items
        and all(binding.access_key is None for binding in computer.bindings.items.values())
    )


def test_one_command_cuts_keys_and_live_sessions_and_forgets_them_here() -> None:
    world = settled()
    live = world.connect.calls(session_of(world))
    assert live.call("ec2", "DescribeRegions", {}).status == 200
    world.requests()
    cut = revoke(world)
    assert cut.failed == ()
    assert list(cut.keys.values()) == ["in use here"]
    assert is_dead(world)
    assert live.call("ec2", "DescribeRegions", {}).status == 403
    calls = [each for each in world.requests() if not each.startswith(("iam:Get", "iam:List", "sts", "ec2"))]
    assert calls == [
        "iam:PutRolePolicy",
        "iam:PutUserPolicy",
        "iam:UpdateAccessKey",
        "iam:PutUserPolicy",
        "iam:PutRolePolicy",
    ]


def test_a_key_that_somebody_slipped_in_is_cut_as_well_and_named() -> None:
    world = settled()
    world.account.keys[STRANGER] = Key(STRANGER, Secret("s"), NAME, world.account.clock.now())
    cut = revoke(world)
    assert cut.keys[STRANGER] == "not known here"
    assert is_dead(world)
    assert STRANGER in world.account.keys  # off, and kept: it is evidence


def test_it_holds_through_later_runs_and_ends_with_restore_and_a_new_key() -> None:
    world = settled()
    (old,) = world.account.keys
    thief = world.connect.calls(session_of(world))
    world.account.clock.sleep(5)
    revoke(world)
    world.up(SPEC)
    assert is_dead(world)
    assert restore(world) == (old,)
    assert world.account.keys == {}
    with pytest.raises(LeastkeyError) as again:
        restore(world)
    assert again.value.what == "`reports` is not revoked"
    world.up(SPEC)
    (new,) = world.account.keys
    assert new != old
    assert world.plan(SPEC).is_empty
    assert "leastkey-revoked" not in world.account.roles[NAME].inline
    older = world.account.roles[NAME].inline["AWSRevokeOlderSessions"].statements[0].conditions
    assert older[0].values == ("2026-11-24T12:00:05Z",)
    # The fake fills in no TokenIssueTime; that a stolen session stays cut is shown in front of the sandbox.
    del thief


def test_a_key_made_while_it_was_revoked_keeps_it_revoked() -> None:
    world = settled()
    revoke(world)
    world.account.keys[STRANGER] = Key(STRANGER, Secret("s"), NAME, world.account.clock.now())
    world.requests()
    with pytest.raises(LeastkeyError) as refusal:
        restore(world)
    assert refusal.value.code == "unknown-key"
    assert not [each for each in world.requests() if "Put" in each or "Delete" in each]
    revoke(world)
    assert set(restore(world)) >= {STRANGER}


def test_from_another_computer_with_nothing_here_all_is_cut() -> None:
    world = settled()
    elsewhere = World(world.account)
    cut = revoke(elsewhere)
    assert cut.failed == ()
    assert set(cut.keys.values()) == {"not known here"}
    assert all(key.status == "Inactive" for key in world.account.keys.values())
    assert world.plan(SPEC).is_empty  # the first computer sees it too
    assert [each.slug for each in world.plan(SPEC).cautions] == ["revoked"]


@pytest.mark.parametrize("what", ["vault", "journal", "lock"])
def test_what_fails_here_keeps_nothing_at_aws_from_being_cut(what: str) -> None:
    world = settled()
    local = world.computer.process()
    fault = LeastkeyError("vault-locked", f"the {what} does not open")

    def refuse(*_: object, **__: object) -> tuple[str, ...]:
        raise fault

    if what == "vault":
        world.computer.vault.entries = refuse  # type: ignore[method-assign]  # a vault that is shut
    elif what == "journal":
        world.computer.journal.write = refuse  # type: ignore[assignment,method-assign]  # a disk that is full
    else:
        local.locks.hold = refuse  # type: ignore[assignment,method-assign]  # another run holds it
    cut = work(world, local).revoke()
    assert {each.fault for each in cut.failed} == {f"the {what} does not open"}
    assert all(key.status == "Inactive" for key in world.account.keys.values())
    assert "leastkey-revoked" in world.account.users[NAME].inline
    assert not world.computer.sessions.items


CALLS = ("iam:PutRolePolicy", "iam:PutUserPolicy", "iam:ListAccessKeys", "iam:UpdateAccessKey", "iam:GetRole")


@pytest.mark.parametrize("denied", CALLS)
def test_a_call_that_aws_refuses_stops_no_other(denied: str) -> None:
    world = settled()

    def deny(call: str, _: int) -> AwsError | None:
        return refused(call, "AccessDenied") if call == denied else None

    world.account.refuse = deny
    cut = revoke(world)
    assert {each.fault for each in cut.failed} == {f"AWS refused `{denied}`"}
    assert ("leastkey-revoked" in world.account.users[NAME].inline) == (denied != "iam:PutUserPolicy")
    assert ("leastkey-revoked" in world.account.roles[NAME].inline) == (denied != "iam:PutRolePolicy")
    off = {key.status for key in world.account.keys.values()} == {"Inactive"}
    assert off == (denied not in {"iam:ListAccessKeys", "iam:UpdateAccessKey"})
    world.account.refuse = None
    assert revoke(world).failed == ()
    assert is_dead(world)


@pytest.mark.parametrize("step", ["revoke", "restore"])
def test_killed_at_any_request_the_same_command_finishes(step: str) -> None:
    number = 0
    while True:
        number += 1
        world = settled()
        if step == "restore":
            revoke(world)
        world.requests()
        cuts = "cut before" if number % 2 else "cut after"
        world.account.faults[(number + 1) // 2] = cuts  # type: ignore[assignment]  # one of the faults
        act = revoke if step == "revoke" else restore
        try:
            act(world)
        except PowerCut:
            world.survive()
        else:
            break
        if step == "revoke":
            assert revoke(world).failed == ()
            assert is_dead(world)
        else:
            _restored_again(world)
    assert number > 12


@pytest.mark.parametrize("step", ["revoke", "restore"])
def test_killed_at_any_write_here_or_at_aws_the_same_command_finishes(step: str) -> None:
    number = 0
    while True:
        number += 1
        world = settled()
        if step == "restore":
            revoke(world)
        left = [number]
        power = world.account.power
        check = power.check

        def counted(left: list[int] = left, power: Power = power, check: Callable[[], None] = check) -> None:
            left[0] -= 1
            if left[0] == 0:
                power.is_on = False
            check()

        power.check = counted  # type: ignore[method-assign]  # it goes off by itself
        try:
            (revoke if step == "revoke" else restore)(world)
        except PowerCut:
            world.survive()
        else:
            break
        if step == "revoke":
            assert revoke(world).failed == ()
            assert is_dead(world)
        else:
            _restored_again(world)
    assert number > 15


def _restored_again(world: World) -> None:
    """Finish a restore that was cut off, unless all but its last line was done."""
    inline = (world.account.users[NAME].inline, world.account.roles[NAME].inline)
    if any("leastkey-revoked" in each for each in inline):
        restore(world)
    assert world.account.keys == {}
    world.up(SPEC)
    assert len(world.account.keys) == 1
    assert world.plan(SPEC).cautions == ()


def test_a_strangers_role_of_that_name_is_not_touched() -> None:
    world = World()
    role = Role(NAME, "/", "AROA9", world.account.clock.now(), {}, trust_of(None, "ec2"), "", 3_600, None)
    world.account.roles[NAME] = role
    with pytest.raises(LeastkeyError) as refusal:
        revoke(world)
    assert refusal.value.code == "entity-exists"
    assert role.inline == {}


def test_in_an_account_without_it_nothing_is_claimed() -> None:
    world = World()
    with pytest.raises(LeastkeyError) as refusal:
        revoke(world)
    assert refusal.value.code == "unknown-name"


def test_half_of_an_identity_is_cut_too_with_its_open_operation() -> None:
    world = settled()
    del world.account.roles[NAME]
    (binding,) = world.computer.bindings.all()
    world.computer.intents.create(
        Intent("run.id.1", binding.key, NAME, (), world.account.clock.now(), "creating")
    )
    cut = revoke(world)
    assert cut.failed == ()
    assert "leastkey-revoked" in world.account.users[NAME].inline
    assert world.computer.intents.items == {}
    assert {key.status for key in world.account.keys.values()} == {"Inactive"}


def test_the_secret_of_a_rotated_key_goes_from_the_vault_it_lies_in() -> None:
    world = settled()
    (binding,) = world.computer.bindings.all()
    old, other = AccessKeyId("AKIAREPLACED"), MemoryVault()
    entry = vault_entry(ACCOUNT, None, NAME, old)
    other.put(entry, Secret("s"))
    now = world.account.clock.now()
    intent = Intent("run.id.1", binding.key, NAME, (), now, "grace", retired_key=old, retired_vault="other")
    world.computer.intents.create(intent)
    cut = work(world, replace(world.computer.process(), vault_named={"other": other}.__getitem__)).revoke()
    assert cut.failed == ()
    assert (other.entries(), is_dead(world)) == ((), True)


def test_a_role_without_a_key_is_revoked_and_restored() -> None:
    keyless = project(without_user(identity(ec2=True)))
    world = World()
    world.up(keyless)
    cut = work(world, user=None).revoke()
    assert cut.failed == ()
    assert {"leastkey-revoked", "AWSRevokeOlderSessions"} == world.account.roles[NAME].inline.keys()
    assert world.plan(keyless).is_empty
    assert work(world, user=None).restore(seen_entities(world.connect), PROJECT) == ()
    assert world.account.roles[NAME].inline.keys() == {"AWSRevokeOlderSessions"}
    assert world.plan(keyless).cautions == ()


def test_another_identitys_secret_and_session_stay() -> None:
    both = project(identity(), identity("other"))
    world = World()
    world.up(both)
    revoke(world)
    kept = [each for each in world.computer.bindings.items.values() if each.access_key is not None]
    assert [each.key.identity for each in kept] == ["other"]
    assert len(world.computer.vault.secrets) == 1
    assert world.account.users["acme-other"].inline.keys() == {"assume-role"}


def test_what_a_key_did_is_told_with_the_sessions_it_named_itself() -> None:
    world = settled()
    key = AccessKeyId(next(iter(world.account.keys)))
    calls = world.connect.calls(session_of(world))
    calls.call("ec2", "DescribeRegions", {})
    world.account.trail = [
        (k, user, replace(event, session="thief" if event.call == "sts:AssumeRole" else ""))
        for k, user, event in world.account.trail
    ]
    elsewhere = f"arn:aws:sts::{ACCOUNT}:assumed-role/another/thief"
    world.account.record("ASIAOTHER", "thief", "iam:ListUsers", elsewhere)
    found = {each.who: each for each in trace(world.connect, ("us-east-1",), [key], "reports", NAME)}
    of_key = found[f"...{key[-4:]}"]
    assert "sts:AssumeRole" in {deed.call for deed in of_key.deeds}
    assert [deed.call for deed in found["sessions `thief`"].deeds] == ["ec2:DescribeRegions"]
    assert found["sessions `leastkey-reports`"].deeds == ()


def test_a_trail_that_may_not_be_read_is_told_by_region() -> None:
    world = settled()

    def deny(call: str, _: int) -> AwsError | None:
        return refused(call, "AccessDenied") if call.startswith("cloudtrail:") else None

    world.account.refuse = deny
    regions = regions_of("aws", "eu-west-1")
    (one, *_) = trace(world.connect, regions, map(AccessKeyId, world.account.keys), "reports", NAME)
    assert one.faults == [f"{region}: AWS refused `cloudtrail:LookupEvents`" for region in regions]
    assert regions_of("aws", "us-east-1") == ("us-east-1",)
