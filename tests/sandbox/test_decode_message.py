"""The encoded message of EC2's denials, and who may read it.

Source: STS API Reference, DecodeAuthorizationMessage; IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, OTHER, LocalSandbox, allow, deny

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = ". Encoded authorization failure message: "


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def decoded(sandbox: LocalSandbox, message: str) -> dict[str, Any]:
    answer = sandbox.client("sts").decode_authorization_message(EncodedMessage=message.partition(MARK)[2])
    found: dict[str, Any] = json.loads(answer["DecodedMessage"])
    return found


def test_a_denial_tells_in_code_who_asked_for_what(sandbox: LocalSandbox) -> None:
    key = sandbox.user("bob")
    code, message = refusal(sandbox.client("ec2", key).create_vpc, CidrBlock="10.0.0.0/16")
    assert code == "UnauthorizedOperation"
    assert message.partition(MARK)[0].endswith(
        "because no identity-based policy allows the ec2:CreateVpc action"
    )
    found = decoded(sandbox, message)
    assert (found["allowed"], found["explicitDeny"]) == (False, False)
    assert found["matchedStatements"] == found["failures"] == {"items": []}
    context = found["context"]
    assert context["principal"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/bob"
    assert context["principal"]["name"] == "bob"
    assert (context["action"], context["resource"].split(":")[5][:4]) == ("ec2:CreateVpc", "vpc/")
    region = {"key": "aws:RequestedRegion", "values": {"items": [{"value": "us-east-1"}]}}
    assert region in context["conditions"]["items"]


def test_an_explicit_deny_is_told_with_its_statement(sandbox: LocalSandbox) -> None:
    closed = deny("ec2:CreateVpc", when={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})
    closed["Statement"][0]["Sid"] = "Closed"
    key = sandbox.user("bob", allow("ec2:*"), closed)
    found = decoded(sandbox, refusal(sandbox.client("ec2", key).create_vpc, CidrBlock="10.0.0.0/16")[1])
    assert found["explicitDeny"] is True
    (statement,) = found["matchedStatements"]["items"]
    assert (statement["statementId"], statement["effect"]) == ("Closed", "DENY")
    assert statement["actions"] == {"items": [{"value": "ec2:CreateVpc"}]}
    assert statement["conditions"]["items"][0]["key"] == "aws:RequestedRegion"


def test_the_code_is_for_those_who_may_decode_and_for_their_account(sandbox: LocalSandbox) -> None:
    key = sandbox.user("bob", allow("ec2:DescribeVpcs"))
    message = refusal(sandbox.client("ec2", key).create_vpc, CidrBlock="10.0.0.0/16")[1]
    given = {"EncodedMessage": message.partition(MARK)[2]}
    sandbox.client("sts", sandbox.user("reader", allow("sts:*"))).decode_authorization_message(**given)
    assert refusal(sandbox.client("sts", key).decode_authorization_message, **given)[0] == "AccessDenied"
    invalid = "InvalidAuthorizationMessageException"
    other = sandbox.client("sts", sandbox.root(OTHER))
    assert refusal(other.decode_authorization_message, **given)[0] == invalid
    for bad in ("x", "\u00e9", given["EncodedMessage"][:-8]):
        assert refusal(sandbox.client("sts").decode_authorization_message, EncodedMessage=bad)[0] == invalid


def test_a_denial_with_many_tags_stays_short_enough_to_decode(sandbox: LocalSandbox) -> None:
    tags = [{"Key": f"k{number}", "Value": f"{(number + 7) ** 240:x}"[:250]} for number in range(50)]
    key = sandbox.user("bob")
    given = {"TagSpecifications": [{"ResourceType": "vpc", "Tags": tags}], "CidrBlock": "10.0.0.0/16"}
    message = refusal(sandbox.client("ec2", key).create_vpc, **given)[1]
    assert len(message.partition(MARK)[2]) <= 10_240
    assert decoded(sandbox, message)["context"]["action"] == "ec2:CreateVpc"
