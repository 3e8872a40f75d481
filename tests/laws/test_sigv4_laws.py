"""Our signature is botocore's, whatever the key, the region, the query, the headers and the body."""

from __future__ import annotations

from datetime import datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from leastkey.aws.sigv4 import (
    canonical_query,
    canonical_request,
    sha256_hex,
    signature,
    signing_key,
    string_to_sign,
)
from leastkey.secret import Secret

TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FFF), max_size=30)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
NAMES = st.from_regex(r"x-amz-[a-z][a-z0-9-]{0,10}", fullmatch=True).filter(lambda name: name != "x-amz-date")
WORDS = st.from_regex(r"[a-z][a-z0-9-]{1,15}", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(
    secret=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60),
    region=WORDS,
    service=WORDS.filter(lambda name: name != "s3"),
    at=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1)),  # noqa: DTZ001  # written as UTC below
    query=st.dictionaries(TEXT.filter(bool), TEXT, max_size=4),
    more=st.dictionaries(NAMES, VALUES, max_size=4),
    body=st.binary(max_size=200),
)
def test_it_is_botocores_signature(  # one argument a part of a request
    secret: str,
    region: str,
    service: str,
    at: datetime,
    query: dict[str, str],
    more: dict[str, str],
    body: bytes,
) -> None:
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": "sts.eu-west-1.amazonaws.com", "x-amz-date": stamp, **more}
    request = AWSRequest(
        "POST", "https://sts.eu-west-1.amazonaws.com/", headers=dict(headers), data=body, params=query
    )
    request.context["timestamp"] = stamp
    signer = SigV4Auth(Credentials("AKIAIOSFODNN7EXAMPLE", secret), service, region)
    theirs = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    canonical = canonical_request(
        "POST", "/", canonical_query(query.items()), headers, sorted(headers), sha256_hex(body)
    )
    to_sign = string_to_sign(stamp, f"{stamp[:8]}/{region}/{service}/aws4_request", canonical)
    assert signature(signing_key(Secret(secret), stamp[:8], region, service), to_sign) == theirs
