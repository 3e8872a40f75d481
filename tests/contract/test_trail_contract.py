"""What every Trail promises, run on each of them.

Source: CloudTrail API Reference, LookupEvents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.iam.credentials import AccessKeyId

if TYPE_CHECKING:
    from tests.contract.stages import Stage

PATH = "/leastkey/acme/"


def test_what_a_key_did_is_found_by_its_id_and_by_its_user_newest_first(stage: Stage) -> None:
    stage.iam.create_user("Bob", PATH, {})
    key = stage.iam.create_access_key("Bob")
    sts = stage.connect.sts(key)
    for _ in range(3):
        sts.caller()
    trail = stage.connect.trail("us-east-1")
    found = trail.lookup("AccessKeyId", key.id, most=100)
    assert [each.call for each in found.events] == ["sts:GetCallerIdentity"] * 3
    assert found.is_whole
    assert [each.time for each in found.events] == sorted((each.time for each in found.events), reverse=True)
    first = found.events[0]
    assert (first.source_ip, first.error) == ("127.0.0.1", "")
    assert first.actor == f"arn:aws:iam::{stage.account}:user{PATH}Bob"
    assert abs((first.time - stage.now()).total_seconds()) < 60
    assert [each.id for each in trail.lookup("Username", "Bob", most=100).events] == [
        each.id for each in found.events
    ]


def test_more_than_were_asked_for_is_said(stage: Stage) -> None:
    stage.iam.create_user("Bob", PATH, {})
    key = stage.iam.create_access_key("Bob")
    for _ in range(3):
        stage.connect.sts(key).caller()
    trail = stage.connect.trail("us-east-1")
    page = trail.lookup("AccessKeyId", key.id, most=2)
    assert (len(page.events), page.is_whole) == (2, False)
    nobody = trail.lookup("AccessKeyId", AccessKeyId("AKIAIOSFODNN7EXAMPLE"), most=2)
    assert (nobody.events, nobody.is_whole) == ((), True)
