"""What `status` says of an identity: every key by AWS's clock, what nobody here knows, what cannot be read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.fakes.account import Key, refused
from tests.fakes.flow import World
from tests.fakes.projects import identity, project

from leastkey.apply.local_state import see_local
from leastkey.apply.status import IdentityStatus, drift_of, here_alone, with_account
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import AccessKeyId
from leastkey.plan.diff import make_plan
from leastkey.ports.local import Intent
from leastkey.secret import Secret

if TYPE_CHECKING:
    from leastkey.compile.wanted import Wanted

SPEC = project(identity())
STRANGER = AccessKeyId("AKIASTRANGER")


def asked(world: World, wanted: Wanted = SPEC) -> IdentityStatus:
    local = world.computer.process()
    seen = world.look(local)
    try:
        drift = drift_of(make_plan(wanted, seen, see_local(wanted, None, local)))
    except LeastkeyError as error:
        drift = error.code
    known = here_alone(wanted, None, local)
    (found,) = with_account(known, wanted, seen, world.connect.iam(), local, None, drift=drift)
    return found


def settled() -> World:
    world = World()
    world.up(SPEC)
    return world


def test_a_key_is_told_with_age_last_use_and_due_date_by_aws_clock() -> None:
    world = settled()
    made = world.account.clock.now()
    world.account.clock.sleep(89 * 86_400)
    (key,) = world.account.keys.values()
    key.last_used, key.service, key.region = world.account.clock.now(), "ec2", "eu-west-1"
    found = asked(world)
    (told,) = found.keys or ()
    assert (told.role, told.is_active, told.age) == ("in use", True, timedelta(days=89))
    assert (told.service, told.region, told.is_due) == ("ec2", "eu-west-1", False)
    assert told.due - made == timedelta(days=90)
    assert (found.vault, found.has_secret, found.drift, found.is_revoked) == ("memory", True, 0, False)
    world.account.clock.sleep(86_400)
    (told,) = asked(world).keys or ()
    assert told.is_due


def test_a_key_that_nobody_here_knows_is_told_apart_and_nothing_is_changed() -> None:
    world = settled()
    world.account.keys[STRANGER] = Key(STRANGER, Secret("s"), "acme-reports", world.account.clock.now())
    (mine,) = (key for key in world.account.keys if key != STRANGER)
    world.requests()
    found = asked(world)
    assert [key.id for key in found.unknown_keys] == [STRANGER]
    assert {key.id: key.role for key in found.keys or ()} == {mine: "in use", STRANGER: "unknown here"}
    assert not any(
        call.partition(":")[2].startswith(("Create", "Put", "Update", "Delete", "Tag"))
        for call in world.requests()
    )


def test_a_secret_that_is_lost_and_one_in_a_vault_that_is_shut_are_told_apart() -> None:
    world = settled()
    world.computer.vault.secrets.clear()
    assert asked(world).has_secret is False
    assert asked(world).drift == 1  # the plan would make a key
    shut = LeastkeyError("vault-locked", "the vault is locked")

    def refuse() -> tuple[str, ...]:
        raise shut

    world.computer.vault.entries = refuse  # type: ignore[method-assign]  # a vault that is shut
    found = asked(world)
    assert (found.has_secret, found.vault_fault) == (None, "the vault is locked")


def test_what_aws_refuses_to_tell_is_said_in_its_place() -> None:
    world = settled()

    def denied(call: str, _: int) -> AwsError | None:
        return refused(call, "AccessDenied") if call == "iam:GetAccessKeyLastUsed" else None

    world.account.refuse = denied
    (told,) = asked(world).keys or ()
    assert told.unread == "AWS refused `iam:GetAccessKeyLastUsed`"


def test_an_open_operation_a_session_and_a_profile_in_the_way_are_told() -> None:
    world = settled()
    local = world.computer.process()
    (binding,) = local.bindings.all()
    local.intents.create(
        Intent("run.id.1", binding.key, binding.user, (), world.account.clock.now(), "creating")
    )
    world.computer.profiles.shadows["reports"] = "/home/me/.aws/credentials:3"
    found = asked(world)
    assert found.open_operations == ("creating since 2026-11-24 12:00Z",)
    assert found.profile_state == "shadowed"
    assert found.no_plan == "profile-shadowed"
    assert found.drift is None


def test_an_identity_that_only_this_computer_remembers_is_told_too() -> None:
    world = settled()
    found = here_alone(project(), None, world.computer.process())
    assert [(each.name, each.is_in_spec, each.user) for each in found] == [("reports", False, "acme-reports")]


def test_before_anything_is_made_nothing_is_claimed() -> None:
    found = asked(World())
    assert (found.keys, found.is_there, found.in_use, found.vault) == ((), False, None, None)
    assert found.drift == 6
