"""A revoked identity in plans: the deny stays, no key is made, and no new name leads around it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.flow import World
from tests.fakes.projects import allows, identity, project

from leastkey.errors import LeastkeyError
from leastkey.iam.document import parse_document
from leastkey.plan import operation as op
from leastkey.plan.revoked import denies_everything, denies_older_sessions

if TYPE_CHECKING:
    from leastkey.compile.wanted import WantedIdentity

SPEC = project(identity())


def revoked() -> World:
    world = World()
    world.up(SPEC)
    world.account.users["acme-reports"].inline["leastkey-revoked"] = denies_everything()
    role = world.account.roles["acme-reports"]
    role.inline["leastkey-revoked"] = denies_everything()
    role.inline["AWSRevokeOlderSessions"] = denies_older_sessions(world.account.clock.now())
    return world


def test_the_deny_has_the_shape_that_aws_documents() -> None:
    moment = World().account.clock.now()
    assert denies_older_sessions(moment).to_json() == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-11-24T12:00:00Z"}},
            }
        ],
    }
    assert parse_document(denies_everything().to_json(), "identity") == denies_everything()


def test_what_was_revoked_stays_so_and_gets_no_key() -> None:
    world = revoked()
    assert world.plan(SPEC).is_empty
    world.account.keys.clear()
    world.computer.bindings.items.clear()
    plan = world.plan(SPEC)
    assert not [each for each in plan.changes if isinstance(each.operation, op.EnsureKey)]
    (caution,) = plan.cautions
    assert (caution.slug, caution.remedy) == ("revoked", "leastkey revoke reports --restore")


def test_one_of_the_two_marks_is_enough() -> None:
    for left in ("user", "role"):
        world = revoked()
        where = world.account.roles if left == "user" else world.account.users
        del where["acme-reports"].inline["leastkey-revoked"]
        world.account.keys.clear()
        world.computer.bindings.items.clear()
        assert [each.slug for each in world.plan(SPEC).cautions] == ["revoked"]


def test_a_policy_of_the_same_name_that_allows_is_no_mark_and_goes() -> None:
    world = revoked()
    for entity in (world.account.users["acme-reports"], world.account.roles["acme-reports"]):
        entity.inline["leastkey-revoked"] = allows("iam:*")
    world.account.roles["acme-reports"].inline["AWSRevokeOlderSessions"] = allows("s3:*")
    removed = {
        (type(each.operation).__name__, each.operation.name)
        for each in world.plan(SPEC).changes
        if isinstance(each.operation, op.DeleteRolePolicy | op.DeleteUserPolicy)
    }
    assert removed == {
        ("DeleteUserPolicy", "leastkey-revoked"),
        ("DeleteRolePolicy", "leastkey-revoked"),
        ("DeleteRolePolicy", "AWSRevokeOlderSessions"),
    }


def test_sessions_cut_in_awss_console_stay_cut_and_are_no_revocation() -> None:
    world = World()
    world.up(SPEC)
    role = world.account.roles["acme-reports"]
    role.inline["AWSRevokeOlderSessions"] = denies_older_sessions(world.account.clock.now())
    plan = world.plan(SPEC)
    assert (plan.is_empty, plan.cautions) == (True, ())


def test_another_name_in_iam_leads_around_nothing() -> None:
    world = revoked()
    for wanted in (project(identity(suffix="-new")), project(_without_user())):
        with pytest.raises(LeastkeyError) as refused:
            world.plan(wanted)
        assert refused.value.code == "revoked"
        assert "leastkey revoke reports --restore" in refused.value.remedy
    assert {each.sign for each in world.plan(project()).changes} == {"-"}


def _without_user() -> WantedIdentity:
    return replace(identity(), user=None, profile=None)
