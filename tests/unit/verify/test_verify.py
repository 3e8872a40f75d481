"""The proof, against an AWS that answers as it is told."""

from __future__ import annotations

import pytest
from tests.unit.verify.told import (
    READ_ONLY,
    USUAL,
    USUAL_GRANTS,
    Aws,
    Clock,
    prove,
    row,
    wanted,
)

from leastkey.errors import AwsError, Exit
from leastkey.ports.aws import Answer
from leastkey.verify.calls import ABSENT, CHECK_KEY


def test_all_as_described() -> None:
    report = prove(Aws(*USUAL_GRANTS))
    assert report.exit_code == Exit.OK
    assert {each.status for each in report.rows} == {"ok"}
    assert [each.action for each in report.rows if each.side == "allowed"] == [
        "ec2:DescribeRegions",
        "s3:PutObject",
    ]
    assert sum(each.side == "denied" for each in report.rows) == 12
    assert report.counts["agree"] == report.counts["total"] == 14


def test_no_probe_changes_anything_even_where_everything_is_allowed() -> None:
    aws = Aws()
    prove(aws)
    for name, parameters in aws.asked:
        service, operation = name.split(":")
        harmless = (
            (service == "ec2" and parameters["DryRun"] is True)
            or operation.startswith(("List", "Get"))
            or (
                operation == "PutObject" and "IfMatch" in parameters and parameters["Key"].endswith(CHECK_KEY)
            )
            or (operation == "CreateUser" and parameters["UserName"] == "nightly-bot")
            or (operation == "AttachRolePolicy" and parameters["RoleName"] == ABSENT)
            or operation == "AssumeRole"
        )
        assert harmless, name


def test_something_allowed_that_must_be_denied_wins() -> None:
    report = prove(Aws("ec2:DescribeRegions", "iam:ListUsers"))
    assert row(report, "iam:ListUsers").status == "NO"
    assert row(report, "s3:PutObject", "allowed").status == "NO"
    assert report.exit_code == Exit.ALLOWED_TOO_MUCH


@pytest.mark.parametrize(
    ("granted", "action"),
    [
        ("iam:CreateUser", "iam:CreateUser"),
        ("s3:GetObject .leastkey-check", "s3:GetObject"),
        ("ec2:CreateVpc", "ec2:CreateVpc"),
    ],
)
def test_a_rejection_after_authorization_means_allowed(granted: str, action: str) -> None:
    report = prove(Aws(*USUAL_GRANTS, granted))
    assert row(report, action, "denied").status == "NO"
    assert report.exit_code == Exit.ALLOWED_TOO_MUCH


def test_something_denied_that_must_be_allowed() -> None:
    report = prove(Aws("s3:PutObject nightly/.leastkey-check"))
    assert row(report, "ec2:DescribeRegions").status == "NO"
    assert report.exit_code == Exit.DENIED_TOO_MUCH


def test_an_answer_nobody_foresaw_breaks_the_probe() -> None:
    report = prove(
        Aws(*USUAL_GRANTS, more={"iam:ListUsers": Answer(400, "ExpiredToken", "the token is expired")})
    )
    assert row(report, "iam:ListUsers").status == "broken"
    assert report.exit_code == Exit.UNPROVED


def test_a_403_without_a_body_is_a_denial() -> None:
    report = prove(Aws(*USUAL_GRANTS, more={"iam:ListUsers": Answer(403, "", "")}))
    assert (row(report, "iam:ListUsers").status, row(report, "iam:ListUsers").aws) == ("ok", "403")


def test_an_error_without_a_code_is_none() -> None:
    report = prove(Aws(*USUAL_GRANTS, more={"iam:ListUsers": Answer(500, "", "")}))
    assert (row(report, "iam:ListUsers").status, row(report, "iam:ListUsers").aws) == ("broken", "500")


def test_aws_own_words_are_shown() -> None:
    report = prove(Aws(*USUAL_GRANTS))
    assert row(report, "s3:PutObject", "allowed").aws == "412, nothing written"
    assert row(report, "ec2:DescribeRegions").aws == "DryRunOperation"
    assert row(report, "ec2:TerminateInstances").aws == "UnauthorizedOperation"
    read = wanted(USUAL.replace("[list, read, write]", "[read]"))
    assert row(prove(Aws(*USUAL_GRANTS), read), "s3:GetObject", "allowed").aws == "NoSuchKey"


def test_a_wrong_signature_is_no_denial() -> None:
    report = prove(Aws(*USUAL_GRANTS, more={"iam:ListUsers": Answer(403, "SignatureDoesNotMatch", "")}))
    assert row(report, "iam:ListUsers").status == "broken"


def test_no_answer_breaks_the_probe() -> None:
    def silent() -> Answer:
        raise AwsError("iam:ListUsers", "", "no connection", outcome="unknown")

    report = prove(Aws(*USUAL_GRANTS, more={"iam:ListUsers": silent}))
    assert row(report, "iam:ListUsers").status == "broken"
    assert report.exit_code == Exit.UNPROVED


def test_an_endpoint_that_ignores_if_match_is_told() -> None:
    written = {"s3:PutObject nightly/.leastkey-check": Answer(200, "", "")}
    report = prove(Aws(*USUAL_GRANTS, more=written))
    assert row(report, "s3:PutObject", "allowed").status == "broken"
    assert report.exit_code == Exit.UNPROVED
    report = prove(Aws(*USUAL_GRANTS, more={"s3:PutObject .leastkey-check": Answer(200, "", "")}))
    assert report.exit_code == Exit.ALLOWED_TOO_MUCH


def test_judges_that_disagree_prove_nothing() -> None:
    bounded = wanted(USUAL + "    boundary: {document: b.json}\n", {"b.json": READ_ONLY.text()})
    report = prove(Aws(*USUAL_GRANTS), bounded)
    assert (row(report, "s3:PutObject", "allowed").engine, row(report, "s3:PutObject", "allowed").status) == (
        "deny",
        "disagree",
    )
    assert report.exit_code == Exit.UNPROVED


def test_a_bucket_that_is_not_there_is_no_failure() -> None:
    missing = Answer(404, "NoSuchBucket", "")
    names = (
        "PutObject nightly/.leastkey-check",
        "GetObject nightly/.leastkey-check",
        "ListObjectsV2 nightly/",
    )
    aws = Aws("ec2:DescribeRegions", more={f"s3:{name}": missing for name in names})
    report = prove(aws)
    assert row(report, "s3:PutObject", "allowed").status == "engine-only"
    assert report.exit_code == Exit.OK


def test_a_hidden_404_is_left_to_the_next_target_and_then_to_the_engine() -> None:
    bare = Answer(403, "AccessDenied", "Access Denied")
    objects = {f"s3:{name} nightly/.leastkey-check": bare for name in ("PutObject", "GetObject")}
    listed = prove(Aws("ec2:DescribeRegions", "s3:ListObjectsV2 nightly/", more=objects))
    assert row(listed, "s3:ListBucket", "allowed").status == "ok"
    no_list = wanted(USUAL.replace("[list, read, write]", "[read]"))
    report = prove(Aws("ec2:DescribeRegions", more=objects), no_list)
    assert row(report, "s3:GetObject", "allowed").status == "engine-only"
    assert report.exit_code == Exit.OK
    named = Answer(403, "AccessDenied", "User x is not authorized to perform: s3:GetObject on resource")
    report = prove(Aws("ec2:DescribeRegions", more={"s3:GetObject nightly/.leastkey-check": named}), no_list)
    assert report.exit_code == Exit.DENIED_TOO_MUCH


def test_with_the_whole_bucket_listed_a_403_is_a_403() -> None:
    project = wanted(USUAL.replace("s3://acme-reports/nightly/", "s3://acme-reports/"))
    bare = {
        f"s3:{name} .leastkey-check": Answer(403, "AccessDenied", "Access Denied")
        for name in ("PutObject", "GetObject")
    }
    report = prove(Aws("ec2:DescribeRegions", "s3:ListObjectsV2", more=bare), project)
    assert report.exit_code == Exit.DENIED_TOO_MUCH


def test_right_after_a_change_a_missing_grant_is_asked_for_again_and_a_denial_is_not() -> None:
    answers = [Answer(403, "UnauthorizedOperation", "")] * 3 + [Answer(412, "DryRunOperation", "")] * 9
    aws = Aws(*USUAL_GRANTS, more={"ec2:DescribeRegions": lambda: answers.pop(0)})
    clock = Clock()
    report = prove(aws, clock=clock, settling=True)
    assert report.exit_code == Exit.OK
    assert clock.waited == [1, 2, 4]
    names = [name for name, _ in aws.asked]
    assert names.count("ec2:DescribeRegions") == 4
    assert names.count("iam:ListUsers") == 1
    assert names.index("iam:ListUsers") > max(
        i for i, name in enumerate(names) if name == "ec2:DescribeRegions"
    )


def test_waiting_ends_after_a_minute() -> None:
    clock = Clock()
    report = prove(Aws(*USUAL_GRANTS[1:]), clock=clock, settling=True)
    assert report.exit_code == Exit.DENIED_TOO_MUCH
    assert sum(clock.waited) == 60


def test_without_a_change_nothing_is_asked_twice() -> None:
    clock, aws = Clock(), Aws()
    prove(aws, clock=clock)
    assert clock.waited == []
    assert len({(name, str(sorted(parameters.items()))) for name, parameters in aws.asked}) == len(aws.asked)


def test_a_role_that_only_a_service_wears_is_judged_by_the_engine_alone() -> None:
    report = prove(None)
    assert {each.status for each in report.rows} == {"engine-only"}
    assert report.exit_code == Exit.OK
    assert (
        sum("nothing on this computer can wear the role" in line for line in report.lines(verbose=True)) == 1
    )


def test_a_call_the_endpoint_does_not_have_is_left_to_the_engine() -> None:
    report = prove(Aws(*USUAL_GRANTS, more={"iam:ListUsers": Answer(501, "NotImplemented", "")}))
    assert row(report, "iam:ListUsers").status == "engine-only"
    assert report.exit_code == Exit.OK


def test_a_refusal_for_want_of_another_action_decides_nothing() -> None:
    other = Answer(403, "AccessDenied", "x is not authorized to perform: s3:ListBucket on resource y")
    report = prove(Aws(*USUAL_GRANTS, more={"s3:GetObject .leastkey-check": other}))
    line = row(report, "s3:GetObject", "denied")
    assert (line.status, line.note) == ("engine-only", "AWS asked for s3:ListBucket")


def test_people_see_counts_and_what_is_wrong() -> None:
    report = prove(Aws(*USUAL_GRANTS, "iam:ListUsers"))
    assert report.lines(verbose=False) == (
        "Two judges: our engine (offline) and AWS (real calls that change nothing)",
        "  must be allowed    2 of 2 ok",
        "  must be denied    11 of 12 NO",
        "  NO   iam:ListUsers                             deny     200",
        "13 of 14 as expected, judges agree on 13.",
    )
    assert all(len(line) <= 80 for line in report.lines(verbose=True))
    assert report.to_json()["exit_code"] == 11
