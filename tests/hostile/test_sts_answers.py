"""What a hostile or broken server answers the credential helper with: refused in time, nothing quoted, nobody else asked."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from tests.support.tls import certified
from tests.unit.broker.test_session import Clock
from tests.unit.broker.test_sts_direct import KEY, MARKER, OK
from tests.unit.keys.world import BINDING

from leastkey.aws.http_post import Answer, AnswerError, Url, post
from leastkey.aws.sts_direct import assume_role
from leastkey.errors import AwsError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BODY = b"Action=AssumeRole"
LONG = b"a" * 70_000
GOOD = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "no reason": b"HTTP/1.1 200\r\ncontent-length:5\r\n\r\nhello",
    "old": b"HTTP/1.0 200 OK\r\nContent-Length:\t5 \r\n\r\nhello",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhe\r\n03\r\nllo\r\n0\r\n\r\n",
    "extension and trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "more behind": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 500 no\r\n\r\n",
}
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BAD = {
    "nothing": b"",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP 0.9": b"<AssumeRoleResponse/>\r\n",
    "HTTP 2": b"HTTP/2 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello",
    "status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello",
    "status above all": b"HTTP/1.1 600 OK\r\nContent-Length: 5\r\n\r\nhello",
    "only interim": b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
    "another protocol": b"HTTP/1.1 101 Switching\r\nContent-Length: 5\r\n\r\nhello",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "no length": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "empty length": b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    "signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
    "listed length": b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
    "length of other digits": "HTTP/1.1 200 OK\r\nContent-Length: \u0665\r\n\r\nhello".encode(),
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "huge length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + LONG,
    "length of many digits": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    "short body": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "two codings": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "compressed": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello",
    "chunk of no size": CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
    "chunk of negative size": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "chunk size as code": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "chunk of vast size": CHUNKED + b"fffffffffffffffff\r\nhello",
    "chunk beyond the bound": CHUNKED + b"11000\r\n" + LONG,
    "chunks beyond the bound": CHUNKED + (b"4000\r\n" + b"a" * 0x4000 + b"\r\n") * 5,
    "chunk longer than it says": CHUNKED + b"4\r\nhello\r\n0\r\n\r\n",
    "no last chunk": CHUNKED + b"5\r\nhello\r\n",
    "no end of the trailer": CHUNKED + b"5\r\nhello\r\n0\r\nX: y\r\n",
    "folded field": b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 5\r\n\r\nhello",
    "space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
    "field without a name": b"HTTP/1.1 200 OK\r\n: y\r\nContent-Length: 5\r\n\r\nhello",
    "field without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 5\r\n\r\nhello",
    "control character": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 5\r\n\r\nhello",
    "long line": b"HTTP/1.1 200 OK\r\nX: " + LONG,
    "many fields": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"Content-Length: 5\r\n\r\nhello",
    "head cut off": b"HTTP/1.1 200 OK\r\nContent-Le",
}  # fmt: skip


class Raw:
    """A server that sends what it is given, whatever it is asked; it remembers what it was asked."""

    def __init__(
        self, parts: Iterable[bytes], tls: ssl.SSLContext | None, pause: float, *, is_proxy: bool
    ) -> None:
        self._parts = tuple(parts)
        self._tls = tls
        self._pause = pause
        self._is_proxy = is_proxy
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.asked: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            accepted, _ = self._socket.accept()
            with accepted, suppress(OSError):
                data = accepted.recv(65_536, socket.MSG_PEEK)
                if not data:
                    return
                if self._is_proxy:
                    self.asked.append(accepted.recv(65_536))
                    accepted.sendall(b"HTTP/1.1 200 Connected\r\nX: y\r\n\r\n")
                self._answer(
                    accepted if self._tls is None else self._tls.wrap_socket(accepted, server_side=True)
                )

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(65_536)
            self.asked.append(data)
            for part in self._parts:
                connection.sendall(part)
                if self._pause:
                    time.sleep(self._pause)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass

    def close(self) -> None:
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._socket.close()


@contextmanager
def sending(
    *parts: bytes, tls: ssl.SSLContext | None = None, pause: float = 0, is_proxy: bool = False
) -> Iterator[Raw]:
    server = Raw(parts, tls, pause, is_proxy=is_proxy)
    try:
        yield server
    finally:
        server.close()


def url(text: str) -> Url:
    found = Url.parse(text)
    assert found is not None
    return found


def ask(port: int, *, seconds: float = 5) -> Answer:
    return post(url(f"http://127.0.0.1:{port}/"), {"host": "x"}, BODY, seconds=seconds, tls=None)


def assume(endpoint: str, **environ: str) -> str:
    session = assume_role(
        KEY,
        BINDING.role,
        "x1",
        900,
        region="eu-west-1",
        endpoint_url=endpoint,
        clock=Clock(),
        environ=environ,
    )
    return session.id


@pytest.mark.parametrize("case", GOOD)
def test_a_whole_answer_is_read_however_it_comes(case: str) -> None:
    for parts in ([GOOD[case]], [bytes([byte]) for byte in GOOD[case]]):
        with sending(*parts) as server:
            answer = ask(server.port)
        assert (answer.status, answer.body) == (200, b"hello")
        assert server.asked[0].startswith(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 17\r\n")


@pytest.mark.parametrize("case", BAD)
def test_an_answer_that_is_in_doubt_is_refused(case: str) -> None:
    with sending(BAD[case]) as server, pytest.raises(AnswerError) as caught:
        ask(server.port)
    assert "hello" not in str(caught.value)


def test_who_drips_is_not_waited_for() -> None:
    started = time.monotonic()
    with sending(*[b"H"] * 30, pause=0.05) as server, pytest.raises(TimeoutError):
        ask(server.port, seconds=0.3)
    assert time.monotonic() - started < 4


def test_a_redirect_is_not_followed() -> None:
    with sending(GOOD["length"]) as other:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{other.port}/\r\nContent-Length: 0\r\n\r\n"
        with sending(moved.encode()) as server, pytest.raises(AwsError) as caught:
            assume(f"http://127.0.0.1:{server.port}")
    assert (caught.value.status, other.asked) == (307, [])
    assert MARKER not in repr(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "127.0.0.1", "http://", "http:///x", "http://a b/", "http://a\r\nx: y/", "http://ä.example/", "http://a:65536", "http://a:x", "//a/", "http://[::1/", "http://a\\b/"],
)  # fmt: skip
def test_what_is_no_url_is_none(text: str) -> None:
    assert Url.parse(text) is None


def test_a_url_is_taken_apart() -> None:
    assert Url.parse("https://STS.example.com") == ("https", "sts.example.com", 443, "/", "STS.example.com")
    assert Url.parse("http://me:pass@[::1]:8080/x?y#z") == ("http", "::1", 8080, "/x", "[::1]:8080")


def test_what_would_break_out_of_a_field_is_not_sent() -> None:
    with sending(GOOD["length"]) as server, pytest.raises(AnswerError):
        post(url(f"http://127.0.0.1:{server.port}/"), {"host": "x\r\nX: y"}, BODY, seconds=5, tls=None)
    assert server.asked == []


def test_tls_is_verified(tmp_path: Path) -> None:
    trusted, context = certified(tmp_path)
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(OK)}\r\n\r\n{OK}".encode()
    with sending(answer, tls=context) as server:
        assert assume(f"https://localhost:{server.port}", AWS_CA_BUNDLE=str(trusted)) == "ASIAX"
        for host, environ in (("localhost", {}), ("127.0.0.1", {"AWS_CA_BUNDLE": str(trusted)})):
            with pytest.raises(AwsError) as caught:
                assume(f"https://{host}:{server.port}", **environ)
            assert "SSLCertVerificationError" in caught.value.message
    assert len(server.asked) == 1


def test_a_proxy_connects_and_sees_no_request(tmp_path: Path) -> None:
    trusted, context = certified(tmp_path)
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(OK)}\r\n\r\n{OK}".encode()
    with sending(answer, tls=context, is_proxy=True) as proxy:
        environ = {"AWS_CA_BUNDLE": str(trusted), "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
        assert assume("https://localhost:1", **environ) == "ASIAX"
        with pytest.raises(AwsError):
            assume("https://localhost:1", **environ, NO_PROXY="localhost")
    connect, request = proxy.asked
    assert connect == b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n"
    assert request.startswith(b"POST / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 407 No\r\n\r\n", b"nonsense\r\n", b"HTTP/1.1 200 OK\r\n\r\nand more"]
)
def test_a_proxy_that_does_not_connect_is_given_nothing(said: bytes) -> None:
    with sending(said) as proxy, pytest.raises(AwsError):
        assume("https://sts.example.com", HTTPS_PROXY=f"127.0.0.1:{proxy.port}")
    assert len(proxy.asked) == 3
    assert all(
        asked.startswith(b"CONNECT sts.example.com:443 HTTP/1.1\r\n") and b"AWS4" not in asked
        for asked in proxy.asked
    )
