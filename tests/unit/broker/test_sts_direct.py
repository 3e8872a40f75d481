"""AssumeRole without botocore: signed as botocore signs, bounded, and silent about secrets when it fails."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.broker.test_session import Clock
from tests.unit.keys.world import BINDING

from leastkey.aws import sts_direct
from leastkey.aws.sts_direct import assume_role
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import AccessKey, AccessKeyId, SessionCredentials
from leastkey.secret import Secret

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

MARKER = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEY = AccessKey(AccessKeyId("AKIAIOSFODNN7EXAMPLE"), Secret(MARKER))
OK = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/x/y</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>session-secret</SecretAccessKey>
<SessionToken>session-token</SessionToken><Expiration>2026-03-01T13:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""
DENIED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>User AKIAIOSFODNN7EXAMPLE is not authorized</Message></Error></ErrorResponse>"""


class Sts:
    """A server that gives prepared answers and remembers what it was sent."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self.answers = list(answers)
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.url = ""


@contextmanager
def serving(sts: Sts, tls: ssl.SSLContext | None = None) -> Iterator[Sts]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            sts.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, answer = sts.answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer) if status != 299 else len(answer) + 50))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    sts.url = f"http://127.0.0.1:{server.server_port}"
    if tls is not None:
        sts.url = f"https://localhost:{server.server_port}"
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield sts
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(sts: Sts) -> SessionCredentials:
    return assume_role(
        KEY,
        BINDING.role,
        "leastkey-automation",
        3_600,
        region="eu-west-1",
        endpoint_url=sts.url,
        clock=Clock(),
        environ={},
    )


def test_the_request_is_signed_as_botocore_signs_it() -> None:
    with serving(Sts((200, OK.encode()))) as sts:
        session = ask(sts)
    assert (session.id, session.secret, session.token) == (
        "ASIAX",
        Secret("session-secret"),
        Secret("session-token"),
    )
    assert session.expiration == datetime(2026, 3, 1, 13, tzinfo=UTC)
    headers, body = sts.seen[0]
    request = AWSRequest("POST", sts.url, headers={"content-type": headers["content-type"]}, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(KEY.id, MARKER), "sts", "eu-west-1")
    request.headers["X-Amz-Date"] = headers["x-amz-date"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert headers["authorization"].endswith("Signature=" + signer.signature(text, request))
    assert "SignedHeaders=content-type;host;x-amz-date" in headers["authorization"]


def test_a_refusal_comes_with_awss_code_words_and_time() -> None:
    with serving(Sts((403, DENIED.encode()))) as sts, pytest.raises(AwsError) as caught:
        ask(sts)
    assert (caught.value.code, caught.value.status, caught.value.outcome) == ("AccessDenied", 403, "refused")
    assert caught.value.message == "User ...MPLE is not authorized"
    assert caught.value.server_time is not None
    assert len(sts.seen) == 1


def test_throttling_and_failures_inside_are_asked_again() -> None:
    slow = DENIED.replace("AccessDenied", "Throttling").encode()
    with serving(Sts((400, slow), (503, b"busy"), (200, OK.encode()))) as sts:
        assert ask(sts).id == "ASIAX"


@pytest.mark.parametrize(
    "answer",
    [
        (200, OK.replace("SessionToken>", "Other>").encode()),
        (200, OK[:-40].encode()),
        (200, b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + OK.encode()),
        (200, OK.encode() + b" " * 70_000),
        (200, b"<html>sign in to the hotel's network</html>"),
        (299, OK[:300].encode()),
    ],
    ids=["incomplete", "cut off", "entities", "too long", "portal", "short body"],
)
def test_an_answer_that_is_none_holds_no_secret_in_its_error(answer: tuple[int, bytes]) -> None:
    with serving(Sts(answer, answer, answer)) as sts, pytest.raises(AwsError) as caught:
        ask(sts)
    text = repr(caught.value) + repr(
        caught.value.__context__ if not caught.value.__suppress_context__ else ""
    )
    assert "session-secret" not in text
    assert MARKER not in text
    assert len(sts.seen) == 3


def test_nobody_listens() -> None:
    with serving(Sts()) as sts:
        pass
    with pytest.raises(AwsError) as caught:
        ask(sts)
    assert caught.value.code == ""


@pytest.mark.parametrize(
    "url", ["http://sts.example.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "http://10.0.0.1"]
)
def test_only_this_computer_may_be_without_tls(url: str) -> None:
    with pytest.raises(LeastkeyError) as caught:
        assume_role(
            KEY, BINDING.role, "x1", 900, region="eu-west-1", endpoint_url=url, clock=Clock(), environ={}
        )
    assert caught.value.code == "foreign-endpoint"


@given(st.text(max_size=40))
def test_a_field_is_encoded_as_the_standard_library_does(text: str) -> None:
    try:
        wanted = quote(text, safe="")
    except UnicodeEncodeError:  # half of a character
        return
    assert sts_direct._encoded(text) == wanted


@given(st.integers(0, 4_102_444_800))
def test_the_date_of_an_answer_is_read(seconds: int) -> None:
    told = datetime.fromtimestamp(seconds, UTC)
    assert sts_direct._time(format_datetime(told, usegmt=True)) == told


@pytest.mark.parametrize(
    "date",
    ["", "Sun Nov  6 08:49:37 1994", "Sun, 31 Feb 2026 08:49:37 GMT", "Sun, 06 Foo 2026 08:49:37 GMT", "Sun, 06 Ebm 2026 08:49:37 GMT"],
)  # fmt: skip
def test_a_date_that_is_none_tells_no_time(date: str) -> None:
    assert sts_direct._time(date) is None
