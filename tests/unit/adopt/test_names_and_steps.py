"""Free names, keys, and the order of the steps to move over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.adopt.byhand import NONE, NOW, adopted, allow, inline, user

from leastkey.adopt.existing import ExistingKey
from leastkey.errors import LeastkeyError

HELD = inline("a", allow("s3:GetObject"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("automation_user", "automation"),
        ("deploy-bot", "deploy"),
        ("nightly", "nightly-2"),
        ("user", "user-2"),
        ("Default", "Default-2"),
        ("+odd=name,", "odd-name"),
        ("a" * 64, None),
    ],
)
def test_the_identity_is_named_after_the_old_one_and_never_like_it(old: str, new: str | None) -> None:
    result = adopted(user(HELD, name=old))
    assert new is None or result.identity.name == new
    made = {
        result.identity.name,
        result.identity.role.name,
        result.identity.user.name if result.identity.user else "",
    }
    assert old.lower() not in {name.lower() for name in made}


def test_a_name_that_is_taken_in_another_case_is_not_chosen() -> None:
    for kind in ("users", "roles", "policies"):
        taken = replace(NONE, **{kind: frozenset({"acme-automation"})})
        assert adopted(user(HELD), taken).identity.name == "automation-2"


def test_a_project_of_the_account_is_never_joined() -> None:
    taken = replace(NONE, projects=frozenset({"acme"}))
    assert adopted(user(HELD), taken).project == "acme-2"
    with pytest.raises(LeastkeyError) as refused:
        adopted(user(HELD), taken, is_project_given=True)
    assert refused.value.code == "entity-exists"
    assert "--project acme-2" in refused.value.remedy[0]


def test_a_given_identity_whose_names_are_taken_is_refused() -> None:
    with pytest.raises(LeastkeyError) as refused:
        adopted(user(HELD), replace(NONE, roles=frozenset({"acme-nightly"})), identity="nightly")
    assert refused.value.what == "the account has a role named `acme-nightly` already"


def test_keys_are_told_by_their_last_four_and_switched_off_before_they_are_deleted() -> None:
    keys = (
        ExistingKey("7Q2X", is_active=True, created=NOW - timedelta(days=412), last_used=NOW, service="ec2"),
        ExistingKey("M3KD", is_active=False, created=NOW),
    )
    result = adopted(user(HELD, keys=keys, has_password=True))
    cautions = "\n".join(result.cautions)
    assert "key ...7Q2X is 412 days old" in cautions
    assert "key ...M3KD was never used" in cautions
    assert "console password" in cautions
    commands = [command for step in result.steps for command in step.commands]
    asked = next(i for i, one in enumerate(commands) if "get-access-key-last-used" in one)
    off = next(i for i, one in enumerate(commands) if "Inactive" in one and "KEY_7Q2X" in one)
    gone = next(i for i, one in enumerate(commands) if "delete-access-key" in one and "KEY_7Q2X" in one)
    new = commands.index("leastkey run -- ./your-script")
    assert (
        commands.index("leastkey up")
        < new
        < asked
        < off
        < gone
        < commands.index("aws iam delete-user --user-name automation_user")
    )
    assert not any("M3KD" in one and "Inactive" in one for one in commands)
    assert "aws iam delete-login-profile --user-name automation_user" in commands


def test_roles_that_trust_the_old_user_by_name_are_told() -> None:
    result = adopted(user(HELD, worn_by_others=("deploy",)))
    assert any(
        caution.startswith("the role deploy trusts `automation_user` by name") for caution in result.cautions
    )


def test_every_step_has_something_to_type_also_where_the_old_user_may_do_nothing() -> None:
    for existing in (user(), user(HELD)):
        assert all(step.commands for step in adopted(existing).steps)


def test_in_the_embedded_aws_the_steps_begin_as_its_administrator() -> None:
    commands = [command for step in adopted(user(HELD), target="sandbox").steps for command in step.commands]
    assert 'eval "$(leastkey sandbox env)"' in commands
    assert 'eval "$(leastkey sandbox env)"' not in [
        command for step in adopted(user(HELD)).steps for command in step.commands
    ]
