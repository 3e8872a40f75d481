"""Filling in a context, to the letter: what stated keys tell of others, and why a key is not there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from leastkey.evaluate.context import Filled, KeyNote, fill, filled_as_json, without
from leastkey.evaluate.context_keys import CallFacts
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request
from leastkey.iam.document import parse_document

ACCOUNT: Final = "111122223333"
USER: Final = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/ops/alice", ACCOUNT)
SESSION: Final = Principal("session", f"arn:aws:sts::{ACCOUNT}:assumed-role/job/one", ACCOUNT)
ROLE: Final = Principal("role", f"arn:aws:iam::{ACCOUNT}:role/teams/job", ACCOUNT)
FEDERATED: Final = Principal("feduser", f"arn:aws:sts::{ACCOUNT}:federated-user/bob", ACCOUNT)
ROOT: Final = Principal("root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
SERVICE: Final = Principal("service", "cloudtrail.amazonaws.com", "")
ANONYMOUS: Final = Principal("anonymous", "", "")
IN_CHINA: Final = Principal("user", f"arn:aws-cn:iam::{ACCOUNT}:user/li", ACCOUNT)
NOW: Final = datetime(2026, 3, 1, 12, 0, 0, 900_000, tzinfo=UTC)
OBJECT: Final = "arn:aws:s3:::acme/x"
MFA: Final = "aws:MultiFactorAuthPresent"
AGE: Final = "aws:MultiFactorAuthAge"
ASSUMED: Final = "a session's ARN does not tell the role's path, none is assumed"

Stated = dict[str, str | tuple[str, ...]]


def filled(
    stated: Stated | None = None,
    *reads: str,
    who: Principal = USER,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
    owner: str = ACCOUNT,
    **facts: Any,
) -> Filled:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    text: dict[str, Any] = {**deny, "Condition": {"StringEquals": dict.fromkeys(reads, "v")}}
    documents = (NamedDocument("p", parse_document({"Statement": text}, "identity")),) if reads else ()
    request = Request(action, resource, who, owner, stated or {})
    return fill(request, CallFacts(**facts), Policies(identity=documents))


def note(found: Filled, key: str) -> tuple[str, str]:
    """What is said of a key: in which of the three lists it stands, and why."""
    for name, notes in (("unknown", found.unknown), ("absent", found.absent)):
        for each in notes:
            if each.key == key:
                return name, each.why
    return "there", ""


NOT_VOUCHED: Final = "only callers that an identity provider vouched for carry it"
VOUCHED: Final = "what the identity provider said of the caller is not known"
NOT_STATED: Final = "it hangs on the call or the resource, which nobody stated"
NO_CATALOGUE: Final = "the action is in no catalogue, so its keys are not known"
NO_KEY: Final = "AWS lists no such key"
REQUEST_TAGS: Final = "the tags in the request are not known"
READ, TAG, NONE = "s3:GetObject", "ec2:CreateTags", "nosuch:Thing"


@pytest.mark.parametrize(
    ("who", "action", "key", "state", "why"),
    [
        *((who, READ, "saml:sub", "absent", NOT_VOUCHED) for who in (USER, ROOT, SERVICE, ANONYMOUS)),
        *((who, READ, "SAML:sub", "unknown", VOUCHED) for who in (SESSION, ROLE, FEDERATED)),
        (SESSION, READ, "accounts.acme.example:sub", "unknown", VOUCHED),
        (USER, READ, "aws:NoSuch", "unknown", NO_KEY),
        (USER, READ, "AWS:No:Such", "unknown", NO_KEY),
        (USER, NONE, "s3:prefix", "unknown", NO_CATALOGUE),
        (USER, "nosuch", "s3:prefix", "unknown", NO_CATALOGUE),
        (USER, "s3:NoSuch", "s3:prefix", "unknown", NO_CATALOGUE),
        (USER, READ, "s3:prefix", "absent", f"{NO_KEY} for {READ}"),
        (USER, "S3:LISTBUCKET", "S3:Prefix", "unknown", NOT_STATED),
        (USER, "ebs:GetSnapshotBlock", "aws:UserAgent", "unknown", "the caller's program is not known"),
        (USER, READ, "s3:signatureAges", "absent", f"{NO_KEY} for {READ}"),
        (USER, "s3:ListBucket", "s3:prefixes", "absent", f"{NO_KEY} for s3:ListBucket"),
        (USER, READ, "S3:ExistingObjectTag/team", "unknown", NOT_STATED),
        (USER, READ, "s3:ExistingObjectTag", "absent", f"{NO_KEY} for {READ}"),
        (USER, TAG, "ec2:ResourceTag/team", "unknown", NOT_STATED),
        (USER, READ, "aws:RequestTag/team", "absent", f"{NO_KEY} for {READ}"),
        (USER, READ, "aws:TagKeys", "absent", f"{NO_KEY} for {READ}"),
        (USER, TAG, "aws:RequestTag/team", "unknown", REQUEST_TAGS),
        (USER, TAG, "aws:TagKeys", "unknown", REQUEST_TAGS),
        (USER, NONE, "aws:TagKeys", "unknown", REQUEST_TAGS),
        (USER, READ, "aws:ResourceTag/team", "unknown", "the resource's tags are not known"),
        (
            USER,
            "access-analyzer:ApplyArchiveRule",
            "aws:ResourceTag/team",
            "unknown",
            "the resource's tags are not known",
        ),
        (USER, "iam:ListUsers", "aws:ResourceTag/team", "absent", f"{NO_KEY} for iam:ListUsers"),
        (USER, READ, "aws:UserAgent", "unknown", "the caller's program is not known"),
        (SESSION, READ, "aws:username", "absent", "only IAM users carry it"),
        (
            USER,
            "EBS:GetSnapshotBlock",
            "AWS:ResourceOrgID",
            "absent",
            "EBS:GetSnapshotBlock does not carry it",
        ),
        (
            USER,
            "ebs:GetSnapshotBlock",
            "aws:SourceArn",
            "absent",
            "only the direct call of an AWS service principal carries it",
        ),
    ],
    ids=lambda value: value.type if isinstance(value, Principal) else value,
)
def test_why_a_key_is_not_there_is_said(who: Principal, action: str, key: str, state: str, why: str) -> None:
    assert note(filled(None, key, who=who, action=action, resource="*"), key) == (state, why)


@pytest.mark.parametrize(
    "key", ["aws:SourceVpc", "AWS:SourceVpcArn", "aws:SourceVpce", "aws:VpcSourceIp"], ids=str
)
def test_each_key_of_an_endpoint_tells_that_the_call_comes_through_one(key: str) -> None:
    found = filled({key: "x"}, "aws:SourceIp", source_ip="203.0.113.7")
    assert note(found, "aws:SourceIp")[0] == "absent"
    assert note(filled({key: "x"}, "aws:VpceOrgID", through_endpoint=False), "aws:VpceOrgID")[0] == "unknown"


def test_a_stated_address_tells_that_the_call_comes_through_no_endpoint() -> None:
    stated: Stated = {"aws:SourceIp": "203.0.113.7"}
    assert note(filled(stated, "aws:SourceVpc", vpc="vpc-1"), "aws:SourceVpc")[0] == "absent"
    assert filled(through_endpoint=True, vpc="vpc-1").added["aws:SourceVpc"] == "vpc-1"


@pytest.mark.parametrize(
    ("stated", "facts", "said"),
    [
        ({}, {"is_temporary": False, "mfa": True}, ("absent", "absent", "absent")),
        ({"aws:tokenissuetime": "x"}, {"is_temporary": False}, ("unknown", "unknown", "there")),
        ({"aws:tokenissuetime": "x"}, {"is_temporary": False, "mfa": False}, ("there", "absent", "there")),
        ({MFA: "True"}, {"is_temporary": False, "mfa": False}, ("there", "unknown", "unknown")),
        ({MFA: "false"}, {"is_temporary": False, "mfa": True}, ("there", "absent", "unknown")),
        ({MFA: ("true",)}, {"is_temporary": False, "mfa": False}, ("there", "unknown", "unknown")),
        ({AGE: "7"}, {"is_temporary": False, "mfa": False}, ("there", "there", "unknown")),
        ({MFA: "false", AGE: "7"}, {"issued_at": NOW, "now": NOW}, ("there", "there", "there")),
        (
            {},
            {"is_temporary": True, "mfa": False, "issued_at": NOW, "now": NOW},
            ("there", "absent", "there"),
        ),
        ({}, {"is_temporary": True, "mfa": True, "issued_at": NOW}, ("there", "unknown", "there")),
        ({}, {"is_temporary": False, "issued_at": NOW}, ("absent", "absent", "absent")),
    ],
    ids=str,
)
def test_what_is_stated_of_the_second_factor_tells_of_the_rest(
    stated: Stated, facts: dict[str, Any], said: tuple[str, ...]
) -> None:
    keys = (MFA, AGE, "aws:TokenIssueTime")
    found = filled(stated, *keys, **facts)
    assert tuple(note(found, key)[0] for key in keys) == said


def test_of_a_call_that_little_is_known_of_little_is_filled_in() -> None:
    assert filled().added == {
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalArn": USER.arn,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": "User",
        "aws:ResourceAccount": ACCOUNT,
        "aws:username": "alice",
        "s3:ResourceAccount": ACCOUNT,
    }


def test_times_are_told_in_whole_seconds() -> None:
    added = filled(now=NOW, issued_at=NOW.replace(hour=11), is_temporary=True, mfa=True).added
    assert (added["aws:CurrentTime"], added["aws:TokenIssueTime"], added[AGE]) == (
        "2026-03-01T12:00:00Z",
        "2026-03-01T11:00:00Z",
        "3600",
    )


def test_a_stated_time_without_an_offset_is_in_utc() -> None:
    stated: Stated = {"aws:CurrentTime": "2026-03-01T12:00:00", MFA: "true"}
    assert filled(stated, issued_at=NOW.replace(hour=11, microsecond=0)).added[AGE] == "3600"


def test_an_age_alone_tells_that_there_was_a_second_factor() -> None:
    assert filled({AGE: "7"}, mfa=False).added[MFA] == "true"
    assert MFA not in filled().added


CALLED: Final = ("aws:CalledVia", "aws:CalledViaFirst", "aws:ViaAWSService")


@pytest.mark.parametrize(
    ("stated", "said", "first"),
    [
        ({}, ("absent", "absent", "there"), None),
        ({"aws:VIAAWSSERVICE": "True"}, ("unknown", "unknown", "there"), None),
        ({"aws:ViaAWSService": "false"}, ("absent", "absent", "there"), None),
        ({"aws:ViaAWSService": ("true",)}, ("absent", "absent", "there"), None),
        ({"aws:CalledVia": "athena.amazonaws.com"}, ("there",) * 3, "athena.amazonaws.com"),
        ({"aws:CalledVia": ("a.amazonaws.com", "b.amazonaws.com")}, ("there",) * 3, "a.amazonaws.com"),
    ],
    ids=str,
)
def test_what_is_stated_of_the_service_between_tells_of_the_rest(
    stated: Stated, said: tuple[str, ...], first: str | None
) -> None:
    found = filled(stated, *CALLED, via=())
    assert tuple(note(found, key)[0] for key in CALLED) == said
    assert found.added.get("aws:CalledViaFirst") == first


@pytest.mark.parametrize(
    ("stated", "added"),
    [
        ({"AWS:EpochTime": "1735689600"}, "2025-01-01T00:00:00Z"),
        ({"aws:CurrentTime": "2025-01-01T00:00:00Z"}, "1735689600"),
        ({"aws:CurrentTime": "2025-01-01T00:00:00"}, "1735689600"),
        ({"aws:CurrentTime": "2025-01-01T02:00:00+02:00"}, "1735689600"),
        *(
            ({key: value}, None)
            for key in ("aws:CurrentTime", "aws:EpochTime")
            for value in ("soon", ("2025", "2026"), (), "9" * 30, "9" * 18)
        ),
        ({"aws:CurrentTime": "soon", "aws:EpochTime": "1735689600"}, None),
    ],
    ids=str,
)
def test_a_time_that_is_stated_is_said_in_the_other_way_too(stated: Stated, added: str | None) -> None:
    found = filled(stated, now=NOW).added
    assert [found[key] for key in ("aws:CurrentTime", "aws:EpochTime") if key in found] == (
        [added] if added else []
    )


def test_stated_tags_of_a_request_join_those_that_are_known() -> None:
    found = filled(
        {"AWS:RequestTag/Cost/Centre": "a", "aws:PrincipalTag/no": "b"}, request_tags={"team": "x"}
    )
    assert found.added["aws:TagKeys"] == ("team", "Cost/Centre")
    assert found.added["aws:RequestTag/team"] == "x"
    assert "aws:RequestTag/Cost/Centre" not in found.added
    assert filled({"aws:RequestTag/team": "a"}).added["aws:TagKeys"] == ("team",)
    assert "aws:TagKeys" not in filled({"aws:PrincipalTag/no": "b"}).added


def test_tags_that_differ_in_case_alone_keep_all_their_values_in_order() -> None:
    found = filled(resource_tags={"team": "cc", "TEAM": "aa", "Team": "bb", "x": "dd"})
    tags = {key: value for key, value in found.added.items() if key.startswith("aws:ResourceTag/")}
    assert tags == {"aws:ResourceTag/TEAM": ("aa", "bb", "cc"), "aws:ResourceTag/x": "dd"}


def test_a_service_s_own_key_follows_from_a_stated_one_and_is_not_put_beside_itself() -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"
    found = filled({"AWS:PRINCIPALACCOUNT": "9" * 12}, action="kms:Decrypt", resource=key)
    assert found.added["kms:CallerAccount"] == "9" * 12
    stated: Stated = {"S3:RESOURCEACCOUNT": "9" * 12}
    found = filled(stated, "s3:ResourceAccount")
    assert found.request.context == {**found.added, **stated}
    assert "s3:ResourceAccount" not in found.added
    assert note(found, "s3:ResourceAccount")[0] == "there"
    assert filled({"": "v", "x": "v"}).added == filled().added
    added = filled(action="S3EXPRESS:CreateSession").added
    assert added["s3express:ResourceAccount"] == ACCOUNT


FILLED: Final = Filled(
    Request("s3:GetObject", OBJECT, USER, ACCOUNT, {"K:A": "1", "k:b": ("2", "3")}),
    {"K:A": "1", "k:b": ("2", "3")},
    (KeyNote("K:A", "assumed"), KeyNote("k:b", "too")),
    (KeyNote("K:C", "not known"), KeyNote("k:d", "too")),
    (KeyNote("K:E", "never"), KeyNote("k:f", "too")),
)


def test_keys_that_are_taken_away_are_nowhere_in_whatever_letter_case() -> None:
    left = without(FILLED, {"k:a", "k:c", "k:e"})
    assert (left.request.context, left.added) == ({"k:b": ("2", "3")},) * 2
    assert [[each.key for each in notes] for notes in (left.assumed, left.unknown, left.absent)] == [
        *(["k:b"], ["k:d"], ["k:f"])
    ]
    assert without(FILLED, ()) == FILLED


def test_what_was_filled_in_is_told_as_json() -> None:
    told = filled_as_json(FILLED)
    assert told == {
        "filled": {"K:A": "1", "k:b": ["2", "3"]},
        "unknown": [{"key": "K:C", "why": "not known"}, {"key": "k:d", "why": "too"}],
        "absent": [{"key": "K:E", "why": "never"}, {"key": "k:f", "why": "too"}],
        "assumed": [{"key": "K:A", "why": "assumed"}, {"key": "k:b", "why": "too"}],
    }
    assert list(filled_as_json(filled())) == ["filled", "unknown", "absent"]


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        ("arn:aws-cn:sts::1:assumed-role/job/one", "arn:aws-cn:iam::1:role/job"),
        ("arn:aws:sts::1:assumed-role/job/a/b", "arn:aws:iam::1:role/job"),
        ("arn:aws:sts::1:federated-user/bob", None),
        ("arn:aws:sts::1:assumed-role/", None),
        ("job/one", None),
    ],
)
def test_a_session_is_of_the_role_that_its_arn_names(arn: str, role: str | None) -> None:
    """Source: IAM User Guide, "AWS global condition context keys", aws:PrincipalArn."""
    found = filled(who=Principal("session", arn, "1"))
    assert found.added.get("aws:PrincipalArn") == role
    assert found.assumed == ((KeyNote("aws:PrincipalArn", ASSUMED),) if role else ())


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (USER, (ACCOUNT, "x", "alice", None, "false")),
        (ROOT, (ACCOUNT, "x", None, None, "false")),
        (SERVICE, (None, "x", None, SERVICE.arn, "true")),
        (
            Principal("federated", f"arn:aws:iam::{ACCOUNT}:saml-provider/a", ""),
            (None, "x", None, None, None),
        ),
        (ANONYMOUS, ("anonymous", "x", None, None, None)),
    ],
    ids=lambda value: value.type if isinstance(value, Principal) else "",
)
def test_each_kind_of_caller_has_the_keys_of_its_kind(
    who: Principal, expected: tuple[str | None, ...]
) -> None:
    """Source: IAM User Guide, "Principal key values"; "AWS global condition context keys"."""
    added = filled(who=who, user_id="x").added
    name, service = "aws:username", ("aws:PrincipalServiceName", "aws:PrincipalIsAWSService")
    assert "aws:FederatedProvider" not in added
    assert tuple(added.get(key) for key in ("aws:PrincipalAccount", "aws:userid", name, *service)) == expected


@pytest.mark.parametrize(
    ("who", "action", "resource", "region"),
    [
        (IN_CHINA, "IAM:ListUsers", "*", "cn-north-1"),
        (IN_CHINA, "iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/x", "us-east-1"),
        (IN_CHINA, "route53:ListHostedZones", "*", None),
        (SERVICE, "iam:ListUsers", "*", "us-east-1"),
        (
            USER,
            "logs:GetLogEvents",
            f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:g:log-stream:s",
            "eu-west-1",
        ),
        (USER, "logs:GetLogEvents", "logs:eu-west-1:x:y", None),
    ],
    ids=lambda value: value.type if isinstance(value, Principal) else value,
)
def test_the_region_follows_from_the_partition_and_else_from_the_resource(
    who: Principal, action: str, resource: str, region: str | None
) -> None:
    found = filled(who=who, action=action, resource=resource)
    assert found.added.get("aws:RequestedRegion") == region
    assert filled(who=who, action=action, resource=resource, region="x").added["aws:RequestedRegion"] == "x"


def test_the_owner_is_told_where_it_is_known_and_the_action_carries_it() -> None:
    account = "aws:ResourceAccount"
    assert account not in filled(owner="").added
    assert account not in filled(action="EBS:GetSnapshotBlock", resource="*").added
    assert filled(action="s3:ListBucket").added[account] == ACCOUNT


def test_a_service_s_own_tag_keys_are_those_of_the_resource() -> None:
    instance = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i"
    added = filled(action="ec2:StartInstances", resource=instance, resource_tags={"a": "1", "b": "2"}).added
    assert {key: value for key, value in added.items() if key.startswith("ec2:ResourceTag/")} == {
        "ec2:ResourceTag/a": "1",
        "ec2:ResourceTag/b": "2",
    }
    assert not [key for key in filled(action="ec2:StartInstances", resource=instance).added if "Tag" in key]
    assert filled(action="nosuch:Thing", resource_tags={"a": "1"}).added["aws:ResourceTag/a"] == "1"
