"""Which addresses are AWS's, and which are this computer's own."""

from __future__ import annotations

import pytest

from leastkey.iam.endpoints import is_aws, is_loopback, sts_endpoint


def test_the_regional_endpoint_is_asked() -> None:
    assert sts_endpoint("eu-west-1", "aws") == "https://sts.eu-west-1.amazonaws.com"
    assert sts_endpoint("cn-north-1", "aws-cn") == "https://sts.cn-north-1.amazonaws.com.cn"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.0.1", "::1"])
def test_this_computer_is_known_by_its_own_addresses(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "s3.localhost", "localhost.example.com", "127.0.0.1.example.com", "10.0.0.1"]
)
def test_no_other_host_is_asked_without_tls(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "host", ["iam.amazonaws.com", "sts.cn-north-1.amazonaws.com.cn", "sts.eu-west-1.api.aws"]
)
def test_awss_own_hosts_are_known_by_the_end_of_their_name(host: str) -> None:
    assert is_aws(host)


@pytest.mark.parametrize("host", ["amazonaws.com", "iam.amazonaws.com.example.com", "notamazonaws.com"])
def test_a_host_that_only_looks_like_awss_is_somebody_elses(host: str) -> None:
    assert not is_aws(host)
