"""The credential report while AWS is making it: asked for again until it is there, and made again when it is lost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.fakes.power import FakeClock

from leastkey.aws.door import Door
from leastkey.aws.iam import AwsIam
from leastkey.aws.limiter import Limiter
from leastkey.errors import AwsError

HEADER = (
    "user,password_enabled,access_key_1_active,access_key_1_last_rotated,access_key_2_active,"
    "access_key_2_last_rotated"
)
REPORT = {
    "GeneratedTime": FakeClock().now(),
    "Content": f"{HEADER}\n<root_account>,not_supported,false,N/A,false,N/A\nBob,true,true,2026-11-01T00:00:00+00:00,"
    "false,N/A".encode(),
}


class Client:
    """Answers each GetCredentialReport as told, the last answer for ever; "" is the report."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.asked: list[str] = []
        self.meta = SimpleNamespace(service_model=SimpleNamespace(signing_name="iam"))

    def generate_credential_report(self) -> dict[str, Any]:
        self.asked.append("generate")
        return {"State": "STARTED"}

    def get_credential_report(self) -> dict[str, Any]:
        self.asked.append("get")
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        if not code:
            return REPORT
        response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 410}}
        raise ClientError(response, "GetCredentialReport")


def iam(client: Client, clock: FakeClock) -> AwsIam:
    return AwsIam(client, Door(Limiter(clock), clock), clock)


@pytest.mark.parametrize(
    ("codes", "asked"),
    [
        ([""], "generate get"),
        (["ReportInProgress", "ReportInProgress", ""], "generate get get get"),
        (["ReportExpired", ""], "generate get generate get"),
        (["ReportNotPresent", "ReportInProgress", ""], "generate get generate get get"),
    ],
)
def test_a_report_is_waited_for_a_second_at_a_time(codes: list[str], asked: str) -> None:
    client, clock = Client(*codes), FakeClock()
    report = iam(client, clock).credential_report()
    assert " ".join(client.asked) == asked
    assert clock.passed == len(codes) - 1
    assert set(report.rows) == {"bob"}
    assert [key.active for key in report.rows["bob"].keys] == [True]
    assert report.rows["bob"].has_password


def test_a_report_that_never_comes_is_given_up_after_a_minute() -> None:
    clock = FakeClock()
    with pytest.raises(AwsError, match="ReportInProgress"):
        iam(Client("ReportInProgress"), clock).credential_report()
    assert 60 <= clock.passed < 65


def test_a_refusal_is_not_waited_for() -> None:
    client, clock = Client("AccessDenied"), FakeClock()
    with pytest.raises(AwsError, match="AccessDenied"):
        iam(client, clock).credential_report()
    assert client.asked == ["generate", "get"]
