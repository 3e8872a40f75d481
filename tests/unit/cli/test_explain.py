"""`leastkey explain`: the spec's line that decides, what differs in those that nearly do, and the line that would allow it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leastkey.cli.main import run

SPEC = """\
version: 1
project: acme
identities:
  nightly:
    allow:
      - actions: [ec2:DescribeRegions]
      - s3: [list, read, write]
        on: s3://acme-reports/nightly/
      - actions: [ec2:StartInstances]
        on: arn:aws:ec2:*:*:instance/*
        when: {StringEquals: {aws:ResourceTag/team: reports}}
    deny:
      - s3: [write]
        on: s3://acme-reports/nightly/archive/
    used-by: [user]
"""
WEEKLY = "arn:aws:s3:::acme-reports/weekly/x"
INSTANCE = "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("leastkey.yaml").write_text(SPEC, encoding="utf-8")


def explain(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert run(["explain", *words]) == 0
    return capsys.readouterr().out.splitlines()


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("\n".join(explain(capsys, "--json", *words)))
    return found


def test_a_denial_names_the_line_that_nearly_allows_it_and_what_differs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert explain(capsys, "s3:getobject", WEEKLY) == [
        "deny (implicit)",
        "  leastkey.yaml:7          action matches, resource does not:",
        "    arn:aws:s3:::acme-reports/nightly/*",
        "                              ^^^^^^^^^",
        f"    asked: {WEEKLY}",
        "  no other statement speaks about s3:GetObject",
        "To allow it, add to leastkey.yaml:   - s3: [read]",
        "                                       on: s3://acme-reports/weekly/",
    ]


def test_an_explicit_denial_names_its_line_and_offers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explain(capsys, "nightly", "s3:PutObject", "arn:aws:s3:::acme-reports/nightly/archive/x")
    assert lines == ["deny (explicit)", "  leastkey.yaml:13         denies it"]


def test_a_condition_that_does_not_hold_is_shown_with_the_value_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    without = explain(capsys, "ec2:StartInstances", INSTANCE)
    assert "    StringEquals aws:ResourceTag/team reports" in without
    assert "    asked: aws:ResourceTag/team is absent" in without
    held = explain(capsys, "ec2:StartInstances", INSTANCE, "--context", "aws:ResourceTag/team=reports")
    assert held == ["allow", "  leastkey.yaml:9          allows it"]


@pytest.mark.parametrize(
    "words",
    [
        ("s3:GetObject", WEEKLY),
        ("s3:PutObject", "arn:aws:s3:::other/top.csv"),
        ("s3:ListBucket", "arn:aws:s3:::acme-reports"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::acme-reports"),
        ("ec2:StartInstances", INSTANCE),
        ("ec2:DescribeVpcs",),
        ("iam:CreateUser", "arn:aws:iam::111122223333:user/x"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1"),
        ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/t"),
    ],
)
def test_the_line_that_is_offered_allows_what_was_asked(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, *words)
    assert found["verdict"] == "ImplicitlyDenied"
    entry = "".join(f"      {line}\n" for line in found["to_allow"])
    Path("leastkey.yaml").write_text(SPEC.replace("    deny:\n", f"{entry}    deny:\n"), encoding="utf-8")
    after = answer(capsys, *words)
    assert (after["verdict"], after["to_allow"]) == ("Allowed", [])
    assert any(":12:" in place for each in after["because"] for place in each["places"])


def test_what_aws_keeps_is_not_read_and_the_verdict_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    more = SPEC.replace("    deny:\n", "      - managed: AmazonSQSReadOnlyAccess\n    deny:\n")
    Path("leastkey.yaml").write_text(more, encoding="utf-8")
    lines = explain(capsys, "sqs:ListQueues")
    assert lines[0] == "deny (implicit), as far as was read"
    assert "AmazonSQSReadOnlyAccess" in " ".join(lines)
    assert answer(capsys, "sqs:ListQueues")["not_judged"] == ["AmazonSQSReadOnlyAccess"]


def test_a_boundary_that_withholds_is_named_and_no_grant_is_offered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    least = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    Path("least.json").write_text(json.dumps(least), encoding="utf-8")
    Path("leastkey.yaml").write_text(f"{SPEC}    boundary: {{document: least.json}}\n", encoding="utf-8")
    lines = explain(capsys, "ec2:DescribeRegions")
    assert "  the boundary does not allow it" in lines
    assert not any("To allow it" in line for line in lines)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "one action is asked about"),
        (("nightly",), "one action is asked about"),
        (("nightly", "s3:GetObject", WEEKLY, "more"), "one action is asked about"),
        (("weekly", "s3:GetObject"), "no identity `weekly`"),
        (("s3:GetObjec", WEEKLY), "did you mean `s3:GetObject`?"),
        (("s33:GetObject", WEEKLY), "`s33` is no service"),
        (("s3:GetObject", "arn:aws:s3:::acme/*"), "wildcard"),
        (("s3:GetObject", WEEKLY, "--context", "x"), "KEY=VALUE"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(
    words: tuple[str, ...], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", *words]) == 2
    assert what in " ".join(capsys.readouterr().err.split())


def test_a_denial_that_does_not_apply_is_not_shown_as_what_nearly_allows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = explain(capsys, "s3:PutObject", WEEKLY)
    assert [line for line in lines if "leastkey.yaml:13" in line] == []
    assert "  no other statement allows s3:PutObject" in lines


def test_only_what_differs_is_underlined_where_one_text_begins_with_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("leastkey.yaml").write_text(
        SPEC.replace("arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:eu-west-1:111122223333:instance/i-12"),
        encoding="utf-8",
    )
    lines = explain(capsys, "ec2:StartInstances", INSTANCE)
    pattern = next(index for index, line in enumerate(lines) if line.endswith("instance/i-12"))
    assert lines[pattern + 1] == " " * (len(lines[pattern]) - 1) + "^"


def test_a_key_that_could_not_be_known_is_named_with_why_and_what_it_would_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = " ".join(" ".join(explain(capsys, "ec2:StartInstances", INSTANCE)).split())
    assert "absent aws:ResourceTag/team: the resource's tags are not known; `reports` would allow it" in out
    found = answer(capsys, "ec2:StartInstances", INSTANCE)
    assert [note["key"] for note in found["unknown"]] == ["aws:ResourceTag/team"]
    assert found["missing"][0]["value"] == "reports"
    assert found["filled"]["aws:PrincipalType"] == "AssumedRole"
    taken = answer(capsys, "ec2:StartInstances", INSTANCE, "--context", "aws:ResourceTag/team=")
    assert taken["unknown"] == []
