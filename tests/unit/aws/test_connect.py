"""Which endpoints the administrator's credentials go to: AWS's own, this computer's, or one that is meant."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from leastkey.aws.connect import connect_admin
from leastkey.clock import SystemClock
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from pathlib import Path

FOREIGN = "http://192.0.2.1:1"


def set_up(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIA" + "X" * 16, "AWS_SECRET_ACCESS_KEY": "x" * 40}
    for name, value in {**keys, **variables}.items():
        monkeypatch.setenv(name, value)


def test_an_endpoint_set_for_one_service_alone_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, AWS_ENDPOINT_URL_STS=FOREIGN)
    connect = connect_admin(os.environ, SystemClock(), region="us-east-1")
    with pytest.raises(LeastkeyError) as caught:
        connect.admin_sts()
    assert caught.value.code == "foreign-endpoint"
    assert FOREIGN in caught.value.what
    connect.iam()
    meant = connect_admin(os.environ, SystemClock(), region="us-east-1", allow_endpoint=FOREIGN)
    meant.admin_sts()


def test_an_endpoint_in_the_config_file_for_one_service_is_refused_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(f"[default]\nservices = some\n[services some]\nsts =\n  endpoint_url = {FOREIGN}\n")
    set_up(monkeypatch, AWS_CONFIG_FILE=str(config))
    with pytest.raises(LeastkeyError, match="foreign-endpoint"):
        connect_admin(os.environ, SystemClock(), region="us-east-1").admin_sts()


@pytest.mark.parametrize(
    "url", ["https://evil.example#.amazonaws.com", "http://iam.amazonaws.com", "https://u@evil.example?.amazonaws.com",
            "https://evil.example\\.amazonaws.com", "http://localhost.evil.example"]
)  # fmt: skip
def test_an_endpoint_that_only_looks_like_awss_own_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    set_up(monkeypatch, AWS_ENDPOINT_URL=url)
    with pytest.raises(LeastkeyError) as caught:
        connect_admin(os.environ, SystemClock(), region="us-east-1")
    assert caught.value.code in {"foreign-endpoint", "usage"}


@pytest.mark.parametrize(
    "url",
    [
        "http://user:hunter2@127.0.0.1:9",
        "https://user:hunter2@example.com",
        "http://user:hunter2@127.0.0.1:99999",
    ],
)
def test_an_endpoint_with_a_password_is_refused_and_the_password_is_not_told(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(monkeypatch, AWS_ENDPOINT_URL=url)
    with pytest.raises(LeastkeyError, match="usage") as caught:
        connect_admin(os.environ, SystemClock(), region="us-east-1", allow_endpoint=url)
    error = caught.value
    assert "hunter2" not in " ".join((error.what, *error.why, *error.remedy, error.state))
