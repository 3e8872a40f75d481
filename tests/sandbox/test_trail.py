"""Every call becomes a CloudTrail record, and none of them holds a secret."""

from __future__ import annotations

import gzip
import json
import stat
import threading
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.sandbox.test_sts import role, trust
from tests.sandbox.wires import Key, query

from leastkey.sandbox.server.commands import control_commands
from leastkey.sandbox.server.trail_files import TrailFiles
from leastkey.sandbox.trail.event import events
from leastkey.sandbox.trail.recorder import CALLS, Trail

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.conftest import Place

    from leastkey.sandbox.trail.seen import Seen

LIST_ONLY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "One", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::wide/*"}
        ],
    }
)
ASSUMES = """{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
 "Resource": "*"}}"""
TRUST = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "%s"},
 "Action": "sts:AssumeRole"}]}"""


class Heard:
    """Records at once what the gate saw, beside the sandbox's own trail."""

    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.records: list[dict[str, Any]] = []
        saw = place.sandbox.trail.saw

        def both(seen: Seen) -> None:
            self.records.extend(json.loads(json.dumps(events(seen))))
            saw(seen)

        monkeypatch.setattr(place.sandbox.trail, "saw", both)

    def last(self, name: str) -> dict[str, Any]:
        return next(each for each in reversed(self.records) if each["eventName"] == name)


@pytest.fixture
def heard(place: Place, monkeypatch: pytest.MonkeyPatch) -> Heard:
    return Heard(place, monkeypatch)


def test_a_record_of_root_has_the_elements_of_the_record_contents_page(place: Place, heard: Heard) -> None:
    """CloudTrail User Guide, "CloudTrail record contents"."""
    place.client("iam", config=_agent()).create_user(UserName="ann")
    found = heard.last("CreateUser")
    assert found["userIdentity"] == {
        "type": "Root",
        "principalId": place.account,
        "arn": f"arn:aws:iam::{place.account}:root",
        "accountId": place.account,
        "accessKeyId": place.root.id,
    }
    assert (found["eventSource"], found["awsRegion"], found["eventType"]) == (
        "iam.amazonaws.com",
        "us-east-1",
        "AwsApiCall",
    )
    assert found["requestParameters"] == {"userName": "ann"}
    assert found["responseElements"]["user"]["arn"] == f"arn:aws:iam::{place.account}:user/ann"
    assert (found["readOnly"], found["managementEvent"], found["eventCategory"]) == (
        False,
        True,
        "Management",
    )
    assert (found["sourceIPAddress"], found["recipientAccountId"]) == ("127.0.0.1", place.account)
    assert "our-agent" in found["userAgent"]
    assert "errorCode" not in found
    assert "tlsDetails" not in found


def _agent() -> Any:
    from botocore.config import Config

    return Config(user_agent_extra="our-agent")


def test_a_denied_call_of_a_user_names_the_user_and_ec2s_error_its_side(place: Place, heard: Heard) -> None:
    """CloudTrail User Guide, "CloudTrail record contents": errorCode, errorMessage."""
    ben = place.user("ben")
    with pytest.raises(ClientError):
        place.client("ec2", ben).describe_instances(InstanceIds=["i-0123456789abcdef0"])
    found = heard.last("DescribeInstances")
    assert found["userIdentity"]["type"] == "IAMUser"
    assert found["userIdentity"]["userName"] == "ben"
    assert found["errorCode"] == "Client.UnauthorizedOperation"
    assert found["errorMessage"].startswith("You are not authorized")
    assert found["requestParameters"]["instancesSet"] == {"items": [{"instanceId": "i-0123456789abcdef0"}]}
    assert found["responseElements"] is None
    with pytest.raises(ClientError):
        place.client("iam").get_user(UserName="nobody")
    assert heard.last("GetUser")["errorCode"] == "NoSuchEntityException"


def test_a_session_names_its_role_and_its_beginning(place: Place, heard: Heard) -> None:
    """CloudTrail User Guide, "CloudTrail userIdentity element": sessionContext, sessionIssuer."""
    cat = place.user("cat", ASSUMES)
    arn = f"arn:aws:iam::{place.account}:user/cat"
    role = place.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST % arn)["Role"]
    given = place.client("sts", cat).assume_role(RoleArn=role["Arn"], RoleSessionName="night")["Credentials"]
    key = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    with pytest.raises(ClientError):
        place.client("s3", key).list_buckets()
    found = heard.last("ListBuckets")["userIdentity"]
    assert found["type"] == "AssumedRole"
    assert found["principalId"] == f"{role['RoleId']}:night"
    assert found["sessionContext"]["sessionIssuer"] == {
        "type": "Role",
        "principalId": role["RoleId"],
        "arn": role["Arn"],
        "accountId": place.account,
        "userName": "worker",
    }
    assert found["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assumed = heard.last("AssumeRole")
    assert assumed["responseElements"]["credentials"]["accessKeyId"] == key.id
    text = json.dumps(heard.records)
    assert key.secret not in text
    assert key.token is not None
    assert key.token not in text


def test_both_accounts_have_a_record_of_a_role_taken_across_accounts(place: Place, heard: Heard) -> None:
    """CloudTrail User Guide, "CloudTrail record contents": sharedEventID, recipientAccountId."""
    other = f"{int(place.account) + 500_000_000_000}"
    root = place.sandbox.key_of(other)  # type: ignore[arg-type]  # an account id as text
    theirs = place.client("iam", Key(str(root["access_key_id"]), str(root["secret_access_key"])))
    dan = place.user("dan", ASSUMES)
    role = theirs.create_role(RoleName="guest", AssumeRolePolicyDocument=TRUST % place.account)["Role"]
    place.client("sts", dan).assume_role(RoleArn=role["Arn"], RoleSessionName="visit")
    ours, seen_there = [each for each in heard.records if each["eventName"] == "AssumeRole"]
    assert (ours["recipientAccountId"], seen_there["recipientAccountId"]) == (place.account, other)
    assert ours["sharedEventID"] == seen_there["sharedEventID"]
    assert ours["eventID"] != seen_there["eventID"]
    assert ours["userIdentity"]["type"] == "IAMUser"
    assert seen_there["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": ours["userIdentity"]["principalId"],
        "accountId": place.account,
    }


def test_objects_are_data_events_under_s3s_own_names(place: Place, heard: Heard) -> None:
    """S3 User Guide, "Amazon S3 CloudTrail events"."""
    s3 = place.client("s3")
    s3.create_bucket(Bucket=f"b{place.account}")
    s3.put_object(Bucket=f"b{place.account}", Key="a/b", Body=b"canary in the body")
    s3.list_objects_v2(Bucket=f"b{place.account}")
    put = heard.last("PutObject")
    assert (put["eventCategory"], put["managementEvent"], put["readOnly"]) == ("Data", False, False)
    assert put["requestParameters"]["key"] == "a/b"
    assert {
        "type": "AWS::S3::Object",
        "accountId": place.account,
        "ARN": f"arn:aws:s3:::b{place.account}/a/b",
    } in (put["resources"])
    assert heard.last("ListObjects")["readOnly"] is True
    assert heard.last("CreateBucket")["managementEvent"] is True
    assert "canary in the body" not in json.dumps(heard.records)


def test_an_anonymous_call_is_recorded_for_the_buckets_owner_and_a_wrong_signature_is_not(
    place: Place, heard: Heard
) -> None:
    """S3 User Guide, "Amazon S3 CloudTrail events": anonymous requests and failed authentication."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    place.client("s3").create_bucket(Bucket=f"open{place.account}")
    nobody = boto3.client(
        "s3", endpoint_url=place.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
    with pytest.raises(ClientError):
        nobody.get_object(Bucket=f"open{place.account}", Key="k")
    found = heard.last("GetObject")
    assert found["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": "",
        "accountId": "ANONYMOUS_PRINCIPAL",
    }
    assert found["recipientAccountId"] == place.account
    before = len(heard.records)
    assert (
        query("iam", "ListUsers", "2010-05-08").send(place.port, Key(place.root.id, "x" * 40)).status == 403
    )
    assert len(heard.records) == before


def test_no_record_holds_a_secret(place: Place, heard: Heard) -> None:
    """CloudTrail User Guide, "CloudTrail record contents": sensitive values are left out."""
    canary = "Canary-7f3a!x"
    iam = place.client("iam")
    iam.create_user(UserName="eve")
    iam.create_login_profile(UserName="eve", Password=canary)
    made = iam.create_access_key(UserName="eve")["AccessKey"]
    place.client("secretsmanager").create_secret(Name="s", SecretString=canary)
    place.client("secretsmanager").get_secret_value(SecretId="s")
    queue = place.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    place.client("sqs").send_message(QueueUrl=queue, MessageBody=canary)
    table = place.client("dynamodb")
    table.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.put_item(TableName="t", Item={"k": {"S": canary}})
    key = place.client("kms").create_key()["KeyMetadata"]["KeyId"]
    place.client("kms").encrypt(KeyId=key, Plaintext=canary.encode())
    place.client("lambda").create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="f.h",
        Role=role(place, trust(str(place.account))),
        Code={"ZipFile": canary.encode()},
        Environment={"Variables": {"PASSWORD": canary}},
    )
    place.client("kinesis").create_stream(StreamName="s", ShardCount=1)
    place.client("kinesis").put_record(StreamName="s", Data=canary.encode(), PartitionKey="p")
    text = json.dumps(heard.records)
    assert len(heard.records) == 15
    assert [each["eventName"] for each in heard.records[-3:-2]] == ["CreateFunction20150331"]
    assert canary not in text
    assert made["SecretAccessKey"] not in text
    assert made["AccessKeyId"] in text
    assert (
        heard.last("CreateAccessKey")["responseElements"]["accessKey"]["accessKeyId"] == made["AccessKeyId"]
    )


def test_files_lie_where_cloudtrail_puts_them_and_nobody_else_can_read_them(tmp_path: Path) -> None:
    """CloudTrail User Guide, "Finding your CloudTrail log files"."""
    files = TrailFiles(tmp_path)
    files.write([_event("111122223333", index) for index in range(3)])
    (path,) = tmp_path.rglob("*.json.gz")
    folder = tmp_path / "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02"
    assert path.parent == folder
    assert path.name.startswith("111122223333_CloudTrail_us-east-1_20260102T0304Z_")
    assert [each["requestID"] for each in json.loads(gzip.decompress(path.read_bytes()))["Records"]] == [
        0,
        1,
        2,
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def _event(account: str, request: int) -> dict[str, Any]:
    return {
        "recipientAccountId": account,
        "awsRegion": "us-east-1",
        "eventTime": "2026-01-02T03:04:05Z",
        "requestID": request,
    }


def test_the_oldest_files_make_room_and_the_newest_stays(tmp_path: Path) -> None:
    files = TrailFiles(tmp_path, kept_bytes=400)
    for index in range(6):
        files.write([_event("111122223333", index)])
    kept = [json.loads(gzip.decompress(path.read_bytes())) for path in tmp_path.rglob("*.json.gz")]
    kept_ids = sorted(each["Records"][0]["requestID"] for each in kept)
    assert kept_ids == list(range(6 - len(kept_ids), 6))
    assert 0 < files.removed == 6 - len(kept_ids)
    files.delete()
    assert not list(tmp_path.rglob("*.json.gz"))


def test_a_disk_that_fails_loses_no_event_and_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[dict[str, Any]] = []
    fails = [True]

    def write(found: Any) -> None:
        if fails[0]:
            raise OSError("no room")
        written.extend(found)

    trail = Trail(write)
    monkeypatch.setattr(place.sandbox.gate, "_observer", trail)
    place.client("sts").get_caller_identity()
    trail.stop()
    assert trail.trouble == "the trail's events are not on disk: OSError"
    fails[0] = False
    trail.stop()
    assert [each["eventName"] for each in written] == ["GetCallerIdentity"]
    assert trail.trouble == ""


def test_what_is_remembered_is_bounded_and_none_is_lost_below_the_bound(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = Trail()
    seen: list[Seen] = []
    monkeypatch.setattr(
        place.sandbox.gate, "_observer", type("One", (), {"saw": lambda _, each: seen.append(each)})()
    )
    place.client("sts").get_caller_identity()

    def many() -> None:
        for _ in range(150):
            trail.saw(seen[0])

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(trail.calls()) == 1200
    for _ in range(CALLS):
        trail.saw(seen[0])
    assert len(trail.calls()) == CALLS
    trail.forget()
    assert trail.calls() == ()


def test_why_explains_a_denial_with_the_policy_as_it_was(place: Place) -> None:
    """IAM User Guide, "Troubleshoot access denied error messages"."""
    fay = place.user("fay", LIST_ONLY)
    place.client("s3").create_bucket(Bucket=f"narrow{place.account}")
    with pytest.raises(ClientError) as refused:
        place.client("s3", fay).get_object(Bucket=f"narrow{place.account}", Key="k")
    place.client("iam").delete_user_policy(UserName="fay", PolicyName="p")
    commands = control_commands(place.sandbox, [], Event())
    found = _why(commands, refused.value.response["ResponseMetadata"]["RequestId"])
    assert (found["verdict"], found["action"]) == ("denied", "s3:GetObject")
    (question,) = found["questions"]
    assert question["decided_by"] == "identity"
    (miss,) = question["because"]
    assert (miss["sid"], miss["failed"], miss["pattern"]) == ("One", "resource", "arn:aws:s3:::wide/*")
    place.client("sts", fay).get_caller_identity()
    assert _why(commands, "last")["verdict"] == "allowed"
    assert _why(commands, "last-denied")["request_id"] != _why(commands, "last")["request_id"]
    assert commands["why"]({"request": "no-such-id"}) == {"call": None}
    denied = commands["events"]({"denied": "yes", "count": "1"})["events"]
    assert isinstance(denied, list)
    assert denied[0]["who"] == f"arn:aws:iam::{place.account}:user/fay"
    assert commands["events"]({"count": "0"}) == {"error": "`0` is no count of events"}


def test_why_explains_a_trust_policy(place: Place) -> None:
    gus = place.user("gus", ASSUMES)
    other = TRUST % f"arn:aws:iam::{place.account}:root"
    role = place.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=other)["Role"]["Arn"]
    place.client("sts", gus).assume_role(RoleArn=role, RoleSessionName="night")
    found = _why(control_commands(place.sandbox, [], Event()), "last")
    assert found["questions"][0]["verdict"] == "Allowed"
    assert any(each["policy"] == "trust policy of r" for each in found["questions"][0]["because"])


def _why(commands: Any, request: str) -> dict[str, Any]:
    found = commands["why"]({"request": request})["call"]
    assert isinstance(found, dict)
    return found


def test_what_a_killed_sandbox_was_writing_is_swept_and_whole_files_stay(tmp_path: Path) -> None:
    files = TrailFiles(tmp_path)
    files.sweep()
    event = {
        "eventTime": "2026-01-02T03:04:05Z",
        "recipientAccountId": "111122223333",
        "awsRegion": "us-east-1",
    }
    files.write([event])
    (whole,) = (tmp_path / "AWSLogs").rglob("*.json.gz")
    half = whole.parent / ".leastkey-tmp-half"
    half.write_bytes(b"half")
    files.sweep()
    assert (whole.exists(), half.exists()) == (True, False)
