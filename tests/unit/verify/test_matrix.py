"""What is asked for which line of a spec, and what is never asserted."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.verify.told import (
    MANAGED,
    READ_ONLY,
    USUAL,
    USUAL_GRANTS,
    Aws,
    prove,
    row,
    wanted,
)

from leastkey.errors import Exit
from leastkey.iam.document import parse_document


def test_a_grant_on_instances_is_tried_on_an_instance() -> None:
    project = wanted(
        "    allow:\n      - actions: [ec2:StopInstances]\n        on: arn:aws:ec2:eu-west-1:*:instance/*\n"
    )
    line = row(prove(Aws("ec2:StopInstances"), project), "ec2:StopInstances")
    assert (line.status, line.resource) == (
        "ok",
        "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0",
    )


def test_what_a_deny_line_takes_away_does_not_speak_for_the_line() -> None:
    project = wanted(USUAL + "    deny:\n      - s3: [write]\n        on: s3://acme-reports/nightly/\n")
    report = prove(Aws("ec2:DescribeRegions", "s3:GetObject nightly/.leastkey-check"), project)
    assert [each.action for each in report.rows if each.side == "allowed"] == [
        "ec2:DescribeRegions",
        "s3:GetObject",
    ]
    assert report.exit_code == Exit.OK


def test_a_real_call_goes_before_an_assumption() -> None:
    tagged = '{"StringEquals": {"s3:ExistingObjectTag/a": "b"}}'
    text = f"""{{"Version": "2012-10-17", "Statement": [
      {{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-reports/*", "Condition": {tagged}}},
      {{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}}]}}"""
    project = wanted("    allow:\n      - document: d.json\n", {"d.json": text})
    report = prove(Aws("ec2:DescribeVpcs"), project)
    assert (report.rows[0].action, report.rows[0].status) == ("ec2:DescribeVpcs", "ok")


def test_a_call_without_tls_is_judged_as_one() -> None:
    condition = "Bool: {aws:SecureTransport: 'true'}"
    lines = f"    allow:\n      - actions: [ec2:DescribeRegions]\n        when: {{{condition}}}\n"
    asked = Aws("ec2:DescribeRegions")
    assert row(prove(asked, wanted(lines)), "ec2:DescribeRegions").status == "ok"
    report = prove(asked, wanted(lines), is_secure=False)
    assert row(report, "ec2:DescribeRegions").status == "engine-only"


def test_a_boundary_nobody_read_leaves_the_engine_without_a_verdict() -> None:
    project = wanted(USUAL + "    boundary: {managed: AmazonEC2ReadOnlyAccess}\n")
    report = prove(Aws(*USUAL_GRANTS), project)
    assert [(each.engine, each.status) for each in report.rows] == [("not judged", "ok")] * 2
    read = prove(Aws(*USUAL_GRANTS), project, managed={MANAGED: READ_ONLY})
    assert row(read, "ec2:DescribeRegions").engine == "allow"
    assert row(read, "s3:PutObject", "allowed").status == "disagree"


def test_what_the_spec_grants_is_never_expected_to_be_denied() -> None:
    project = wanted("    allow:\n      - iam: full\n      - s3: full\n")
    report = prove(Aws("iam:ListUsers", "s3:ListBuckets"), project)
    denied = {each.action.split(":")[0] for each in report.rows if each.side == "denied"}
    assert denied == {"ec2", "sts"}
    assert report.exit_code == Exit.OK


def test_each_deny_line_is_proved() -> None:
    project = wanted(
        USUAL + "    deny:\n      - s3: [write]\n        on: s3://acme-reports/nightly/archive/\n"
    )
    report = prove(Aws(*USUAL_GRANTS), project)
    (line,) = [each for each in report.rows if "archive" in each.resource]
    assert (line.side, line.action, line.status) == ("denied", "s3:PutObject", "ok")
    report = prove(Aws(*USUAL_GRANTS, "s3:PutObject nightly/archive/.leastkey-check"), project)
    assert report.exit_code == Exit.ALLOWED_TOO_MUCH


def test_a_managed_policy_nobody_read_is_not_judged() -> None:
    project = wanted(USUAL + "      - managed: AmazonEC2ReadOnlyAccess\n")
    report = prove(Aws(*USUAL_GRANTS), project)
    assert [each.status for each in report.rows] == ["ok", "ok", "not-judged"]
    assert row(report, "ec2:DescribeRegions").engine == "not judged"
    assert report.exit_code == Exit.OK


def test_a_managed_policy_that_was_read_has_its_probe() -> None:
    project = wanted("    allow:\n      - managed: AmazonEC2ReadOnlyAccess\n")
    report = prove(Aws("ec2:DescribeRegions"), project, managed={MANAGED: READ_ONLY})
    assert row(report, "ec2:DescribeRegions").status == "ok"
    assert "ec2:DescribeInstances" not in {each.action for each in report.rows}
    assert prove(Aws(), project, managed={MANAGED: READ_ONLY}).exit_code == Exit.DENIED_TOO_MUCH


@pytest.mark.parametrize(
    "condition",
    [
        "StringEquals: {aws:ResourceTag/team: reports}",
        "StringLike: {aws:ResourceTag/team: 'r*'}",
        "NumericLessThan: {ec2:VolumeSize: '10'}",
        "DateGreaterThan: {aws:CurrentTime: '2031-01-01T00:00:00Z'}",
        "IpAddress: {aws:SourceIp: 203.0.113.0/24}",
        "Bool: {aws:MultiFactorAuthPresent: 'true'}",
        "StringEquals: {aws:RequestedRegion: us-east-1}",
        "'ForAnyValue:StringEquals': {aws:TagKeys: team}",
        "'Null': {ec2:Owner: 'false'}",
        "'Null': {aws:SecureTransport: 'true'}",
        "NumericGreaterThanEquals: {ec2:VolumeSize: '10'}",
        "StringNotEquals: {aws:RequestedRegion: eu-west-1}",
    ],
)
def test_a_condition_no_call_can_meet_is_assumed_and_shown(condition: str) -> None:
    project = wanted(f"    allow:\n      - actions: [ec2:StopInstances]\n        when: {{{condition}}}\n")
    report = prove(Aws(), project)
    (line,) = [each for each in report.rows if each.side == "allowed"]
    assert (line.status, line.engine) == ("engine-only", "allow")
    assert line.note.startswith("assumed to hold: ")
    assert report.exit_code == Exit.OK


def test_a_condition_that_every_call_meets_is_proved() -> None:
    project = wanted(
        "    allow:\n      - actions: [ec2:StopInstances]\n        when: {StringEquals: {aws:RequestedRegion: eu-west-1}}\n"
    )
    assert row(prove(Aws("ec2:StopInstances"), project), "ec2:StopInstances").status == "ok"


def test_a_condition_only_aws_can_check_leaves_the_verdict_to_aws() -> None:
    deny: Any = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    }
    document = parse_document({"Version": "2012-10-17", "Statement": deny}, "identity").text()
    project = wanted(USUAL + "    deny:\n      - document: d.json\n", {"d.json": document})
    report = prove(Aws(*USUAL_GRANTS), project)
    regions = row(report, "ec2:DescribeRegions", "allowed")
    assert (regions.engine, regions.status) == ("open", "ok")
    assert prove(Aws(), project).exit_code == Exit.DENIED_TOO_MUCH


def test_a_grant_without_a_harmless_call_is_judged_by_the_engine_alone() -> None:
    project = wanted(
        "    allow:\n      - actions: [sqs:SendMessage]\n        on: arn:aws:sqs:eu-west-1:111122223333:jobs\n"
    )
    report = prove(Aws(), project)
    line = row(report, "sqs:SendMessage")
    assert (line.status, line.engine, line.aws) == ("engine-only", "allow", "-")
    assert report.exit_code == Exit.OK


def test_a_condition_that_cannot_even_be_assumed_is_not_judged() -> None:
    condition = "StringEquals: {aws:ResourceTag/owner: '${aws:username}'}"
    project = wanted(f"    allow:\n      - actions: [ec2:StopInstances]\n        when: {{{condition}}}\n")
    (line,) = [each for each in prove(Aws(), project).rows if each.side == "allowed"]
    assert (line.status, line.engine) == ("not-judged", "open")


def test_a_denial_that_rests_on_undocumented_semantics_is_not_asserted() -> None:
    statement = '{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret"}'
    text = f'{{"Version": "2012-10-17", "Statement": {statement}}}'
    project = wanted(USUAL + "      - document: d.json\n", {"d.json": text})
    report = prove(Aws(*USUAL_GRANTS), project)
    assert "s3:ListAllMyBuckets" not in {each.action for each in report.rows}


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::acme-*/*"},
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": ["arn:aws:s3:::acme-reports/${aws:userid}/*"],
        },
        {"Effect": "Allow", "Action": "acme:Get*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-reports/a?c"},
        {"Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:*:*:secret"},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:eu-west-1:111122223333:key/1"},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::444455556666:role/other"},
    ],
)
def test_a_raw_document_never_fails_a_proof_that_aws_confirms(statement: dict[str, Any]) -> None:
    text = parse_document({"Version": "2012-10-17", "Statement": statement}, "identity").text()
    project = wanted("    allow:\n      - document: d.json\n", {"d.json": text})
    granted = ["s3:ListBuckets"] if "NotAction" in statement else ["s3:GetObject axc"]
    report = prove(Aws(*granted), project)
    assert report.exit_code == Exit.OK, report.lines(verbose=True)
    assert (
        not {each.action for each in report.rows if each.side == "denied"} & {"s3:PutObject"}
        or statement["Action"] != "*"
    )


def test_the_bucket_of_a_document_has_its_denials_too() -> None:
    statement: Any = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-reports/nightly/*",
    }
    text = parse_document({"Version": "2012-10-17", "Statement": statement}, "identity").text()
    project = wanted("    allow:\n      - document: d.json\n", {"d.json": text})
    report = prove(Aws("s3:GetObject nightly/.leastkey-check"), project)
    denied = [(each.action, each.shown) for each in report.rows if each.side == "denied"]
    assert denied[:2] == [("s3:GetObject", ".leastkey-check"), ("s3:PutObject", ".leastkey-check")]


def test_another_identitys_role_is_the_one_that_is_tried() -> None:
    project = wanted(USUAL + "  weekly:\n    used-by: [user]\n    allow:\n      - ec2: [list]\n")
    report = prove(Aws(*USUAL_GRANTS), project)
    assert row(report, "sts:AssumeRole").resource == str(project.identities[1].role.arn)
