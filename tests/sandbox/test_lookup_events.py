"""LookupEvents: the event history as boto3 reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from leastkey.sandbox.request import Response
from leastkey.sandbox.trail.lookup import lookup_events

if TYPE_CHECKING:
    from tests.sandbox.conftest import Place


def _by(key: str, value: str) -> list[dict[str, str]]:
    return [{"AttributeKey": key, "AttributeValue": value}]


def _names(place: Place, **given: Any) -> list[str]:
    return [each["EventName"] for each in place.client("cloudtrail").lookup_events(**given)["Events"]]


def test_history_has_management_events_of_the_account_newest_first(place: Place) -> None:
    """CloudTrail API Reference, LookupEvents."""
    place.client("iam").create_user(UserName="ann")
    s3 = place.client("s3")
    s3.create_bucket(Bucket=f"h{place.account}")
    s3.put_object(Bucket=f"h{place.account}", Key="k")
    found = place.client("cloudtrail").lookup_events()["Events"]
    assert [each["EventName"] for each in found] == ["CreateBucket", "CreateUser"]
    user = found[1]
    assert (user["Username"], user["ReadOnly"], user["EventSource"]) == ("root", "false", "iam.amazonaws.com")
    assert user["AccessKeyId"] == place.root.id
    assert json.loads(user["CloudTrailEvent"])["requestParameters"] == {"userName": "ann"}
    name = f"arn:aws:iam::{place.account}:user/ann"
    assert user["Resources"] == [{"ResourceType": "AWS::IAM::User", "ResourceName": name}]
    assert "LookupEvents" in _names(place)
    assert _names(place, LookupAttributes=_by("ResourceName", name)) == ["CreateUser"]
    assert _names(place, LookupAttributes=_by("EventName", "CreateBucket")) == ["CreateBucket"]
    assert place.client("cloudtrail", region_name="eu-west-1").lookup_events()["Events"] == []


def test_pages_follow_each_other_and_times_bound_them(place: Place) -> None:
    """CloudTrail API Reference, LookupEvents: MaxResults, NextToken, StartTime, EndTime."""
    for index in range(5):
        place.client("iam").create_group(GroupName=f"g{index}")
    trail = place.client("cloudtrail")
    asked = _by("EventName", "CreateGroup")
    pages = list(
        trail.get_paginator("lookup_events").paginate(
            LookupAttributes=asked, PaginationConfig={"PageSize": 2}
        )
    )
    ids = [[each["EventId"] for each in page["Events"]] for page in pages]
    assert [len(page) for page in ids] == [2, 2, 1]
    assert len({each for page in ids for each in page}) == 5
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert _names(place, LookupAttributes=asked, StartTime=soon) == []
    assert len(_names(place, LookupAttributes=asked, EndTime=soon)) == 5
    history = place.sandbox.trail.history(place.account, "us-east-1")
    for days, count in ((89, 5), (91, 0)):
        later = lookup_events({"LookupAttributes": asked}, history, datetime.now(UTC) + timedelta(days=days))
        assert isinstance(later, Response)
        assert len(json.loads(later.body)["Events"]) == count


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"NextToken": "no"}, "InvalidNextTokenException"),
        ({"LookupAttributes": _by("Colour", "x")}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": _by("EventId", "x") * 2}, "InvalidLookupAttributesException"),
        ({"EventCategory": "all"}, "InvalidEventCategoryException"),
        ({"StartTime": 2_000_000_000, "EndTime": 1_000_000_000}, "InvalidTimeRangeException"),
    ],
)
def test_what_cannot_be_looked_up_is_refused(place: Place, given: dict[str, Any], code: str) -> None:
    """CloudTrail API Reference, LookupEvents, "Errors"."""
    from botocore.config import Config

    client = place.client("cloudtrail", config=Config(parameter_validation=False))
    with pytest.raises(ClientError) as error:
        client.lookup_events(**given)
    assert error.value.response["Error"]["Code"] == code


def test_looking_needs_permission_and_tags_of_trails_are_not_built(place: Place) -> None:
    """CloudTrail User Guide, "Identity-based policies for AWS CloudTrail"."""
    user = place.user("bob")
    with pytest.raises(ClientError) as denied:
        place.client("cloudtrail", user).lookup_events()
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "cloudtrail:LookupEvents" in str(denied.value)
    with pytest.raises(ClientError) as unbuilt:
        place.client("cloudtrail").list_tags(ResourceIdList=["trail"])
    assert unbuilt.value.response["Error"]["Code"] == "NotImplemented"
