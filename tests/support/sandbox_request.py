"""Requests as the gate passes them on, built by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl

from leastkey.sandbox.request import AwsRequest

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def request(
    service: str,
    method: str = "GET",
    path: str = "/",
    query: str = "",
    *,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    bucket_host: str = "",
) -> AwsRequest:
    headers = headers or {}
    is_form = headers.get("content-type", "").startswith("application/x-www-form")
    form: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode() if is_form else query, keep_blank_values=True):
        if is_form or not name.lower().startswith("x-amz-"):
            form.setdefault(name, []).append(value)
    return AwsRequest(
        method=method,
        raw_path=path,
        raw_query=query,
        headers=headers,
        body=body,
        source_ip="127.0.0.1",
        secure=False,
        service=service,
        signing_name=service,
        region="us-east-1",
        request_id="r",
        form=form,
        account="111122223333",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        bucket_host=bucket_host,
    )
