"""A message with a key comes from outside: all of it is checked before any of it is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.keys.world import BINDING, START

from leastkey.iam.credentials import AccessKeyId
from leastkey.keys.message import fields_of, read_fields
from leastkey.vault.sealed import sealed_for, unpacked

MESSAGE: dict[str, Any] = {
    "format": 1,
    "kind": "leastkey-key",
    "account": "111122223333",
    "project": "acme",
    "identity": "nightly",
    "partition": "aws",
    "region": "eu-west-1",
    "endpoint_url": "http://127.0.0.1:9",
    "role": "arn:aws:iam::111122223333:role/leastkey/acme/acme-nightly",
    "user": "bot",
    "access_key": "AKIAIOSFODNN7EXAMPLE",
    "session_seconds": 3600,
    "profile": "nightly",
    "entries": {"key": "s" * 40},
}


def test_what_is_written_is_read() -> None:
    key = AccessKeyId("AKIAIOSFODNN7EXAMPLE")
    sent = json.loads(json.dumps(fields_of(BINDING, key)))
    assert read_fields(sent, "memory", START) == BINDING._replace(
        access_key=key, profile=BINDING.key.identity
    )


def test_the_embedded_aws_of_another_computer_is_an_endpoint_here() -> None:
    read = read_fields(MESSAGE, "memory", START)
    assert (read.target, read.key.endpoint, read.endpoint_url) == ("aws", *["http://127.0.0.1:9"] * 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "x"},
        {"access_key": None},
        {"access_key": "AKIA"},
        {"account": "1"},
        {"account": 111122223333},
        {"user": "../x"},
        {"user": ""},
        {"profile": "default]\n[x"},
        {"profile": 'a"b'},
        {"profile": "x" * 200},
        {"region": "eu-west-1\nx"},
        {"identity": "\u202e"},
        {"identity": ["x"]},
        {"project": "../acme"},
        {"partition": "aws\n"},
        {"session_seconds": 10**9},
        {"session_seconds": "3600"},
        {"role": "arn:aws:iam::444455556666:role/x"},
        {"role": "x"},
        {"endpoint_url": "https://user:word@example.com"},
        {"endpoint_url": "file:///etc/passwd"},
        {"endpoint_url": "http://[::1"},
        {"endpoint_url": "http://a\n.example.com"},
        {"endpoint_url": 7},
    ],
)
def test_a_field_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_fields(MESSAGE | wrong, "memory", START)
    short = dict(MESSAGE)
    del short[next(iter(wrong))]
    with pytest.raises(ValueError, match="is missing"):
        read_fields(short, "memory", START)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "7", "{}", '{"format": 1}', '{"entries": {}}', '{"format": 1, "entries": []}', "[" * 90_000],
)
def test_what_is_not_packed_by_us_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not as leastkey wrote it"):
        unpacked(text.encode())


@pytest.mark.parametrize(
    "recipient", ["age1", "AGE-SECRET-KEY-1X", "ssh-ed25519 AAAA", "age1\x1b[2J", "", "x" * 4_000]
)
def test_what_is_no_recipient_is_refused(recipient: str) -> None:
    with pytest.raises(ValueError, match="no age recipient"):
        sealed_for(recipient, {}, {})
