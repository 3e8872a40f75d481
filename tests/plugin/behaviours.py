"""Tests as a project of somebody else would have them; `test_plugin.py` runs this file in a pytest of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

if TYPE_CHECKING:
    from pathlib import Path

    from leastkey.sandbox.testing.account import SandboxAccount
    from leastkey.sandbox.testing.policies import Policies, Policy

READS = "arn:aws:s3:::acme-reports/*"
ONE = "arn:aws:s3:::acme-reports/one"


def allow(actions: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    statement = {"Sid": "Own", "Effect": "Allow", "Action": actions, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def box(leastkey_sandbox: SandboxAccount) -> SandboxAccount:
    s3 = leastkey_sandbox.root.client("s3")
    s3.create_bucket(
        Bucket="acme-reports", CreateBucketConfiguration={"LocationConstraint": leastkey_sandbox.region}
    )
    s3.put_object(Bucket="acme-reports", Key="one", Body=b"1")
    return leastkey_sandbox


def code(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Code"])


def delete_else_overwrite(s3: Any) -> None:
    try:
        s3.delete_object(Bucket="acme-reports", Key="one")
    except ClientError:
        s3.put_object(Bucket="acme-reports", Key="one", Body=b"")


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_has_an_empty_account(box: SandboxAccount, turn: int) -> None:
    assert [each["Name"] for each in box.root.client("s3").list_buckets()["Buckets"]] == ["acme-reports"]
    assert box.root.client("iam").list_users()["Users"] == []
    box.as_user(name="ann")


def test_account_and_region_are_those_of_the_settings(leastkey_sandbox: SandboxAccount) -> None:
    assert (leastkey_sandbox.account, leastkey_sandbox.region) == ("444455556666", "eu-west-1")
    who = leastkey_sandbox.root.client("sts").get_caller_identity()
    assert who["Arn"] == leastkey_sandbox.root.arn == "arn:aws:iam::444455556666:root"


def test_a_role_may_what_its_policy_says_and_no_more(box: SandboxAccount) -> None:
    role = box.as_role(allow("s3:GetObject", READS), name="reader")
    assert role.client("sts").get_caller_identity()["Arn"] == role.arn
    assert role.arn == "arn:aws:sts::444455556666:assumed-role/reader/test"
    s3 = role.client("s3")
    assert s3.get_object(Bucket="acme-reports", Key="one")["Body"].read() == b"1"
    with pytest.raises(ClientError) as raised:
        s3.put_object(Bucket="acme-reports", Key="one", Body=b"2")
    assert code(raised) == "AccessDenied"


def test_a_policy_is_a_dict_a_text_a_file_an_arn_or_several_of_them(
    box: SandboxAccount, tmp_path: Path
) -> None:
    document = allow("s3:GetObject", READS)
    file = tmp_path / "reader.json"
    file.write_text(json.dumps(document))
    forms: list[Policies] = [document, json.dumps(document), file, str(file), [allow("iam:ListUsers"), file]]
    for policy in [*forms, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]:
        assert box.as_role(policy).allows("s3:GetObject", ONE)
    assert not box.as_role().allows("s3:GetObject", ONE)
    with pytest.raises(FileNotFoundError):
        box.as_role("no-such.json")
    with pytest.raises(ClientError) as raised:
        box.as_role('{"Version": "2012-10-17"}')
    assert code(raised) == "MalformedPolicyDocument"


def test_boundary_and_session_policy_limit_a_role(box: SandboxAccount) -> None:
    both = allow(["s3:GetObject", "s3:PutObject"], READS)
    bounded = box.as_role(both, boundary=allow("s3:GetObject"), name="bounded")
    narrowed = box.as_role(both, session_policy=allow("s3:GetObject"), name="narrowed")
    for role, layer in ((bounded, "permissions boundary"), (narrowed, "session policy")):
        role.assert_allowed("s3:GetObject", ONE)
        with pytest.raises(AssertionError, match=f"no statement of the {layer} speaks of s3:PutObject"):
            role.assert_allowed("s3:PutObject", ONE)
        with box.expect_denied("s3:PutObject", ONE):
            role.client("s3").put_object(Bucket="acme-reports", Key="one", Body=b"2")
    ann = box.as_user(both, boundary=allow("s3:GetObject"))
    assert (ann.allows("s3:GetObject", ONE), ann.allows("s3:PutObject", ONE)) == (True, False)


def test_a_trust_policy_is_tried_by_who_assumes(box: SandboxAccount) -> None:
    ann, ben = (box.as_user(allow("sts:AssumeRole"), name=name) for name in ("ann", "ben"))
    trusts = {"Effect": "Allow", "Principal": {"AWS": ann.arn}, "Action": "sts:AssumeRole"}
    role = box.as_role(trust={"Version": "2012-10-17", "Statement": [trusts]}, name="worn")
    wear = {"RoleArn": role.role_arn, "RoleSessionName": "ann"}
    assert ann.client("sts").assume_role(**wear)["AssumedRoleUser"]["Arn"].endswith("/worn/ann")
    with box.expect_denied("sts:AssumeRole"):
        ben.client("sts").assume_role(**wear)


def test_a_failed_question_shows_what_differs(box: SandboxAccount) -> None:
    role = box.as_role(allow("s3:GetObject", "arn:aws:s3:::acme-reports/own/*"), name="reader")
    with pytest.raises(AssertionError) as raised:
        role.assert_allowed("s3:GetObject", ONE)
    assert str(raised.value).splitlines() == [
        "this should be allowed, and is not",
        f"deny (implicit): s3:GetObject on {ONE}",
        f"  as {role.arn}",
        "  identity policy policy-1, statement 1 (Own): the resource does not match",
        "    arn:aws:s3:::acme-reports/own/*",
        "                               ^^^^",
        f"    asked: {ONE}",
        "  no other statement of the identity policy speaks of s3:GetObject",
    ]
    with pytest.raises(AssertionError, match=r"identity policy policy-1, statement 1 \(Own\) allows it"):
        role.assert_denied("s3:GetObject", "arn:aws:s3:::acme-reports/own/x")
    role.assert_denied("s3:GetObject", ONE)


def test_a_question_sees_the_state_bucket_policy_tags_and_what_is_stated(box: SandboxAccount) -> None:
    ann, role = (
        box.as_user(name="ann"),
        box.as_role(allow("iam:GetUser", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}})),
    )
    assert not ann.allows("s3:GetObject", ONE)
    let_in = {**allow("s3:GetObject", READS)["Statement"][0], "Principal": {"AWS": ann.arn}}
    box.root.client("s3").put_bucket_policy(
        Bucket="acme-reports", Policy=json.dumps({"Version": "2012-10-17", "Statement": [let_in]})
    )
    assert ann.allows("s3:GetObject", ONE)
    assert not role.allows("iam:GetUser", ann.arn)
    box.root.client("iam").tag_user(UserName="ann", Tags=[{"Key": "team", "Value": "a"}])
    assert role.allows("iam:GetUser", ann.arn)
    tags = [{"Key": "team", "Value": "a"}]
    volume = box.root.client("ec2").create_volume(
        AvailabilityZone="eu-west-1a", Size=1, TagSpecifications=[{"ResourceType": "volume", "Tags": tags}]
    )["VolumeId"]
    owner = box.as_user(allow("ec2:DeleteVolume", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}}))
    assert owner.allows("ec2:DeleteVolume", f"arn:aws:ec2:eu-west-1:444455556666:volume/{volume}")
    assert not owner.allows("ec2:DeleteVolume", "arn:aws:ec2:eu-west-1:444455556666:volume/vol-other")
    listing = box.as_user(allow("s3:ListBucket", Condition={"StringEquals": {"s3:prefix": "own/"}}))
    bucket = "arn:aws:s3:::acme-reports"
    assert listing.allows("s3:ListBucket", bucket, {"s3:prefix": "own/"})
    with pytest.raises(AssertionError, match="s3:prefix is absent"):
        listing.assert_allowed("s3:ListBucket", bucket)


@pytest.mark.parametrize(
    ("action", "resource", "words"),
    [
        ("s3:GetObjekt", ONE, "nearest: s3:GetObject"),
        ("s4:GetObject", ONE, "no service `s4`"),
        ("s3:GetObject", "arn:aws:s3:::acme-reports/*", "no single resource"),
        ("s3:GetObject", "acme-reports/one", "no single resource"),
    ],
)
def test_a_question_that_would_always_be_denied_is_an_error(
    box: SandboxAccount, action: str, resource: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        box.as_role(allow("*")).assert_denied(action, resource)


def test_expect_denied_fails_when_nothing_or_something_else_is_denied(box: SandboxAccount) -> None:
    role = box.as_role(allow("s3:GetObject", READS))
    s3 = role.client("s3")
    with (
        pytest.raises(AssertionError, match=r"s3:GetObject should be denied(?s:.*)allows it"),
        box.expect_denied("s3:GetObject"),
    ):
        s3.get_object(Bucket="acme-reports", Key="one")
    with (
        pytest.raises(AssertionError, match=r"should be denied(?s:.*)deny \(implicit\): s3:PutObject"),
        box.expect_denied("s3:DeleteObject"),
    ):
        s3.put_object(Bucket="acme-reports", Key="one", Body=b"2")
    with pytest.raises(AssertionError, match="nothing was called"), box.expect_denied("s3:GetObject"):
        pass
    with pytest.raises(AssertionError, match="should be denied"), box.expect_denied("s3:DeleteObject"):
        delete_else_overwrite(s3)
    with pytest.raises(ClientError, match="NoSuchBucket"), box.expect_denied("s3:GetObject"):
        box.root.client("s3").get_object(Bucket="no-such-bucket", Key="one")
    with box.expect_denied("s3:GetObject", ONE):  # the answer to HEAD has no body
        box.as_user().client("s3").head_object(Bucket="acme-reports", Key="one")
    with box.expect_denied("s3:DeleteObject", ONE) as seen:
        s3.delete_object(Bucket="acme-reports", Key="one")
    assert "s3:DeleteObject" in seen.explanation()
    with box.expect_denied("s3:PutObject"), pytest.raises(ClientError):
        s3.put_object(Bucket="acme-reports", Key="one", Body=b"2")


def test_a_recording_proves_that_a_role_suffices(box: SandboxAccount) -> None:
    role, other = box.as_role(allow("s3:GetObject", READS)), box.as_user()
    with box.recording() as run:
        role.client("s3").get_object(Bucket="acme-reports", Key="one")
        with pytest.raises(ClientError):
            other.client("s3").list_buckets()
    role.client("s3").get_object(Bucket="acme-reports", Key="one")
    assert (len(run.calls), run.actions) == (2, ("s3:GetObject",))
    run.assert_sufficient(role)
    with pytest.raises(AssertionError, match=r"lacks permissions\ndeny \(implicit\): s3:ListAllMyBuckets"):
        run.assert_sufficient(other)
    with box.recording() as empty:
        pass
    for proof in (empty.assert_sufficient, empty.assert_minimal):
        with pytest.raises(AssertionError, match="called nothing, so nothing is proved"):
            proof(role)


def test_an_error_that_leaves_a_recording_says_why_calls_were_denied(box: SandboxAccount) -> None:
    role = box.as_role()
    with pytest.raises(ClientError) as raised, box.recording(), role.active():
        boto3.client("s3").get_object(Bucket="acme-reports", Key="one")
    assert any(f"deny (implicit): s3:GetObject on {ONE}" in note for note in raised.value.__notes__)


def test_a_recording_tells_what_a_policy_has_too_much(box: SandboxAccount) -> None:
    wide: list[Policy] = [
        allow(["s3:GetObject", "s3:DeleteObject"], [READS, "arn:aws:s3:::other/*"]),
        allow("s3:List*"),
        allow("sqs:SendMessage"),
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]},
        "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess",
    ]
    role = box.as_role(wide)
    with box.recording() as run:
        role.client("s3").get_object(Bucket="acme-reports", Key="one")
        role.client("s3").list_objects_v2(Bucket="acme-reports")
    with pytest.raises(AssertionError) as raised:
        run.assert_minimal(role)
    head, *lines = str(raised.value).splitlines()
    assert head == f"{role.arn} has more than it used"
    assert [line for line in lines if "s3:List*" not in line] == [
        "  policy-1, statement 1 (Own): s3:DeleteObject was never used",
        "  policy-1, statement 1 (Own): arn:aws:s3:::other/* was never used",
        "  policy-3, statement 1 (Own): sqs:SendMessage was never used",
        "  policy-4, statement 1: `NotAction` and `NotResource` grant all but what they name; name what is used",
    ]
    assert any("s3:List* allows" in line and "more than was used: s3:ListBucket" in line for line in lines)


def test_a_policy_that_names_what_is_used_is_minimal(box: SandboxAccount) -> None:
    role = box.as_role(
        [
            allow(["s3:GetObject", "s3:ListBucket"], [READS, "arn:aws:s3:::acme-reports"]),
            allow("logs:PutLogEvents"),
        ]
    )
    with box.recording() as run:
        role.client("s3").get_object(Bucket="acme-reports", Key="one")
        role.client("s3").list_objects_v2(Bucket="acme-reports")
    run.assert_minimal(role, ignoring=["logs:*"])
    with pytest.raises(AssertionError, match="logs:PutLogEvents was never used"):
        run.assert_minimal(role)


def test_code_that_makes_its_own_clients_is_nobody_until_an_identity_is_active(box: SandboxAccount) -> None:
    role = box.as_role(name="worn")
    with pytest.raises(NoCredentialsError):
        boto3.client("sts").get_caller_identity()
    with role.active():
        assert boto3.client("sts").get_caller_identity()["Arn"] == role.arn
    with pytest.raises(NoCredentialsError):
        boto3.client("sts").get_caller_identity()


def test_a_program_takes_an_identity_from_its_variables(box: SandboxAccount) -> None:
    ann = box.as_user(name="ann")
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **ann.env()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == ann.arn


def test_a_secret_is_not_in_what_a_failing_test_shows(box: SandboxAccount) -> None:
    role = box.as_role()
    shown = repr(role) + repr(box.root)
    assert role.key.id in shown
    assert not {role.env()[name] for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")} & set(
        shown.split("'")
    )
    assert role.env()["AWS_SECRET_ACCESS_KEY"] not in shown
    assert box.root.env()["AWS_SECRET_ACCESS_KEY"] not in shown


def test_outside_the_fixture_the_variables_are_the_users_own() -> None:
    assert os.environ["AWS_PROFILE"] == "mine"
    assert not {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE"} & os.environ.keys()


def test_in_the_fixture_no_variable_leads_to_an_account_of_the_user(leastkey_sandbox: SandboxAccount) -> None:
    assert "AWS_PROFILE" not in os.environ
    assert os.environ["AWS_ENDPOINT_URL"] == leastkey_sandbox.endpoint_url
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull
