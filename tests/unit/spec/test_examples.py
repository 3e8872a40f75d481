"""The examples of the repository are specs, and say what their pages say."""

from __future__ import annotations

from pathlib import Path

import pytest

from leastkey.spec.model import Level, LevelGrant, Spec
from leastkey.spec.parse import parse_spec

EXAMPLES = Path(__file__).parents[3] / "examples"


def example(name: str) -> Spec:
    path = EXAMPLES / name / "leastkey.yaml"
    return parse_spec(
        path.read_text("utf-8"), str(path), lambda document: (path.parent / document).read_text("utf-8")
    )


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/leastkey.yaml")), ids=lambda path: path.parent.name)
def test_every_example_parses_for_real_aws_and_explains_itself(path: Path) -> None:
    spec = example(path.parent.name)
    assert spec.target == "aws"
    assert spec.account is None
    assert sum(line.lstrip().startswith("#") for line in spec.text.splitlines()) >= 5


def test_the_tutorial_is_the_console_afternoon() -> None:
    spec = example("automation")
    (identity,) = spec.identities
    assert (spec.project, spec.region, identity.name) == ("automation", "us-east-1", "automation")
    assert identity.names.role == "automation_role"
    assert identity.user is not None
    assert identity.user.name == "automation_user"
    levels = [grant for grant in identity.allow if isinstance(grant, LevelGrant)]
    assert [(grant.service, grant.levels, grant.on) for grant in levels] == [
        ("ec2", (Level.FULL,), ()),
        ("s3", (Level.FULL,), ()),
    ]


def test_no_two_examples_want_one_name() -> None:
    taken: list[str] = []
    for path in EXAMPLES.glob("*/leastkey.yaml"):
        spec = example(path.parent.name)
        for identity in spec.identities:
            user = identity.user
            taken += [
                f"project {spec.project}",
                f"identity {identity.name}",
                f"role {identity.names.role or spec.project}",
                f"policy {identity.names.policy or spec.project}",
            ]
            if user is not None:
                taken.append(f"user {user.name}")
    assert len(taken) == len(set(taken))


def test_an_instance_profile_needs_no_key() -> None:
    (identity,) = example("instance-profile").identities
    assert identity.user is None
