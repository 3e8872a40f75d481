"""The AWS SDK for JavaScript through a profile that leastkey wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.clients.conftest import BUCKET, JAVASCRIPT, PROFILE
from tests.support.home import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.conftest import User

pytestmark = pytest.mark.slow


def told(step: str, node: str, user: User, folder: Path) -> Any:
    """Run one step of the script and give what it printed."""
    command = [node, str(JAVASCRIPT / "calls.mjs"), step, BUCKET, f"work/{folder.name}/", user.endpoint_url]
    ended = run(command, folder, user.home.environ | {"AWS_PROFILE": PROFILE}, 120)
    assert ended.code == 0, ended.err
    return ended.json


def test_it_finds_its_session_region_and_endpoint_in_the_profile(
    node: str, user: User, tmp_path: Path
) -> None:
    found = told("calls", node, user, tmp_path)
    assert found["regions"] > 10
    assert ":assumed-role/clients-uploader/leastkey-uploader" in found["who"]
    assert found["head"]["status"] == 403
    refused = {name: (found[name]["name"], found[name]["status"]) for name in ("vpc", "put", "list")}
    assert refused == {
        "vpc": ("UnauthorizedOperation", 403),
        "put": ("AccessDenied", 403),
        "list": ("AccessDenied", 403),
    }
    assert "is not authorized to perform: s3:PutObject" in found["put"]["message"]
    assert user.keys("other/x") == []


def test_its_checksums_are_checked_in_headers_and_in_trailers(node: str, user: User, tmp_path: Path) -> None:
    found = told("objects", node, user, tmp_path)
    wrong = found.pop("wrong")
    assert (wrong["name"], wrong["status"]) == ("BadDigest", 400)
    assert [name for name, entry in found.items() if not entry["same"]] == []
    assert {entry["encoding"] for entry in found.values()} == {None}
    assert found["buffer"]["checksums"] == ["x-amz-checksum-crc32"]
    assert found["crc32c"]["checksums"] == ["x-amz-checksum-crc32c"]
    for name, trailer in (("stream", "x-amz-checksum-crc32"), ("sha256", "x-amz-checksum-sha256")):
        assert found[name]["payload"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        assert found[name]["trailer"] == trailer
    assert "wrong" not in user.keys(f"work/{tmp_path.name}/")


def test_a_large_stream_goes_up_in_parts(node: str, user: User, tmp_path: Path) -> None:
    found = told("parts", node, user, tmp_path)
    assert found["same"]
    assert found["tag"].endswith('-3"')
    assert found["refused"]["name"] == "AccessDenied"
    assert "s3:PutObject" in found["refused"]["message"]
    assert user.keys(f"work/{tmp_path.name}/") == []


def test_its_presigned_urls_open_what_they_name_and_no_more(node: str, user: User, tmp_path: Path) -> None:
    found = told("presigned", node, user, tmp_path)
    assert found["put"]["status"] == 200
    assert found["get"] == {"status": 200, "text": "for the holder"}
    for name in ("otherKey", "longer", "otherMethod"):
        assert found[name]["status"] == 403
        assert "<Code>SignatureDoesNotMatch</Code>" in found[name]["text"]
    assert found["elsewhere"]["status"] == 403
    assert "<Code>AccessDenied</Code>" in found["elsewhere"]["text"]
    assert user.keys(f"work/{tmp_path.name}/") == ["shared"]
