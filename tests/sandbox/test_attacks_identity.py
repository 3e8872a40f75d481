"""Who is believed, for how long, and as whom: signatures, sessions, names that come back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests.sandbox.wires import CALLS, Call, Key, exchange, query
from tests.support.sandbox_client import ACCOUNT, OTHER, LocalSandbox, allow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.sandbox.conftest import Place


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


def code(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def trusting(arn: str) -> str:
    entry = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


def opening(arn: str, action: str, resource: str) -> str:
    entry = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


def test_a_user_made_again_under_an_old_name_opens_no_bucket_and_no_key(sandbox: LocalSandbox) -> None:
    iam, s3, kms = sandbox.client("iam"), sandbox.client("s3"), sandbox.client("kms")
    key = sandbox.user("bob")
    bob = f"arn:aws:iam::{ACCOUNT}:user/bob"
    s3.create_bucket(Bucket="box")
    s3.put_object(Bucket="box", Key="k", Body=b"x")
    s3.put_bucket_policy(Bucket="box", Policy=opening(bob, "s3:GetObject", "arn:aws:s3:::box/*"))
    policy = opening(bob, "kms:*", "*")
    lock = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    assert sandbox.client("s3", key).get_object(Bucket="box", Key="k")["Body"].read() == b"x"
    assert sandbox.client("kms", key).encrypt(KeyId=lock, Plaintext=b"x")["CiphertextBlob"]
    iam.delete_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="bob")
    again = sandbox.user("bob")
    assert code(sandbox.client("s3", again).get_object, Bucket="box", Key="k") == "AccessDenied"
    assert code(sandbox.client("kms", again).encrypt, KeyId=lock, Plaintext=b"x") == "AccessDeniedException"
    assert "AIDA" in s3.get_bucket_policy(Bucket="box")["Policy"]


def test_a_user_that_is_renamed_stays_who_it_is_and_leaves_its_name_to_nobody(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    key = sandbox.user("bob")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusting(f"arn:aws:iam::{ACCOUNT}:user/bob"))
    iam.update_user(UserName="bob", NewUserName="rob", NewPath="/x/")
    other = sandbox.user("bob")
    asked = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "RoleSessionName": "s1"}
    assert sandbox.client("sts", key).get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/x/rob"
    assert sandbox.client("sts", key).assume_role(**asked)["AssumedRoleUser"]
    assert code(sandbox.client("sts", other).assume_role, **asked) == "AccessDenied"
    assert code(iam.update_user, UserName="rob", NewUserName="BOB") == "EntityAlreadyExists"
    assert code(iam.update_user, UserName="nobody", NewUserName="x") == "NoSuchEntity"


def test_a_session_outlives_its_users_key_and_its_trust_but_not_its_role(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    key = sandbox.user("bob")
    arn = f"arn:aws:iam::{ACCOUNT}:role/r"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusting(f"arn:aws:iam::{ACCOUNT}:user/bob"))
    asked = {"RoleArn": arn, "RoleSessionName": "s1"}
    session = sandbox.client("sts", key).assume_role(**asked)["Credentials"]
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=trusting(f"arn:aws:iam::{OTHER}:root"))
    iam.delete_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"])
    assert sandbox.client("sts", session).get_caller_identity()["Arn"].endswith("assumed-role/r/s1")
    assert code(sandbox.client("sts", key).assume_role, **asked) == "InvalidClientTokenId"
    iam.delete_role(RoleName="r")
    assert code(sandbox.client("sts", session).get_caller_identity) == "InvalidClientTokenId"


@pytest.mark.parametrize("piece", ["id", "secret", "token"])
def test_pieces_of_two_sessions_make_none(sandbox: LocalSandbox, piece: str) -> None:
    iam = sandbox.client("iam")
    user = sandbox.user("bob", allow("sts:AssumeRole"))
    sessions = []
    for name in ("r1", "r2"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(f"arn:aws:iam::{ACCOUNT}:root"))
        asked = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "RoleSessionName": "s1"}
        sessions.append(sandbox.client("sts", user).assume_role(**asked)["Credentials"])
    field = {"id": "AccessKeyId", "secret": "SecretAccessKey", "token": "SessionToken"}[piece]
    mixed = {**sessions[0], field: sessions[1][field]}
    assert code(sandbox.client("sts", mixed).get_caller_identity) in (
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
    )
    bare = {name: value for name, value in sessions[0].items() if name != "SessionToken"}
    assert code(sandbox.client("sts", bare).get_caller_identity) == "InvalidClientTokenId"


def presigned(place: Place, key: Key, call: Call, expires: int = 60) -> str:
    request = AWSRequest(call.method, f"http://127.0.0.1:{place.port}{call.path}")
    SigV4QueryAuth(Credentials(key.id, key.secret, key.token), call.service, call.region, expires).add_auth(
        request
    )
    return str(request.url).partition(str(place.port))[2]


WHO = "/?Action=GetCallerIdentity&Version=2011-06-15"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("GetCallerIdentity", "GetAccessKeyInfo"),
        ("X-Amz-Expires=60", "X-Amz-Expires=604800"),
        ("X-Amz-Expires=60", "X-Amz-Expires=0"),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=60"),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&x-amz-expires=60"),
        ("X-Amz-Signature=", "x-amz-signature="),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=host%3Bhost"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders="),
        ("%2Fsts%2F", "%2Fiam%2F"),
        ("us-east-1", "eu-west-1"),
        ("/?", "/?Action=GetCallerIdentity&"),
        ("Version=2011-06-15", "Version=2011-06-15&X-Amz-Security-Token=x"),
    ],
)
def test_nothing_in_a_presigned_url_can_be_changed(place: Place, old: str, new: str) -> None:
    url = presigned(place, place.root, Call("sts", "GET", WHO))
    good = f"GET %s HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\n\r\n"
    assert exchange(place.port, (good % url).encode()).status == 200
    assert old in url
    assert exchange(place.port, (good % url.replace(old, new)).encode()).status in (400, 403)


def test_a_presigned_url_takes_no_body_that_was_not_signed(place: Place) -> None:
    url = presigned(place, place.root, Call("sts", "POST", WHO))
    body = "Action=GetAccessKeyInfo&Version=2011-06-15"
    head = f"POST {url} HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\nContent-Length: {len(body)}\r\n"
    for kind in ("application/x-www-form-urlencoded", "text/plain"):
        answer = exchange(place.port, f"{head}Content-Type: {kind}\r\n\r\n{body}".encode())
        assert answer.code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("name", ["Authorization", "X-Amz-Date", "Host", "Content-Type"])
@pytest.mark.parametrize("spelled", [str, str.upper, lambda name: name.replace("-", "_") + "_"])
def test_a_header_that_stands_twice_is_refused(
    place: Place, name: str, spelled: Callable[[str], str]
) -> None:
    call = CALLS["sts"]()
    headers = call.signed(place.root)
    assert exchange(place.port, call.raw(headers)).status == 200
    assert exchange(place.port, call.raw([*headers, (spelled(name), dict(headers)[name])])).status == 400


def test_the_old_signature_is_refused_in_awss_words(place: Place) -> None:
    s3 = place.client("s3", config=Config(signature_version="s3"))
    with pytest.raises(ClientError, match="AWS4-HMAC-SHA256") as caught:
        s3.list_buckets()
    assert caught.value.response["Error"]["Code"] == "InvalidRequest"


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("appsync", "list_graphql_apis"),
        ("accessanalyzer", "list_analyzers"),
        ("glue", "get_databases"),
        ("cloudformation", "list_stacks"),
    ],
)
def test_a_service_that_is_not_there_says_so_in_a_form_its_client_reads(
    place: Place, service: str, call: str
) -> None:
    with pytest.raises(ClientError, match="has no service") as caught:
        getattr(place.client(service), call)()
    assert caught.value.response["Error"]["Code"] == "NotImplemented"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_keys_of_one_account_see_nothing_of_another(sandbox: LocalSandbox, region: str) -> None:
    """Made in one account, asked for by another account's root with everything it could know."""
    one = {
        name: sandbox.client(name, region=region)
        for name in ("ec2", "sqs", "kms", "secretsmanager", "dynamodb", "logs")
    }
    root = sandbox.root(OTHER)
    two = {name: sandbox.client(name, root, region=region) for name in one}
    vpc = one["ec2"].create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    url = one["sqs"].create_queue(QueueName="q")["QueueUrl"]
    key = one["kms"].create_key()["KeyMetadata"]["Arn"]
    secret = one["secretsmanager"].create_secret(Name="s", SecretString="x")["ARN"]
    one["logs"].create_log_group(logGroupName="g")
    assert code(two["ec2"].describe_vpcs, VpcIds=[vpc]) == "InvalidVpcID.NotFound"
    assert code(two["ec2"].delete_vpc, VpcId=vpc) == "InvalidVpcID.NotFound"
    assert code(two["sqs"].receive_message, QueueUrl=url) == "AccessDeniedException"
    assert code(two["kms"].encrypt, KeyId=key, Plaintext=b"x") == "AccessDeniedException"
    assert code(two["secretsmanager"].get_secret_value, SecretId=secret) == "AccessDeniedException"
    assert code(two["secretsmanager"].get_secret_value, SecretId="s") == "ResourceNotFoundException"
    assert two["logs"].describe_log_groups()["logGroups"] == []
    assert "QueueUrls" not in two["sqs"].list_queues()
    assert two["kms"].list_keys()["Keys"] == []


def test_a_peering_is_shown_to_both_sides_and_to_nobody_else(sandbox: LocalSandbox) -> None:
    ec2 = sandbox.client("ec2")
    other = sandbox.client("ec2", sandbox.root(OTHER))
    mine = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    theirs = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    ec2.create_vpc_peering_connection(VpcId=mine, PeerVpcId=theirs)
    assert other.describe_vpc_peering_connections()["VpcPeeringConnections"] == []


def test_now_is_never_read_from_the_client(place: Place) -> None:
    call = query("sts", "GetCallerIdentity", "2011-06-15")
    at = datetime(2020, 1, 1, tzinfo=UTC)
    call.headers["Date"] = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert call.send(place.port, place.root, at=at).code == "SignatureDoesNotMatch"
