"""s3cmd, a client of S3 that shares no code with AWS's: it signs by itself, and its URLs by Signature Version 2."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from tests.clients.conftest import BUCKET, need
from tests.support.home import run

if TYPE_CHECKING:
    from tests.clients.conftest import User

pytestmark = pytest.mark.slow

S3CMD = Path("/usr/bin/s3cmd")


def test_s3cmd_moves_a_file_in_parts_and_signs_urls(user: User, tmp_path: Path) -> None:
    need(S3CMD.exists(), "no s3cmd: `apt-get install s3cmd`")
    place = user.endpoint_url.removeprefix("http://")
    settings = tmp_path / "s3cfg"
    settings.write_text(
        "[default]\n"
        f"access_key = {user.owner['AWS_ACCESS_KEY_ID']}\nsecret_key = {user.owner['AWS_SECRET_ACCESS_KEY']}\n"
        f"host_base = {place}\nhost_bucket = {place}\nuse_https = False\nbucket_location = us-east-1\n"
        "multipart_chunk_size_mb = 5\n"
    )

    def s3cmd(*words: str) -> str:
        ended = run([str(S3CMD), "-c", str(settings), *words], tmp_path, user.home.environ, 120)
        assert ended.code == 0, ended.err
        return ended.out

    big, name = tmp_path / "big", f"s3://{BUCKET}/s3cmd big"
    big.write_bytes(os.urandom(11 * 1024 * 1024 + 1))
    s3cmd("put", str(big), name)
    s3cmd("get", name, str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == big.read_bytes()
    url = s3cmd("signurl", name, "+60").strip()
    assert "AWSAccessKeyId=" in url
    with urlopen(url, timeout=20) as answer:
        assert answer.read() == big.read_bytes()
    with pytest.raises(HTTPError, match="403"):
        urlopen(url.replace("big?", "other?"), timeout=20)
