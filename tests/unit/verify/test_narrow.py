"""`run --only`: what a narrower session may be told, and what is refused because the role does not hold it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leastkey.compile.project import compile_project
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import AccountId
from leastkey.spec.parse import parse_spec
from leastkey.verify.narrow import Narrowed, narrowed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALLOW = """\
      - actions: [ec2:DescribeRegions, ec2:DescribeInstances]
      - s3: [list, read, write]
        on: s3://acme-reports/nightly/
      - actions: [sqs:SendMessage]
        on: arn:aws:sqs:eu-west-1:111122223333:jobs-?
"""


def narrow(*words: str, allow: str = ALLOW, deny: str = "") -> Narrowed:
    text = f"version: 1\nproject: acme\nidentities:\n  nightly:\n    allow:\n{allow}{deny}    used-by:\n      - user: bot\n"
    wanted = compile_project(parse_spec(text, "leastkey.yaml", str), AccountId("111122223333"), "aws")
    return narrowed(words, wanted.identities[0], wanted, NOW)


@pytest.mark.parametrize(
    "words",
    [
        ("ec2:DescribeRegions",),
        ("s3 read on s3://acme-reports/nightly/",),
        ("s3 list,read,write on s3://acme-reports/nightly/",),
        ("s3 read on s3://acme-reports/nightly/2026/",),
        ("s3 list on s3://acme-reports/nightly/2026/",),
        ("s3:GetObject on arn:aws:s3:::acme-reports/nightly/*/part-*",),
        ("s3:GetObject on arn:aws:s3:::acme-reports/nightly/?",),
        ("ec2:DescribeInstances", "s3 write on s3://acme-reports/nightly/x/"),
        ("sqs:SendMessage on arn:aws:sqs:eu-west-1:111122223333:jobs-1",),
        ("sqs:SendMessage on arn:aws:sqs:eu-west-1:111122223333:jobs-?",),
    ],
)
def test_what_lies_within_the_role_is_taken(words: tuple[str, ...]) -> None:
    found = narrow(*words)
    assert found.asked > 0
    assert found.document.characters() <= 2_048


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("iam:ListUsers",), "iam:ListUsers on *"),
        (("ec2:Describe*",), "on *"),
        (("s3 read on s3://acme-reports/",), "on arn:aws:s3:::acme-reports"),
        (("s3 read on s3://acme-reports/night/",), "arn:aws:s3:::acme-reports/night/*"),
        (("s3 read on s3://other/nightly/",), "arn:aws:s3:::other"),
        (("s3 list on s3://acme-reports/",), "on arn:aws:s3:::acme-reports"),
        (("s3 list on s3://acme-reports/weekly/",), "on arn:aws:s3:::acme-reports"),
        (("s3:GetObject on arn:aws:s3:::acme-reports/nightly*",), "on arn:aws:s3:::acme-reports/nightly"),
        (("s3:GetObject on arn:aws:s3:::acme-*/nightly/x",), "on arn:aws:s3:::acme-"),
        (
            ("s3:BypassGovernanceRetention on arn:aws:s3:::acme-reports/nightly/*",),
            "s3:BypassGovernanceRetention",
        ),
        (("ec2:DescribeRegions", "ec2:RunInstances"), "ec2:RunInstances"),
        (("sqs:SendMessage on arn:aws:sqs:eu-west-1:111122223333:jobs-*",), "jobs-"),
        (("sqs:SendMessage on arn:aws:sqs:eu-west-1:111122223333:jobs-12",), "jobs-12"),
    ],
)
def test_what_the_role_does_not_hold_is_named(words: tuple[str, ...], named: str) -> None:
    with pytest.raises(LeastkeyError) as caught:
        narrow(*words)
    assert caught.value.code == "not-narrower"
    assert named in caught.value.what
    assert caught.value.state == "nothing was started"


def test_what_the_spec_denies_inside_a_grant_counts_as_denied() -> None:
    deny = "    deny:\n      - s3: [read]\n        on: s3://acme-reports/nightly/secret/\n"
    narrow("s3:GetObject on arn:aws:s3:::acme-reports/nightly/open/*", deny=deny)
    with pytest.raises(LeastkeyError, match="may not do"):
        narrow("s3:GetObject on arn:aws:s3:::acme-reports/nightly/secret/*", deny=deny)


def test_a_role_of_policies_that_nobody_read_proves_nothing() -> None:
    with pytest.raises(LeastkeyError) as caught:
        narrow("ec2:DescribeRegions", allow="      - managed: AmazonEC2ReadOnlyAccess\n")
    assert caught.value.code == "not-narrower"
    assert "AmazonEC2ReadOnlyAccess" in caught.value.why[0]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("managed ReadOnlyAccess",), "usage"),
        (("s3 read",), "not-narrower"),
        (("s3 fly on s3://acme-reports/nightly/",), "unknown-name"),
        (
            tuple(f"s3:GetObject on arn:aws:s3:::acme-reports/nightly/{'x' * 60}{n}" for n in range(30)),
            "too-large",
        ),
        (("s3:GetObject on arn:aws:s3:::acme-reports/nightly/" + "*a" * 20,), "not-narrower"),
    ],
)
def test_what_cannot_be_a_narrower_session_is_refused(words: tuple[str, ...], code: str) -> None:
    with pytest.raises(LeastkeyError) as caught:
        narrow(*words)
    assert caught.value.code == code
