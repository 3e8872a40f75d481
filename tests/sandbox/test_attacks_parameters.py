"""Requests that say one thing to who judges them and another to who carries them out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from tests.sandbox.wires import FORM, Answer, Call, Key
from tests.support.sandbox_client import ACCOUNT, LocalSandbox, allow, deny

from leastkey.sandbox.gate.wire import RawRequest
from leastkey.sandbox.resolve.query_form import known_fields, read_form
from leastkey.sandbox.service_models import service_model

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSIONS = {"iam": "2010-05-08", "ec2": "2016-11-15"}
TARGETS = {
    "sqs": "AmazonSQS",
    "secretsmanager": "secretsmanager",
    "logs": "Logs_20140328",
    "kms": "TrentService",
}


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


def everything(*denied: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return (allow("*"), *denied)


def sent(sandbox: LocalSandbox, call: Call, key: Any) -> Answer:
    """Send what no SDK would write, properly signed."""
    call.host = "127.0.0.1:4999"
    headers = call.signed(Key(key["AccessKeyId"], key["SecretAccessKey"]), at=datetime.now(UTC))
    path, _, query = call.path.partition("?")
    raw = RawRequest(
        call.method,
        path,
        query,
        {name.lower(): str(value) for name, value in headers},
        call.body,
        "127.0.0.1",
        {},
    )
    answer = sandbox.gate.handle(raw)
    return Answer(answer.status, {}, answer.body)


def form(sandbox: LocalSandbox, key: Any, service: str, action: str, *fields: tuple[str, str]) -> Answer:
    body = urlencode([("Action", action), ("Version", VERSIONS[service]), *fields]).encode()
    return sent(sandbox, Call(service, headers={"Content-Type": FORM}, body=body), key)


def target(sandbox: LocalSandbox, key: Any, service: str, action: str, body: Any) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGETS[service]}.{action}"}
    return sent(sandbox, Call(service, headers=headers, body=data), key)


@pytest.mark.parametrize(
    "decoy",
    [
        ("UserName.member", "bob"),
        ("member.UserName", "bob"),
        ("UserName.entry", "bob"),
        ("entry.UserName", "bob"),
    ],
)
def test_no_second_spelling_of_a_parameter_stands_in_for_it(
    sandbox: LocalSandbox, decoy: tuple[str, str]
) -> None:
    mine = f"arn:aws:iam::{ACCOUNT}:user/bob"
    key = sandbox.user("bob", allow("iam:CreateAccessKey", on=mine))
    sandbox.user("admin", *everything())
    for fields in ((("UserName", "admin"), decoy), (decoy, ("UserName", "admin"))):
        answer = form(sandbox, key, "iam", "CreateAccessKey", *fields)
        assert answer.status in (400, 403), answer.body
        assert b"SecretAccessKey" not in answer.body
    assert form(sandbox, key, "iam", "CreateAccessKey", ("UserName", "bob")).status == 200


def test_a_parameter_that_an_operation_does_not_have_decides_nothing(sandbox: LocalSandbox) -> None:
    me = f"arn:aws:iam::{ACCOUNT}:user/bob"
    key = sandbox.user("bob", allow("iam:GetAccessKeyLastUsed", on=me))
    other = sandbox.user("admin", *everything())
    answer = form(
        sandbox,
        key,
        "iam",
        "GetAccessKeyLastUsed",
        ("UserName", "bob"),
        ("AccessKeyId", other["AccessKeyId"]),
    )
    assert answer.code == "AccessDenied"


@pytest.mark.parametrize(
    "junk",
    [
        (),
        (("InstanceId.x", "1"),),
        (("InstanceId.member.1", "i-00000000000000001"),),
        (("InstanceId.2.x", "1"),),
    ],
)
def test_junk_beside_a_list_does_not_hide_what_is_in_it(
    sandbox: LocalSandbox, junk: tuple[tuple[str, str], ...]
) -> None:
    ec2 = sandbox.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    kept = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{instance}"
    key = sandbox.user("bob", *everything(deny("ec2:TerminateInstances", on=kept)))
    answer = form(sandbox, key, "ec2", "TerminateInstances", ("InstanceId.1", instance), *junk)
    assert answer.status in (400, 403), answer.body
    state = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]
    assert state == "running"


def test_a_queue_is_the_one_the_message_goes_to(sandbox: LocalSandbox) -> None:
    sqs = sandbox.client("sqs")
    mine, other = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("mine", "other"))
    key = sandbox.user("bob", allow("sqs:SendMessage", on=f"arn:aws:sqs:us-east-1:{ACCOUNT}:mine"))
    body = {"QueueUrl": other, "QueueName": "mine", "MessageBody": "x"}
    assert target(sandbox, key, "sqs", "SendMessage", body).code == "AccessDeniedException"
    assert target(sandbox, key, "sqs", "SendMessage", {**body, "QueueUrl": mine}).status == 200


def test_a_batch_of_messages_needs_what_one_needs(sandbox: LocalSandbox) -> None:
    sqs = sandbox.client("sqs")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("mine", "other")]
    mine = sandbox.client(
        "sqs", sandbox.user("bob", allow("sqs:SendMessage", on=f"arn:aws:sqs:*:{ACCOUNT}:mine"))
    )
    entries = [{"Id": "1", "MessageBody": "a"}]
    assert mine.send_message_batch(QueueUrl=urls[0], Entries=entries)["Successful"]
    with pytest.raises(ClientError, match="sqs:SendMessage"):
        mine.send_message_batch(QueueUrl=urls[1], Entries=entries)


def test_a_message_may_hold_what_looks_like_a_form(sandbox: LocalSandbox) -> None:
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="mine")["QueueUrl"]
    text = "a=b&Action=DeleteQueue&QueueUrl=x&%41ction=PurgeQueue&;Action=x"
    sqs.send_message(QueueUrl=url, MessageBody=text)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == text
    sqs.send_message(QueueUrl=url, MessageBody="&\\u0026&amp;é", MessageAttributes={})
    assert sqs.list_queues()["QueueUrls"] == [url]


@pytest.mark.parametrize(
    "body",
    [
        b"Action=DeleteQueue&QueueUrl=mine",
        b"[]",
        b'"x"',
        b"{",
        b"QueueUrl=mine",
        '{"QueueUrl":"mine"}'.encode("utf-16"),
    ],
)
def test_a_json_service_takes_an_object_and_nothing_else(sandbox: LocalSandbox, body: bytes) -> None:
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="mine")["QueueUrl"]
    key = sandbox.user("bob", *everything())
    answer = target(sandbox, key, "sqs", "DeleteQueue", body)
    assert (answer.status, answer.code) == (400, "SerializationException")
    assert sqs.list_queues()["QueueUrls"] == [url]


def test_a_resource_that_cannot_be_told_may_be_one_that_is_denied(sandbox: LocalSandbox) -> None:
    kept = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0123456789abcdef0"
    fields = (("ResourceId.1", "xyz-1"), ("Tag.1.Key", "k"))
    key = sandbox.user("bob", *everything(deny("ec2:DeleteTags", on=kept)))
    answer = form(sandbox, key, "ec2", "DeleteTags", *fields)
    assert (answer.code, b"cannot tell which resource" in answer.body) == ("UnauthorizedOperation", True)
    spared = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "NotResource": kept}]}
    key = sandbox.user("eve", *everything(spared))
    assert form(sandbox, key, "ec2", "DeleteTags", *fields).code == "UnauthorizedOperation"
    key = sandbox.user("ann", *everything(deny("ec2:CreateTags", on=kept)))
    assert form(sandbox, key, "ec2", "DeleteTags", *fields).code != "UnauthorizedOperation"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"InstanceId.1": "a", "InstanceId.2": "b"}, ["a", "b"]),
        ({"InstanceId.2": "b", "InstanceId.1": "a"}, ["a", "b"]),
        ({"InstanceId.1": "a", "InstanceId.3": "c"}, ["a"]),
        ({"InstanceId.1": "a", "InstanceId.2.x": "b", "InstanceId.3": "c"}, ["a"]),
        ({"InstanceId.01": "a", "InstanceId.2": "b"}, None),
        ({"InstanceId.0": "a", "InstanceId": "b", "InstanceIds.1": "c"}, None),
        ({"instanceId.1": "a", "InstanceId..1": "b", "InstanceId.1.": "c", ".InstanceId.1": "d"}, None),
    ],
)
def test_a_list_is_read_as_moto_reads_it(given: dict[str, str], read: list[str] | None) -> None:
    from moto.core.model import ServiceModel as MotoModel
    from moto.core.parse import EC2QueryParser

    ours, motos = service_model("ec2"), Loader().load_service_model("ec2", "service-2")
    assert ours is not None
    fields = {name: [value] for name, value in given.items()}
    found = read_form(ours, "TerminateInstances", fields)
    kept = known_fields(ours, "TerminateInstances", fields)
    parser = EC2QueryParser(MotoModel(motos, "ec2").operation_model("TerminateInstances"))
    for sent_on in (given, {name: values[0] for name, values in kept.items()}):
        asked: Any = {"values": sent_on}
        assert parser.parse(asked).get("InstanceIds") == found.get("InstanceId") == read
    assert len(kept) == len(read or ())
