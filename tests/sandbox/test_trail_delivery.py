"""Trails put the records of calls into a bucket, when its policy lets CloudTrail."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

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
    place.client("s3").delete_bucket_policy(Bucket=name)
    recorder.stop()
    assert "DeleteBucketPolicy" not in [each["eventName"] for each in records(place, name)]
    grant(place)
    recorder.stop()
    assert "PutBucketPolicy" in [each["eventName"] for each in records(place, name)]


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
        deliver(events, place.sandbox.world)
