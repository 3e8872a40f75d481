"""Nothing of anybody else's is touched, whatever lies under our path or bears our names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.account import ACCOUNT
from tests.fakes.flow import World
from tests.fakes.projects import PATH, PROJECT, allows, identity, project, trust_of

from leastkey.errors import LeastkeyError
from leastkey.iam.arn import user_arn
from leastkey.iam.marks import path_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.compile.wanted import Wanted
    from leastkey.ports.aws import Iam

FOREIGN: tuple[dict[str, str], ...] = (
    {},
    {"leastkey:project": "acme2"},
    {"leastkey:project": ""},
    {"Leastkey:project": PROJECT},
)


def refused(run: Callable[[], object], world: World) -> LeastkeyError:
    """Run, and show that nothing was written."""
    world.requests()
    with pytest.raises(LeastkeyError) as caught:
        run()
    writes = [call for call in world.requests() if not call.split(":")[1].startswith(("Get", "List", "Gen"))]
    assert writes == []
    return caught.value


@pytest.mark.parametrize("tags", FOREIGN)
def test_a_policy_somebody_put_under_our_path_is_not_deleted(tags: dict[str, str]) -> None:
    world = World()
    world.up(project(identity()))
    world.connect.iam().create_policy("by-hand", PATH, allows("s3:*"), description="", tags=tags)
    for run in (lambda: world.up(project(identity())), world.destroy):
        error = refused(run, world)
        assert error.code == "entity-exists"
        assert "by-hand" in error.what


@pytest.mark.parametrize("tags", FOREIGN)
@pytest.mark.parametrize("actions", [("s3:*",), ("ec2:DescribeRegions", "s3:Number1")])
def test_a_policy_that_waits_under_a_wanted_name_is_not_adopted(
    tags: dict[str, str], actions: tuple[str, ...]
) -> None:
    """Whoever made it may change it later: worn by our role it would be a way in."""
    world = World()
    name = identity().policies[0].name
    world.connect.iam().create_policy(name, PATH, allows(*actions), description="", tags=tags)
    assert refused(lambda: world.up(project(identity())), world).code == "entity-exists"


def _role(iam: Iam, name: str, path: str, tags: dict[str, str]) -> None:
    trust = trust_of(None, "ec2")
    iam.create_role(name, path, trust, description="", max_session_seconds=3600, boundary=None, tags=tags)


def _empty(iam: Iam, name: str) -> None:
    iam.create_instance_profile(name, PATH, {})


def _worn(iam: Iam, name: str) -> None:
    iam.create_instance_profile(name, PATH, {})
    _role(iam, "theirs", "/", {})
    iam.add_role_to_instance_profile(name, "theirs")


@pytest.mark.parametrize("put", [_empty, _worn])
def test_an_instance_profile_somebody_put_under_our_path_stays_as_it_is(
    put: Callable[[Iam, str], None],
) -> None:
    world = World()
    wanted = project(identity(user=False, ec2=True))
    put(world.connect.iam(), "acme-reports")
    assert refused(lambda: world.up(wanted), world).code == "entity-exists"
    assert refused(world.destroy, world).code == "entity-exists"


@pytest.mark.parametrize("other", ["acm", "acme2", "acme.b", "ACME", "Acme"])
def test_a_project_whose_name_resembles_ours_keeps_everything(other: str) -> None:
    world = World()
    theirs = project(identity("theirs", project=other, suffix="-x"), name=other)
    world.up(theirs)
    before = dict(world.account.policies), dict(world.account.users), dict(world.account.roles)
    world.up(project(identity()))
    world.destroy()
    assert (dict(world.account.policies), dict(world.account.users), dict(world.account.roles)) == before


def test_tags_of_ours_on_a_stranger_and_strangers_under_our_path_change_nothing() -> None:
    """Path and tag count together: one of them alone can be set by who may tag, or may create below a path."""
    world = World()
    iam = world.connect.iam()
    ours = {"leastkey:project": PROJECT, "leastkey:identity": "gone"}
    for name, path, tags in (
        ("tagged", "/", ours),
        ("below", f"{PATH}deeper/", ours),
        ("other-case", path_of("ACME"), ours),
        ("untagged", PATH, {}),
    ):
        iam.create_user(name, path, tags)
        _role(iam, name, path, tags)
    before = {name: replace(user) for name, user in world.account.users.items()}
    world.up(project(identity()))
    world.destroy()
    assert world.account.users == before
    assert set(world.account.roles) == set(before)


def _called(name: str, user: str) -> Wanted:
    """Give a project whose user has a name of its own choosing."""
    one = identity(f"job-of-{name}", project=name)
    assert one.user is not None
    arn = user_arn("aws", ACCOUNT, path_of(name), user)
    trust = trust_of(arn)
    return project(
        replace(one, user=replace(one.user, arn=arn, name=user), role=replace(one.role, trust=trust)),
        name=name,
    )


def test_secrets_of_another_projects_user_of_the_same_name_stay_in_the_vault() -> None:
    """Our user was deleted elsewhere, and another project on this computer has taken its name since."""
    world = World()
    world.up(_called(PROJECT, "bot"))
    world.account.users.clear()
    world.account.keys.clear()
    world.computer.vault.secrets.clear()
    theirs = _called("beta", "bot")
    world.up(theirs)
    held = dict(world.computer.vault.secrets)
    assert len(held) == 1
    world.destroy()
    assert world.computer.vault.secrets == held
    assert world.plan(theirs).is_empty
