"""The whole project: names, trust, user, boundary, packing, words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot
from tests.unit.compile.specs import (
    ACCOUNT,
    actions,
    allows,
    at,
    compiled,
    document,
    identity,
    level,
    managed,
    one,
    slugs,
    spec,
    statements,
)

from leastkey.compile.project import compile_project
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import AccountId
from leastkey.iam.document import parse_document
from leastkey.iam.statement import Condition
from leastkey.spec.model import AccountUse, Boundary, Names, ServiceUse, UserUse

if TYPE_CHECKING:
    from leastkey.spec.model import Grant

TEAM = (Condition("StringEquals", "aws:ResourceTag/team", ("reports",)),)
SNS = '{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"sns:Publish","Resource":"arn:aws:sns:eu-west-1:111122223333:t"}]}'
DESIGN = identity(
    level("ec2", "list read", line=12),
    level("s3", "list read write", "s3://acme-reports/nightly/", line=13),
    actions("ec2:StartInstances ec2:StopInstances", "arn:aws:ec2:*:*:instance/*", when=TEAM, line=15),
    document(SNS, line=18),
    managed("AmazonEC2ReadOnlyAccess", line=19),
    deny=(level("s3", "write", "s3://acme-reports/nightly/archive/", line=21),),
    name="automation",
    description="Nightly report job",
    names=Names("automation_role", "AutomationPolicy"),
    boundary=Boundary("PowerUserAccess", None, at(30)),
    used_by=(
        UserUse("automation_user", at(31)),
        ServiceUse("ec2", at(32)),
        ServiceUse("lambda", at(33)),
        AccountUse(AccountId("444455556666"), "acme-42", at(34)),
    ),
)  # fmt: skip


def test_the_example_of_the_design_compiles_to_one_policy() -> None:
    (wanted,) = compiled(DESIGN, project="acme-reports").identities
    (policy,) = wanted.policies
    assert str(policy.arn) == "arn:aws:iam::111122223333:policy/leastkey/acme-reports/AutomationPolicy"
    shapes = [
        (
            statement["Effect"],
            statement["Action"]
            if isinstance(statement["Action"], str) or len(statement["Action"]) < 10
            else len(statement["Action"]),
            statement["Resource"],
            statement.get("Condition"),
        )
        for statement in statements(wanted)
    ]
    assert shapes == snapshot(
        [
            (
                "Allow",
                [
                    "ec2:Describe*",
                    "ec2:ExportClientVpnClientCertificateRevocationList",
                    "ec2:ExportClientVpnClientConfiguration",
                    "ec2:ExportVerifiedAccessInstanceClientConfiguration",
                    "ec2:Get*",
                    "ec2:List*",
                    "ec2:Search*",
                    "ec2:StartDeclarativePoliciesReport",
                    "ec2:ValidateSecurityGroupQuotasForInterface",
                ],
                "*",
                None,
            ),
            (
                "Allow",
                ["ec2:StartInstances", "ec2:StopInstances"],
                "arn:aws:ec2:*:*:instance/*",
                {"StringEquals": {"aws:ResourceTag/team": "reports"}},
            ),
            ("Allow", 35, "arn:aws:s3:::acme-reports/nightly/*", None),
            (
                "Allow",
                "s3:ListBucket",
                "arn:aws:s3:::acme-reports",
                {"StringLike": {"s3:prefix": "nightly/*"}},
            ),
            ("Allow", "sns:Publish", "arn:aws:sns:eu-west-1:111122223333:t", None),
            ("Deny", 16, "arn:aws:s3:::acme-reports/nightly/archive/*", None),
        ]
    )
    assert [(origin.statement, origin.place.line) for origin in wanted.origins] == [
        (0, 12), (1, 15), (2, 13), (3, 13), (4, 18), (5, 21),
    ]  # fmt: skip
    assert wanted.cautions == ()


def test_the_example_says_in_plain_words_what_it_can_and_cannot_do() -> None:
    (wanted,) = compiled(DESIGN).identities
    assert wanted.can == snapshot(
        (
            "describe and read EC2 resources",
            "list, read, write and delete objects under s3://acme-reports/nightly/",
            "start and stop EC2 instances on arn:aws:ec2:*:*:instance/*, when aws:ResourceTag/team is reports",
            "what extra.json says, 1 statement",
            "what the AWS-managed policy AmazonEC2ReadOnlyAccess allows",
        )
    )
    assert wanted.cannot == snapshot(
        (
            "write and delete objects under s3://acme-reports/nightly/archive/",
            "anything that the boundary PowerUserAccess does not allow",
            "anything else",
        )
    )


def test_the_trust_names_exactly_who_may_wear_the_role() -> None:
    (wanted,) = compiled(DESIGN).identities
    assert wanted.role.trust.to_json() == snapshot(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                    "Action": "sts:AssumeRole",
                    "Condition": {
                        "ArnEquals": {
                            "aws:PrincipalArn": "arn:aws:iam::111122223333:user/leastkey/acme/automation_user"
                        }
                    },
                },
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ec2.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                },
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
                },
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"sts:ExternalId": "acme-42"}},
                },
            ],
        }
    )
    parse_document(wanted.role.trust.to_json(), "trust")


def test_role_user_profile_and_instance_profile_of_the_example() -> None:
    (wanted,) = compiled(DESIGN).identities
    assert [str(arn) for arn in wanted.role.attached] == [
        "arn:aws:iam::111122223333:policy/leastkey/acme/AutomationPolicy",
        "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess",
    ]
    assert str(wanted.role.boundary) == "arn:aws:iam::aws:policy/PowerUserAccess"
    assert wanted.boundary is None
    assert wanted.user is not None
    assert wanted.user.inline.to_json() == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": "arn:aws:iam::111122223333:role/leastkey/acme/automation_role",
            }
        ],
    }
    assert wanted.instance_profile is not None
    assert str(wanted.instance_profile.arn).endswith(":instance-profile/leastkey/acme/automation_role")
    assert wanted.profile is not None
    assert wanted.profile.name == "automation"
    assert dict(wanted.user.tags) == {"leastkey:identity": "automation", "leastkey:project": "acme"}


def test_the_tutorial_with_full_access_compiles_and_is_warned_about() -> None:
    wanted = one(level("ec2", "full", line=8), level("s3", "full", line=9))
    assert statements(wanted) == [{"Effect": "Allow", "Action": ["ec2:*", "s3:*"], "Resource": "*"}]
    assert [(caution.slug, caution.place.line) for caution in wanted.cautions] == [
        ("full-access", 8),
        ("full-access", 9),
    ]
    assert "`[list, read]`" in wanted.cautions[0].remedy


def test_without_a_key_there_is_neither_user_nor_profile() -> None:
    wanted = one(level("s3", "list", "s3://b/"), used_by=(ServiceUse("ec2", at(9)),))
    assert (wanted.user, wanted.profile) == (None, None)
    assert wanted.role.trust.to_json()["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


def test_china_has_its_own_ec2_principal_and_its_own_arns() -> None:
    wanted = one(managed("ReadOnlyAccess"), used_by=(ServiceUse("ec2", at(9)),), partition="aws-cn")
    assert "ec2.amazonaws.com.cn" in wanted.role.trust.text()
    assert [str(arn) for arn in wanted.role.attached] == ["arn:aws-cn:iam::aws:policy/ReadOnlyAccess"]


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("ReadOnlyAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("service-role/X", "arn:aws:iam::aws:policy/service-role/X"),
        ("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"),
        ("arn:aws:iam::111122223333:policy/own", "arn:aws:iam::111122223333:policy/own"),
    ],
)  # fmt: skip
def test_a_managed_policy_is_named_by_name_path_or_arn(name: str, arn: str) -> None:
    assert [str(found) for found in one(managed(name), managed(name)).role.attached] == [arn]


@pytest.mark.parametrize(("session", "longest"), [(900, 3600), (3600, 3600), (43200, 43200)])
def test_a_role_allows_sessions_of_an_hour_at_least(session: int, longest: int) -> None:
    wanted = one(level("s3", "list", "s3://b/"), session_seconds=session)
    assert (wanted.session_seconds, wanted.role.max_session_seconds) == (session, longest)


def test_the_settings_tag_changes_with_description_and_session() -> None:
    tags = {
        dict(one(level("s3", "list", "s3://b/"), **changes).role.tags)["leastkey:settings"]
        for changes in ({}, {"description": "x"}, {"session_seconds": 7200}, {"session_seconds": 900})
    }
    assert len(tags) == 3  # 15 minutes and one hour give the role the same setting


def test_the_sandbox_profile_has_a_name_of_its_own() -> None:
    (wanted,) = compiled(identity(level("s3", "list", "s3://b/")), target="sandbox").identities
    assert wanted.profile is not None
    assert wanted.profile.name == "bot-sandbox"


def test_a_boundary_document_becomes_a_policy_beside_the_others() -> None:
    boundary = Boundary(None, document(SNS), at(30))
    wanted = one(level("s3", "list", "s3://b/"), boundary=boundary)
    assert wanted.boundary is not None
    assert (wanted.boundary.name, wanted.role.boundary) == ("acme-bot-boundary", wanted.boundary.arn)
    assert wanted.boundary.arn not in wanted.role.attached
    assert "anything that the boundary extra.json does not allow" in wanted.cannot


# --- documents taken over


def test_an_old_document_keeps_its_dollar_signs_literal() -> None:
    old = '{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"}}'
    wanted = one(document(old))
    assert allows(wanted, "s3:GetObject", "arn:aws:s3:::b/${aws:username}", aws_username="eve")
    assert not allows(wanted, "s3:GetObject", "arn:aws:s3:::b/eve", aws_username="eve")


def test_two_documents_may_use_one_sid() -> None:
    other = SNS.replace("sns:Publish", "sns:GetTopicAttributes")
    wanted = one(document(SNS), document(other), document(SNS, line=44))
    assert [statement["Action"] for statement in statements(wanted)] == [
        "sns:GetTopicAttributes",
        "sns:Publish",
    ]
    parse_document(wanted.policies[0].document.to_json(), "identity")
    assert [origin.place.line for origin in wanted.origins] == [10, 10, 44]


def test_a_document_under_deny_may_not_allow() -> None:
    with pytest.raises(LeastkeyError) as caught:
        one(level("s3", "list", "s3://b/"), deny=(document(SNS, line=33),))
    assert (caught.value.code, caught.value.place) == ("spec-invalid", "leastkey.yaml:33:7")


def test_letters_aws_does_not_take_in_a_policy_are_refused() -> None:
    with pytest.raises(LeastkeyError) as caught:
        one(actions("s3:GetObject", "arn:aws:s3:::b/\u65e5\u672c/*"))
    assert caught.value.code == "policy-invalid"


# --- names


@pytest.mark.parametrize(
    ("one_", "other", "kind"),
    [
        ({"names": Names(role="Worker")}, {"names": Names(role="worker")}, "role"),
        ({"names": Names(policy="p")}, {"names": Names(policy="P")}, "policy"),
        ({"used_by": (UserUse("u", at(1)),)}, {"used_by": (UserUse("U", at(2)),)}, "user"),
        ({"names": Names(role="acme-b")}, {}, "role"),
    ],
)  # fmt: skip
def test_two_identities_never_share_a_name(one_: dict[str, Any], other: dict[str, Any], kind: str) -> None:
    grant = level("s3", "list", "s3://bucket/")
    with pytest.raises(LeastkeyError) as caught:
        compiled(identity(grant, name="a", **one_), identity(grant, name="b", place=at(50), **other))
    assert caught.value.code == "name-clash"
    assert caught.value.place == "leastkey.yaml:50:7"
    assert f"the {kind} name" in caught.value.what
    assert any("leastkey.yaml:5:7" in line for line in caught.value.why)


def test_one_name_for_user_role_and_policy_is_fine() -> None:
    wanted = one(level("s3", "list", "s3://b/"))
    assert wanted.user is not None
    assert {wanted.user.name, wanted.role.name, wanted.policies[0].name} == {"acme-bot"}


def test_a_policy_called_like_the_boundary_is_a_clash() -> None:
    with pytest.raises(LeastkeyError) as caught:
        one(
            level("s3", "list", "s3://b/"),
            names=Names(policy="acme-bot-Boundary"),
            boundary=Boundary(None, document(SNS), at(30)),
        )
    assert caught.value.code == "name-clash"


def test_long_default_names_are_cut_to_what_aws_takes() -> None:
    wanted = one(level("s3", "list", "s3://b/"), name="n" * 200)
    assert wanted.user is not None
    assert (len(wanted.role.name), len(wanted.user.name), len(wanted.policies[0].name)) == (64, 64, 128)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"used_by": ()}, "spec-invalid"),
        ({"used_by": (ServiceUse("lamda", at(9)),)}, "unknown-name"),
        ({"used_by": (UserUse("no spaces", at(9)),)}, "spec-invalid"),
        ({"names": Names(role="r" * 65)}, "spec-invalid"),
        ({"description": "x" * 1001}, "spec-invalid"),
        ({"description": "\u65e5\u672c"}, "spec-invalid"),
        ({"used_by": tuple(AccountUse(AccountId(f"{n:012}"), "id-12345", at(9)) for n in range(20))}, "too-large"),
    ],
)  # fmt: skip
def test_what_iam_would_refuse_is_refused_before_it_is_asked(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(LeastkeyError) as caught:
        one(level("s3", "list", "s3://b/"), **changes)
    assert caught.value.code == code
    assert caught.value.place is not None


# --- size


def test_levels_that_fill_several_policies_are_split_and_said() -> None:
    wanted = one(level("ec2", "list read write"))
    assert [policy.name for policy in wanted.policies] == ["acme-bot", "acme-bot-2", "acme-bot-3"]
    assert max(policy.document.characters() for policy in wanted.policies) <= 6144
    assert wanted.role.attached == tuple(policy.arn for policy in wanted.policies)
    (note,) = [caution for caution in wanted.cautions if caution.slug == "size"]
    assert "3 policies" in note.what


def test_too_many_policies_are_refused_with_numbers() -> None:
    busy = identity(*(managed(f"service-role/P{n}") for n in range(8)), level("ec2", "list read write"))
    with pytest.raises(LeastkeyError) as caught:
        compiled(busy)
    assert caught.value.code == "too-large"
    assert "need 3 policies beside 8 AWS-managed, a role carries 10" in caught.value.what
    assert "characters are needed, a policy holds 6,144" in caught.value.why[0]
    assert caught.value.remedy
    assert slugs(compiled(busy, most=11).identities[0])


def test_one_statement_that_cannot_be_divided_is_refused() -> None:
    huge = json.dumps(
        {
            "Statement": {
                "Effect": "Allow",
                "NotAction": ["iam:*"],
                "Resource": "arn:aws:s3:::" + "b" * 6200,
            }
        }
    )
    with pytest.raises(LeastkeyError) as caught:
        one(document(huge))
    assert (caught.value.code, caught.value.place) == ("too-large", "leastkey.yaml:10:7")


def test_a_statement_with_two_endless_lists_is_cut_along_both() -> None:
    names = [f"ec2:Describe{'A' * 40}{n}" for n in range(150)]
    places = [f"arn:aws:ec2:*:*:instance/{'b' * 40}{n}" for n in range(120)]
    raw = {"Effect": "Allow", "Action": names, "Resource": places}
    wanted = one(document(json.dumps({"Version": "2012-10-17", "Statement": raw})))
    found = {
        (action, resource)
        for policy in wanted.policies
        for statement in policy.document.statements
        for action in statement.actions
        for resource in statement.resources
    }
    assert found == {(action, resource) for action in names for resource in places}
    assert len(wanted.policies) <= 10


def test_a_boundary_document_of_any_size_is_one_policy_or_none() -> None:
    huge = SNS.replace(":t", ":" + "t" * 6200)
    with pytest.raises(LeastkeyError) as caught:
        one(level("s3", "list", "s3://b/"), boundary=Boundary(None, document(huge), at(30)))
    assert (caught.value.code, caught.value.place) == ("too-large", "leastkey.yaml:30:7")


@pytest.mark.parametrize("name", ["arn:aws:iam", "arn:aws:iam::aws:role/x"])
def test_a_managed_policy_whose_arn_is_none_is_refused(name: str) -> None:
    with pytest.raises(LeastkeyError) as caught:
        one(managed(name))
    assert caught.value.code == "spec-invalid"


def test_a_managed_policy_cannot_deny() -> None:
    with pytest.raises(LeastkeyError) as caught:
        one(level("s3", "list", "s3://b/"), deny=(managed("ReadOnlyAccess", line=7),))
    assert (caught.value.code, caught.value.place) == ("spec-invalid", "leastkey.yaml:7:7")


def test_two_identities_cannot_share_a_chosen_profile() -> None:
    grant = level("s3", "list", "s3://b/")
    both = spec(identity(grant, name="a"), identity(grant, name="b"))
    chosen = compile_project(both, ACCOUNT, "aws", profile_names={"a": "mine"})
    assert [found.profile.name for found in chosen.identities if found.profile] == ["mine", "b"]
    with pytest.raises(LeastkeyError) as caught:
        compile_project(both, ACCOUNT, "aws", profile_names={"a": "b"})
    assert caught.value.code == "name-clash"


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        (level("ec2", "list read"), ("describe and read EC2 resources",)),
        (level("iam", "permissions tagging"), ("tag, untag and change the permissions of IAM resources",)),
        (level("dynamodb", "write"), ("create, change and delete DynamoDB resources",)),
        (level("s3", "write", "s3://b/x/", "s3://b/k"), ("write and delete objects under s3://b/x/ and the object s3://b/k",)),
        (level("s3", "full", "s3://b/"), ("do everything with objects under s3://b/",)),
        (level("apigateway", "full"), ("do everything in API Gateway, deleting and changing permissions too",)),
        (actions("ec2:DescribeRegions ec2:DescribeInstances"), ("describe EC2 regions and instances",)),
        (actions("rds:DescribeDBInstances"), ("describe RDS DB instances",)),
        (actions("secretsmanager:GetSecretValue"), ("get Secrets Manager secret value",)),
        (actions("ec2:Describe* *:ListTags"), ("call ec2:Describe* and *:ListTags",)),
        (actions("newservice:ListThings"), ("list newservice things",)),
        (actions("s3:GetObject", "s3://b/x/", when=(Condition("NumericLessThan", "s3:max-keys", ("5",)),)), ("get S3 object on s3://b/x/, when NumericLessThan s3:max-keys 5",)),
        (document(SNS), ("what extra.json says, 1 statement",)),
    ],
)  # fmt: skip
def test_grants_read_as_sentences(grant: Grant, words: tuple[str, ...]) -> None:
    assert one(grant).can == words
