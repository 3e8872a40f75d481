"""Real clients: boto3 and the AWS CLI, and chunked uploads as other SDKs send them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from tests.sandbox.wires import Answer, Call, Key, exchange, query

from leastkey.aws.sigv4 import EMPTY_SHA256, sha256_hex, signing_key
from leastkey.sandbox.gate.payload import SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER
from leastkey.secret import Secret

if TYPE_CHECKING:
    from tests.sandbox.conftest import Place

EC2_READ = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}]}'


def test_boto3_does_the_tutorial_and_is_denied_the_rest(place: Place) -> None:
    key = place.user("automation", EC2_READ)
    regions = place.client("ec2", key).describe_regions()["Regions"]
    assert {"us-east-1", "eu-west-1"} <= {region["RegionName"] for region in regions}
    with pytest.raises(ClientError) as iam:
        place.client("iam", key).list_users()
    assert iam.value.response["Error"]["Code"] == "AccessDenied"
    assert "iam:ListUsers" in iam.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as ec2:
        place.client("ec2", key).create_vpc(CidrBlock="10.0.0.0/16")
    assert ec2.value.response["Error"]["Code"] == "UnauthorizedOperation"
    with pytest.raises(ClientError) as dynamodb:
        place.client("dynamodb", key).list_tables()
    assert dynamodb.value.response["Error"]["Code"] == "AccessDeniedException"


def test_accounts_are_apart(place: Place) -> None:
    place.client("iam").create_user(UserName="only-here")
    made = place.sandbox.key_of(type(place.account)("444455556666"))
    other = Key(str(made["access_key_id"]), str(made["secret_access_key"]))
    assert place.client("sts", other).get_caller_identity()["Account"] == "444455556666"
    assert [user["UserName"] for user in place.client("iam", other).list_users()["Users"]] == []


@pytest.mark.parametrize(
    "name", ["plain", "with space + plus/ä €.txt", "a//b", "%2F%20", "x?y&z=1#f", "dots/../up"]
)
def test_objects_come_back_as_they_went_whatever_their_name(place: Place, name: str) -> None:
    s3, bucket = place.client("s3"), f"names-{place.account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(
        Bucket=bucket, Key=name, Body=b"content", Metadata={"snake_case": "1"}, ContentType="text/plain"
    )
    got = s3.get_object(Bucket=bucket, Key=name)
    assert (got["Body"].read(), got["Metadata"], got["ContentType"]) == (
        b"content",
        {"snake_case": "1"},
        "text/plain",
    )
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [name]
    head = s3.head_object(Bucket=bucket, Key=name)
    assert head["ContentLength"] == 7


def test_a_large_object_goes_up_in_parts_from_several_threads(place: Place, tmp_path: Path) -> None:
    s3, bucket = place.client("s3"), f"large-{place.account}"
    s3.create_bucket(Bucket=bucket)
    source, back = tmp_path / "up", tmp_path / "down"
    source.write_bytes(os.urandom(20 * 1024 * 1024 + 17))
    config = TransferConfig(multipart_threshold=8 * 1024 * 1024, max_concurrency=4)
    s3.upload_file(str(source), bucket, "k", Config=config)
    s3.download_file(bucket, "k", str(back))
    assert back.read_bytes() == source.read_bytes()
    assert "-" in s3.head_object(Bucket=bucket, Key="k")["ETag"]


def test_a_form_typed_body_names_no_sub_resource(place: Place) -> None:
    s3, bucket = place.client("s3"), f"form-{place.account}"
    s3.create_bucket(Bucket=bucket)
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=bucket, Key="k", Body=b"acl=", ContentType="application/x-www-form-urlencoded")
    assert refused.value.response["Error"]["Code"] == "NotImplemented"


def test_a_json_body_cannot_smuggle_another_action(place: Place) -> None:
    sqs = place.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    text = "a&Action=DeleteQueue&b=1"
    sqs.send_message(QueueUrl=url, MessageBody=text)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == text
    assert sqs.get_queue_url(QueueName="q")["QueueUrl"] == url


CLIENTS, TURNS = 32, 3
COUNTER = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.UpdateItem"}


def test_32_clients_at_once_lose_no_update_and_get_their_own_answers(place: Place) -> None:
    """Each adds to what all share (a counter, a role's tags, a group's members), and asks who it is in between."""
    place.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    iam = place.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="shared", AssumeRolePolicyDocument=document)
    iam.create_group(GroupName="all")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_group_policy(GroupName="all", PolicyName="p", PolicyDocument=policy)
    together = threading.Barrier(CLIENTS, timeout=60)

    def asked(key: Key, call: Call) -> bytes:
        answer = call.send(place.port, key)
        assert answer.status == 200, answer.body
        return answer.body

    def client(number: int) -> None:
        name = f"user-{number}"
        made = asked(place.root, query("iam", "CreateUser", "2010-05-08", UserName=name))
        assert f"<UserName>{name}</UserName>".encode() in made
        made = asked(place.root, query("iam", "CreateAccessKey", "2010-05-08", UserName=name))
        key = Key(*(_between(made, tag) for tag in ("AccessKeyId", "SecretAccessKey")))
        together.wait()
        asked(place.root, query("iam", "AddUserToGroup", "2010-05-08", GroupName="all", UserName=name))
        for turn in range(TURNS):
            adding = {
                "TableName": "t",
                "Key": {"k": {"S": "k"}},
                "UpdateExpression": "ADD n :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            }
            asked(key, Call("dynamodb", headers=dict(COUNTER), body=json.dumps(adding).encode()))
            who = asked(key, query("sts", "GetCallerIdentity", "2011-06-15"))
            assert _between(who, "Arn") == f"arn:aws:iam::{place.account}:user/{name}"
            got = asked(key, query("iam", "GetUser", "2010-05-08"))
            assert _between(got, "UserName") == name
            if turn == 0:
                tag = {"Tags.member.1.Key": name, "Tags.member.1.Value": "x"}
                asked(key, query("iam", "TagUser", "2010-05-08", UserName=name, **tag))
                policy = {"PolicyName": name, "PolicyDocument": document_of(name)}
                asked(key, query("iam", "PutRolePolicy", "2010-05-08", RoleName="shared", **policy))

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    item = place.client("dynamodb").get_item(TableName="t", Key={"k": {"S": "k"}})["Item"]
    assert item["n"] == {"N": str(CLIENTS * TURNS)}
    names = sorted(f"user-{number}" for number in range(CLIENTS))
    assert sorted(iam.list_role_policies(RoleName="shared")["PolicyNames"]) == names
    assert sorted(each["UserName"] for each in iam.get_group(GroupName="all")["Users"]) == names
    for name in names[:3]:
        assert iam.list_user_tags(UserName=name)["Tags"] == [{"Key": name, "Value": "x"}]


def document_of(name: str) -> str:
    one = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [one]}, separators=(",", ":"))


def _between(body: bytes, tag: str) -> str:
    return body.decode().partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]


def chunked(mode: str, parts: list[bytes], call: Call, key: Key, *, bend: str = "") -> Answer:
    """Send a body in aws-chunked framing, signed with our own hands."""
    total = sum(map(len, parts))
    call.headers.update(
        {
            "Content-Encoding": "aws-chunked",
            "X-Amz-Decoded-Content-Length": str(total + (bend == "length")),
        }
    )
    checksum = base64.b64encode(
        zlib.crc32(b"".join(parts) + bend.encode() * (bend == "digest")).to_bytes(4, "big")
    ).decode()
    if mode != SIGNED:
        call.headers["X-Amz-Trailer"] = "x-amz-checksum-crc32"
    now = datetime.now(UTC)
    headers = call.signed(key, at=now, payload=mode)
    seed = dict(headers)["Authorization"].rpartition("=")[2]
    date = now.strftime("%Y%m%d")
    scope, stamp = f"{date}/us-east-1/s3/aws4_request", now.strftime("%Y%m%dT%H%M%SZ")
    secret = signing_key(Secret(key.secret), date, "us-east-1", "s3")

    def chain(kind: str, *middle: str) -> str:
        nonlocal seed
        text = "\n".join((f"AWS4-HMAC-SHA256-{kind}", stamp, scope, seed, *middle))
        seed = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
        return seed

    body = b""
    for part in [*parts, b""]:
        mark = (
            f";chunk-signature={chain('PAYLOAD', EMPTY_SHA256, sha256_hex(part))}"
            if mode != UNSIGNED_TRAILER
            else ""
        )
        sent = part.upper() if bend == "chunk" else part
        body += f"{len(part):x}{mark}\r\n".encode() + sent + (b"\r\n" if part else b"")
    if mode != SIGNED:
        body += f"x-amz-checksum-crc32:{checksum}\r\n".encode()
    if mode == SIGNED_TRAILER:
        signature = chain("TRAILER", sha256_hex(f"x-amz-checksum-crc32:{checksum}\n".encode()))
        body += f"x-amz-trailer-signature:{'0' * 64 if bend == 'trailer' else signature}\r\n".encode()
    return exchange(call_port(call), call.raw(headers, body + b"\r\n"))


def call_port(call: Call) -> int:
    return int(call.host.rpartition(":")[2])


@pytest.mark.parametrize("mode", [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER])
def test_chunked_uploads_arrive_without_their_framing(place: Place, mode: str) -> None:
    bucket = f"chunk-{place.account}"
    place.client("s3").create_bucket(Bucket=bucket)
    call = Call("s3", "PUT", f"/{bucket}/k", host=f"127.0.0.1:{place.port}")
    assert chunked(mode, [b"a" * 70_000, b"tail"], call, place.root).status == 200
    got = place.client("s3").get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == b"a" * 70_000 + b"tail"
    assert got.get("ContentEncoding", "") == ""


@pytest.mark.parametrize(
    ("mode", "bend", "status"),
    [
        (SIGNED, "chunk", 403),
        (SIGNED_TRAILER, "chunk", 403),
        (SIGNED_TRAILER, "trailer", 403),
        (SIGNED_TRAILER, "digest", 400),
        (UNSIGNED_TRAILER, "digest", 400),
        (UNSIGNED_TRAILER, "chunk", 400),
        (SIGNED, "length", 400),
    ],
)
def test_a_chunked_upload_that_was_tampered_with_is_refused(
    place: Place, mode: str, bend: str, status: int
) -> None:
    bucket = f"chunk-{place.account}"
    place.client("s3").create_bucket(Bucket=bucket)
    call = Call("s3", "PUT", f"/{bucket}/k", host=f"127.0.0.1:{place.port}")
    assert chunked(mode, [b"a" * 70_000, b"tail"], call, place.root, bend=bend).status == status
    assert "Contents" not in place.client("s3").list_objects_v2(Bucket=bucket)


def test_a_virtual_hosted_bucket_is_served(place: Place) -> None:
    bucket = f"host-{place.account}"
    place.client("s3").create_bucket(Bucket=bucket)
    call = Call("s3", "PUT", "/a%2Fb", body=b"x", host=f"{bucket}.s3.localhost:{place.port}")
    assert exchange(place.port, call.raw(call.signed(place.root))).status == 200
    assert [each["Key"] for each in place.client("s3").list_objects_v2(Bucket=bucket)["Contents"]] == ["a/b"]


def aws(place: Place, key: Key, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": place.url,
        "AWS_PAGER": "",
    }
    script = Path(sys.executable).parent / "aws"
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        env=environ,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_aws_cli_does_the_tutorial(place: Place, tmp_path: Path) -> None:
    key = place.user("automation", EC2_READ)
    regions = aws(place, key, "ec2", "describe-regions", "--output", "json", cwd=tmp_path)
    assert regions.returncode == 0, regions.stderr
    assert len(json.loads(regions.stdout)["Regions"]) > 10
    refused = aws(place, key, "iam", "list-users", cwd=tmp_path)
    assert refused.returncode != 0
    assert "AccessDenied" in refused.stderr
    (tmp_path / "up.bin").write_bytes(os.urandom(9 * 1024 * 1024))
    bucket = f"cli-{place.account}"
    assert aws(place, place.root, "s3", "mb", f"s3://{bucket}", cwd=tmp_path).returncode == 0
    up = aws(place, place.root, "s3", "cp", "up.bin", f"s3://{bucket}/dir/", cwd=tmp_path)
    assert up.returncode == 0, up.stderr
    down = aws(place, place.root, "s3", "cp", f"s3://{bucket}/dir/up.bin", "down.bin", cwd=tmp_path)
    assert down.returncode == 0, down.stderr
    assert (tmp_path / "down.bin").read_bytes() == (tmp_path / "up.bin").read_bytes()
