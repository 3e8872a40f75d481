"""`leastkey revoke` in front of the embedded AWS: a thief's session and key are dead after one command, and stay so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.session import Session
from tests.hostile.commands import said
from tests.hostile.conftest import here

if TYPE_CHECKING:
    import pytest
    from tests.e2e.conftest import Aws
    from tests.support.home import Home

__all__ = ["here"]


class Thief:
    """Somebody with a copy of credentials."""

    def __init__(self, aws: Aws, **credentials: str) -> None:
        self._endpoint = aws.endpoint_url
        self._credentials = {f"aws_{name}": value for name, value in credentials.items()}
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = Session().create_client(
                service, region_name="eu-west-1", endpoint_url=self._endpoint, **self._credentials
            )
        return self._clients[service]

    def regions(self) -> str:
        """Give how a call that the role is for ends."""
        return outcome(lambda: self.client("ec2").describe_regions())

    def caller(self) -> str:
        return outcome(lambda: self.client("sts").get_caller_identity())

    def wears(self, role: str) -> str:
        """Give how assuming a role ends."""
        return outcome(lambda: self.client("sts").assume_role(RoleArn=role, RoleSessionName="thief"))


def outcome(call: Any) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "carried out"


def stolen_session(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Thief:
    given = json.loads(said(("creds",), monkeypatch).out)
    return Thief(
        aws,
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
    )


def test_a_thief_is_out_after_one_command_and_stays_out(
    aws: Aws, account: str, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(("up", "--yes"), monkeypatch).code == 0
    session = stolen_session(aws, monkeypatch)
    made = aws.client(account, "iam").create_access_key(UserName="nightly-bot")["AccessKey"]
    key = Thief(aws, access_key_id=made["AccessKeyId"], secret_access_key=made["SecretAccessKey"])
    role = f"arn:aws:iam::{account}:role/leastkey/acme/acme-nightly"
    worn = key.client("sts").assume_role(RoleArn=role, RoleSessionName="thief")["Credentials"]
    named = Thief(
        aws,
        access_key_id=worn["AccessKeyId"],
        secret_access_key=worn["SecretAccessKey"],
        session_token=worn["SessionToken"],
    )
    assert (session.regions(), named.regions(), key.caller()) == ("carried out",) * 3

    cut = said(("revoke", "nightly", "--yes", "--json"), monkeypatch)
    assert cut.code == 0, cut.err
    assert (session.regions(), named.regions()) == ("UnauthorizedOperation",) * 2
    assert key.caller() == "InvalidClientTokenId"
    told = json.loads(cut.out)
    assert told["revoked"] is True
    assert {each["origin"] for each in told["keys"]} == {"in use here", "not known here"}
    by_who = {each["who"]: {call["call"] for call in each["calls"]} for each in told["trail"]}
    assert by_who[f"...{made['AccessKeyId'][-4:]}"] == {"sts:AssumeRole", "sts:GetCallerIdentity"}
    assert "ec2:DescribeRegions" in by_who["sessions `thief`"]
    assert said(("run", "--", "true"), monkeypatch).code == 4

    again = said(("up", "--yes", "--json"), monkeypatch)
    assert (again.code, json.loads(again.out)["changes"]) == (1, [])
    assert "leastkey revoke nightly --restore" in again.err
    assert said(("verify", "nightly"), monkeypatch).code == 1
    assert said(("apply", "--yes"), monkeypatch).code == 0
    monkeypatch.setenv("LEASTKEY_HOME", str(here.folder / "another computer"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(here.folder / "another config"))
    elsewhere = said(("up", "--yes"), monkeypatch)
    assert elsewhere.code in {1, 2}  # the path of this one cannot stand in a profile
    monkeypatch.setenv("LEASTKEY_HOME", str(here.folder / "elsewhere"))
    elsewhere = said(("up", "--yes"), monkeypatch)
    assert elsewhere.code == 1, elsewhere.err
    assert "is revoked" in elsewhere.err
    assert said(("revoke", "nightly", "--yes"), monkeypatch).code == 0
    monkeypatch.setenv("LEASTKEY_HOME", str(here.state))
    monkeypatch.delenv("AWS_CONFIG_FILE")
    assert (session.regions(), named.regions(), key.caller()) == (
        "UnauthorizedOperation",
        "UnauthorizedOperation",
        "InvalidClientTokenId",
    )

    asked = said(("revoke", "nightly", "--restore"), monkeypatch)
    assert asked.code == 2  # no terminal: nothing is asked and nothing done
    assert said(("revoke", "nightly", "--restore", "--yes"), monkeypatch).code == 0
    assert "Already restored" in said(("revoke", "nightly", "--restore"), monkeypatch).out
    assert said(("up", "--yes"), monkeypatch).code == 0
    assert (session.regions(), named.regions(), key.caller()) == (
        "UnauthorizedOperation",
        "UnauthorizedOperation",
        "InvalidClientTokenId",
    )
    assert stolen_session(aws, monkeypatch).regions() == "carried out"
    assert "Already as described" in said(("up", "--yes"), monkeypatch).out
    gone = said(("destroy", "--yes"), monkeypatch)
    assert gone.code == 0, gone.err


def test_a_session_that_a_key_was_traded_for_stays_out_when_the_identity_is_restored(
    aws: Aws, account: str, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(("up", "--yes"), monkeypatch).code == 0
    made = aws.client(account, "iam").create_access_key(UserName="nightly-bot")["AccessKey"]
    key = Thief(aws, access_key_id=made["AccessKeyId"], secret_access_key=made["SecretAccessKey"])
    taken = key.client("sts").get_session_token(DurationSeconds=129_600)["Credentials"]
    lasting = Thief(
        aws,
        access_key_id=taken["AccessKeyId"],
        secret_access_key=taken["SecretAccessKey"],
        session_token=taken["SessionToken"],
    )
    role = f"arn:aws:iam::{account}:role/leastkey/acme/acme-nightly"
    assert lasting.wears(role) == "carried out"
    assert said(("revoke", "nightly", "--yes"), monkeypatch).code == 0
    assert lasting.wears(role) == "AccessDenied"
    assert said(("revoke", "nightly", "--restore", "--yes"), monkeypatch).code == 0
    assert said(("up", "--yes"), monkeypatch).code == 0
    assert stolen_session(aws, monkeypatch).regions() == "carried out"
    assert lasting.wears(role) == "AccessDenied"
    assert "Already as described" in said(("up", "--yes"), monkeypatch).out
    assert said(("destroy", "--yes"), monkeypatch).code == 0


def test_half_a_revocation_is_loud_and_a_trail_that_is_shut_is_told(
    aws: Aws, account: str, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(("up", "--yes"), monkeypatch).code == 0
    session = stolen_session(aws, monkeypatch)
    iam = aws.client(account, "iam")
    iam.create_user(UserName="operator")
    everything_but = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": ["iam:PutUserPolicy", "cloudtrail:LookupEvents"],
            "Resource": "*",
        },
    ]
    iam.put_user_policy(
        UserName="operator",
        PolicyName="most",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": everything_but}),
    )
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    cut = said(("revoke", "nightly", "--yes"), monkeypatch)
    assert cut.code == 5
    assert "error[revoke-incomplete]" in cut.err
    assert "NOT KNOWN in eu-west-1: AWS refused `cloudtrail:LookupEvents`" in cut.out
    assert session.regions() == "UnauthorizedOperation"
    keys = iam.list_access_keys(UserName="nightly-bot")["AccessKeyMetadata"]
    assert [each["Status"] for each in keys] == ["Inactive"]
