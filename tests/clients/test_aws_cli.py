"""Two AWS CLIs, the registry's and Debian's, through a profile that leastkey wrote."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from tests.clients.conftest import BUCKET, PROFILE
from tests.support.home import BIN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.conftest import AwsCli, User

pytestmark = pytest.mark.slow

MEGABYTE = 1024 * 1024
SIZE = 20 * MEGABYTE + 17
"""Three parts: above 8 MB the CLIs upload, download and copy in parts."""


def file_of(folder: Path, name: str = "big", size: int = SIZE) -> bytes:
    data = os.urandom(size)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    os.utime(folder / name, (0, 0))  # `sync` asks whether it is younger than the object
    return data


def test_the_profile_answers_what_it_is_for_and_refuses_the_rest(aws: AwsCli) -> None:
    assert aws.done("configure", "get", "endpoint_url").strip() == aws.user.endpoint_url
    assert len(json.loads(aws.done("ec2", "describe-regions"))["Regions"]) > 10
    who = json.loads(aws.done("sts", "get-caller-identity"))["Arn"]
    assert ":assumed-role/clients-uploader/leastkey-uploader" in who
    refused = aws("iam", "list-users")
    assert refused.code in {254, 255}
    assert "(AccessDenied) when calling the ListUsers operation" in refused.err
    assert f"{who} is not authorized to perform: iam:ListUsers" in refused.err
    refused = aws("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16")
    assert "(UnauthorizedOperation) when calling the CreateVpc operation" in refused.err


def test_a_file_of_several_parts_goes_up_is_moved_and_comes_back(aws: AwsCli) -> None:
    here = f"work/{aws.folder.name}/"
    url = f"s3://{BUCKET}/{here}"
    data = file_of(aws.folder)
    aws.done("s3", "cp", "big", f"{url}big")
    assert "-3" in aws.user.client("s3").head_object(Bucket=BUCKET, Key=f"{here}big")["ETag"]
    aws.done("s3", "cp", f"{url}big", "back")
    assert (aws.folder / "back").read_bytes() == data
    aws.done("s3", "cp", f"{url}big", f"{url}copy")
    aws.done("s3", "mv", f"{url}copy", f"{url}moved")
    assert aws.user.keys(here) == ["big", "moved"]
    aws.done("s3", "mv", f"{url}moved", "moved")
    assert (aws.folder / "moved").read_bytes() == data
    listed = aws.done("s3", "ls", url).split()
    assert listed[-2:] == [str(SIZE), "big"]
    aws.done("s3", "rm", f"{url}big")
    assert aws.user.keys(here) == []


def test_sync_carries_what_is_new_and_deletes_what_is_gone(aws: AwsCli) -> None:
    here = f"work/{aws.folder.name}/"
    url = f"s3://{BUCKET}/{here}"
    wanted = {"a": file_of(aws.folder, "up/a", 9 * MEGABYTE), "b ü+%": file_of(aws.folder, "up/b ü+%", 3)}
    assert aws.done("s3", "sync", "up", url).count("upload: ") == 2
    assert "upload: " not in aws.done("s3", "sync", "up", url)
    aws.done("s3", "sync", url, "down")
    assert {path.name: path.read_bytes() for path in (aws.folder / "down").iterdir()} == wanted
    (aws.folder / "up/a").unlink()
    assert "delete: " in aws.done("s3", "sync", "up", url, "--delete")
    assert aws.user.keys(here) == ["b ü+%"]
    aws.done("s3", "rm", url, "--recursive")
    assert aws.user.keys(here) == []


def test_outside_its_prefix_nothing_goes_in_or_out(aws: AwsCli) -> None:
    here, other = f"work/{aws.folder.name}/", f"other/{aws.folder.name}/"
    owner = aws.user.client("s3")
    for key in (f"{here}mine", f"{other}theirs"):
        owner.put_object(Bucket=BUCKET, Key=key, Body=b"as it was")
    file_of(aws.folder, "big", 9 * MEGABYTE)
    file_of(aws.folder, "up/small", 3)
    for refused, operation in (
        (("cp", "big", f"s3://{BUCKET}/{other}big"), "CreateMultipartUpload"),
        (("cp", "up/small", f"s3://{BUCKET}/{other}small"), "PutObject"),
        (("cp", f"s3://{BUCKET}/{other}theirs", "stolen"), "HeadObject"),
        (("mv", f"s3://{BUCKET}/{here}mine", f"s3://{BUCKET}/{other}mine"), "CopyObject"),
        (("rm", f"s3://{BUCKET}/{other}theirs"), "DeleteObject"),
        (("sync", "up", f"s3://{BUCKET}/{other}"), "ListObjectsV2"),
        (("ls", f"s3://{BUCKET}/"), "ListObjectsV2"),
    ):
        ended = aws("s3", *refused)
        assert ended.code != 0
        code = "403" if operation == "HeadObject" else "AccessDenied"  # an answer to HEAD has no body
        assert f"({code}) when calling the {operation} operation" in ended.out + ended.err
    assert (aws.user.keys(here), aws.user.keys(other)) == (["mine"], ["theirs"])
    assert not (aws.folder / "stolen").exists()


def test_a_presigned_url_opens_one_object_for_who_has_it(aws: AwsCli) -> None:
    key = f"work/{aws.folder.name}/shared"
    aws.user.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"for the holder")
    url = aws.done("s3", "presign", f"s3://{BUCKET}/{key}", "--expires-in", "60").strip()
    assert url.startswith(aws.user.endpoint_url)
    with urlopen(url, timeout=10) as answer:
        assert answer.read() == b"for the holder"
    for old, new in ((key, f"{key}2"), ("Expires=60", "Expires=61"), ("Signature=", "Signature=0")):
        assert old in url
        with pytest.raises(HTTPError) as refused:
            urlopen(url.replace(old, new), timeout=10)
        assert refused.value.code in {400, 403}
        assert b"<Code>" in refused.value.read()
        refused.value.close()
    outside = aws.done("s3", "presign", f"s3://{BUCKET}/other/shared").strip()
    with pytest.raises(HTTPError, match="403") as refused:
        urlopen(outside, timeout=10)
    assert b"<Code>AccessDenied</Code>" in refused.value.read()
    refused.value.close()


def test_a_url_presigned_the_old_way_is_verified_too(user: User, tmp_path: Path) -> None:
    given = user.owner | {"AWS_CONFIG_FILE": str(tmp_path / "config")}
    url = user.home.aws("s3", "presign", f"s3://{BUCKET}/any", **given).out.strip()
    assert "AWSAccessKeyId=" in url
    with pytest.raises(HTTPError, match="404"):
        urlopen(url, timeout=10)
    with pytest.raises(HTTPError, match="403"):
        urlopen(url.replace("/any?", "/other?"), timeout=10)


def test_an_upload_that_is_killed_leaves_all_else_as_it_was(user: User, tmp_path: Path) -> None:
    data = file_of(tmp_path)
    config = tmp_path / "config"
    slow = (user.home.folder / ".aws/config").read_text()
    config.write_text(slow.replace("= s3v4\n", "= s3v4\n    max_bandwidth = 6MB/s\n"))
    key = f"work/{tmp_path.name}/cut-off"
    command = [str(BIN / "aws"), "s3", "cp", "big", f"s3://{BUCKET}/{key}", "--profile", PROFILE]
    owner = user.client("s3")
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=user.home.environ | {"AWS_CONFIG_FILE": str(config)},
        stdout=subprocess.DEVNULL,
    ) as upload:
        given_up = time.monotonic() + 30
        while not (found := owner.list_multipart_uploads(Bucket=BUCKET, Prefix=key).get("Uploads")):
            assert upload.poll() is None
            assert time.monotonic() < given_up
        upload.kill()
    (cut_off,) = found
    assert upload.returncode == -9
    assert user.keys(key) == []
    assert json.loads(user.home.leastkey("sandbox", "status", "--json").out)["running"]
    ended = user.home.aws("s3", "cp", str(tmp_path / "big"), f"s3://{BUCKET}/{key}", "--profile", PROFILE)
    assert ended.code == 0, ended.err
    assert owner.get_object(Bucket=BUCKET, Key=key)["Body"].read() == data
    owner.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=cut_off["UploadId"])
    assert owner.get_object(Bucket=BUCKET, Key=key)["ContentLength"] == SIZE
