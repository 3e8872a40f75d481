"""The spec that `leastkey init` writes is one that leastkey reads."""

from __future__ import annotations

import pytest

from leastkey.errors import LeastkeyError
from leastkey.spec.parse import parse_spec
from leastkey.spec.shorthand import grant_lines
from leastkey.spec.starter import Starter, starter_spec


def no_document(path: str) -> str:
    raise AssertionError(path)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("ec2 list,read", ("- ec2: [list, read]",)),
        ("ec2: [list, read]", ("- ec2: [list, read]",)),
        ("ec2 full", ("- ec2: [full]",)),
        ("s3 list write on s3://b/p/", ("- s3: [list, write]", "  on: s3://b/p/")),
        ("s3 read on s3://b/p/, s3://b/q/", ("- s3: [read]", "  on: [s3://b/p/, s3://b/q/]")),
        ("ec2:DescribeRegions,ec2:Describe*", ("- actions: [ec2:DescribeRegions, ec2:Describe*]",)),
        ("actions: [ec2:DescribeRegions]", ("- actions: [ec2:DescribeRegions]",)),
        ("managed ReadOnlyAccess", ("- managed: ReadOnlyAccess",)),
        ("document a/b.json", ("- document: a/b.json",)),
        ("s3 read on *", ("- s3: [read]", '  on: "*"')),
        ("s3 yes on on", ('- s3: ["yes"]', '  on: "on"')),
    ],
)
def test_a_few_words_become_a_grant(words: str, lines: tuple[str, ...]) -> None:
    assert grant_lines(words) == lines


@pytest.mark.parametrize(
    "words", ["", "s3", "on s3://b/", "s3 read on", "managed", "managed a b", "actions", "actions:"]
)
def test_words_that_say_nothing_are_refused_with_an_example(words: str) -> None:
    with pytest.raises(LeastkeyError) as caught:
        grant_lines(words)
    assert caught.value.code == "usage"
    assert "s3 list,read on s3://" in caught.value.remedy[0]


def test_a_starter_is_commented_and_says_what_was_answered() -> None:
    text = starter_spec(
        Starter(
            project="acme-reports",
            identity="nightly-reports",
            allow=("ec2:DescribeRegions", "s3 list,read,write on s3://acme-reports/nightly/"),
            account="012345678901",
            user="nightly-reports-bot",
        )
    )
    spec = parse_spec(text, "leastkey.yaml", no_document)
    (identity,) = spec.identities
    assert (spec.project, spec.account, spec.region) == ("acme-reports", "012345678901", "us-east-1")
    assert identity.user is not None
    assert identity.user.name == "nightly-reports-bot"
    assert len(identity.allow) == 2
    assert text.count("#") >= 6
    assert max(len(line) for line in text.splitlines()) <= 90


def test_a_starter_for_a_service_has_no_key() -> None:
    text = starter_spec(Starter(project="p", identity="i", allow=("s3 list",), service="ec2"))
    (identity,) = parse_spec(text, "f", no_document).identities
    assert identity.user is None


def test_a_starter_without_an_account_shows_how_to_pin_one() -> None:
    text = starter_spec(Starter(project="p", identity="i", allow=("s3 list",)))
    pinned = text.replace("# account:", "account:")
    assert parse_spec(text, "f", no_document).account is None
    assert parse_spec(pinned, "f", no_document).account == "111122223333"


@pytest.mark.parametrize(
    ("starter", "code", "words"),
    [
        (Starter(project="a/b", identity="i", allow=("s3 list",)), "spec-invalid", "`a/b`"),
        (Starter(project="p", identity="i", allow=("s4 list",)), "unknown-name", "`s4`"),
        (Starter(project="p", identity="i", allow=()), "spec-invalid", "`allow`"),
        (Starter(project="p", identity="i: {}", allow=("s3 list",)), "spec-invalid", "`i: {}`"),
        (Starter(project="p", identity="i", allow=("s3 list",), account="1"), "spec-invalid", "`1`"),
    ],
)
def test_an_answer_that_cannot_stand_in_a_spec_is_refused_without_a_place(
    starter: Starter, code: str, words: str
) -> None:
    with pytest.raises(LeastkeyError) as caught:
        starter_spec(starter)
    assert (caught.value.code, caught.value.place) == (code, None)
    assert words in caught.value.what
