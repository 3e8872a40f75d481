"""OpenID Connect providers belong to the whole account: made where absent, shared, and taken away only where ours and idle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.account import ACCOUNT, Account, Role
from tests.fakes.flow import World
from tests.fakes.power import PowerCut
from tests.unit.compile.specs import actions, at, compiled, identity

from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.arn import Arn
from leastkey.plan.seen import SeenProvider
from leastkey.spec.model import OidcUse, ServiceUse

HOST = "i.example"
PROVIDER = Arn("aws", "iam", "", ACCOUNT, f"oidc-provider/{HOST}")
GRANT = actions("ec2:DescribeRegions")
READS = ["iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider"]


def wanted(audience: str = "me", *more: str) -> Any:
    uses = tuple(OidcUse(f"https://{HOST}", each, "job-7", at(9)) for each in (audience, *more))
    return compiled(identity(GRANT, used_by=uses))


def keyless() -> Any:
    return compiled(identity(GRANT, used_by=(ServiceUse("lambda", at(9)),)))


def provided(world: World, project: str | None, *audiences: str) -> SeenProvider:
    tags = {} if project is None else {"leastkey:project": project}
    found = SeenProvider(PROVIDER, audiences, tags)
    world.account.providers[PROVIDER] = found
    return found


def a_stranger(world: World) -> None:
    """Give another owner's role that trusts the provider."""
    account = world.account
    trust = wanted().identities[0].role.trust
    account.roles["theirs"] = Role("theirs", "/", "AROA", account.clock.now(), {}, trust, "", 3_600, None)


def about_providers(world: World) -> list[str]:
    return [call for call in world.requests() if "OpenIDConnect" in call]


def test_a_provider_is_made_once_and_costs_two_reads_from_then_on() -> None:
    world = World()
    world.up(wanted())
    assert about_providers(world) == ["iam:ListOpenIDConnectProviders", "iam:CreateOpenIDConnectProvider"]
    made = world.account.providers[PROVIDER]
    assert (made.audiences, dict(made.tags)) == (("me",), {"leastkey:project": "acme"})
    assert world.up(wanted()).changed == 0
    assert about_providers(world) == READS
    world.destroy()
    assert world.account.providers == {}
    world.requests()
    assert world.destroy_plan().is_empty
    world.up(keyless())
    assert about_providers(world) == []


def test_an_audience_is_added_to_ours_and_none_is_taken_away() -> None:
    world = World()
    world.up(wanted())
    provided(world, "acme", "me", "theirs")
    plan = world.plan(wanted("us"))
    assert [(change.sign, change.noun) for change in plan.changes] == [("~", "OIDC provider"), ("~", "role")]
    world.up(wanted("us"))
    assert world.account.providers[PROVIDER].audiences == ("me", "theirs", "us")


def test_somebody_elses_provider_is_used_as_it_is() -> None:
    world = World()
    theirs = provided(world, "other", "me", "x")
    world.up(wanted())
    world.destroy()
    assert world.account.providers == {PROVIDER: theirs}
    theirs = provided(world, None, "x")
    with pytest.raises(LeastkeyError) as caught:
        world.up(wanted())
    assert (caught.value.code, caught.value.place) == ("entity-exists", "leastkey.yaml:5:7")
    assert (
        f"add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {PROVIDER} --client-id me`"
        in (caught.value.remedy[0])
    )
    assert world.account.providers == {PROVIDER: theirs}
    assert world.account.roles == {}


def test_ours_stays_while_a_role_of_somebody_else_trusts_it() -> None:
    world = World()
    world.up(wanted())
    a_stranger(world)
    plan = world.destroy_plan()
    assert [caution.slug for caution in plan.cautions] == ["provider-kept"]
    assert "role theirs, not of this project, trusts it" in plan.cautions[0].what
    world.destroy()
    assert set(world.account.roles) == {"theirs"}
    assert set(world.account.providers) == {PROVIDER}
    world.up(wanted())
    world.account.roles["theirs"].trust = None  # type: ignore[assignment]  # one that cannot be read
    assert [caution.slug for caution in world.destroy_plan().cautions] == ["provider-kept"]
    world.account.roles["theirs"].trust = keyless().identities[0].role.trust
    world.destroy()
    assert world.account.providers == {}


def test_it_goes_when_no_use_needs_it_any_more_and_another_stays() -> None:
    world = World()
    world.up(wanted())
    plan = world.plan(keyless())
    assert [(change.sign, change.noun) for change in plan.changes] == [("~", "role"), ("-", "OIDC provider")]
    world.up(keyless())
    assert world.account.providers == {}
    assert world.up(keyless()).changed == 0


@pytest.mark.parametrize("command", ["up", "change", "destroy"])
def test_a_run_cut_off_anywhere_leaves_no_provider_that_nobody_finds(command: str) -> None:
    for number in range(1, 40):
        world = World()
        if command != "up":
            world.up(wanted())
            world.requests()
        world.account.faults = {number: "cut after"}
        aim = wanted() if command == "up" else keyless()
        try:
            world.destroy() if command == "destroy" else world.up(aim)
        except PowerCut:
            world.survive()
        else:
            break
        if command != "destroy":
            world.up(aim)
        assert (
            set(world.account.providers) == ({PROVIDER} if command == "up" else set()) or command == "destroy"
        )
        world.destroy()
        assert (world.account.providers, world.account.roles) == ({}, {})
    assert number > 5


def test_a_lost_answer_and_a_provider_that_appears_meanwhile_are_read_back() -> None:
    def lose(call: str, _number: int) -> Any:
        return "lost, done" if call == "iam:CreateOpenIDConnectProvider" else None

    world = World(Account(refuse=lose))
    world.up(wanted())
    assert set(world.account.providers) == {PROVIDER}
    for owner, audiences in (("acme", ("x",)), ("other", ("me",))):
        world = World()
        plan = world.plan(wanted())
        provided(world, owner, *audiences)
        _carry_out(world, plan)
        assert "me" in world.account.providers[PROVIDER].audiences
    world = World()
    plan = world.plan(wanted())
    theirs = provided(world, "other", "x")
    with pytest.raises(LeastkeyError, match="entity-exists"):
        _carry_out(world, plan)
    assert world.account.providers == {PROVIDER: theirs}


def test_a_provider_that_is_not_ours_at_the_last_moment_is_left() -> None:
    world = World()
    world.up(wanted())
    plan = world.destroy_plan()
    theirs = provided(world, "other", "me")
    with pytest.raises(LeastkeyError, match="entity-exists"):
        _carry_out(world, plan)
    assert world.account.providers == {PROVIDER: theirs}
    world = World()
    world.up(wanted())
    plan = world.destroy_plan()
    world.account.providers.clear()
    _carry_out(world, plan)
    assert world.account.roles == {}


def test_a_provider_that_cannot_be_read_stops_the_plan() -> None:
    def refuse(call: str, _number: int) -> Any:
        return (
            AwsError(call, "AccessDenied", "no", status=403)
            if call == "iam:GetOpenIDConnectProvider"
            else None
        )

    world = World(Account(refuse=refuse))
    provided(world, "acme", "me")
    with pytest.raises(LeastkeyError) as caught:
        world.up(wanted())
    assert caught.value.code == "access-denied"
    plan = replace(World().plan(keyless()), cautions=())
    assert not plan.is_empty


def _carry_out(world: World, plan: Any) -> None:
    from leastkey.apply.run import apply_plan
    from leastkey.ports.people import Silent

    apply_plan(plan, world.connect, world.computer.process(), Silent())
