"""What every Iam promises about users, roles, policies, tags and instance profiles, run on each of them.

Source: IAM API Reference, "Errors" of each operation; IAM User Guide, "IAM and AWS STS quotas".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
from tests.contract.stages import PATH, Stage, allows, make_policy, make_role, trusts

from leastkey.errors import AwsError
from leastkey.iam.arn import Arn
from leastkey.iam.document import PolicyDocument, parse_document

if TYPE_CHECKING:
    from collections.abc import Callable

GONE = (404, "NoSuchEntity")
EXISTS = (409, "EntityAlreadyExists")
CONFLICT = (409, "DeleteConflict")
LIMIT = (409, "LimitExceeded")
MALFORMED = (400, "MalformedPolicyDocument")
RULES = allows("ec2:DescribeRegions")


def refusal(call: Callable[..., Any], *given: Any, **named: Any) -> tuple[int | None, str]:
    with pytest.raises(AwsError) as caught:
        call(*given, **named)
    assert caught.value.outcome == "refused"
    return caught.value.status, caught.value.code


def absent(stage: Stage) -> Arn:
    return Arn("aws", "iam", "", stage.account, f"policy{PATH}Absent")


# Users


def test_a_user_is_made_as_asked_and_read_again(stage: Stage) -> None:
    made = stage.iam.create_user("Bob", PATH, {"leastkey:project": "acme"})
    assert str(made.arn) == f"arn:aws:iam::{stage.account}:user{PATH}Bob"
    assert (made.name, made.path, made.user_id[:4]) == ("Bob", PATH, "AIDA")
    assert abs((made.created - stage.now()).total_seconds()) < 60
    assert dict(made.tags) == {"leastkey:project": "acme"}
    found = stage.iam.get_user("Bob")
    assert (found.arn, found.user_id, dict(found.tags)) == (made.arn, made.user_id, dict(made.tags))
    assert refusal(stage.iam.get_user, "Nobody") == GONE


def test_names_are_unique_whatever_their_case_and_path(stage: Stage) -> None:
    iam = stage.iam
    iam.create_user("Bob", PATH, {})
    make_role(stage, "Job")
    make_policy(stage, "Rules")
    iam.create_instance_profile("Profile", PATH, {})
    assert refusal(iam.create_user, "bOB", "/", {}) == EXISTS
    assert refusal(make_role, stage, "JOB") == EXISTS
    assert refusal(make_policy, stage, "rules") == EXISTS
    assert refusal(iam.create_instance_profile, "PROFILE", "/", {}) == EXISTS


def test_an_inline_policy_is_set_replaced_and_deleted(stage: Stage) -> None:
    iam = stage.iam
    iam.create_user("Bob", PATH, {})
    iam.put_user_policy("Bob", "assume", RULES)
    iam.put_user_policy("Bob", "assume", allows("s3:ListAllMyBuckets"))
    (user,) = iam.account_authorization_details().users
    assert [(each.name, each.document) for each in user.inline] == [("assume", allows("s3:ListAllMyBuckets"))]
    assert iam.get_user("Bob").inline == ()
    iam.delete_user_policy("Bob", "assume")
    assert refusal(iam.delete_user_policy, "Bob", "assume") == GONE
    assert refusal(iam.put_user_policy, "Nobody", "assume", RULES) == GONE


def test_a_user_goes_only_when_nothing_is_left_of_it(stage: Stage) -> None:
    iam = stage.iam
    iam.create_user("Bob", PATH, {})
    policy = make_policy(stage)
    key = iam.create_access_key("Bob")
    iam.put_user_policy("Bob", "assume", RULES)
    stage.attach_to_user("Bob", policy)
    stage.put_in_group("Bob", "staff")
    (user,) = iam.account_authorization_details().users
    assert (user.attached, user.groups) == ((policy,), ("staff",))
    steps: tuple[Callable[[], None], ...] = (
        lambda: iam.delete_access_key("Bob", key.id),
        lambda: iam.delete_user_policy("Bob", "assume"),
        lambda: iam.detach_user_policy("Bob", policy),
        lambda: iam.remove_user_from_group("Bob", "staff"),
    )
    for step in steps:
        assert refusal(iam.delete_user, "Bob") == CONFLICT
        step()
    assert refusal(iam.detach_user_policy, "Bob", policy) == GONE
    iam.delete_user("Bob")
    assert refusal(iam.delete_user, "Bob") == GONE
    assert refusal(iam.remove_user_from_group, "Bob", "staff") == GONE


# Roles


def test_a_role_is_made_as_asked_and_read_again(stage: Stage) -> None:
    boundary = make_policy(stage, "Fence")
    trust = trusts(stage.account, ArnEquals={"aws:PrincipalArn": "arn:aws:iam::111122223333:user/x"})
    made = stage.iam.create_role(
        "Job",
        PATH,
        trust,
        description="a job",
        max_session_seconds=7_200,
        boundary=boundary,
        tags={"leastkey:project": "acme"},
    )
    found = stage.iam.get_role("Job")
    for each in (made, found):
        assert str(each.arn) == f"arn:aws:iam::{stage.account}:role{PATH}Job"
        assert (each.name, each.path, each.role_id[:4]) == ("Job", PATH, "AROA")
        assert (each.trust, each.boundary) == (trust, boundary)
        assert dict(each.tags) == {"leastkey:project": "acme"}
    assert found.max_session_seconds == 7_200
    assert refusal(stage.iam.get_role, "Nobody") == GONE


def test_a_roles_trust_settings_and_boundary_change(stage: Stage) -> None:
    iam = stage.iam
    make_role(stage)
    boundary = make_policy(stage, "Fence")
    trust = trusts(stage.account, StringEquals={"sts:ExternalId": "one"})
    iam.update_assume_role_policy("Job", trust)
    iam.update_role("Job", description="another", max_session_seconds=7_200)
    iam.put_role_permissions_boundary("Job", boundary)
    found = iam.get_role("Job")
    assert (found.trust, found.boundary) == (trust, boundary)
    iam.delete_role_permissions_boundary("Job")
    assert iam.get_role("Job").boundary is None
    assert refusal(iam.put_role_permissions_boundary, "Job", absent(stage)) == GONE
    assert refusal(iam.update_assume_role_policy, "Nobody", trust) == GONE
    assert refusal(iam.update_role, "Nobody", description="", max_session_seconds=3_600) == GONE
    assert refusal(iam.put_role_permissions_boundary, "Nobody", boundary) == GONE
    assert refusal(iam.delete_role_permissions_boundary, "Nobody") == GONE


def test_a_boundary_must_be_there_before_its_role(stage: Stage) -> None:
    refused = refusal(
        stage.iam.create_role,
        "Job",
        PATH,
        trusts(stage.account),
        description="",
        max_session_seconds=3_600,
        boundary=absent(stage),
        tags={},
    )
    assert refused == GONE
    assert refusal(stage.iam.get_role, "Job") == GONE


def test_a_policy_is_attached_once_however_often_it_is_asked(stage: Stage) -> None:
    iam = stage.iam
    make_role(stage)
    policy = make_policy(stage)
    iam.attach_role_policy("Job", policy)
    iam.attach_role_policy("Job", policy)
    details = iam.account_authorization_details()
    assert details.roles[0].attached == (policy,)
    assert details.policies[0].attachments == 1
    assert refusal(iam.attach_role_policy, "Job", absent(stage)) == GONE
    assert refusal(iam.attach_role_policy, "Nobody", policy) == GONE
    iam.detach_role_policy("Job", policy)
    assert refusal(iam.detach_role_policy, "Job", policy) == GONE


def test_an_eleventh_policy_is_refused(stage: Stage) -> None:
    make_role(stage)
    policies = [make_policy(stage, f"Rules-{number}") for number in range(11)]
    for policy in policies[:10]:
        stage.iam.attach_role_policy("Job", policy)
    assert refusal(stage.iam.attach_role_policy, "Job", policies[10]) == LIMIT
    stage.iam.attach_role_policy("Job", policies[9])


def test_a_role_goes_only_when_nothing_holds_it(stage: Stage) -> None:
    iam = stage.iam
    make_role(stage)
    policy = make_policy(stage)
    iam.attach_role_policy("Job", policy)
    stage.put_in_role("Job", "by-hand", RULES)
    iam.create_instance_profile("Job", PATH, {})
    iam.add_role_to_instance_profile("Job", "Job")
    (role,) = iam.account_authorization_details().roles
    assert [each.name for each in role.inline] == ["by-hand"]
    steps: tuple[Callable[[], None], ...] = (
        lambda: iam.detach_role_policy("Job", policy),
        lambda: iam.delete_role_policy("Job", "by-hand"),
        lambda: iam.remove_role_from_instance_profile("Job", "Job"),
    )
    for step in steps:
        assert refusal(iam.delete_role, "Job") == CONFLICT
        step()
    assert refusal(iam.delete_role_policy, "Job", "by-hand") == GONE
    iam.delete_role("Job")
    assert refusal(iam.delete_role, "Job") == GONE


def test_an_inline_policy_is_put_into_a_role_replaced_and_taken_out(stage: Stage) -> None:
    make_role(stage)
    for document in (allows("s3:ListAllMyBuckets"), allows("ec2:DescribeRegions")):
        stage.iam.put_role_policy("Job", "mine", document)
        (role,) = stage.iam.account_authorization_details().roles
        assert [(each.name, each.document) for each in role.inline] == [("mine", document)]
    assert refusal(stage.iam.put_role_policy, "Nobody", "mine", allows("s3:*")) == GONE
    stage.iam.delete_role_policy("Job", "mine")
    assert stage.iam.account_authorization_details().roles[0].inline == ()


# Policies


def test_a_policy_is_made_as_asked_and_read_again(stage: Stage) -> None:
    arn = stage.iam.create_policy("Rules", PATH, RULES, description="rules", tags={"leastkey:project": "x"})
    assert str(arn) == f"arn:aws:iam::{stage.account}:policy{PATH}Rules"
    stage.requests()
    policy, tags = stage.iam.get_policy(arn)
    assert len(stage.requests()) == 2
    assert (policy.arn, policy.name, policy.path, policy.document) == (arn, "Rules", PATH, RULES)
    assert (policy.attachments, dict(tags)) == (0, {"leastkey:project": "x"})
    assert stage.iam.managed_policy(arn) == RULES
    assert refusal(stage.iam.get_policy, absent(stage)) == GONE
    assert refusal(stage.iam.managed_policy, absent(stage)) == GONE


def test_a_policy_of_aws_can_be_read_in_two_requests(stage: Stage) -> None:
    stage.requests()
    document = stage.iam.managed_policy(Arn("aws", "iam", "", "aws", "policy/AmazonEC2ReadOnlyAccess"))
    assert len(stage.requests()) == 2
    actions = {action for statement in document.statements for action in statement.actions}
    assert "ec2:Describe*" in actions


def test_a_new_version_is_in_force_and_a_sixth_is_refused(stage: Stage) -> None:
    iam = stage.iam
    arn = make_policy(stage)
    for number in range(2, 6):
        assert iam.create_policy_version(arn, allows(f"ec2:Describe{number}")) == f"v{number}"
    assert iam.get_policy(arn)[0].document == allows("ec2:Describe5")
    assert refusal(iam.create_policy_version, arn, RULES) == LIMIT
    assert refusal(iam.delete_policy_version, arn, "v5") == CONFLICT
    assert refusal(iam.delete_policy_version, arn, "v9") == GONE
    iam.delete_policy_version(arn, "v1")
    assert iam.create_policy_version(arn, RULES) == "v6"
    (policy,) = iam.account_authorization_details().policies
    assert {each.id for each in policy.versions} == {"v2", "v3", "v4", "v5", "v6"}
    assert policy.document == RULES
    assert refusal(iam.create_policy_version, absent(stage), RULES) == GONE


def test_a_policy_goes_only_when_it_is_used_nowhere(stage: Stage) -> None:
    iam = stage.iam
    arn = make_policy(stage)
    make_role(stage)
    iam.create_user("Bob", PATH, {})
    iam.attach_role_policy("Job", arn)
    stage.attach_to_user("Bob", arn)
    iam.create_policy_version(arn, allows("ec2:DescribeVpcs"))
    steps: tuple[Callable[[], None], ...] = (
        lambda: iam.detach_role_policy("Job", arn),
        lambda: iam.detach_user_policy("Bob", arn),
        lambda: iam.delete_policy_version(arn, "v1"),
    )
    for step in steps:
        assert refusal(iam.delete_policy, arn) == CONFLICT
        step()
    iam.delete_policy(arn)
    assert refusal(iam.delete_policy, arn) == GONE


def test_a_boundary_counts_as_a_use_of_its_policy(stage: Stage) -> None:
    arn = make_policy(stage)
    make_role(stage)
    stage.iam.put_role_permissions_boundary("Job", arn)
    assert refusal(stage.iam.delete_policy, arn) == CONFLICT
    stage.iam.delete_role_permissions_boundary("Job")
    stage.iam.delete_policy(arn)


# Documents


def test_a_document_of_the_wrong_kind_is_refused_everywhere(stage: Stage) -> None:
    iam = stage.iam
    trust = trusts(stage.account)
    iam.create_user("Bob", PATH, {})
    make_role(stage)
    arn = make_policy(stage)
    for wrong in (trust, PolicyDocument(())):
        assert refusal(make_policy, stage, "Wrong", wrong) == MALFORMED
        assert refusal(iam.create_policy_version, arn, wrong) == MALFORMED
        assert refusal(iam.put_user_policy, "Bob", "wrong", wrong) == MALFORMED
    for wrong in (RULES, PolicyDocument(())):
        assert refusal(make_role, stage, "Wrong", trust=wrong) == MALFORMED
        assert refusal(iam.update_assume_role_policy, "Job", wrong) == MALFORMED


def test_trust_may_only_name_principals_that_are_there(stage: Stage) -> None:
    def naming(user: str) -> PolicyDocument:
        arn = f"arn:aws:iam::{stage.account}:user{PATH}{user}"
        entry: Any = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
        return parse_document({"Version": "2012-10-17", "Statement": [entry]}, "trust")

    stage.iam.create_user("Bob", PATH, {})
    make_role(stage, trust=naming("Bob"))
    with pytest.raises(AwsError, match="Invalid principal") as caught:
        stage.iam.update_assume_role_policy("Job", naming("Nobody"))
    assert (caught.value.status, caught.value.code) == MALFORMED


def test_documents_past_their_quota_are_refused(stage: Stage) -> None:
    def sized(characters: int) -> PolicyDocument:
        frame = allows("s3:GetObject", on="arn:aws:s3:::").characters()
        return allows("s3:GetObject", on="arn:aws:s3:::" + "x" * (characters - frame))

    iam = stage.iam
    iam.create_user("Bob", PATH, {})
    make_policy(stage, "Full", sized(6_144))
    assert refusal(make_policy, stage, "Over", sized(6_145)) == LIMIT
    iam.put_user_policy("Bob", "full", sized(2_048))
    iam.put_user_policy("Bob", "full", sized(2_048))
    assert refusal(iam.put_user_policy, "Bob", "more", sized(200)) == LIMIT
    long = trusts(stage.account, StringEquals={"sts:ExternalId": "x" * 2_048})
    assert refusal(make_role, stage, "Over", trust=long) == LIMIT


# Tags


def test_tags_are_set_and_replaced_on_each_kind(stage: Stage) -> None:
    iam = stage.iam
    iam.create_user("Bob", PATH, {"a": "0"})
    make_role(stage)
    arn = make_policy(stage)
    named: dict[Literal["user", "role", "policy"], str] = {"user": "Bob", "role": "Job", "policy": str(arn)}
    for kind, name in named.items():
        iam.tag(kind, name, {"a": "2", "b": "2"})
        iam.tag(kind, name, {"a": "1"})
    shown = (iam.get_user("Bob").tags, iam.get_role("Job").tags, iam.get_policy(arn)[1])
    assert [dict(each) for each in shown] == [{"a": "1", "b": "2"}] * 3
    details = iam.account_authorization_details()
    assert [dict(details.users[0].tags), dict(details.roles[0].tags)] == [{"a": "1", "b": "2"}] * 2


def test_what_is_not_there_takes_no_tags(stage: Stage) -> None:
    iam = stage.iam
    assert refusal(iam.tag, "user", "Nobody", {"a": "1"}) == GONE
    assert refusal(iam.tag, "role", "Nobody", {"a": "1"}) == GONE
    assert refusal(iam.tag, "policy", str(absent(stage)), {"a": "1"}) == GONE


# Instance profiles


def test_an_instance_profile_takes_one_role_and_gives_it_back(stage: Stage) -> None:
    iam = stage.iam
    make_role(stage)
    make_role(stage, "Other")
    iam.create_instance_profile("Job", PATH, {})
    (profile,) = iam.list_instance_profiles(PATH)
    assert str(profile.arn) == f"arn:aws:iam::{stage.account}:instance-profile{PATH}Job"
    assert (profile.name, profile.path, profile.role) == ("Job", PATH, "")
    iam.add_role_to_instance_profile("Job", "Job")
    assert [each.role for each in iam.list_instance_profiles(PATH)] == ["Job"]
    (role,) = (each for each in iam.account_authorization_details().roles if each.name == "Job")
    assert [each.name for each in role.instance_profiles] == ["Job"]
    assert refusal(iam.add_role_to_instance_profile, "Job", "Other") == LIMIT
    assert refusal(iam.delete_instance_profile, "Job") == CONFLICT
    assert refusal(iam.remove_role_from_instance_profile, "Job", "Other") == GONE
    iam.remove_role_from_instance_profile("Job", "Job")
    iam.delete_instance_profile("Job")
    assert iam.list_instance_profiles(PATH) == ()
    assert refusal(iam.delete_instance_profile, "Job") == GONE


def test_instance_profiles_are_listed_by_path_and_need_both_sides(stage: Stage) -> None:
    iam = stage.iam
    iam.create_instance_profile("Mine", PATH, {})
    iam.create_instance_profile("Theirs", "/leastkey/other/", {})
    assert [each.name for each in iam.list_instance_profiles(PATH)] == ["Mine"]
    assert {each.name for each in iam.list_instance_profiles("/")} == {"Mine", "Theirs"}
    assert refusal(iam.add_role_to_instance_profile, "Mine", "Nobody") == GONE
    make_role(stage)
    assert refusal(iam.add_role_to_instance_profile, "Absent", "Job") == GONE
