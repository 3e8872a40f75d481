"""Trails put the records of calls into a bucket, when its policy lets CloudTrail."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from leastkey.sandbox.rules.trail_selectors import selector_fault, selects
from leastkey.sandbox.server.trail_delivery import deliver
from leastkey.sandbox.trail.recorder import Trail

if TYPE_CHECKING:
    from tests.sandbox.conftest import Place

_MINUTE = timedelta(minutes=1)
ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:*","Resource":"*"}]}'


def bucket(place: Place, **more: Any) -> str:
    """CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail"."""
    name = f"logs{place.account}"
    place.client("s3").create_bucket(Bucket=name)
    grant(place, **more)
    return name


def grant(place: Place, prefix: str = "p/", source: str = "main") -> None:
    name, service = f"logs{place.account}", {"Service": "cloudtrail.amazonaws.com"}
    arn = f"arn:aws:cloudtrail:us-east-1:{place.account}:trail/{source}"
    statements = [
        {
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": f"arn:aws:s3:::{name}",
            "Condition": {"StringEquals": {"aws:SourceArn": arn}},
        },
        {
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{name}/{prefix}AWSLogs/{place.account}/*",
            "Condition": {
                "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": arn}
            },
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    place.client("s3").put_bucket_policy(Bucket=name, Policy=policy)


def records(place: Place, name: str) -> list[dict[str, Any]]:
    s3 = place.client("s3")
    found: list[dict[str, Any]] = []
    for each in s3.list_objects_v2(Bucket=name).get("Contents", ()):
        assert each["Key"].startswith(f"p/AWSLogs/{place.account}/CloudTrail/us-east-1/")
        found += json.loads(gzip.decompress(s3.get_object(Bucket=name, Key=each["Key"])["Body"].read()))[
            "Records"
        ]
    return found


def refusal(call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**given)
    return str(refused.value.response["Error"]["Code"])


def test_a_trail_delivers_what_was_called_while_it_logged(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudTrail API Reference, CreateTrail, StartLogging, StopLogging, GetTrailStatus, DeleteTrail."""
    trail = Trail(lambda events: _delivered(place, events))
    name = bucket(place)
    ops = place.client("cloudtrail", place.user("ops", ALL))
    made = ops.create_trail(Name="main", S3BucketName=name, S3KeyPrefix="p")
    arn = f"arn:aws:cloudtrail:us-east-1:{place.account}:trail/main"
    assert made["TrailARN"] == arn
    assert refusal(ops.create_trail, Name="main", S3BucketName=name) == "TrailAlreadyExistsException"
    assert [each["S3KeyPrefix"] for each in ops.describe_trails()["trailList"]] == ["p"]
    monkeypatch.setattr(place.sandbox.gate, "_observer", trail)
    place.client("iam").create_user(UserName="before")
    trail.stop()
    assert records(place, name) == []
    ops.start_logging(Name="main")
    assert ops.get_trail_status(Name=arn)["IsLogging"] is True
    place.client("iam").create_user(UserName="during")
    place.client("s3").get_bucket_policy(Bucket=name)
    trail.stop()
    names = [each["eventName"] for each in records(place, name)]
    assert {"StartLogging", "GetTrailStatus", "CreateUser", "GetBucketPolicy"} <= set(names)
    assert "GetObject" not in names
    ops.stop_logging(Name=arn)
    trail.stop()
    count = len(records(place, name))
    place.clock.offset += _MINUTE
    place.client("iam").create_user(UserName="after")
    trail.stop()
    assert len(records(place, name)) == count
    assert ops.get_trail_status(Name="main")["IsLogging"] is False
    ops.delete_trail(Name=arn)
    assert ops.describe_trails()["trailList"] == []
    assert refusal(ops.delete_trail, Name="main") == "TrailNotFoundException"


def test_the_buckets_policy_is_asked_when_a_trail_is_made_and_at_each_delivery(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudTrail API Reference, CreateTrail: InsufficientS3BucketPolicyException."""
    trail = place.client("cloudtrail")
    assert refusal(trail.create_trail, Name="main", S3BucketName="no-such-bucket-here") == (
        "S3BucketDoesNotExistException"
    )
    name = bucket(place, source="another")
    insufficient = "InsufficientS3BucketPolicyException"
    assert refusal(trail.create_trail, Name="main", S3BucketName=name, S3KeyPrefix="p") == insufficient
    grant(place)
    assert refusal(trail.create_trail, Name="main", S3BucketName=name, S3KeyPrefix="q") == insufficient
    trail.create_trail(Name="main", S3BucketName=name, S3KeyPrefix="p")
    trail.start_logging(Name="main")
    recorder = Trail(lambda events: _delivered(place, events))
    monkeypatch.setattr(place.sandbox.gate, "_observer", recorder)
    place.client("s3").get_bucket_acl(Bucket=name)
    assert "LatestDeliveryTime" not in trail.get_trail_status(Name="main")
    recorder.stop()
    status = trail.get_trail_status(Name="main")
    first = status["LatestDeliveryTime"]
    assert (status["LatestDeliveryError"], status["IsLogging"]) == ("", True)
    place.clock.offset += _MINUTE
    place.client("s3").delete_bucket_policy(Bucket=name)
    recorder.stop()
    status = trail.get_trail_status(Name="main")
    assert (status["LatestDeliveryError"], status["LatestDeliveryTime"]) == ("AccessDenied", first)
    assert status["LatestDeliveryAttemptTime"] > status["LatestDeliveryAttemptSucceeded"]
    assert "DeleteBucketPolicy" not in [each["eventName"] for each in records(place, name)]
    grant(place)
    recorder.stop()
    assert "PutBucketPolicy" in [each["eventName"] for each in records(place, name)]


def test_an_update_is_held_to_what_create_asks(place: Place) -> None:
    """CloudTrail API Reference, UpdateTrail."""
    name = bucket(place)
    trail = place.client("cloudtrail", place.user("ops", ALL))
    missing = "TrailNotFoundException"
    assert refusal(trail.update_trail, Name="main", S3KeyPrefix="q") == missing
    trail.create_trail(Name="main", S3BucketName=name, S3KeyPrefix="p")
    insufficient = "InsufficientS3BucketPolicyException"
    assert refusal(trail.update_trail, Name="main", S3KeyPrefix="q") == insufficient
    assert refusal(trail.update_trail, Name="main", S3BucketName="no-such-bucket-here") == (
        "S3BucketDoesNotExistException"
    )
    half = {"IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": False}
    assert refusal(trail.update_trail, Name="main", **half) == "InvalidParameterCombinationException"
    assert refusal(trail.update_trail, Name="main", EnableLogFileValidation=True) == "NotImplemented"
    grant(place, prefix="q/")
    updated = trail.update_trail(Name="main", S3KeyPrefix="q", IsMultiRegionTrail=True)
    assert (updated["S3KeyPrefix"], updated["IsMultiRegionTrail"], updated["S3BucketName"]) == (
        "q",
        True,
        name,
    )
    nobody = place.client("cloudtrail", place.user("nobody"))
    assert refusal(nobody.update_trail, Name="main", S3KeyPrefix="q") == "AccessDeniedException"


def test_event_selectors_say_which_calls_a_trail_logs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudTrail API Reference, PutEventSelectors; CloudTrail User Guide, "Logging data events"."""
    name, other = bucket(place), f"data{place.account}"
    trail, s3 = place.client("cloudtrail"), place.client("s3")
    s3.create_bucket(Bucket=other)
    trail.create_trail(Name="main", S3BucketName=name, S3KeyPrefix="p")
    (default,) = trail.get_event_selectors(TrailName="main")["EventSelectors"]
    assert (default["ReadWriteType"], default["IncludeManagementEvents"]) == ("All", True)
    assert trail.get_trail(Name="main")["Trail"]["HasCustomEventSelectors"] is False
    resource = {"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{other}/kept/"]}
    wanted = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": False, "DataResources": [resource]}
    trail.put_event_selectors(TrailName="main", EventSelectors=[wanted])
    (kept,) = trail.get_event_selectors(TrailName="main")["EventSelectors"]
    assert kept == wanted
    assert [each["HasCustomEventSelectors"] for each in trail.describe_trails()["trailList"]] == [True]
    recorder = Trail(lambda events: _delivered(place, events))
    monkeypatch.setattr(place.sandbox.gate, "_observer", recorder)
    trail.start_logging(Name="main")
    for key in ("kept/a", "other/b"):
        s3.put_object(Bucket=other, Key=key)
        s3.get_object(Bucket=other, Key=key)
    s3.put_object(Bucket=name, Key="kept/c")
    recorder.stop()
    s3.delete_object(Bucket=name, Key="kept/c")
    found = [(each["eventName"], each["resources"][0]["ARN"]) for each in records(place, name)]
    assert found == [("PutObject", f"arn:aws:s3:::{other}/kept/a")]


@pytest.mark.parametrize(
    "change",
    [
        {"ReadWriteType": "Some"},
        {"ExcludeManagementEventSources": ["iam.amazonaws.com"]},
        {"IncludeManagementEvents": False, "ExcludeManagementEventSources": ["kms.amazonaws.com"]},
        {"DataResources": [{"Type": "AWS::S3::Thing", "Values": ["arn:aws:s3"]}]},
        {"DataResources": [{"Type": "AWS::S3::Object", "Values": []}]},
        {"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:dynamodb"]}]},
    ],
)
def test_selectors_that_say_nothing_are_refused(change: dict[str, Any]) -> None:
    good = {"ReadWriteType": "All", "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}
    assert selector_fault({"EventSelectors": [good] * 5}) is None
    refused = selector_fault({"EventSelectors": [{**good, **change}]})
    assert refused is not None
    assert refused.code == "InvalidEventSelectorsException"
    for count in (0, 6):
        assert selector_fault({"EventSelectors": [good] * count}) is not None
    assert selector_fault({"AdvancedEventSelectors": [{"Name": "n"}]}) is not None


def test_an_excluded_service_and_a_table_are_told_apart() -> None:
    """CloudTrail API Reference, EventSelector: ExcludeManagementEventSources; DataResource."""
    table = "arn:aws:dynamodb:us-east-1:111122223333:table/t"
    selector = {
        "ExcludeManagementEventSources": ["kms.amazonaws.com"],
        "DataResources": [{"Type": "AWS::DynamoDB::Table", "Values": [table]}],
    }
    management = {"managementEvent": True, "readOnly": True}
    assert not selects([selector], {**management, "eventSource": "kms.amazonaws.com"})
    assert selects([selector], {**management, "eventSource": "iam.amazonaws.com"})
    data = {"managementEvent": False, "readOnly": True, "eventSource": "dynamodb.amazonaws.com"}
    for arn, is_logged in ((table, True), (f"{table}able", False)):
        event = {**data, "resources": [{"type": "AWS::DynamoDB::Table", "ARN": arn}]}
        assert selects([selector], event) is is_logged
        assert not selects([], event)


def test_trails_are_made_by_those_who_may_and_without_what_is_not_built(place: Place) -> None:
    """Service Authorization Reference, "Actions, resources, and condition keys for AWS CloudTrail"."""
    name = bucket(place)
    arn = f"arn:aws:cloudtrail:us-east-1:{place.account}:trail/main"
    only = ALL.replace('"Resource":"*"', f'"Resource":"{arn}"')
    some = place.client("cloudtrail", place.user("some", only))
    nobody = place.client("cloudtrail", place.user("nobody"))
    given = {"S3BucketName": name, "S3KeyPrefix": "p"}
    assert refusal(nobody.create_trail, Name="main", **given) == "AccessDeniedException"
    assert refusal(some.create_trail, Name="other", **given) == "AccessDeniedException"
    assert refusal(some.create_trail, Name="main", KmsKeyId="k", **given) == "NotImplemented"
    assert some.create_trail(Name="main", **given)["Name"] == "main"
    assert refusal(nobody.stop_logging, Name=arn) == "AccessDeniedException"
    assert refusal(nobody.delete_trail, Name="main") == "AccessDeniedException"
    some.delete_trail(Name="main")


def _delivered(place: Place, events: Any) -> None:
    with place.sandbox.gate.lock:
        deliver(events, place.sandbox.world, place.sandbox.clock.now())
