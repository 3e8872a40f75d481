"""Levels, s3:// and ARNs: which action lands on which resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.compile.specs import actions, allows, document, level, managed, one, slugs, statements

from leastkey.compile.levels import VERBS, folded, matching
from leastkey.compile.resources import types_of
from leastkey.errors import LeastkeyError
from leastkey.iam.statement import Condition

if TYPE_CHECKING:
    from leastkey.spec.model import Grant

NIGHTLY = "s3://acme-reports/nightly/"
BUCKET = "arn:aws:s3:::acme-reports"


def granted(*levels: str, service: str) -> set[str]:
    return {
        found.full_name
        for statement in statements(one(level(service, " ".join(levels))))
        for entry in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        for found in matching(entry)
    }


@pytest.mark.parametrize(
    ("levels", "has", "lacks"),
    [
        ("list", ["iam:ListUsers"], ["iam:GetUser", "iam:CreateUser", "iam:TagUser"]),
        ("read", ["iam:GetUser"], ["iam:ListUsers", "iam:CreateUser"]),
        (
            "write",
            ["iam:CreateUser", "iam:DeleteUser"],
            ["iam:AttachUserPolicy", "iam:TagUser", "iam:GetUser"],
        ),
        ("tagging", ["iam:TagUser", "iam:UntagUser"], ["iam:CreateUser", "iam:PutUserPolicy"]),
        ("permissions", ["iam:AttachUserPolicy", "iam:PutRolePolicy"], ["iam:TagUser", "iam:GetUser"]),
    ],
)
def test_a_level_of_iam_grants_its_actions_and_no_others(
    levels: str, has: list[str], lacks: list[str]
) -> None:
    found = granted(levels, service="iam")
    assert found.issuperset(has)
    assert found.isdisjoint(lacks)


def test_write_never_changes_permissions_or_tags() -> None:
    assert granted("write", service="s3").isdisjoint(
        {"s3:PutBucketPolicy", "s3:PutObjectAcl", "s3:PutObjectTagging"}
    )
    assert granted("write", service="dynamodb").isdisjoint(
        {"dynamodb:PutResourcePolicy", "dynamodb:TagResource"}
    )
    assert granted("write", service="lambda").isdisjoint({"lambda:AddPermission", "lambda:TagResource"})


def test_ec2_list_and_read_fit_one_short_statement() -> None:
    wanted = one(level("ec2", "list read"))
    (statement,) = statements(wanted)
    assert "ec2:Describe*" in statement["Action"]
    assert not {"ec2:Export*", "ec2:Start*"} & set(statement["Action"])
    assert wanted.policies[0].document.characters() < 500


def test_two_lines_of_one_level_each_mean_what_one_line_of_both_means() -> None:
    together = one(level("ec2", "list read"))
    apart = one(level("ec2", "read", line=12), level("ec2", "list", line=11))
    assert apart.policies == together.policies
    assert [origin.place.line for origin in apart.origins] == [11, 12]


def test_actions_as_written_are_never_folded_into_a_wildcard() -> None:
    names = {found.full_name for found in matching("sts:Get*")}
    (statement,) = statements(one(actions(" ".join(sorted(names)))))
    assert set(statement["Action"]) == names
    assert folded(frozenset(names)) == ("sts:Get*",)


def test_subsumed_actions_fall_away_and_case_does_not_count() -> None:
    (statement,) = statements(one(level("ec2", "list read"), actions("EC2:DESCRIBE* ec2:describeregions")))
    lowered = [action.lower() for action in statement["Action"]]
    assert lowered.count("ec2:describe*") == 1
    assert "ec2:describeregions" not in lowered


def test_what_was_written_for_one_resource_is_not_folded_because_a_level_names_it_for_another() -> None:
    names = " ".join(found.full_name for found in matching("sqs:Get*"))
    wanted = one(level("sqs", "read", "arn:aws:sqs:*:*:a"), actions(names, "arn:aws:sqs:*:*:b"))
    for statement in statements(wanted):
        if "arn:aws:sqs:*:*:b" in statement["Resource"]:
            assert "*" not in str(statement["Action"])


# --- s3://


def test_a_prefix_gives_object_actions_and_the_listing_of_that_prefix_only() -> None:
    wanted = one(level("s3", "list read write", NIGHTLY))
    objects, listing = statements(wanted)
    assert objects["Resource"] == f"{BUCKET}/nightly/*"
    assert {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"} <= set(
        objects["Action"]
    )
    assert not any("Bucket" in action for action in objects["Action"])
    assert listing == {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": BUCKET,
        "Condition": {"StringLike": {"s3:prefix": "nightly/*"}},
    }
    assert not wanted.cautions


@pytest.mark.parametrize(
    ("action", "resource", "prefix", "expected"),
    [
        ("s3:ListBucket", BUCKET, "nightly/", True),  # aws s3 ls, sync, cp --recursive
        ("s3:ListBucket", BUCKET, "nightly/2024/", True),
        ("s3:ListBucket", BUCKET, "nightly", False),  # would show nightly-secret/ too
        ("s3:ListBucket", BUCKET, "", False),
        ("s3:ListBucket", BUCKET, "weekly/", False),
        ("s3:ListBucket", BUCKET, None, False),
        ("s3:ListBucketVersions", BUCKET, "nightly/", False),
        ("s3:GetObject", f"{BUCKET}/nightly/x.csv", None, True),
        ("s3:PutObject", f"{BUCKET}/nightly/a/b.csv", None, True),
        ("s3:PutObjectTagging", f"{BUCKET}/nightly/x.csv", None, False),
        ("s3:GetObject", f"{BUCKET}/nightly-secret/x.csv", None, False),
        ("s3:GetBucketPolicy", BUCKET, None, False),
        ("s3:ListAllMyBuckets", "*", None, False),
    ],
)
def test_what_the_aws_cli_sends_is_judged_right(
    action: str, resource: str, prefix: str | None, *, expected: bool
) -> None:
    wanted = one(level("s3", "list read write", NIGHTLY))
    context = {} if prefix is None else {"s3_prefix": prefix}
    assert allows(wanted, action, resource, **context) is expected


def test_listing_comes_with_the_level_list_only() -> None:
    (statement,) = statements(one(level("s3", "read write", NIGHTLY)))
    assert "s3:ListBucket" not in statement["Action"]


@pytest.mark.parametrize("uri", ["s3://acme-reports/", "s3://acme-reports"])
def test_a_whole_bucket_is_listed_without_a_condition(uri: str) -> None:
    wanted = one(level("s3", "list read", uri))
    assert {statement["Resource"] for statement in statements(wanted)} == {BUCKET, f"{BUCKET}/*"}
    assert allows(wanted, "s3:ListBucket", BUCKET)
    assert not allows(wanted, "s3:GetBucketPolicy", BUCKET)


def test_one_object_is_that_object() -> None:
    wanted = one(level("s3", "list read", "s3://acme-reports/state.json"))
    assert allows(wanted, "s3:GetObject", f"{BUCKET}/state.json")
    assert not allows(wanted, "s3:GetObject", f"{BUCKET}/state.json.bak")
    assert allows(wanted, "s3:ListBucket", BUCKET, s3_prefix="state.json")
    assert not allows(wanted, "s3:ListBucket", BUCKET, s3_prefix="state")


def test_two_prefixes_of_one_bucket_share_their_statements() -> None:
    wanted = one(level("s3", "list read", NIGHTLY, "s3://acme-reports/weekly/"))
    objects, listing = statements(wanted)
    assert objects["Resource"] == [f"{BUCKET}/nightly/*", f"{BUCKET}/weekly/*"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["nightly/*", "weekly/*"]}}


def test_a_condition_of_the_line_stands_beside_the_prefix() -> None:
    when = (Condition("StringEquals", "aws:PrincipalTag/team", ("reports",)),)
    wanted = one(level("s3", "list", NIGHTLY, "s3://acme-reports/weekly/", when=when))
    assert statements(wanted)[0]["Condition"] == {
        "StringEquals": {"aws:PrincipalTag/team": "reports"},
        "StringLike": {"s3:prefix": ["nightly/*", "weekly/*"]},
    }


def test_read_on_two_prefixes_and_write_on_one_does_not_say_read_twice() -> None:
    wanted = one(level("s3", "read", NIGHTLY, "s3://acme-reports/weekly/"), level("s3", "write", NIGHTLY))
    text = wanted.policies[0].document.text()
    assert text.count('"s3:GetObject"') == 1
    assert allows(wanted, "s3:PutObject", f"{BUCKET}/nightly/x")
    assert not allows(wanted, "s3:PutObject", f"{BUCKET}/weekly/x")


def test_full_on_a_prefix_stays_on_the_prefix() -> None:
    wanted = one(level("s3", "full", NIGHTLY))
    assert slugs(wanted) == ["full-access"]
    assert allows(wanted, "s3:PutObjectAcl", f"{BUCKET}/nightly/x")
    assert not allows(wanted, "s3:PutBucketPolicy", BUCKET)
    assert not allows(wanted, "s3:GetObject", f"{BUCKET}/weekly/x")


def test_denied_write_leaves_reading_and_denied_list_hides_the_prefix() -> None:
    deny = (level("s3", "list write", "s3://acme-reports/nightly/archive/", line=21),)
    wanted = one(level("s3", "list read write", NIGHTLY), deny=deny)
    archived = f"{BUCKET}/nightly/archive/x"
    assert allows(wanted, "s3:GetObject", archived)
    assert not allows(wanted, "s3:PutObject", archived)
    assert allows(wanted, "s3:PutObject", f"{BUCKET}/nightly/x")
    assert not allows(wanted, "s3:ListBucket", BUCKET, s3_prefix="nightly/archive/")
    assert allows(wanted, "s3:ListBucket", BUCKET, s3_prefix="nightly/")
    assert slugs(wanted) == ["listing-gap"]


def test_actions_on_s3_go_where_they_belong() -> None:
    wanted = one(actions("s3:GetObject s3:ListBucket", NIGHTLY))
    assert [statement["Resource"] for statement in statements(wanted)] == [f"{BUCKET}/nightly/*", BUCKET]
    assert not allows(wanted, "s3:ListBucket", BUCKET, s3_prefix="")
    whole = one(actions("s3:GetBucketLocation", "s3://acme-reports/"))
    assert statements(whole)[0]["Resource"] == BUCKET
    assert slugs(one(actions("s3:GetBucketLocation", NIGHTLY))) == ["no-effect"]


def test_s3_locations_use_the_callers_partition() -> None:
    (statement,) = statements(one(level("s3", "read", NIGHTLY), partition="aws-cn"))
    assert statement["Resource"] == "arn:aws-cn:s3:::acme-reports/nightly/*"


@pytest.mark.parametrize(
    "grant",
    [
        level("ec2", "list", NIGHTLY),
        level("ec2", "list", "arn:aws:ec2"),
        level("s3", "list", NIGHTLY, when=(Condition("StringLike", "s3:prefix", ("x*",)),)),
    ],
)
def test_what_cannot_be_said_is_refused_at_its_place(grant: Grant) -> None:
    with pytest.raises(LeastkeyError) as caught:
        one(grant)
    assert (caught.value.code, caught.value.place) == ("spec-invalid", "leastkey.yaml:10:7")


# --- ARNs


@pytest.mark.parametrize(
    ("service", "arn", "kinds"),
    [
        ("ec2", "arn:aws:ec2:*:*:instance/*", {"instance"}),
        ("s3", "arn:aws:s3:::b", {"bucket"}),
        ("s3", "arn:aws:s3:::b/a/c/*", {"object"}),
        ("s3", "arn:aws:s3:::b*", {"bucket", "object"}),
        ("dynamodb", "arn:aws:dynamodb:eu-west-1:111122223333:table/T", {"table"}),
        ("dynamodb", "arn:aws:dynamodb:*:*:table/T/index/*", {"index"}),
        ("iam", "arn:aws:iam::111122223333:role/team/x", {"role"}),
        ("secretsmanager", "arn:aws:secretsmanager:*:*:secret:team/db-*", {"secret"}),
        ("ssm", "arn:aws:ssm:*:*:parameter/team/*", {"parameter"}),
        ("logs", "arn:aws:logs:*:*:log-group:/aws/lambda/x:*", {"log-group", "log-stream"}),
        ("sqs", "arn:aws:sqs:*:*:${aws:PrincipalTag/team}-*", {"queue"}),
        ("sqs", "arn:aws:sqs:*:*:q-?", {"queue"}),
        ("dms", "arn:aws:dms:*:*:task:T", {"replicationtask"}),
        ("ec2", "arn:aws:s3:::b", set()),
        ("ec2", "arn:aws:ec2:::instance/i-1", set()),
    ],
)
def test_an_arn_has_the_types_it_can_name(service: str, arn: str, kinds: set[str]) -> None:
    assert types_of(service, arn) == kinds


def test_actions_that_cannot_be_limited_are_left_out_and_named() -> None:
    wanted = one(level("ec2", "list write", "arn:aws:ec2:*:*:instance/*"))
    assert allows(wanted, "ec2:StartInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1")
    assert not allows(wanted, "ec2:DescribeInstances")
    (caution,) = wanted.cautions
    assert caution.slug == "left-out"
    assert "ec2:Describe" in caution.what
    assert "NOT allowed" in caution.what


def test_a_line_that_grants_nothing_is_said_and_not_promised() -> None:
    wanted = one(level("ec2", "list", "arn:aws:s3:::b"))
    assert (wanted.policies, wanted.can, slugs(wanted)) == ((), (), ["no-effect"])


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (level("ec2", "full"), ["full-access"]),
        (level("ec2", "write"), ["wide-write", "size"]),
        (level("ec2", "list read"), []),
        (actions("ec2:*"), ["full-access"]),
        (actions("ec2:StartInstances"), ["wide-write"]),
        (actions("ec2:DescribeRegions"), []),
        (actions("iam:Put*", "arn:aws:iam::111122223333:role/x"), ["wildcard-permissions"]),
        (actions("ec2:DescribeInstances", "arn:aws:ec2:*:*:instance/*"), ["no-effect"]),
        (actions("ec2:StartInstances", "arn:aws-cn:ec2:*:*:instance/*"), ["other-partition"]),
        (actions("ec2:DescribeRegions", when=(Condition("StringEquals", "aws:ResourceTag/t", ("x",)),)), ["condition-unknown"]),
        (actions("ec2:StartInstances", when=(Condition("StringEquals", "aws:ResourceTag/t", ("x",)),)), []),
        (managed("AmazonS3FullAccess"), ["managed-full-access"]),
        (managed("service-role/AmazonEC2RoleforSSM"), []),
        (managed("arn:aws:iam::aws:policy/AdministratorAccess"), ["managed-full-access"]),
        (document('{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'), ["full-access"]),
        (document('{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}'), ["full-access"]),
        (document('{"Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}}'), ["wide-write"]),
        (document('{"Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}}'), []),
        (actions("*:*"), ["full-access"]),
        (actions("ec2:StartInstances", when=(Condition("StringNotEquals", "aws:ResourceTag/t", ("x",)),)), []),
        (actions("ec2:DescribeRegions", when=(Condition("StringNotEquals", "aws:ResourceTag/t", ("x",)),)), []),
        (actions("ec2:DescribeRegions", when=(Condition("StringEquals", "aws:SourceIp", ("x",)),)), []),
        (document('{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'), []),
    ],
)  # fmt: skip
def test_wide_and_idle_grants_are_said(grant: Grant, expected: list[str]) -> None:
    assert slugs(one(grant)) == expected


def test_verbs_are_sorted_and_each_stands_once() -> None:
    assert list(VERBS) == sorted(set(VERBS))
