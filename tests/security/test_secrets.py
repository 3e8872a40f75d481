"""No secret leaves through words: AWS's refusals, cut-off answers, logs, journals, streams and the process table."""

from __future__ import annotations

import secrets
import string
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leastkey.aws.scrub import scrubbed

_BASE64: Final = string.ascii_letters + string.digits + "/+"
_CANONICAL: Final = (
    "The request signature we calculated does not match the signature you provided. The Canonical String for this "
    "request should have been\n'POST\n/\n\nhost:sts.amazonaws.com\nx-amz-date:20260101T000000Z\n"
    "x-amz-security-token:{}\n\nhost;x-amz-date;x-amz-security-token\nabcdef'"
)


@given(token=st.text(_BASE64, min_size=16, max_size=1_500), padding=st.sampled_from(["", "=", "=="]))
def test_a_refused_signature_does_not_quote_the_session_token(token: str, padding: str) -> None:
    words = scrubbed(_CANONICAL.format(token + padding))
    assert token not in words
    assert words.endswith("x-amz-security-token\nabcdef'")


@pytest.mark.parametrize(
    "around", ["{}", "token {}", "'{}'", "X-Amz-Security-Token={}&X-Amz-Date=1", "<a>{}</a>"]
)
def test_a_session_token_is_taken_out_wherever_it_is_quoted(around: str) -> None:
    token = "IQoJb3JpZ2luX2VjE" + "".join(secrets.choice(_BASE64) for _ in range(600)) + "=="
    assert token[:90] not in scrubbed(around.format(token))


def test_names_paths_and_encoded_messages_stay_as_aws_wrote_them() -> None:
    arn = f"arn:aws:iam::123456789012:role/leastkey/{'reports-' * 8}/{'nightly_' * 8}"
    encoded = "Encoded authorization failure message: " + "aB3-_" * 60
    assert scrubbed(f"{arn} is not authorized. {encoded}") == f"{arn} is not authorized. {encoded}"
