"""Plans against an account that a fake shows: what is new, what has drifted, what is not ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot
from tests.fakes.account import ACCOUNT, Account, InstanceProfile, Key, Policy, Role, User, Version
from tests.fakes.connect import FakeConnect
from tests.fakes.projects import PATH, PROJECT, READ_ONLY, allows, identity, project, trust_of

from leastkey.apply.observe import observe
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import AccountId, Arn
from leastkey.iam.credentials import AccessKeyId
from leastkey.plan import operation as op
from leastkey.plan.diff import make_plan
from leastkey.plan.notes import duration, role_note
from leastkey.plan.seen import Seen, SeenAccessKey
from leastkey.plan.seen_local import LocalIdentity, ProfileState, SeenLocal
from leastkey.ports.people import Silent
from leastkey.secret import Secret

if TYPE_CHECKING:
    from leastkey.plan.plan import Plan

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TAGS = {"leastkey:project": PROJECT, "leastkey:identity": "reports"}
BOUND = SeenLocal(
    {"reports": LocalIdentity("acme-reports", AccessKeyId("AKIAPOINTER"), "reports", "ours-current")}
)


def look(account: Account) -> Seen:
    return observe(FakeConnect(account), project=PROJECT, progress=Silent())


def standing() -> Account:
    """Give an account that is as `identity()` describes, but for the key."""
    account, wanted = Account(), identity()
    assert wanted.user is not None
    account.users["acme-reports"] = User(
        "acme-reports", PATH, "AIDA1", NOW, dict(wanted.user.tags), {"assume-role": wanted.user.inline}
    )
    account.roles["acme-reports"] = Role(
        "acme-reports", PATH, "AROA1", NOW, dict(wanted.role.tags), wanted.role.trust, "", 3_600, None
    )
    account.roles["acme-reports"].attached.extend(wanted.role.attached)
    key = AccessKeyId("AKIAPOINTER")
    account.keys[key] = Key(key, Secret("not a secret"), "acme-reports", NOW)
    for policy in wanted.policies:
        version = Version("v1", NOW, policy.document)
        account.policies[policy.name] = Policy(policy.name, PATH, dict(policy.tags), "", [version], "v1")
    return account


def stranger_role(name: str, path: str = "/", tags: dict[str, str] | None = None) -> Role:
    return Role(name, path, "AROA9", NOW, tags or {}, trust_of(None, "ec2"), "", 3_600, None)


def lines(plan: Plan) -> list[str]:
    return [f"{c.step} {c.sign} {c.noun}  {c.name}  {c.note}".rstrip() for c in plan.changes]


def test_a_new_identity_reads_as_six_lines_in_the_order_people_expect() -> None:
    plan = make_plan(project(identity()), look(Account()), SeenLocal())
    assert lines(plan) == snapshot(
        [
            "3 + user  acme-reports  may do one thing: wear the role",
            "1 + role  acme-reports  worn by that user only, 1 hour",
            "2 + policy  acme-reports  1 statement, 118 of 6,144 chars",
            "4 + attachment  policy -> role",
            "5 + access key  of acme-reports  secret to the vault, no plain file",
            "6 + profile  `reports`  ~/.aws/config: a command, no secret",
        ]
    )
    assert (plan.adds, plan.changes_count, plan.removes) == (6, 0, 0)


def test_an_account_that_is_as_described_gives_an_empty_plan_with_an_id() -> None:
    plan = make_plan(project(identity()), look(standing()), BOUND)
    assert plan.is_empty
    assert len(plan.id) == 32


def test_documents_that_mean_the_same_are_no_change() -> None:
    account = standing()
    version = account.policies["acme-reports"].versions[0]
    one = version.document.statements[0]
    version.document = replace(
        version.document, statements=(replace(one, actions=one.actions[::-1], sid="Other"),)
    )
    assert make_plan(project(identity()), look(account), BOUND).is_empty


def test_what_was_added_by_hand_is_taken_away_again() -> None:
    account = standing()
    user, role = account.users["acme-reports"], account.roles["acme-reports"]
    user.attached.append(READ_ONLY)
    user.groups.append("admins")
    user.inline["more"] = allows("*")
    user.inline["assume-role"] = allows("sts:*")
    role.attached.append(READ_ONLY)
    role.inline["more"] = allows("*")
    role.trust = trust_of(None, "lambda")
    role.tags["leastkey:settings"] = "other"
    role.tags["team"] = "kept"
    assert lines(make_plan(project(identity()), look(account), BOUND)) == snapshot(
        [
            "3 ~ user  acme-reports  may do one thing again: wear the role",
            "3 ~ user  acme-reports  loses the inline policy `more`, which is not in the spec",
            "4 - attachment  ReadOnlyAccess -> acme-reports  not in the spec: the user shall only wear the role",
            "4 - attachment  acme-reports in group admins  not in the spec: the user shall only wear the role",
            "1 ~ role  acme-reports  trust: worn by that user only, 1 hour",
            "1 ~ role  acme-reports  description, longest session 1 hour",
            "1 ~ role  acme-reports  loses the inline policy `more`, which is not in the spec",
            "4 - attachment  ReadOnlyAccess -> acme-reports  not in the spec",
        ]
    )


def test_a_changed_document_is_a_new_version_and_the_oldest_one_not_in_force_makes_room() -> None:
    account = standing()
    policy = account.policies["acme-reports"]
    policy.versions[:] = [Version(f"v{number}", NOW, allows(f"s3:Get{number}")) for number in range(6, 11)]
    policy.default = "v6"
    (change,) = make_plan(project(identity()), look(account), BOUND).changes
    assert isinstance(change.operation, op.CreatePolicyVersion)
    assert change.operation.drop == "v7"


@pytest.mark.parametrize("path", ["/", "/leastkey/other/", PATH])
def test_a_role_of_the_name_that_is_not_ours_is_refused_with_a_free_name(path: str) -> None:
    account = Account()
    account.roles["acme-reports"] = stranger_role("Acme-Reports", path)
    account.roles["acme-reports-2"] = stranger_role("ACME-reports-2")
    with pytest.raises(LeastkeyError) as caught:
        make_plan(project(identity()), look(account), SeenLocal())
    assert caught.value.code == "entity-exists"
    assert caught.value.place == "leastkey.yaml:5:3"
    assert "names: {role: acme-reports-3}" in caught.value.remedy[0]


def test_ours_under_another_spelling_is_refused_because_iam_cannot_rename() -> None:
    account = Account()
    account.roles["acme-reports"] = stranger_role("ACME-reports", PATH, TAGS)
    with pytest.raises(LeastkeyError, match="another spelling"):
        make_plan(project(identity()), look(account), SeenLocal())


def test_a_free_policy_name_is_free_for_all_its_pieces() -> None:
    account = Account()
    for name in ("acme-reports", "acme-reports-2-2"):
        account.policies[name] = Policy(name, "/", {}, "", [Version("v1", NOW, allows("a:B"))], "v1")
    with pytest.raises(LeastkeyError) as caught:
        make_plan(project(identity(policies=2)), look(account), SeenLocal())
    assert "names: {policy: acme-reports-3}" in caught.value.remedy[0]


def test_a_project_never_plans_to_touch_another_projects_entities() -> None:
    account = standing()
    plan = make_plan(project(identity(project="other"), name="other"), look(account), SeenLocal())
    assert all(change.sign == "+" for change in plan.changes)


def test_an_identity_that_left_the_spec_goes_with_its_key_and_profile() -> None:
    plan = make_plan(project(), look(standing()), BOUND)
    assert lines(plan) == snapshot(
        [
            "5 - access key  of acme-reports  and its secret in the vault",
            "6 - profile  `reports`  from ~/.aws/config, with its session",
            "4 - attachment  acme-reports -> acme-reports",
            "3 - user  acme-reports",
            "1 - role  acme-reports",
            "2 - policy  acme-reports",
        ]
    )


def test_a_policy_of_ours_that_a_stranger_uses_is_not_deleted() -> None:
    account = standing()
    account.roles["theirs"] = stranger_role("theirs")
    account.roles["theirs"].attached.append(Arn("aws", "iam", "", ACCOUNT, f"policy{PATH}acme-reports"))
    with pytest.raises(LeastkeyError) as caught:
        make_plan(project(), look(account), BOUND)
    assert caught.value.code == "in-use"
    assert any("role/theirs" in line for line in caught.value.why)


def test_a_policy_of_ours_that_a_group_has_is_not_deleted() -> None:
    seen = look(standing())
    held = replace(seen.policies["acme-reports"], attachments=2)
    with pytest.raises(LeastkeyError) as caught:
        make_plan(project(), replace(seen, policies={"acme-reports": held}), BOUND)
    assert caught.value.code == "in-use"
    assert "a group" in caught.value.why[0]


def test_the_last_free_place_of_an_account_is_used() -> None:
    account = Account()
    account.quotas.update({"UsersQuota": 1, "RolesQuota": 1, "PoliciesQuota": 1})
    assert make_plan(project(identity()), look(account), SeenLocal()).adds == 6


def test_an_account_without_room_is_refused_with_the_numbers() -> None:
    account = Account()
    account.quotas["RolesQuota"] = 1
    account.roles["theirs"] = stranger_role("theirs")
    with pytest.raises(LeastkeyError) as caught:
        make_plan(project(identity()), look(account), SeenLocal())
    assert caught.value.code == "quota"
    assert caught.value.why == ("roles: 1 there, 1 to add, 1 allowed",)


def test_a_plan_for_another_account_is_refused() -> None:
    seen = look(Account())
    elsewhere = replace(project(identity()), account=AccountId("444455556666"))
    with pytest.raises(LeastkeyError, match="444455556666"):
        make_plan(elsewhere, seen, SeenLocal())


def with_keys(seen: Seen, *keys: str, status: str = "Active") -> Seen:
    listed = tuple(SeenAccessKey(AccessKeyId(key), status, NOW) for key in keys)  # type: ignore[arg-type]  # the test names AWS's two words
    return replace(seen, users={"acme-reports": replace(seen.users["acme-reports"], listed=listed)})


@pytest.mark.parametrize(
    ("keys", "code"), [(("AKIAONE",), "unknown-key"), (("AKIAONE", "AKIATWO"), "key-limit")]
)
def test_a_key_whose_secret_is_not_here_is_reported_and_not_touched(keys: tuple[str, ...], code: str) -> None:
    with pytest.raises(LeastkeyError) as caught:
        make_plan(project(identity()), with_keys(look(standing()), *keys), SeenLocal())
    assert caught.value.code == code
    assert "AKIAONE" in caught.value.remedy[1]
    assert "AKIAONE" not in " ".join(caught.value.why)


def test_a_key_that_was_deleted_by_hand_is_made_again() -> None:
    plan = make_plan(project(identity()), with_keys(look(standing())), BOUND)
    assert [change.operation for change in plan.changes] == [op.EnsureKey("acme-reports")]


def test_a_key_that_was_deleted_by_hand_while_an_operation_is_open_is_made_again() -> None:
    here = replace(BOUND.identity("reports"), open_operations=1)
    (change,) = make_plan(
        project(identity()), with_keys(look(standing())), SeenLocal({"reports": here})
    ).changes
    assert change.operation == op.EnsureKey("acme-reports")
    assert "cut off" not in change.note


def test_a_key_whose_secret_the_vault_lost_is_made_again_and_the_old_one_is_named() -> None:
    here = replace(BOUND.identity("reports"), is_secret_lost=True)
    seen = with_keys(look(standing()), "AKIAPOINTER")
    (change,) = make_plan(project(identity()), seen, SeenLocal({"reports": here})).changes
    assert change.operation == op.EnsureKey("acme-reports")
    assert "the secret of ...NTER is lost" in change.note


def test_a_key_that_was_switched_off_is_told_and_not_switched_on() -> None:
    seen = with_keys(look(standing()), "AKIAPOINTER", status="Inactive")
    plan = make_plan(project(identity()), seen, BOUND)
    assert plan.is_empty
    assert [caution.slug for caution in plan.cautions] == ["key-inactive"]


def test_an_open_operation_of_a_key_in_use_is_no_change_of_the_plan() -> None:
    here = replace(BOUND.identity("reports"), open_operations=1)
    assert make_plan(project(identity()), look(standing()), SeenLocal({"reports": here})).is_empty


def test_a_key_that_an_interrupted_run_may_have_made_is_left_to_recovery() -> None:
    here = LocalIdentity("acme-reports", None, None, "ours-current", open_operations=1)
    seen = with_keys(look(standing()), "AKIAORPHAN")
    (change,) = make_plan(project(identity()), seen, SeenLocal({"reports": here})).changes
    assert change.operation == op.EnsureKey("acme-reports")


@pytest.mark.parametrize(("state", "code"), [("foreign", "profile-exists"), ("shadowed", "profile-shadowed")])
def test_a_profile_that_is_in_the_way_is_refused_at_its_place(state: ProfileState, code: str) -> None:
    here = replace(BOUND.identity("reports"), profile=state, profile_place="/home/me/.aws/config:7")
    with pytest.raises(LeastkeyError) as caught:
        make_plan(project(identity()), look(standing()), SeenLocal({"reports": here}))
    assert (caught.value.code, caught.value.place) == (code, "/home/me/.aws/config:7")


def test_an_instance_profile_with_another_role_gets_ours() -> None:
    account = standing()
    wanted = identity(user=False, ec2=True)
    plan = make_plan(project(wanted), look(account), SeenLocal())
    assert any(isinstance(change.operation, op.CreateInstanceProfile) for change in plan.changes)
    assert [c.name for c in plan.changes if isinstance(c.operation, op.DeleteUser)] == ["acme-reports"]


def test_a_user_of_the_name_that_is_not_ours_is_refused_with_a_free_name() -> None:
    account = Account()
    account.users["acme-reports"] = User("acme-reports", "/", "AIDA9", NOW, {})
    with pytest.raises(LeastkeyError) as caught:
        make_plan(project(identity()), look(account), SeenLocal())
    assert "used-by: [{user: acme-reports-2}]" in caught.value.remedy[0]


def test_an_instance_profile_of_the_name_that_is_not_ours_asks_for_another_role_name() -> None:
    account = Account()
    account.roles["theirs"] = stranger_role("theirs")
    account.profiles["acme-reports"] = InstanceProfile("acme-reports", "/", {}, "theirs")
    with pytest.raises(LeastkeyError) as caught:
        make_plan(project(identity(user=False, ec2=True)), look(account), SeenLocal())
    assert caught.value.code == "entity-exists"
    assert "names: {role: acme-reports-2}" in caught.value.remedy[0]


def test_a_tag_of_ours_that_was_changed_is_set_again_and_the_identity_may_be_renamed() -> None:
    account = standing()
    account.users["acme-reports"].tags["leastkey:identity"] = "old"
    account.roles["acme-reports"].tags["leastkey:identity"] = "old"
    plan = make_plan(project(identity()), look(account), BOUND)
    tags = (("leastkey:identity", "reports"),)
    assert [change.operation for change in plan.changes] == [
        op.SetTags("user", "acme-reports", tags),
        op.SetTags("role", "acme-reports", tags),
    ]


def test_a_console_password_of_our_user_is_told() -> None:
    seen = look(standing())
    user = replace(seen.users["acme-reports"], has_password=True)
    plan = make_plan(project(identity()), replace(seen, users={"acme-reports": user}), BOUND)
    assert [caution.slug for caution in plan.cautions] == ["user-has-password"]


def test_a_role_with_more_policies_than_the_account_allows_is_refused() -> None:
    account = Account()
    account.quotas["AttachedPoliciesPerRoleQuota"] = 2
    with pytest.raises(LeastkeyError) as caught:
        make_plan(project(identity(policies=3)), look(account), SeenLocal())
    assert caught.value.why == ("policies attached to acme-reports: 3, 2 allowed",)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3_600, "1 hour"), (43_200, "12 hours"), (5_400, "90 minutes"), (901, "901 seconds")],
)
def test_spans_are_said_in_the_largest_whole_unit(seconds: int, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ((True, False), "worn by that user only, 1 hour"),
        ((False, True), "worn by ec2 only, 1 hour"),
        ((True, True), "worn by that user and ec2, 1 hour"),
        ((False, False), "worn by nobody, 1 hour"),
    ],
)
def test_a_role_says_who_wears_it(kinds: tuple[bool, bool], words: str) -> None:
    assert role_note(identity(user=kinds[0], ec2=kinds[1])) == words
