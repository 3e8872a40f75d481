"""The door over a real socket: what a broken server can make botocore say, and what comes out of us."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from leastkey.aws.connect import connect_as
from leastkey.aws.scrub import scrubbed
from leastkey.clock import SystemClock
from leastkey.errors import AwsError
from leastkey.iam.credentials import AccessKey, AccessKeyId
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leastkey.ports.aws import Connect

MARKER = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYMARKERSECR"
KEY_ANSWER = (
    '<CreateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateAccessKeyResult><AccessKey>'
    f"<UserName>bot</UserName><AccessKeyId>AKIAABCDEFGHIJKLMNOP</AccessKeyId><Status>Active</Status>"
    f"<SecretAccessKey>{MARKER}</SecretAccessKey></AccessKey></CreateAccessKeyResult>"
    "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></CreateAccessKeyResponse>"
)
LIST_ANSWER = (
    '<ListAccountAliasesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListAccountAliasesResult>'
    "<AccountAliases><member>acme</member></AccountAliases><IsTruncated>false</IsTruncated>"
    "</ListAccountAliasesResult></ListAccountAliasesResponse>"
)


def answer(body: str, status: str = "200 OK", *, length: int | None = None) -> bytes:
    size = len(body.encode()) if length is None else length
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\n"
        f"Content-Length: {size}\r\nConnection: close\r\n\r\n{body}"
    ).encode()


def error(code: str, status: str) -> bytes:
    return answer(
        f"<ErrorResponse><Error><Code>{code}</Code><Message>said AKIAABCDEFGHIJKLMNOP {MARKER}</Message></Error>"
        "</ErrorResponse>",
        status,
    )


@contextmanager
def serving(*answers: bytes) -> Iterator[tuple[str, Callable[[], int]]]:
    """Serve each connection the next answer, the last one for ever; gives the address and a count of requests."""
    seen = [0]
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                head, _, rest = data.partition(b"\r\n\r\n")
                wanted = next(
                    (
                        int(line[15:])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                while len(rest) < wanted:
                    rest += connection.recv(65536)
                number, seen[0] = seen[0], seen[0] + 1
                connection.sendall(answers[min(number, len(answers) - 1)])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", lambda: seen[0]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def connect(url: str) -> Connect:
    key = AccessKey(AccessKeyId("AKIAIOSFODNN7EXAMPLE"), Secret("x" * 40))
    return connect_as(key, SystemClock(), region="eu-west-1", endpoint_url=url, source="test")


BROKEN = {
    "cut in the middle of the XML": answer(KEY_ANSWER[:-90]),
    "cut before the secret ends": answer(KEY_ANSWER[: KEY_ANSWER.index(MARKER) + 38], length=len(KEY_ANSWER)),
    "no answer": b"",
    "not HTTP": MARKER.encode() + b"\r\n\r\n",
    "failed inside": error("ServiceFailure", "500 Internal Server Error"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_lost_answer_to_create_access_key_is_one_attempt_without_the_secret(
    broken: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(broken) as (url, count):
        with pytest.raises(AwsError) as caught:
            connect(url).iam().create_access_key("bot")
        assert count() == 1
    assert caught.value.outcome == "unknown"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert MARKER not in repr(vars(caught.value)) + str(caught.value) + caplog.text


def test_a_whole_answer_gives_the_key_and_logs_nothing_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(answer(KEY_ANSWER)) as (url, _):
        key = connect(url).iam().create_access_key("bot")
    assert key == AccessKey(AccessKeyId("AKIAABCDEFGHIJKLMNOP"), Secret(MARKER))
    assert MARKER not in caplog.text


def test_a_throttled_write_is_asked_again_but_not_one_that_returns_a_secret() -> None:
    slow = error("Throttling", "400 Bad Request")
    with serving(slow, slow, answer("<TagUserResponse/>")) as (url, count):
        connect(url).iam().tag("user", "bot", {"a": "b"})
        assert count() == 3
    with serving(slow, answer(KEY_ANSWER)) as (url, count):
        with pytest.raises(AwsError, match="Throttling"):
            connect(url).iam().create_access_key("bot")
        assert count() == 1


def test_a_read_without_an_answer_is_repeated_and_a_write_is_not() -> None:
    with serving(b"", b"", answer(LIST_ANSWER)) as (url, count):
        assert connect(url).iam().account_alias() == "acme"
        assert count() == 3
    with serving(b"") as (url, count):
        with pytest.raises(AwsError) as caught:
            connect(url).iam().delete_user("bot")
        assert (count(), caught.value.outcome, caught.value.code) == (1, "unknown", "")


def test_a_refusal_keeps_the_code_the_time_and_no_secret() -> None:
    with serving(error("AccessDenied", "403 Forbidden")) as (url, _), pytest.raises(AwsError) as caught:
        connect(url).iam().delete_user("bot")
    refused = caught.value
    assert (refused.call, refused.code, refused.status) == ("iam:DeleteUser", "AccessDenied", 403)
    assert refused.outcome == "refused"
    assert refused.server_time is not None
    assert refused.server_time.hour == 10
    assert refused.message == "said ...MNOP <hidden>"


def test_scrubbing_leaves_arns_and_digests_readable() -> None:
    text = "arn:aws:iam::111122223333:role/leastkey/acme/automation_role sha256 " + "ab" * 32
    assert scrubbed(text) == text
