"""S3: deletes of many, copies, uploads, headers that ask for more, policies that only look closed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError
from tests.sandbox.test_attacks_parameters import sent
from tests.sandbox.wires import Answer, Call
from tests.support.sandbox_client import ACCOUNT, OTHER, LocalSandbox, allow, deny

from leastkey.sandbox.gate.wire import RawRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUCKET = "arn:aws:s3:::box"


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    s3 = made.client("s3")
    s3.create_bucket(Bucket="box")
    for key in ("open/a", "kept/b", " kept/b", "kept/b "):
        s3.put_object(Bucket="box", Key=key, Body=key.encode())
    yield made
    made.wipe()


def code(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def keys(sandbox: LocalSandbox, bucket: str = "box") -> set[str]:
    return {each["Key"] for each in sandbox.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())}


def raw(
    sandbox: LocalSandbox,
    key: Any,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Answer:
    return sent(sandbox, Call("s3", method, path, headers or {}, body), key)


XML = '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</Delete>'
KEPT = "<Object><Key>kept/b</Key></Object>"


@pytest.mark.parametrize(
    "body",
    [
        XML % KEPT,
        f"<Delete>{KEPT}</Delete>",
        XML % f"<!-- x -->{KEPT}",
        XML % "<Object><Key><![CDATA[kept/b]]></Key></Object>",
        XML % "<Object><Key>&#107;ept/b</Key></Object>",
        XML % "<Object><Key>open/a</Key><Key>kept/b</Key></Object>",
        XML % "<Object><Key>kept/b</Key><Key>open/a</Key></Object>",
        XML % "<x:Object xmlns:x='y'><x:Key>kept/b</x:Key></x:Object>",
        XML % "<Object><VersionId>null</VersionId><Key>kept/b</Key></Object>",
        f"<Other>{KEPT}</Other>",
        '<!DOCTYPE d [<!ENTITY k "kept/b">]><Delete><Object><Key>&k;</Key></Object></Delete>',
        "<Delete/>",
        "{}",
    ],
)
def test_no_body_deletes_what_is_denied(sandbox: LocalSandbox, body: str) -> None:
    key = sandbox.user("bob", allow("s3:*"), deny("s3:DeleteObject*", on=f"{BUCKET}/kept/b"))
    answer = raw(sandbox, key, "POST", "/box?delete", body.encode())
    assert answer.code in ("AccessDenied", "MalformedXML") or b"<Error>" not in answer.body, answer.body
    assert "kept/b" in keys(sandbox)


def test_a_key_with_blanks_around_it_is_another_key(sandbox: LocalSandbox) -> None:
    key = sandbox.user("bob", allow("s3:*"), deny("s3:DeleteObject", on=f"{BUCKET}/kept/b"))
    asked = {"Objects": [{"Key": name} for name in (" kept/b", "kept/b ", "kept/b", "a\r\nb", "none")]}
    answer = sandbox.client("s3", key).delete_objects(Bucket="box", Delete=asked)
    assert [each["Key"] for each in answer["Errors"]] == ["kept/b"]
    assert {each["Key"] for each in answer["Deleted"]} == {" kept/b", "kept/b ", "a\r\nb", "none"}
    assert keys(sandbox) == {"open/a", "kept/b"}
    quiet = sandbox.client("s3").delete_objects(
        Bucket="box", Delete={"Quiet": True, "Objects": [{"Key": "open/a"}]}
    )
    assert "Deleted" not in quiet
    assert keys(sandbox) == {"kept/b"}


def test_versions_and_markers_are_told_apart_in_a_delete_of_many(sandbox: LocalSandbox) -> None:
    s3 = sandbox.client("s3")
    s3.put_bucket_versioning(Bucket="box", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="box", Key="v", Body=b"1")["VersionId"]
    mine = sandbox.client("s3", sandbox.user("bob", allow("s3:DeleteObject", on=f"{BUCKET}/*")))
    (marked,) = mine.delete_objects(Bucket="box", Delete={"Objects": [{"Key": "v"}]})["Deleted"]
    assert marked["DeleteMarker"] is True
    asked = {"Objects": [{"Key": "v", "VersionId": version}]}
    (refused,) = mine.delete_objects(Bucket="box", Delete=asked)["Errors"]
    assert (refused["VersionId"], refused["Code"]) == (version, "AccessDenied")
    (gone,) = s3.delete_objects(Bucket="box", Delete=asked)["Deleted"]
    assert gone["VersionId"] == version
    missing = {"Bucket": "no-such-box", "Delete": {"Objects": [{"Key": "v"}]}}
    assert code(s3.delete_objects, **missing) == "NoSuchBucket"
    assert code(mine.delete_objects, **missing) == "AccessDenied"


@pytest.mark.parametrize("word", ["true", "True", "false", "1"])
def test_governance_is_passed_over_only_with_its_own_permission(sandbox: LocalSandbox, word: str) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    until = datetime.now(UTC) + timedelta(days=1)
    version = s3.put_object(
        Bucket="locked", Key="k", Body=b"", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until
    )["VersionId"]
    key = sandbox.user("bob", allow("s3:DeleteObject*", "s3:PutObjectRetention"))
    bypass = {"x-amz-bypass-governance-retention": word}
    raw(sandbox, key, "DELETE", f"/locked/k?versionId={version}", headers=bypass)
    body = f"<Delete><Object><Key>k</Key><VersionId>{version}</VersionId></Object></Delete>"
    raw(sandbox, key, "POST", "/locked?delete", body.encode(), headers=bypass)
    assert s3.head_object(Bucket="locked", Key="k", VersionId=version)["ObjectLockMode"] == "GOVERNANCE"


@pytest.mark.parametrize(
    "source",
    [
        "box/kept%2Fb",
        "/box/kept/b",
        "box/%6bept/b",
        "box/open/../kept/b",
        "box/open%2F..%2Fkept/b",
        "box/kept/b?versionId=null",
    ],
)
@pytest.mark.parametrize("query", ["", "?acl", "?tagging"])
def test_a_copy_reads_its_source_however_it_is_written(
    sandbox: LocalSandbox, source: str, query: str
) -> None:
    key = sandbox.user("bob", allow("s3:*", on=[BUCKET, f"{BUCKET}/open/*"]))
    raw(sandbox, key, "PUT", f"/box/open/copy{query}", headers={"x-amz-copy-source": source})
    found = sandbox.client("s3").list_objects_v2(Bucket="box", Prefix="open/copy").get("Contents", [])
    assert found == []


@pytest.mark.parametrize(
    "path",
    [
        "/box/kept/b",
        "/box/open/../kept/b",
        "/box/open/%2e%2e/kept/b",
        "/box/./kept/b",
        "/box//kept/b",
        "/box/kept%2fb",
        "/box/kept%2Fb?x=1",
        "/box/open/a?key=kept/b",
        "/box/open%00/../kept/b",
    ],
)
def test_a_path_reaches_the_object_it_was_judged_for(sandbox: LocalSandbox, path: str) -> None:
    key = sandbox.user("bob", allow("s3:GetObject", on=f"{BUCKET}/open/*"))
    assert (
        b"kept/b" not in raw(sandbox, key, "GET", path).body.replace(b":::box/", b"").split(b"<Message>")[0]
    )


def test_tags_in_the_query_are_no_tags(sandbox: LocalSandbox) -> None:
    key = sandbox.user("bob", allow("s3:PutObject"))
    raw(sandbox, key, "PUT", f"/box/open/t?x-amz-tagging={quote('team=a')}", b"x")
    tags = sandbox.client("s3").get_object_tagging(Bucket="box", Key="open/t")["TagSet"]
    assert tags == []


def test_a_bucket_that_is_not_whose_it_should_be_is_not_touched(sandbox: LocalSandbox) -> None:
    s3 = sandbox.client("s3")
    assert s3.get_object(Bucket="box", Key="open/a", ExpectedBucketOwner=ACCOUNT)["ETag"]
    assert code(s3.get_object, Bucket="box", Key="open/a", ExpectedBucketOwner=OTHER) == "AccessDenied"
    assert code(s3.put_object, Bucket="box", Key="x", ExpectedBucketOwner=OTHER) == "AccessDenied"
    copy = {"Bucket": "box", "Key": "x", "CopySource": "box/open/a", "ExpectedSourceBucketOwner": OTHER}
    assert code(s3.copy_object, **copy) == "AccessDenied"


def policy(sandbox: LocalSandbox, condition: dict[str, Any] | None, principal: Any = "*") -> str:
    entry = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    if condition is not None:
        entry["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"StringNotEquals": {"aws:PrincipalAccount": "000000000000"}},
        {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}},
        {"ForAllValues:StringEquals": {"aws:SourceVpc": "vpc-1"}},
        {"StringLike": {"aws:PrincipalArn": "arn:*"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}},
        {"NotIpAddress": {"aws:SourceIp": "192.0.2.1"}},
        {"IpAddress": {"aws:SourceIp": ["192.0.2.1", "0.0.0.0/0"]}},
        {"IpAddress": {"aws:SourceIp": "96.0.0.0/3"}},
        {"IpAddress": {"aws:SourceIp": "::/0"}},
        {"Null": {"aws:SourceVpc": "true"}},
        {"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}},
        {"StringEquals": {"aws:UserAgent": "curl"}},
    ],
)
def test_a_policy_that_only_looks_closed_is_public(sandbox: LocalSandbox, condition: Any) -> None:
    s3 = sandbox.client("s3")
    assert code(s3.put_bucket_policy, Bucket="box", Policy=policy(sandbox, condition)) == "AccessDenied"
    block = {"BlockPublicPolicy": False, "RestrictPublicBuckets": True}
    s3.put_public_access_block(Bucket="box", PublicAccessBlockConfiguration=block)
    s3.put_bucket_policy(Bucket="box", Policy=policy(sandbox, condition))
    eve = sandbox.client("s3", sandbox.user("eve", allow("s3:*"), account=OTHER))
    assert code(eve.get_object, Bucket="box", Key="open/a") == "AccessDenied"
    assert code(sandbox.client("s3", False).get_object, Bucket="box", Key="open/a") == "AccessDenied"


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalAccount": OTHER}},
        {"IpAddress": {"aws:SourceIp": ["127.0.0.0/8"]}},
        {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:user/eve"}},
    ],
)
def test_a_policy_held_to_fixed_values_is_not_public(sandbox: LocalSandbox, condition: Any) -> None:
    sandbox.client("s3").put_bucket_policy(Bucket="box", Policy=policy(sandbox, condition))
    eve = sandbox.client("s3", sandbox.user("eve", allow("s3:*"), account=OTHER))
    assert eve.get_object(Bucket="box", Key="open/a")["Body"].read() == b"open/a"


def test_an_anonymous_caller_deletes_nothing(sandbox: LocalSandbox) -> None:
    body = (XML % KEPT).encode()
    headers = {"host": "127.0.0.1:4999"}
    answer = sandbox.gate.handle(RawRequest("POST", "/box", "delete", headers, body, "127.0.0.1", {}))
    assert b"<Deleted>" not in answer.body
    assert "kept/b" in keys(sandbox)


def test_a_replication_hands_its_role_over(sandbox: LocalSandbox) -> None:
    s3 = sandbox.client("s3")
    s3.put_bucket_versioning(Bucket="box", VersioningConfiguration={"Status": "Enabled"})
    s3.create_bucket(Bucket="copy")
    s3.put_bucket_versioning(Bucket="copy", VersioningConfiguration={"Status": "Enabled"})
    role = f"arn:aws:iam::{ACCOUNT}:role/mover"
    rule = {"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::copy"}}
    asked = {"Bucket": "box", "ReplicationConfiguration": {"Role": role, "Rules": [rule]}}
    key = sandbox.user("bob", allow("s3:*"))
    with pytest.raises(ClientError, match=r"iam:PassRole on resource: .*role/mover"):
        sandbox.client("s3", key).put_bucket_replication(**asked)
    for body in (b"", b"<", b"<!-- --><ReplicationConfiguration/>"):
        assert raw(sandbox, key, "PUT", "/box?replication", body).code == "AccessDenied"
    s3.put_bucket_replication(**asked)


@pytest.mark.parametrize("path", ["/box2", "/box?tagging", "/box?cors", "/box/open/a?tagging"])
def test_a_body_that_is_no_xml_is_told_so(sandbox: LocalSandbox, path: str) -> None:
    root = sandbox.root()
    key = {"AccessKeyId": root.id, "SecretAccessKey": root.secret.reveal()}
    answer = raw(sandbox, key, "PUT", path, b"no xml")
    assert (answer.status, answer.code) == (400, "MalformedXML")


def test_a_bucket_policy_names_nobody_who_is_yet_to_come(sandbox: LocalSandbox) -> None:
    s3 = sandbox.client("s3")
    for principal in (f"arn:aws:iam::{ACCOUNT}:user/tom", f"arn:aws:iam::{ACCOUNT}:role/r", "tom"):
        asked = policy(sandbox, None, {"AWS": principal})
        assert code(s3.put_bucket_policy, Bucket="box", Policy=asked) == "MalformedPolicy"
    sandbox.user("tom")
    s3.put_bucket_policy(
        Bucket="box", Policy=policy(sandbox, None, {"AWS": f"arn:aws:iam::{ACCOUNT}:user/tom"})
    )


def test_a_policy_locks_out_everybody_but_the_root_that_takes_it_away(sandbox: LocalSandbox) -> None:
    s3 = sandbox.client("s3")
    entry = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/*"]}
    s3.put_bucket_policy(Bucket="box", Policy=json.dumps({"Version": "2012-10-17", "Statement": [entry]}))
    mine = sandbox.client("s3", sandbox.user("bob", allow("*")))
    assert code(mine.delete_bucket_policy, Bucket="box") == "AccessDenied"
    assert code(s3.get_object, Bucket="box", Key="open/a") == "AccessDenied"
    eve = sandbox.client("s3", sandbox.root(OTHER))
    assert code(eve.delete_bucket_policy, Bucket="box") == "AccessDenied"
    assert "Deny" in s3.get_bucket_policy(Bucket="box")["Policy"]
    s3.delete_bucket_policy(Bucket="box")
    assert s3.get_object(Bucket="box", Key="open/a")["ETag"]
