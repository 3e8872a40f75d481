"""The demo on a computer whose variables and files would lead anything else astray."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.home import BIN, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_the_demo_ignores_the_users_aws_and_works_twice(tmp_path: Path) -> None:
    config = tmp_path / ".aws/config"
    config.parent.mkdir()
    config.write_text("[profile broken\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    hostile = {
        "HOME": str(tmp_path),
        "PATH": f"{BIN}:/usr/bin:/bin",
        "TMPDIR": str(scratch),
        "AWS_PROFILE": "no-such-profile",
        "AWS_ENDPOINT_URL": "http://192.0.2.1",
        "AWS_MAX_ATTEMPTS": "many",
        "LEASTKEY_HOME": "/nonexistent/place",
        "LEASTKEY_VAULT": "no-such-vault",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    for _ in range(2):
        ended = run([sys.executable, "-m", "leastkey", "demo"], tmp_path, hostile, 120)
        assert ended.code == 0, ended.out + ended.err
        assert "38 regions" in ended.out
        assert ended.out.count("denied: nothing allows it") == 3
        assert "the old key                                      refused: InvalidClientTokenId" in ended.out
    assert config.read_text() == "[profile broken\n"
    assert list(scratch.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [".aws", "scratch"]
