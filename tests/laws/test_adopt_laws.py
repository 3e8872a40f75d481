"""Laws of adopting: whatever somebody pasted together, the spec that replaces it permits exactly the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.adopt.byhand import ACCOUNT, adopted, document, inline, role, trusts, user

from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request
from leastkey.evaluate.trust import decide_trust
from leastkey.spec.parse import parse_spec

if TYPE_CHECKING:
    from leastkey.adopt.adoption import Adoption

ACTIONS = st.sampled_from(
    ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:Get*", "s3:*", "S3:getobject", "s3:DeleteObject*", "ec2:StopInstances",
     "ec2:Describe*", "ec2:*", "EC2:*", "iam:PassRole", "nosuch:Thing", "s?:GetObject", "*", "sqs:SendMessage"]
)  # fmt: skip
RESOURCES = st.sampled_from(
    ["*", "arn:aws:s3:::b", "arn:aws:s3:::b/*", "arn:aws:s3:::b/p/*", "arn:aws:s3:::b/p/key", "arn:aws:s3:::*", "arn:aws:s3:::b?/x",
     "arn:aws:s3:::home/${aws:username}/*", "arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", "arn:aws:sqs:*:*:q"]
)  # fmt: skip
CONDITIONS = st.sampled_from(
    [{}, {"StringLike": {"s3:prefix": "p/*"}}, {"StringLike": {"s3:prefix": ["p/*", "q/*"]}}, {"StringEquals": {"s3:prefix": "p/"}},
     {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, {"StringNotEquals": {"aws:ResourceTag/team": "a"}},
     {"Bool": {"aws:SecureTransport": "false"}}, {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"Null": {"aws:SourceIp": "true"}},
     {"StringLike": {"aws:username": "auto*"}}, {"StringEquals": {"aws:username": "somebody"}},
     {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"numericLessThan": {"s3:max-keys": 10}},
     {"StringEquals": {"aws:ResourceTag/owner": "${aws:username}"}}]
)  # fmt: skip


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    def some(of: st.SearchStrategy[str]) -> list[str]:
        return draw(st.lists(of, min_size=1, max_size=3))

    found: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    found[draw(st.sampled_from(["Action", "Action", "Action", "NotAction"]))] = some(ACTIONS)
    found[draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))] = some(RESOURCES)
    if condition := draw(CONDITIONS):
        found["Condition"] = condition
    return found


POLICIES = st.lists(
    st.tuples(st.lists(statements(), min_size=1, max_size=3), st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"])),
    min_size=1,
    max_size=3,
)  # fmt: skip

ASKED_RESOURCES = (
    "*", "arn:aws:s3:::b", "arn:aws:s3:::b/k", "arn:aws:s3:::b/p/key", "arn:aws:s3:::bb/x", "arn:aws:s3:::home/automation_user/x",
    "arn:aws:s3:::home/${aws:username}/x", "arn:aws:s3:::other", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
    "arn:aws:ec2:us-east-1:111122223333:instance/i-2", "arn:aws:sqs:eu-west-1:111122223333:q",
)  # fmt: skip
ASKED = st.builds(
    lambda action, resource, context: (action, resource, {k: v for k, v in context.items() if v is not None}),
    st.sampled_from(
        ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetObjectAcl", "s3:DeleteObject", "s3:DeleteObjectVersion",
         "ec2:StopInstances", "ec2:DescribeRegions", "ec2:RunInstances", "iam:PassRole", "nosuch:Thing", "sqs:SendMessage", "kms:Decrypt"]
    ),
    st.sampled_from(ASKED_RESOURCES),
    st.fixed_dictionaries(
        {
            "s3:prefix": st.sampled_from([None, "p/", "p/x", "q/", "r"]),
            "aws:RequestedRegion": st.sampled_from([None, "eu-west-1", "us-east-1"]),
            "aws:ResourceTag/team": st.sampled_from([None, "a", "b"]),
            "aws:ResourceTag/owner": st.sampled_from([None, "automation_user", "x"]),
            "aws:SecureTransport": st.sampled_from([None, "true", "false"]),
            "aws:SourceIp": st.sampled_from([None, "203.0.113.9", "192.0.2.1"]),
            "aws:TagKeys": st.sampled_from([None, ("a",), ("a", "c")]),
            "s3:max-keys": st.sampled_from([None, "5", "50"]),
        }
    ),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(policies=POLICIES, asked=st.lists(ASKED, min_size=20, max_size=60))
def test_the_role_may_do_exactly_what_the_user_could(
    policies: list[tuple[list[dict[str, Any]], str]], asked: list[tuple[str, str, dict[str, Any]]]
) -> None:
    """Asked as the user with its own name before, and as a session of the role, which has none, after."""
    held = tuple(inline(f"p{index}", *one, version=version) for index, (one, version) in enumerate(policies))
    result = adopted(user(*held))
    assert result.comparison.is_same, result.comparison.differences
    _parses(result)
    before = Policies(
        identity=tuple(
            NamedDocument(each.name, document(*one, version=version))
            for each, (one, version) in zip(held, policies, strict=True)
        )
    )
    after = Policies(
        identity=tuple(NamedDocument(each.name, each.document) for each in result.identity.policies)
    )
    old = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/automation_user", ACCOUNT)
    new = Principal(
        "session",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/{result.identity.role.name}/s",
        ACCOUNT,
        str(result.identity.role.arn),
    )
    for action, resource, context in asked:
        was = decide(
            Request(action, resource, old, ACCOUNT, {**context, "aws:username": "automation_user"}), before
        ).is_allowed
        now = decide(Request(action, resource, new, ACCOUNT, context), after).is_allowed
        assert was == now, (action, resource, context, result.text, result.files)


def _parses(result: Adoption) -> None:
    spec = parse_spec(result.text, "leastkey.yaml", result.files.__getitem__)
    assert [identity.name for identity in spec.identities] == [result.identity.name]


OTHER = "444455556666"
PRINCIPALS = st.sampled_from(
    ["*", {"AWS": "*"}, {"AWS": OTHER}, {"AWS": f"arn:aws:iam::{OTHER}:root"}, {"AWS": f"arn:aws:iam::{OTHER}:role/x"},
     {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"}, {"Service": "lambda.amazonaws.com"},
     {"Service": ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]}, {"Federated": "accounts.google.com"}]
)  # fmt: skip
TRUST_CONDITIONS = st.sampled_from(
    [{}, {"StringEquals": {"sts:ExternalId": "long-word"}}, {"StringLike": {"sts:ExternalId": "long*"}},
     {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, {"StringEquals": {"aws:SourceAccount": OTHER}}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}]
)  # fmt: skip
TRUSTS = st.builds(
    lambda effect, principal, action, condition: {
        **trusts(principal, action),
        "Effect": effect,
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Allow", "Allow", "Deny"]),
    PRINCIPALS,
    st.sampled_from(
        ["sts:AssumeRole", ["sts:AssumeRole", "sts:TagSession"], "sts:*", "sts:AssumeRoleWithWebIdentity"]
    ),
    TRUST_CONDITIONS,
)
EVERYTHING = Policies(
    identity=(NamedDocument("all", document({"Effect": "Allow", "Action": "*", "Resource": "*"})),)
)
CALLERS = (
    Principal("service", "lambda.amazonaws.com", ""),
    Principal("service", "ec2.amazonaws.com", ""),
    Principal("service", "ecs-tasks.amazonaws.com", ""),
    Principal("role", f"arn:aws:iam::{OTHER}:role/x", OTHER),
    Principal("user", f"arn:aws:iam::{OTHER}:user/y", OTHER),
    Principal("user", f"arn:aws:iam::{ACCOUNT}:user/u", ACCOUNT),
    Principal("anonymous", "", ""),
)
CONTEXTS: tuple[dict[str, str], ...] = (
    {},
    {"sts:ExternalId": "long-word"},
    {"sts:ExternalId": "longer"},
    {"aws:SourceAccount": ACCOUNT},
    {"aws:SourceAccount": OTHER},
    {"sts:ExternalId": "long-word", "aws:MultiFactorAuthPresent": "true"},
)


@settings(max_examples=80, deadline=None)
@given(entries=st.lists(TRUSTS, min_size=1, max_size=3))
def test_the_new_trust_lets_nobody_in_whom_the_old_one_kept_out(entries: list[dict[str, Any]]) -> None:
    result = adopted(
        role(entries, inline("a", {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}))
    )
    _parses(result)
    before = NamedDocument("old", document(*entries, kind="trust"))
    after = NamedDocument("new", result.identity.role.trust)
    for caller in CALLERS:
        side = EVERYTHING if caller.account else Policies()
        for context in CONTEXTS:
            arn = {"aws:PrincipalArn": caller.arn} if caller.account else {}
            request = Request(
                "sts:AssumeRole", str(result.identity.role.arn), caller, ACCOUNT, {**context, **arn}
            )
            if decide_trust(request, after, side).is_allowed:
                assert decide_trust(request, before, side).is_allowed, (caller, context, result.text)
