"""boto3 through a profile that leastkey wrote: threads of one transfer share its session, and the user's own settings count."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tests.clients.conftest import BUCKET, PROFILE
from tests.support.home import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.conftest import User

pytestmark = pytest.mark.slow

SCRIPT = f"""
import os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import boto3
from boto3.s3.transfer import TransferConfig

session = boto3.Session(profile_name={PROFILE!r})
s3 = session.client("s3")
key = sys.argv[1] + "big"
Path("big").write_bytes(os.urandom(20 * 1024 * 1024 + 17))
config = TransferConfig(multipart_threshold=8 * 1024 * 1024, max_concurrency=6)
s3.upload_file("big", {BUCKET!r}, key, Config=config, ExtraArgs={{"Metadata": {{"made-by": "test"}}}})
s3.download_file({BUCKET!r}, key, "back", Config=config)
assert Path("back").read_bytes() == Path("big").read_bytes()
with ThreadPoolExecutor(6) as pool:
    regions = set(pool.map(lambda _: len(session.client("ec2").describe_regions()["Regions"]), range(12)))
url = s3.generate_presigned_url("get_object", Params={{"Bucket": {BUCKET!r}, "Key": key}})
print(*regions, s3.head_object(Bucket={BUCKET!r}, Key=key)["ETag"].strip('"')[-2:], url.partition("?")[0])
"""


def test_a_transfer_with_threads_beside_the_users_own_s3_settings(user: User, tmp_path: Path) -> None:
    config = tmp_path / "config"
    ours = (user.home.folder / ".aws/config").read_text()
    config.write_text(ours.replace("= s3v4\n", "= s3v4\n    addressing_style = virtual\n"))
    prefix = f"work/{tmp_path.name}/"
    given = user.home.environ | {"AWS_CONFIG_FILE": str(config)}
    ended = run([sys.executable, "-c", SCRIPT, prefix], tmp_path, given, 120)
    assert ended.code == 0, ended.err
    # An address of digits has no room for a bucket before it, whatever the style.
    assert ended.out.split() == ["38", "-3", f"{user.endpoint_url}/{BUCKET}/{prefix}big"]
