"""What is asked about keys, and what is believed of a report that AWS may have made hours ago."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.fakes.account import refused
from tests.fakes.flow import World
from tests.fakes.projects import identity, project

from leastkey.errors import LeastkeyError
from leastkey.ports.people import Silent

WANTED = project(identity())


class Lines(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def standing() -> World:
    world = World()
    world.up(WANTED)
    world.requests()
    return world


def later(world: World, **span: float) -> None:
    world.account.clock.passed += timedelta(**span).total_seconds()


def test_a_report_older_than_the_last_key_operation_is_no_news() -> None:
    world = standing()
    world.account.keys.clear()
    world.account.report_age = timedelta(hours=1)
    later(world, minutes=30)
    assert world.plan(WANTED).is_empty
    assert "iam:ListAccessKeys" not in world.requests()


def test_a_report_that_differs_from_this_computer_is_settled_by_listing() -> None:
    world = standing()
    world.account.keys.clear()
    later(world, minutes=30)
    plan = world.plan(WANTED)
    assert [change.noun for change in plan.changes] == ["access key"]
    assert world.requests().count("iam:ListAccessKeys") == 1


def test_a_key_that_was_switched_off_is_found_and_told() -> None:
    world = standing()
    for key in world.account.keys.values():
        key.status = "Inactive"
    later(world, minutes=30)
    plan = world.plan(WANTED)
    assert plan.is_empty
    assert [caution.slug for caution in plan.cautions] == ["key-inactive"]


def test_without_the_report_the_keys_of_our_users_are_listed() -> None:
    world = standing()
    world.account.refuse = lambda call, _: (
        refused(call, "AccessDenied") if call == "iam:GenerateCredentialReport" else None
    )
    progress = Lines()
    from leastkey.apply.observe import observe

    local = world.computer.process()
    seen = observe(world.connect, project="acme", progress=progress, local=local)
    assert progress.lines == [
        "the credential report cannot be read: AWS refused `iam:GenerateCredentialReport`"
    ]
    listed = seen.users["acme-reports"].listed
    assert listed is not None
    assert len(listed) == 1


def test_without_the_dump_there_is_no_plan() -> None:
    world = standing()
    call = "iam:GetAccountAuthorizationDetails"
    world.account.refuse = lambda asked, _: refused(asked, "AccessDenied") if asked == call else None
    with pytest.raises(LeastkeyError) as caught:
        world.plan(WANTED)
    assert (caught.value.code, caught.value.state) == ("access-denied", "nothing was changed")


def test_keys_of_strangers_are_not_asked_about() -> None:
    world = standing()
    world.connect.iam().create_user("somebody", "/", {})
    world.requests()
    world.plan(WANTED)
    assert "iam:ListAccessKeys" not in world.requests()
