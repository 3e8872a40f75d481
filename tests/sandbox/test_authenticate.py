"""Who is believed: every way a signature can be wrong, in each service's own words, beside one that is right."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.sandbox.wires import CALLS, HOUR, Answer, Call, Key, exchange, query

if TYPE_CHECKING:
    from tests.sandbox.conftest import Place

TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"}]}'

WRONG = {
    "unknown key": {
        "iam": (403, "InvalidClientTokenId"),
        "sts": (403, "InvalidClientTokenId"),
        "ec2": (401, "AuthFailure"),
        "s3": (403, "InvalidAccessKeyId"),
        "dynamodb": (400, "UnrecognizedClientException"),
    },
    "wrong secret": {
        "iam": (403, "SignatureDoesNotMatch"),
        "sts": (403, "SignatureDoesNotMatch"),
        "ec2": (401, "AuthFailure"),
        "s3": (403, "SignatureDoesNotMatch"),
        "dynamodb": (400, "InvalidSignatureException"),
    },
    "stray token": {
        "iam": (403, "InvalidClientTokenId"),
        "sts": (403, "InvalidClientTokenId"),
        "ec2": (401, "AuthFailure"),
        "s3": (400, "InvalidToken"),
        "dynamodb": (400, "UnrecognizedClientException"),
    },
    "unsigned": {
        "iam": (403, "MissingAuthenticationToken"),
        "sts": (403, "MissingAuthenticationToken"),
        "ec2": (401, "AuthFailure"),
        "s3": (403, "AccessDenied"),
        "dynamodb": (400, "MissingAuthenticationTokenException"),
    },
    "late": {
        "iam": (403, "SignatureDoesNotMatch"),
        "sts": (403, "SignatureDoesNotMatch"),
        "ec2": (400, "RequestExpired"),
        "s3": (403, "RequestTimeTooSkewed"),
        "dynamodb": (400, "InvalidSignatureException"),
    },
    "other region's scope": {
        "iam": (403, "SignatureDoesNotMatch"),
        "sts": (403, "SignatureDoesNotMatch"),
        "ec2": (401, "AuthFailure"),
        "s3": (400, "AuthorizationHeaderMalformed"),
        "dynamodb": (400, "InvalidSignatureException"),
    },
}


def bent(call: Call, how: str, root: Key, port: int) -> Answer:
    match how:
        case "unknown key":
            return call.send(port, Key("AKIAAAAAAAAAAAAAAAAA", root.secret))
        case "wrong secret":
            return call.send(port, Key(root.id, root.secret[:-1] + "!"))
        case "stray token":
            return call.send(port, Key(root.id, root.secret, "FwoGZXIvYXdzEXAMPLE"))
        case "unsigned":
            return exchange(port, call.raw([("Host", call.host), *call.headers.items()]))
        case "late":
            return call.send(port, root, at=datetime.now(UTC) - HOUR)
        case _:
            call.region = "nowhere-1"
            return call.send(port, root)


@pytest.mark.parametrize("service", CALLS)
def test_a_good_signature_is_served(place: Place, service: str) -> None:
    assert CALLS[service]().send(place.port, place.root).status == 200


@pytest.mark.parametrize(("how", "service"), [(how, service) for how in WRONG for service in WRONG[how]])
def test_a_bad_signature_is_refused_in_the_services_own_words(place: Place, how: str, service: str) -> None:
    answer = bent(CALLS[service](), how, place.root, place.port)
    assert (answer.status, answer.code) == WRONG[how][service]
    assert answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize(
    ("service", "minutes", "status"), [("sts", 4, 200), ("sts", 6, 403), ("s3", 14, 200), ("s3", 16, 403)]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_clocks_may_differ_by_five_minutes_and_for_s3_by_fifteen(
    place: Place, service: str, minutes: int, status: int, sign: int
) -> None:
    at = datetime.now(UTC) + sign * timedelta(minutes=minutes)
    assert CALLS[service]().send(place.port, place.root, at=at).status == status


@pytest.mark.parametrize("service", ["iam", "sts", "ec2", "dynamodb"])
def test_a_body_changed_after_signing_is_refused(place: Place, service: str) -> None:
    call = CALLS[service]()
    headers = call.signed(place.root)
    assert exchange(place.port, call.raw(headers, call.body[:-1] + b" ")).status in (400, 401, 403)


def test_an_s3_body_must_match_the_hash_it_was_signed_with(place: Place) -> None:
    place.client("s3").create_bucket(Bucket=f"b-{place.account}")
    call = Call("s3", "PUT", f"/b-{place.account}/k", body=b"what was signed")
    headers = call.signed(place.root)
    answer = exchange(place.port, call.raw(headers, b"what was sent!!"))
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")
    assert exchange(place.port, call.raw(headers)).status == 200


@pytest.mark.parametrize(
    "bend", ["method", "path", "query", "host", "signed header", "loose x-amz header", "scope date"]
)
def test_whatever_is_signed_cannot_be_changed(place: Place, bend: str) -> None:
    call = Call("s3", "GET", "/?max-buckets=5", {"X-Amz-Meta-A": "1"})
    headers = dict(call.signed(place.root))
    match bend:
        case "method":
            call.method = "HEAD"
        case "path":
            call.path = "/other?max-buckets=5"
        case "query":
            call.path = "/?max-buckets=6"
        case "host":
            headers["Host"] = "localhost:1"
        case "signed header":
            headers["X-Amz-Meta-A"] = "2"
        case "loose x-amz header":
            headers["X-Amz-Acl"] = "public-read"
        case _:
            headers["X-Amz-Date"] = (datetime.now(UTC) + timedelta(seconds=61)).strftime("%Y%m%dT%H%M%SZ")
    assert exchange(place.port, call.raw(list(headers.items()))).status == 403


def test_a_signature_for_one_service_does_not_work_for_another(place: Place) -> None:
    answer = query("iam", "ListUsers", "2010-05-08").send(place.port, place.root, scope_service="sts")
    assert answer.status == 400
    target = CALLS["dynamodb"]().send(place.port, place.root, scope_service="sqs")
    assert target.status == 400


@pytest.mark.parametrize(
    "header",
    [
        "AWS AKIAAAAAAAAAAAAAAAAA:c2lnbmF0dXJl",
        "AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=AKIAAAAAAAAAAAAAAAAA/20260101/us-east-1/sts/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=AKIAAAAAAAAAAAAAAAAA/20260101/us-east-1/sts/aws4_request, SignedHeaders=date, Signature="
        + "0" * 64,
        "Bearer token",
        "AWS4-HMAC-SHA256 ",
    ],
)
def test_other_authorization_headers_are_refused(place: Place, header: str) -> None:
    call = CALLS["sts"]()
    answer = exchange(
        place.port, call.raw([("Host", call.host), *call.headers.items(), ("Authorization", header)])
    )
    assert answer.status in (400, 403)
    assert answer.code in ("IncompleteSignature", "SignatureDoesNotMatch")


def test_an_inactive_key_is_unknown_and_a_deleted_one_stays_so(place: Place) -> None:
    key = place.user("u")
    iam = place.client("iam")
    assert CALLS["sts"]().send(place.port, key).status == 200
    iam.update_access_key(UserName="u", AccessKeyId=key.id, Status="Inactive")
    assert CALLS["sts"]().send(place.port, key).code == "InvalidClientTokenId"
    iam.update_access_key(UserName="u", AccessKeyId=key.id, Status="Active")
    assert CALLS["sts"]().send(place.port, key).status == 200
    iam.delete_access_key(UserName="u", AccessKeyId=key.id)
    assert CALLS["sts"]().send(place.port, key).code == "InvalidClientTokenId"


def session_of(place: Place, seconds: int = 900) -> Key:
    user = place.user("wearer")
    iam = place.client("iam")
    arn = iam.get_user(UserName="wearer")["User"]["Arn"]
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST % arn)["Role"]["Arn"]
    made = place.client("sts", user).assume_role(RoleArn=role, RoleSessionName="s1", DurationSeconds=seconds)[
        "Credentials"
    ]
    return Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def test_a_session_needs_its_own_token_and_ends_with_its_time(place: Place) -> None:
    session = session_of(place)
    assert CALLS["sts"]().send(place.port, session).status == 200
    assert CALLS["sts"]().send(place.port, Key(session.id, session.secret)).code == "InvalidClientTokenId"
    assert (
        CALLS["sts"]().send(place.port, Key(session.id, session.secret, "other")).code
        == "InvalidClientTokenId"
    )
    place.clock.offset = timedelta(seconds=901)
    late = place.clock.now()
    for service, expected in {
        "sts": (403, "ExpiredToken"),
        "s3": (400, "ExpiredToken"),
        "ec2": (400, "RequestExpired"),
        "dynamodb": (400, "ExpiredTokenException"),
    }.items():
        answer = CALLS[service]().send(place.port, session, at=late)
        assert (answer.status, answer.code) == expected


def test_a_session_dies_with_its_role_and_does_not_come_back_with_its_name(place: Place) -> None:
    session = session_of(place)
    iam = place.client("iam")
    iam.delete_role(RoleName="r")
    assert CALLS["sts"]().send(place.port, session).code == "InvalidClientTokenId"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST % f"arn:aws:iam::{place.account}:root")
    assert CALLS["sts"]().send(place.port, session).code == "InvalidClientTokenId"


def presigned(place: Place, path: str, seconds: int = 60) -> str:
    request = AWSRequest("GET", f"{place.url}{path}")
    S3SigV4QueryAuth(Credentials(place.root.id, place.root.secret), "s3", "us-east-1", seconds).add_auth(
        request
    )
    return str(request.url).removeprefix(place.url)


def fetch(place: Place, target: str) -> Answer:
    return exchange(place.port, f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\n\r\n".encode())


def test_a_presigned_url_works_until_it_expires_and_only_as_signed(place: Place) -> None:
    s3 = place.client("s3")
    s3.create_bucket(Bucket=f"b-{place.account}")
    s3.put_object(Bucket=f"b-{place.account}", Key="a b+c/ä.txt", Body=b"content")
    target = presigned(place, f"/b-{place.account}/a%20b%2Bc/%C3%A4.txt")
    assert fetch(place, target).body == b"content"
    assert (
        fetch(place, target.replace("X-Amz-Expires=60", "X-Amz-Expires=600")).code == "SignatureDoesNotMatch"
    )
    assert fetch(place, target + "&X-Amz-Expires=60").status == 400
    assert fetch(place, target + "&versionId=x").code == "SignatureDoesNotMatch"
    assert fetch(place, presigned(place, "/", 604_801)).status == 400
    place.clock.offset = timedelta(seconds=61)
    expired = fetch(place, target)
    assert (expired.status, expired.code) == (403, "AccessDenied")
    assert b"expired" in expired.body


def test_presigned_and_header_signatures_do_not_mix(place: Place) -> None:
    call = Call("s3", "GET", presigned(place, "/"))
    assert exchange(place.port, call.raw(call.signed(place.root))).status == 400


def test_an_anonymous_call_reaches_s3_only_where_a_bucket_policy_lets_it(place: Place) -> None:
    bucket = f"open-{place.account}"
    s3 = place.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"public")
    assert fetch(place, f"/{bucket}/k").code == "AccessDenied"
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",'
        f'"Resource":"arn:aws:s3:::{bucket}/*"}}]}}',
    )
    assert fetch(place, f"/{bucket}/k").body == b"public"
    assert fetch(place, f"/{bucket}").code == "AccessDenied"


def presigned_old(place: Place, operation: str, key: Key | None = None, **parameters: str) -> str:
    """Presign as boto3 does by itself in us-east-1: with Signature Version 2."""
    url = place.client("s3", key).generate_presigned_url(operation, parameters, ExpiresIn=60)
    assert "AWSAccessKeyId=" in url
    return str(url).removeprefix(place.url)


def test_a_presigned_url_of_version_2_works_until_it_expires_and_only_as_signed(place: Place) -> None:
    """S3 User Guide, "Signing and authenticating REST requests (AWS signature version 2)"."""
    bucket, s3 = f"old-{place.account}", place.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a b+c/ä.txt", Body=b"content")
    target = presigned_old(place, "get_object", Bucket=bucket, Key="a b+c/ä.txt")
    assert fetch(place, target).body == b"content"
    other = presigned_old(place, "get_object", Bucket=bucket, Key="other")
    signature = target.partition("Signature=")[2].partition("&")[0]
    assert fetch(
        place, other.replace(other.partition("Signature=")[2].partition("&")[0], signature)
    ).code == ("SignatureDoesNotMatch")
    assert fetch(place, target + "&versionId=x").code == "SignatureDoesNotMatch"
    assert fetch(place, target + "&tagging").code == "SignatureDoesNotMatch"
    assert fetch(place, target + "&ownershipControls").code == "InvalidRequest"
    assert fetch(place, target + "&Expires=9999999999").status == 400
    assert fetch(place, target.replace("AWSAccessKeyId=", "AWSAccessKeyId=AKIA")).code == "InvalidAccessKeyId"
    put = exchange(
        place.port,
        f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\nContent-Length: 0\r\n\r\n".encode(),
    )
    assert put.code == "SignatureDoesNotMatch"
    place.clock.offset = timedelta(seconds=62)
    assert (fetch(place, target).status, fetch(place, target).code) == (403, "AccessDenied")


def test_a_presigned_url_of_version_2_gives_what_its_owner_may_do(place: Place) -> None:
    bucket, s3 = f"old-{place.account}", place.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "*",
        "Condition": {"StringEquals": {"s3:signatureversion": "AWS", "s3:authType": "REST-QUERY-STRING"}},
    }
    user = place.user("signer", json.dumps({"Version": "2012-10-17", "Statement": statement}))
    assert fetch(place, presigned_old(place, "get_object", user, Bucket=bucket, Key="k")).body == b"content"
    assert fetch(place, presigned_old(place, "list_objects_v2", user, Bucket=bucket)).code == "AccessDenied"
    iam = place.client("iam")
    iam.update_access_key(UserName="signer", AccessKeyId=user.id, Status="Inactive")
    assert (
        fetch(place, presigned_old(place, "get_object", user, Bucket=bucket, Key="k")).code
        == "InvalidAccessKeyId"
    )


def test_a_session_and_an_upload_go_by_version_2_as_well(place: Place) -> None:
    bucket, s3 = f"old-{place.account}", place.client("s3")
    s3.create_bucket(Bucket=bucket)
    user = place.user(
        "one",
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}',
    )
    iam = place.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST % f"arn:aws:iam::{place.account}:root")
    iam.put_role_policy(
        RoleName="r",
        PolicyName="p",
        PolicyDocument='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}',
    )
    made = place.client("sts", user).assume_role(
        RoleArn=f"arn:aws:iam::{place.account}:role/r", RoleSessionName="session"
    )["Credentials"]
    session = Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    target = presigned_old(place, "put_object", session, Bucket=bucket, Key="up", ContentType="text/plain")
    head = f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\nContent-Length: 4\r\n"
    assert (
        exchange(place.port, f"{head}Content-Type: text/html\r\n\r\nbody".encode()).code
        == "SignatureDoesNotMatch"
    )
    assert exchange(place.port, f"{head}Content-Type: text/plain\r\n\r\nbody".encode()).status == 200
    assert s3.get_object(Bucket=bucket, Key="up")["ContentType"] == "text/plain"
