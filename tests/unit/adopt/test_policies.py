"""What becomes of a hand-made user's policies: lines where the spec can say the same, documents where it cannot."""

from __future__ import annotations

import json

import pytest
from tests.unit.adopt.byhand import adopted, allow, aws, customer, deny, document, inline, user

from leastkey.adopt.existing import ExistingPolicy
from leastkey.errors import LeastkeyError
from leastkey.spec.parse import parse_spec


def grants(text: str) -> list[str]:
    """Give the entries between `allow:` and `session:`, without comments."""
    body = text.partition("    allow:\n")[2].partition("    session:")[0]
    return [line.removeprefix("      ") for line in body.splitlines() if not line.strip().startswith("#")]


def test_the_tutorials_user_becomes_a_spec_that_permits_the_same() -> None:
    result = adopted(
        user(
            aws("AmazonEC2FullAccess"),
            inline(
                "reports",
                allow(
                    "s3:ListBucket",
                    "arn:aws:s3:::acme-reports",
                    Sid="ListIt",
                    Condition={"StringLike": {"s3:prefix": "nightly/*"}},
                ),
                allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::acme-reports/nightly/*"),
            ),
        )
    )
    assert grants(result.text) == [
        "- managed: AmazonEC2FullAccess",
        "- actions: [s3:ListBucket]",
        "  on: s3://acme-reports/nightly/",
        "- actions: [s3:GetObject, s3:PutObject]",
        "  on: s3://acme-reports/nightly/",
    ]
    assert "# inline policy reports, statement 1 (ListIt)" in result.text
    assert result.comparison.is_same
    assert result.comparison.allowed > 0
    assert result.files == {}
    assert any("`AmazonEC2FullAccess` allows far more" in caution for caution in result.cautions)
    assert any("becomes the role's" in caution for caution in result.cautions)


def test_each_entry_names_the_line_where_it_stands() -> None:
    result = adopted(
        user(aws("ReadOnlyAccess"), inline("a", allow("ec2:StartInstances"), deny("ec2:StopInstances")))
    )
    lines = result.text.splitlines()
    for placed in result.placed:
        assert lines[placed.line - 1].strip() == placed.entry.lines[0]
    assert [str(placed.entry.sources[0]) for placed in result.placed] == [
        "AWS's own policy ReadOnlyAccess",
        "inline policy a, statement 1",
        "inline policy a, statement 2",
    ]


def test_a_whole_service_is_said_as_full_and_a_list_of_services_as_actions() -> None:
    result = adopted(user(inline("a", allow("EC2:*"), allow(["ec2:*", "s3:*"], "arn:aws:s3:::acme"))))
    assert grants(result.text) == [
        "- ec2: [full]",
        '- actions: ["ec2:*", "s3:*"]' if '"ec2:*"' in result.text else "- actions: [ec2:*, s3:*]",
        '  on: "arn:aws:s3:::acme"' if '"arn:aws:s3:::acme"' in result.text else "  on: arn:aws:s3:::acme",
    ]


def test_conditions_go_to_when_and_denials_to_deny() -> None:
    result = adopted(
        user(
            inline(
                "a",
                allow(
                    "ec2:StopInstances",
                    Condition={
                        "StringEquals": {"aws:ResourceTag/team": ["a", "b"]},
                        "Bool": {"aws:SecureTransport": True},
                    },
                ),
                deny("ec2:*", "arn:aws:ec2:*:*:instance/i-1"),
            )
        )
    )
    spec = parse_spec(result.text, "s", str).identities[0]
    assert {(one.operator, one.key, one.values) for one in spec.allow[0].when} == {  # type: ignore[union-attr]  # an actions grant
        ("StringEquals", "aws:ResourceTag/team", ("a", "b")),
        ("Bool", "aws:SecureTransport", ("true",)),
    }
    assert len(spec.deny) == 1
    assert result.comparison.is_same


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "NotAction has no word"),
        (
            {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::acme/*"},
            "NotResource has no word",
        ),
        (allow("*"), "an action of every service"),
        (allow("nosuchservice:Do"), "an action, resource or condition"),
        (allow("s3:GetObject", "arn:aws:s3*"), "an action, resource or condition"),
        (
            allow("s3:GetObject", Condition={"stringequals": {"aws:RequestedRegion": "a"}}),
            "an action, resource or condition",
        ),
        (
            allow("s3:GetObject", Condition={"StringEquals": {"aws:RequestedRegion": ""}}),
            "an action, resource or condition",
        ),
    ],
)
def test_what_the_spec_has_no_word_for_stands_in_a_document(statement: dict[str, object], why: str) -> None:
    result = adopted(user(customer("strange", allow("ec2:DescribeRegions"), statement)))
    assert list(result.files) == ["policies/strange.json"]
    written = json.loads(result.files["policies/strange.json"])
    assert written["Statement"] == [document(statement).statements[0].to_json()]
    assert any(f"policy strange, statement 2: {why}" in caution for caution in result.cautions)
    assert "- document: policies/strange.json" in result.text
    assert result.comparison.is_same


def test_a_document_that_only_denies_stands_under_deny() -> None:
    result = adopted(user(inline("a", {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"})))
    assert (
        "    deny:\n      # inline policy a, statement 1\n      - document: policies/a.json\n" in result.text
    )
    assert result.comparison.is_same


def test_text_of_the_old_version_keeps_its_meaning() -> None:
    old = inline("a", allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*"), version="2008-10-17")
    result = adopted(user(old))
    assert json.loads(result.files["policies/a.json"])["Version"] == "2008-10-17"
    assert result.comparison.is_same


def test_equal_statements_stand_once_with_both_sources() -> None:
    result = adopted(
        user(
            inline("a", allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::b/*")),
            customer("b", allow(["s3:putobject", "s3:GetObject"], "arn:aws:s3:::b/*")),
        )
    )
    assert len(result.placed) == 1
    assert [str(source) for source in result.placed[0].entry.sources] == [
        "inline policy a, statement 1",
        "policy b, statement 1",
    ]


def test_one_policy_that_came_twice_becomes_one_document() -> None:
    everything = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    result = adopted(user(customer("p", everything), customer("p", everything, group="devs")))
    assert list(result.files) == ["policies/p.json"]
    assert result.text.count("- document:") == 1
    assert "of group devs" in result.text


def test_two_policies_of_one_name_become_two_documents() -> None:
    result = adopted(
        user(
            customer("p", {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
            inline("P", {"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"}),
        )
    )
    assert list(result.files) == ["policies/p.json", "policies/P-2.json"]
    assert result.comparison.is_same


def test_a_groups_policies_are_carried_with_a_note() -> None:
    result = adopted(
        user(
            inline("g", allow("sqs:SendMessage"), group="devs"),
            aws("ReadOnlyAccess", group="devs"),
            groups=("devs",),
        )
    )
    assert "# inline policy g of group devs, statement 1" in result.text
    assert "- managed: ReadOnlyAccess" in result.text
    assert any("the role does not follow when the group changes" in caution for caution in result.cautions)
    commands = [command for step in result.steps for command in step.commands]
    assert "aws iam remove-user-from-group --user-name automation_user --group-name devs" in commands
    assert not any("delete-user-policy" in command or "detach-user-policy" in command for command in commands)


def test_a_boundary_stays_a_boundary() -> None:
    ceiling = customer("ceiling", allow(["s3:*", "ec2:*"]))
    result = adopted(user(inline("a", allow("*")), boundary=ceiling))
    assert (
        "    boundary:\n      # policy ceiling, the permissions boundary\n      document: policies/ceiling.json\n"
        in result.text
    )
    assert result.comparison.is_same
    own = adopted(user(inline("a", allow("s3:*")), boundary=aws("PowerUserAccess")))
    assert "      managed: PowerUserAccess\n" in own.text
    assert own.comparison.is_same


def test_a_user_who_may_nothing_gets_a_spec_that_parses_and_grants_nothing() -> None:
    result = adopted(user())
    assert "- actions: [sts:GetCallerIdentity]" in result.text
    assert result.comparison.is_same


def test_more_than_a_role_can_carry_is_refused_and_nothing_is_written() -> None:
    huge = [
        inline(
            f"p{number}",
            *(
                allow(
                    "s3:GetObject",
                    f"arn:aws:s3:::bucket-{number}-{index}/{'x' * 900}{index}/{'y' * 50}*",
                    Condition={"StringEquals": {"aws:RequestedRegion": f"r{number}-{index}"}},
                )
                for index in range(6)
            ),
        )
        for number in range(14)
    ]
    with pytest.raises(LeastkeyError) as refused:
        adopted(user(*huge))
    assert refused.value.code == "too-large"
    assert refused.value.place is None


def test_policies_without_a_readable_name_become_safe_file_names() -> None:
    odd = ExistingPolicy("..", "inline", document({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}))
    assert list(adopted(user(odd)).files) == ["policies/policy.json"]


def test_statements_that_differ_in_their_condition_alone_stay_apart() -> None:
    region = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    result = adopted(user(inline("a", allow("sqs:SendMessage"), allow("sqs:SendMessage", Condition=region))))
    assert len(result.placed) == 2


def test_a_prefix_that_is_no_pattern_keeps_its_condition() -> None:
    literal = {"StringEquals": {"s3:prefix": "p/*"}}
    result = adopted(user(inline("a", allow("s3:ListBucket", "arn:aws:s3:::b", Condition=literal))))
    assert "StringEquals:" in result.text
    assert result.comparison.is_same
