"""Clock, limits and faults of the running sandbox, seen by real clients.

Sources: IAM User Guide, "AWS Signature Version 4 for API requests" (skew); S3 User Guide, "Sharing objects with
presigned URLs"; EC2 API Reference, "Request throttling"; S3 API Reference, "Error responses" (SlowDown).
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ResponseStreamingError
from tests.sandbox.wires import Key

from leastkey.iam.arn import AccountId
from leastkey.sandbox.server.clock import MovableClock
from leastkey.sandbox.server.commands import control_commands

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.sandbox.conftest import Place

ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=20)
AGAIN = Config(retries={"total_max_attempts": 3, "mode": "standard"}, read_timeout=20)


@pytest.fixture
def ask(place: Place) -> Iterator[Any]:
    known = control_commands(place.sandbox, [], threading.Event())

    def asked(command: str, **given: str) -> Mapping[str, object]:
        return known[command](given)

    yield asked
    for command, given in (
        ("no-faults", {}),
        ("no-limits", {}),
        ("delay", {"span": "0s"}),
        ("clock", {"to": "now"}),
    ):
        known[command](given)


def code(call: Any, **given: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def names(place: Place) -> set[str]:
    return {user["UserName"] for user in place.client("iam").list_users()["Users"]}


def test_a_moved_clock_dates_answers_and_resources_and_clients_go_on(place: Place, ask: Any) -> None:
    assert ask("clock", to="2031-05-06T07:08:09Z")["time"] == "2031-05-06T07:08:09+00:00"
    answer = place.client("iam").create_user(UserName="later")
    dated = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert (answer["User"]["CreateDate"].year, dated.year) == (2031, 2031)
    s3 = place.client("s3")
    s3.create_bucket(Bucket=f"b{place.account}")
    assert s3.list_buckets()["Buckets"][0]["CreationDate"].year == 2031


def test_a_strict_clock_refuses_who_signs_with_the_computers_time(place: Place, ask: Any) -> None:
    ask("clock", to="+2h", strict="yes")
    s3, iam = place.client("s3", config=ONCE), place.client("iam", config=ONCE)
    assert code(s3.list_buckets) == ("RequestTimeTooSkewed", 403)
    assert code(iam.list_users) == ("SignatureDoesNotMatch", 403)
    ask("clock", to="+2h")
    iam.list_users()


def test_a_session_and_a_presigned_url_end_when_the_clock_passes_them(place: Place, ask: Any) -> None:
    s3, bucket = place.client("s3", config=Config(signature_version="s3v4")), f"u{place.account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"seen")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=600)
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"seen"
    ask("clock", to="+1h")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url)
    assert caught.value.code == 403
    caught.value.close()


def test_a_clock_goes_to_spans_and_moments_and_refuses_the_rest() -> None:
    class Noon:
        def now(self) -> datetime:
            return datetime(2026, 1, 1, 12, tzinfo=UTC)

        def monotonic(self) -> float:
            return 0.0

        def sleep(self, seconds: float) -> None:
            raise AssertionError(seconds)

    clock = MovableClock(Noon())
    clock.move("+1d2h")
    clock.move("-30m")
    assert clock.offset == timedelta(days=1, hours=1, minutes=30)
    for wrong in (
        "",
        "2h",
        "+2",
        "+2w",
        "+",
        "-h",
        "2026-12-01T00:00:00",
        "tomorrow",
        "+99999999d",
        "1999-12-31T00:00:00Z",
    ):
        with pytest.raises(ValueError, match=r"no time|no span|from the year"):
            clock.move(wrong)
    assert clock.offset == timedelta(days=1, hours=1, minutes=30)
    clock.move("now")
    assert clock.offset == timedelta()


@pytest.mark.parametrize(
    ("service", "call", "operation", "expected"),
    [
        ("iam", "list_users", "iam:ListUsers", ("Throttling", 400)),
        ("sts", "get_caller_identity", "sts:GetCallerIdentity", ("Throttling", 400)),
        ("ec2", "describe_regions", "ec2:*", ("RequestLimitExceeded", 503)),
        ("s3", "list_buckets", "s3:ListBuckets", ("SlowDown", 503)),
        ("dynamodb", "list_tables", "dynamodb:ListTables", ("ThrottlingException", 400)),
    ],
)
def test_each_service_throttles_with_its_own_code(
    place: Place, ask: Any, service: str, call: str, operation: str, expected: tuple[str, int]
) -> None:
    ask("limit", operation=operation, rate="0.01", burst="1")
    place.sandbox.clock.base.monotonic = lambda: 0.0  # type: ignore[method-assign]  # no time passes
    client = getattr(place.client(service, config=ONCE), call)
    client()
    assert code(client) == expected
    ask("no-limits")
    client()


def test_a_bucket_of_tokens_fills_again(place: Place, ask: Any) -> None:
    time = [0.0]
    place.sandbox.clock.base.monotonic = lambda: time[0]  # type: ignore[method-assign]  # moved by hand
    ask("limit", operation="iam:*", rate="2", burst="2")
    iam = place.client("iam", config=ONCE)
    iam.list_users(), iam.list_users()
    iam.list_roles()  # a bucket of its own
    assert code(iam.list_users) == ("Throttling", 400)
    time[0] = 0.5
    iam.list_users()
    assert code(iam.list_users) == ("Throttling", 400)


def test_a_fault_counts_calls_that_would_succeed_and_leaves_the_state_alone(place: Place, ask: Any) -> None:
    nobody = place.user("nobody")
    ask("fault", operation="iam:CreateUser", kind="error", after="1", count="1", code="ServiceFailure")
    iam, denied = place.client("iam", config=ONCE), place.client("iam", nobody, config=ONCE)
    assert code(denied.create_user, UserName="x") == ("AccessDenied", 403)
    iam.create_user(UserName="one")
    assert code(iam.create_user, UserName="two") == ("ServiceFailure", 500)
    assert "two" not in names(place)
    iam.create_user(UserName="two")
    found = ask("faults")
    assert [(each["passed"], each["fired"]) for each in found["faults"]] == [(1, 1)]
    assert [each["operation"] for each in found["fired"]] == ["iam:CreateUser"]


def test_a_reset_changes_nothing_and_a_lost_answer_leaves_its_change(place: Place, ask: Any) -> None:
    iam = place.client("iam", config=ONCE)
    ask("fault", operation="iam:CreateUser", kind="reset")
    with pytest.raises(ConnectionClosedError) as caught:
        iam.create_user(UserName="reset")
    assert "ConnectionResetError" in repr(caught.value.__context__)
    assert "reset" not in names(place)
    ask("fault", operation="iam:CreateUser", kind="lost")
    with pytest.raises(ConnectionClosedError) as caught:
        iam.create_user(UserName="lost")
    assert "RemoteDisconnected" in repr(caught.value.__context__)
    assert "lost" in names(place)


def test_a_cut_answer_gives_half_the_object(place: Place, ask: Any) -> None:
    s3, bucket = place.client("s3", config=ONCE), f"c{place.account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 1000)
    ask("fault", operation="s3:GetObject", kind="cut")
    with pytest.raises(ResponseStreamingError, match="500"):
        s3.get_object(Bucket=bucket, Key="k")["Body"].read()
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x" * 1000


def test_a_client_that_tries_again_gets_through(place: Place, ask: Any) -> None:
    ask("fault", operation="iam:ListUsers", kind="throttle", count="1")
    ask("fault", operation="iam:ListUsers", kind="delay", seconds="0.01")
    answer = place.client("iam", config=AGAIN).list_users()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert [each["kind"] for each in ask("faults")["fired"]] == ["throttle", "delay"]


@pytest.mark.parametrize(
    ("command", "given"),
    [
        ("fault", {"operation": "iam:CreateUsr", "kind": "lost"}),
        ("fault", {"operation": "iam", "kind": "lost"}),
        ("fault", {"operation": "glue:GetJob", "kind": "lost"}),
        ("fault", {"operation": "iam:*", "kind": "lose"}),
        ("fault", {"operation": "iam:*", "kind": "lost", "count": "0"}),
        ("fault", {"operation": "iam:*", "kind": "lost", "count": "many"}),
        ("fault", {"operation": "iam:*", "kind": "lost", "after": "-1"}),
        ("fault", {"operation": "iam:*", "kind": "delay"}),
        ("fault", {"operation": "iam:*", "kind": "delay", "seconds": "nan"}),
        ("fault", {"operation": "iam:*", "kind": "lost", "code": "X"}),
        ("fault", {"operation": "iam:*", "kind": "error", "code": "<X>"}),
        ("fault", {"operation": "iam:*", "kind": "lost", "chance": "0.5"}),
        ("limit", {"operation": "iam:*", "rate": "0", "burst": "1"}),
        ("limit", {"operation": "iam:*", "rate": "inf", "burst": "1"}),
        ("limit", {"operation": "iam:*", "rate": "1"}),
        ("limit", {"operation": "nothing:*", "rate": "1", "burst": "1"}),
        ("delay", {"span": "3"}),
        ("delay", {"span": "2h"}),
        ("clock", {"to": "+2x"}),
        ("clock", {"too": "+2h"}),
        ("add-account", {"account": "1234"}),
    ],
)
def test_a_setting_that_is_not_known_is_an_error(ask: Any, command: str, given: dict[str, str]) -> None:
    assert set(ask(command, **given)) == {"error"}
    assert (ask("faults")["faults"], ask("limits")["limits"], ask("clock")["offset_seconds"]) == ([], [], 0)


def test_new_keys_principals_and_policies_count_once_they_have_spread(place: Place, ask: Any) -> None:
    allow = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}]}'
    )
    old = place.user("old")
    iam, sts = place.client("iam"), place.client("sts", old)
    ask("delay", span="10s")
    new = place.user("new", allow)
    assert code(place.client("sts", new).get_caller_identity) == ("InvalidClientTokenId", 403)
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Principal":{{"AWS":"arn:aws:iam::{place.account}:user/new"}}}}]}}'
    )
    made = {"RoleName": "r", "AssumeRolePolicyDocument": trust}
    assert code(iam.create_role, **made) == ("MalformedPolicyDocument", 400)
    iam.put_user_policy(UserName="old", PolicyName="p", PolicyDocument=allow)
    assert code(place.client("iam", old).list_users) == ("AccessDenied", 403)
    sts.get_caller_identity()  # what was there before is not affected
    ask("clock", to="+11s")
    iam.create_role(**made)
    place.client("iam", new).list_users()
    place.client("iam", old).list_users()
    iam.delete_user_policy(UserName="old", PolicyName="p")
    place.client("iam", old).list_users()
    ask("clock", to="+11s")
    assert code(place.client("iam", old).list_users) == ("AccessDenied", 403)


def test_a_role_of_an_account_that_was_added_is_assumed_from_another(place: Place, ask: Any) -> None:
    """IAM User Guide, "Cross-account resource access in IAM": the role's trust and the caller's policy both allow."""
    other = str(int(place.account) + 500000000000)
    assert other in ask("add-account", account=other)["accounts"]
    root = place.sandbox.key_of(AccountId(other))
    theirs = place.client("iam", Key(str(root["access_key_id"]), str(root["secret_access_key"])))
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Principal":{{"AWS":"{place.account}"}}}}]}}'
    )
    arn = theirs.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allow = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Resource":"{arn}"}}]}}'
    )
    wanted = {"RoleArn": arn, "RoleSessionName": "session"}
    denied, allowed = place.user("denied"), place.user("allowed", allow)
    assert code(place.client("sts", denied).assume_role, **wanted) == ("AccessDenied", 403)
    given = place.client("sts", allowed).assume_role(**wanted)["Credentials"]
    key = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert place.client("sts", key).get_caller_identity()["Account"] == other
