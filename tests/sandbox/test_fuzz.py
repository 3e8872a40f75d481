"""Twenty thousand bent requests at the gate: never a fault of ours (500), and never let through.

Each begins as a good request and is bent at one to three places, before it is signed (then it is authentic, and whoever may do
nothing is allowed nothing, while root gets an answer of AWS's kind) or after (then it is not authentic, whoever sends it).
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tests.sandbox.wires import CALLS, Call, Key, query

from leastkey.sandbox.gate.wire import BadRequest, RawRequest, check, read_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Place

    from leastkey.sandbox.request import Response

ROUNDS = 8
REQUESTS = 2_500
TEXTS = (
    *(
        "",
        "\0",
        "%",
        "%00",
        "%zz",
        "%2e%2e",
        "..",
        "//",
        "*",
        "?",
        "&",
        "&&=",
        "=",
        ";",
        ":",
        "'",
        '"',
        "<",
        "]]>",
        "\\",
    ),
    *(
        "{",
        "{}",
        "[[",
        "null",
        "-1",
        "1e999",
        "9" * 40,
        "true",
        "\ud7ff",
        "ä",
        "\U0001f600",
        "${aws:username}",
    ),
    *(
        "arn:aws:iam::1:user/x",
        "arn:aws:s3:::",
        "Action=ListUsers",
        "X-Amz-Signature=0",
        "a" * 3_000,
        "[" * 2_000,
    ),
)
HEADERS = (
    *(
        "authorization",
        "x-amz-date",
        "x-amz-content-sha256",
        "x-amz-security-token",
        "x-amz-target",
        "content-type",
    ),
    *(
        "content-md5",
        "content-encoding",
        "x-amz-decoded-content-length",
        "x-amz-copy-source",
        "x-amz-acl",
        "range",
    ),
    *(
        "x-amz-tagging",
        "x-amz-checksum-crc32",
        "x-amz-trailer",
        "if-match",
        "expect",
        "host",
        "date",
        "x-amz-meta-a_b",
    ),
)
PATHS = (
    "/",
    "/bucket",
    "/bucket/key",
    "/bucket/key?uploadId=1&partNumber=1",
    "/bucket?list-type=2&prefix=a",
    "/?Action=ListUsers",
)


def _calls() -> list[Callable[[], Call]]:
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    )
    more: list[Callable[[], Call]] = [
        lambda: query("iam", "CreatePolicy", "2010-05-08", PolicyName="p", PolicyDocument=document),
        lambda: query("iam", "ListRoles", "2010-05-08", PathPrefix="/a/", MaxItems="5"),
        lambda: query("ec2", "RunInstances", "2016-11-15", ImageId="ami-1", MinCount="1", MaxCount="1"),
        lambda: Call("s3", "PUT", "/bucket/key", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, b"content"),
        lambda: Call("s3", "POST", "/bucket?delete", {}, b"<Delete><Object><Key>k</Key></Object></Delete>"),
    ]
    return [*(make for name, make in CALLS.items() if name != "sts"), *more]


def _bent_text(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    match chance.randrange(4):
        case 0:
            return text[:at] + chance.choice(TEXTS) + text[at:]
        case 1:
            return text[:at] + text[at + chance.randrange(1, 9) :]
        case 2:
            return text[:at] + quote(chance.choice(TEXTS), safe="") + text[at:]
        case _:
            return text[:at] + text[at - 20 if at > 20 else 0 : at] + text[at:]


def _bend(chance: random.Random, call: Call) -> None:
    """Bend a call before it is signed."""
    match chance.randrange(6):
        case 0 | 1:
            call.body = _bent_text(chance, call.body.decode("utf-8", "replace")).encode("utf-8", "replace")
        case 2:
            call.headers[chance.choice(HEADERS[4:])] = chance.choice(TEXTS)
        case 3:
            call.path = chance.choice(PATHS)
        case 4:
            call.path = f"/{_bent_text(chance, call.path[1:])}"
        case _:
            call.method = chance.choice(("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"))


def _bend_signed(chance: random.Random, raw: RawRequest) -> RawRequest:
    """Bend what is covered by the signature, or the signature itself."""
    headers, path, body, method = dict(raw.headers), raw.path, raw.body, raw.method
    match chance.randrange(5):
        case 0:
            value = headers["authorization"]
            while headers["authorization"] == value:
                headers["authorization"] = _bent_text(chance, value).replace("\n", "")
        case 1:
            digit = headers["authorization"][-1]
            headers["authorization"] = headers["authorization"][:-1] + ("0" if digit != "0" else "1")
        case 2:
            method = "DELETE" if method != "DELETE" else "PUT"
        case 3:
            headers["x-amz-date"] = "20010101T000000Z"
        case _:
            path = f"{path}/{chance.randrange(1_000_000)}x"
    return RawRequest(method, path, raw.query, headers, body, raw.source_ip, raw.spelling)


def _raw(headers: list[tuple[str, str]], call: Call) -> RawRequest | None:
    """Give the request as the server would, None where its framing is refused before the gate."""
    body = call.body
    pairs = [*headers, ("Content-Length", str(len(body)))] if body else headers
    try:
        found, spelling = read_headers(
            [(name.encode("utf-8"), value.encode("utf-8")) for name, value in pairs]
        )
        check(call.method, call.path, found)
    except BadRequest:
        return None
    path, _, asked = call.path.partition("?")
    return RawRequest(call.method, path, asked, found, body, "127.0.0.1", spelling)


def _is_answer(answer: Response) -> bool:
    return answer.status < 500 or answer.status == 501


def _is_denied_part_by_part(answer: Response) -> bool:
    """DeleteObjects answers for each key. Source: S3 API Reference, DeleteObjects."""
    return b"<Code>AccessDenied</Code>" in answer.body and b"<Deleted>" not in answer.body


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_no_bent_request_is_a_fault_of_ours_or_let_through(place: Place, round_: int) -> None:
    chance, gate, calls = random.Random(round_), place.sandbox.gate, _calls()  # a test that can be repeated
    nobody = place.user("nobody")
    counted = {"authentic": 0, "root": 0, "forged": 0}
    while sum(counted.values()) < REQUESTS:
        call, kind = chance.choice(calls)(), chance.choice(list(counted))
        for _ in range(chance.randrange(0 if kind == "forged" else 1, 4)):
            _bend(chance, call)
        key: Key = nobody if kind == "authentic" else place.root
        try:
            raw = _raw(call.signed(key), call)
        except (ValueError, UnicodeError):  # botocore signs no such request
            continue
        if raw is None:
            continue
        if kind == "forged":
            raw = _bend_signed(chance, raw)
        counted[kind] += 1
        answer = gate.handle(raw)
        shown = f"{kind} {raw.method} {raw.path}?{raw.query} {raw.body[:200]!r}: {answer.status}"
        assert _is_answer(answer), shown
        assert kind == "root" or answer.status >= 400 or _is_denied_part_by_part(answer), shown
    assert min(counted.values()) > REQUESTS // 5
    good = gate.handle(_good(place))
    assert good.status == 200, "the gate no longer serves a good request"


def _good(place: Place) -> RawRequest:
    call = CALLS["iam"]()
    raw = _raw(call.signed(place.root), call)
    assert raw is not None
    return raw
