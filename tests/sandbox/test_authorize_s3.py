"""S3: prefixes, bucket policies in one account and across, public access, and what a refusal hides."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, OTHER, LocalSandbox, allow, deny

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OBJECTS = "arn:aws:s3:::reports/nightly/*"


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    s3 = made.client("s3")
    s3.create_bucket(Bucket="reports")
    s3.put_object(Bucket="reports", Key="nightly/a", Body=b"a")
    s3.put_object(Bucket="reports", Key="secret/b", Body=b"b")
    yield made
    made.wipe()


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def code(call: Callable[..., Any], **parameters: Any) -> str:
    return refusal(call, **parameters)[1]


def bucket_policy(sandbox: LocalSandbox, *entries: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": list(entries)}
    sandbox.client("s3").put_bucket_policy(Bucket="reports", Policy=json.dumps(document))


def entry(effect: str, principal: Any, action: str, on: str, **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": on, **more}


def test_a_prefix_bounds_objects_and_listing(sandbox: LocalSandbox) -> None:
    key = sandbox.user(
        "bob",
        allow("s3:GetObject", "s3:PutObject", on=OBJECTS),
        allow("s3:ListBucket", on="arn:aws:s3:::reports", when={"StringLike": {"s3:prefix": "nightly/*"}}),
    )
    mine = sandbox.client("s3", key)
    assert mine.get_object(Bucket="reports", Key="nightly/a")["Body"].read() == b"a"
    mine.put_object(Bucket="reports", Key="nightly/c", Body=b"c")
    found = mine.list_objects_v2(Bucket="reports", Prefix="nightly/")
    assert [each["Key"] for each in found["Contents"]] == ["nightly/a", "nightly/c"]
    assert code(mine.get_object, Bucket="reports", Key="secret/b") == "AccessDenied"
    assert code(mine.put_object, Bucket="reports", Key="nightlyx", Body=b"") == "AccessDenied"
    assert code(mine.list_objects_v2, Bucket="reports") == "AccessDenied"
    assert code(mine.list_objects_v2, Bucket="reports", Prefix="secret/") == "AccessDenied"
    assert code(mine.delete_object, Bucket="reports", Key="nightly/a") == "AccessDenied"


def test_a_copy_needs_to_read_its_source(sandbox: LocalSandbox) -> None:
    key = sandbox.user("bob", allow("s3:PutObject", "s3:GetObject", on=OBJECTS))
    mine = sandbox.client("s3", key)
    mine.copy_object(
        Bucket="reports", Key="nightly/copy", CopySource={"Bucket": "reports", "Key": "nightly/a"}
    )
    denied = refusal(
        mine.copy_object,
        Bucket="reports",
        Key="nightly/x",
        CopySource={"Bucket": "reports", "Key": "secret/b"},
    )
    assert (denied[1], "s3:GetObject" in denied[2]) == ("AccessDenied", True)


def test_tags_and_acls_in_headers_are_further_actions(sandbox: LocalSandbox) -> None:
    mine = sandbox.client("s3", sandbox.user("bob", allow("s3:PutObject", on=OBJECTS)))
    tagged = {"Bucket": "reports", "Key": "nightly/t", "Body": b"", "Tagging": "k=v"}
    assert "s3:PutObjectTagging" in refusal(mine.put_object, **tagged)[2]
    opened = {"Bucket": "reports", "Key": "nightly/t", "Body": b"", "ACL": "public-read"}
    assert "s3:PutObjectAcl" in refusal(mine.put_object, **opened)[2]
    sandbox.client("s3").put_object(**tagged)


def test_tags_on_an_object_are_asked(sandbox: LocalSandbox) -> None:
    root = sandbox.client("s3")
    root.put_object(Bucket="reports", Key="nightly/t", Body=b"", Tagging="class=open")
    when = {"StringEquals": {"s3:ExistingObjectTag/class": "open"}}
    mine = sandbox.client("s3", sandbox.user("bob", allow("s3:GetObject", when=when)))
    mine.get_object(Bucket="reports", Key="nightly/t")
    assert code(mine.get_object, Bucket="reports", Key="nightly/a") == "AccessDenied"


def test_many_deletes_are_asked_one_by_one(sandbox: LocalSandbox) -> None:
    mine = sandbox.client("s3", sandbox.user("bob", allow("s3:DeleteObject", on=OBJECTS)))
    both = {"Objects": [{"Key": "nightly/a"}, {"Key": "secret/b"}]}
    answer = mine.delete_objects(Bucket="reports", Delete=both)
    assert [each["Key"] for each in answer["Deleted"]] == ["nightly/a"]
    assert [(each["Key"], each["Code"]) for each in answer["Errors"]] == [("secret/b", "AccessDenied")]
    assert "s3:DeleteObject" in answer["Errors"][0]["Message"]
    left = sandbox.client("s3").list_objects_v2(Bucket="reports")["Contents"]
    assert [each["Key"] for each in left] == ["secret/b"]


def test_an_upload_in_parts_belongs_to_its_key(sandbox: LocalSandbox) -> None:
    root = sandbox.client("s3")
    theirs = root.create_multipart_upload(Bucket="reports", Key="secret/big")["UploadId"]
    mine = sandbox.client(
        "s3", sandbox.user("bob", allow("s3:PutObject", "s3:AbortMultipartUpload", on=OBJECTS))
    )
    own = mine.create_multipart_upload(Bucket="reports", Key="nightly/big")["UploadId"]
    part = mine.upload_part(Bucket="reports", Key="nightly/big", UploadId=own, PartNumber=1, Body=b"x")
    mine.complete_multipart_upload(
        Bucket="reports",
        Key="nightly/big",
        UploadId=own,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    given = {"Bucket": "reports", "Key": "nightly/big", "UploadId": theirs}
    assert code(mine.upload_part, PartNumber=1, Body=b"x", **given) == "NoSuchUpload"
    assert code(mine.abort_multipart_upload, **given) == "NoSuchUpload"


def test_a_conditional_write_on_an_absent_key_writes_nothing(sandbox: LocalSandbox) -> None:
    mine = sandbox.client("s3", sandbox.user("bob", allow("s3:PutObject", on=OBJECTS)))
    absent = {"Bucket": "reports", "Key": "nightly/new", "Body": b"x"}
    assert refusal(mine.put_object, IfMatch='"0"', **absent)[:2] == (404, "NoSuchKey")
    there = {"Bucket": "reports", "Key": "nightly/a", "Body": b"x"}
    assert refusal(mine.put_object, IfMatch='"0"', **there)[:2] == (412, "PreconditionFailed")
    assert refusal(mine.put_object, IfNoneMatch="*", **there)[:2] == (412, "PreconditionFailed")
    denied = {"Bucket": "reports", "Key": "secret/new", "Body": b"x"}
    assert refusal(mine.put_object, IfMatch='"0"', **denied)[:2] == (403, "AccessDenied")
    keys = [each["Key"] for each in sandbox.client("s3").list_objects_v2(Bucket="reports")["Contents"]]
    assert keys == ["nightly/a", "secret/b"]
    mine.put_object(IfNoneMatch="*", **absent)


def test_an_absent_object_is_hidden_from_who_may_not_list(sandbox: LocalSandbox) -> None:
    mine = sandbox.client("s3", sandbox.user("bob", allow("s3:GetObject", on=OBJECTS)))
    denied = refusal(mine.get_object, Bucket="reports", Key="nightly/absent")
    assert (denied[0], denied[1], "s3:ListBucket" in denied[2]) == (403, "AccessDenied", True)
    assert refusal(mine.head_object, Bucket="reports", Key="nightly/absent")[0] == 403
    lister = sandbox.user("al", allow("s3:GetObject", on=OBJECTS), allow("s3:ListBucket"))
    assert (
        code(sandbox.client("s3", lister).get_object, Bucket="reports", Key="nightly/absent") == "NoSuchKey"
    )
    assert refusal(sandbox.client("s3", lister).head_object, Bucket="reports", Key="nightly/absent")[0] == 404


def test_a_bucket_that_is_not_there_is_told_to_who_may_ask(sandbox: LocalSandbox) -> None:
    mine = sandbox.client("s3", sandbox.user("bob", allow("s3:*")))
    assert code(mine.get_object, Bucket="nowhere", Key="k") == "NoSuchBucket"
    none = sandbox.client("s3", sandbox.user("al"))
    assert code(none.get_object, Bucket="nowhere", Key="k") == "AccessDenied"


def test_a_bucket_policy_grants_a_user_of_the_account_by_itself(sandbox: LocalSandbox) -> None:
    mine = sandbox.client("s3", sandbox.user("bob"))
    assert code(mine.get_object, Bucket="reports", Key="nightly/a") == "AccessDenied"
    bob = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}
    bucket_policy(sandbox, entry("Allow", bob, "s3:GetObject", OBJECTS))
    mine.get_object(Bucket="reports", Key="nightly/a")
    other = sandbox.client("s3", sandbox.user("al"))
    assert code(other.get_object, Bucket="reports", Key="nightly/a") == "AccessDenied"


def test_a_bucket_policy_denies_with_conditions_that_moto_cannot_read(sandbox: LocalSandbox) -> None:
    mine = sandbox.client("s3", sandbox.user("bob", allow("s3:*")))
    away = {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    bucket_policy(sandbox, entry("Deny", "*", "s3:*", OBJECTS, Condition=away))
    mine.get_object(Bucket="reports", Key="nightly/a")
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    bucket_policy(sandbox, entry("Deny", "*", "s3:GetObject", OBJECTS, Condition=here))
    denied = refusal(mine.get_object, Bucket="reports", Key="nightly/a")
    assert denied[2].endswith("with an explicit deny in a resource-based policy")
    mine.put_object(Bucket="reports", Key="nightly/a", Body=b"")


def test_across_accounts_both_sides_must_allow(sandbox: LocalSandbox) -> None:
    able = sandbox.client("s3", sandbox.user("able", allow("s3:GetObject"), account=OTHER))
    unable = sandbox.client("s3", sandbox.user("unable", account=OTHER))
    asked = {"Bucket": "reports", "Key": "nightly/a"}
    assert code(able.get_object, **asked) == code(unable.get_object, **asked) == "AccessDenied"
    bucket_policy(sandbox, entry("Allow", {"AWS": f"arn:aws:iam::{OTHER}:root"}, "s3:GetObject", OBJECTS))
    assert able.get_object(**asked)["Body"].read() == b"a"
    assert code(unable.get_object, **asked) == "AccessDenied"
    assert code(able.get_object, Bucket="reports", Key="secret/b") == "AccessDenied"


def test_the_owner_of_a_bucket_is_a_fact(sandbox: LocalSandbox) -> None:
    sandbox.client("s3", sandbox.root(OTHER)).create_bucket(Bucket="theirs")
    when = {"StringEquals": {"s3:ResourceAccount": ACCOUNT}}
    mine = sandbox.client("s3", sandbox.user("bob", allow("s3:ListBucket", when=when)))
    mine.list_objects_v2(Bucket="reports")
    assert code(mine.list_objects_v2, Bucket="theirs") == "AccessDenied"
    assert code(mine.create_bucket, Bucket="theirs") == "AccessDenied"
    assert code(sandbox.client("s3").create_bucket, Bucket="theirs") == "BucketAlreadyExists"


def test_a_new_bucket_is_closed_to_the_public(sandbox: LocalSandbox) -> None:
    nobody = sandbox.client("s3", False)
    anyone = entry("Allow", "*", "s3:GetObject", OBJECTS)
    with pytest.raises(ClientError, match="BlockPublicPolicy"):
        bucket_policy(sandbox, anyone)
    root = sandbox.client("s3")
    root.delete_public_access_block(Bucket="reports")
    bucket_policy(sandbox, anyone)
    assert nobody.get_object(Bucket="reports", Key="nightly/a")["Body"].read() == b"a"
    assert refusal(nobody.get_object, Bucket="reports", Key="secret/b") == (
        403,
        "AccessDenied",
        "Access Denied",
    )
    assert code(nobody.put_object, Bucket="reports", Key="nightly/a", Body=b"") == "AccessDenied"
    root.put_public_access_block(
        Bucket="reports", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True}
    )
    assert code(nobody.get_object, Bucket="reports", Key="nightly/a") == "AccessDenied"
    root.get_object(Bucket="reports", Key="nightly/a")


def test_a_policy_of_a_bucket_must_be_one(sandbox: LocalSandbox) -> None:
    put = sandbox.client("s3").put_bucket_policy
    user = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    good = entry("Allow", user, "s3:GetObject", OBJECTS)
    for wrong in (
        "{",
        json.dumps(allow("s3:GetObject", on=OBJECTS)),
        json.dumps({"Version": "2012-10-17", "Statement": [{**good, "Resource": "arn:aws:s3:::other/*"}]}),
    ):
        assert code(put, Bucket="reports", Policy=wrong) == "MalformedPolicy"
    put(Bucket="reports", Policy=json.dumps({"Version": "2012-10-17", "Statement": [good]}))


def test_an_explicit_deny_of_the_identity_beats_the_bucket(sandbox: LocalSandbox) -> None:
    bob = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}
    key = sandbox.user("bob", deny("s3:GetObject"))
    bucket_policy(sandbox, entry("Allow", bob, "s3:*", OBJECTS))
    mine = sandbox.client("s3", key)
    assert code(mine.get_object, Bucket="reports", Key="nightly/a") == "AccessDenied"
    mine.put_object(Bucket="reports", Key="nightly/a", Body=b"")


def test_a_name_with_a_star_is_not_judged(sandbox: LocalSandbox) -> None:
    root = sandbox.client("s3")
    assert code(root.put_object, Bucket="reports", Key="nightly/*", Body=b"") == "AccessDenied"
    root.put_object(Bucket="reports", Key="nightly/?", Body=b"")
