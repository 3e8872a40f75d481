"""What a raw socket can send: hosts, framing, doubled names; bytes in, status out, no work done."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from tests.sandbox.wires import CALLS, Call, exchange, read_answer

from leastkey.sandbox.gate.wire import bucket_of
from leastkey.sandbox.server.http import Server

if TYPE_CHECKING:
    from tests.sandbox.conftest import Place

GOOD = [
    "127.0.0.1",
    "127.0.0.1:1",
    "localhost",
    "localhost:65535",
    "[::1]",
    "[::1]:80",
    "s3.localhost:4566",
    "b.localhost",
]

FOREIGN = [
    "example.com",
    "127.0.0.1.evil.example",
    "evil.example:4566",
    "localhost.evil.example",
    "127.0.0.1.",
    "localhost.",
    "user@127.0.0.1",
    "127.0.0.1:80:80",
    "127.0.0.1:99999",
    "127.0.0.1:",
    "127.0.0.1:x",
    "0.0.0.0",
    "127.0.0.2",
    "127.1",
    "2130706433",
    "0x7f000001",
    "[::]",
    "[::ffff:127.0.0.1]",
    "::1",
    "LOCALHOST",
    "a..localhost",
    ".evil",
    "sts.amazonaws.com",
    "169.254.169.254",
    "127.0.0.1/x",
    "http://127.0.0.1",
    "127.0.0.1, evil.example",
    "127.0.0.1 evil",
    "localhost\\.evil",
    "xn--localhost",
]


@pytest.mark.parametrize("host", GOOD)
def test_every_loopback_name_and_port_is_served(place: Place, host: str) -> None:
    call = CALLS["sts"]()
    call.host = host
    assert call.send(place.port, place.root).status == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_is_refused_before_any_work(place: Place, host: str) -> None:
    answer = exchange(place.port, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.status == 403
    assert answer.body == b"unknown host\n"
    assert "x-amzn-requestid" not in answer.headers


H = "Host: 127.0.0.1\r\n"

FRAMING = {
    "no host": ("GET / HTTP/1.1\r\n\r\n", 400),
    "host twice": (f"GET / HTTP/1.1\r\n{H}{H}\r\n", 400),
    "hosts twice, other spelling": (f"GET / HTTP/1.1\r\n{H}HOST: evil.example\r\n\r\n", 400),
    "absolute target": (f"GET http://127.0.0.1/ HTTP/1.1\r\n{H}\r\n", 400),
    "authority target": (f"GET //evil/ HTTP/1.1\r\n{H}\r\n", 400),
    "fragment": (f"GET /#x HTTP/1.1\r\n{H}\r\n", 400),
    "no slash": (f"GET x HTTP/1.1\r\n{H}\r\n", 400),
    "options": (
        f"OPTIONS / HTTP/1.1\r\n{H}Origin: http://evil\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
        405,
    ),
    "trace": (f"TRACE / HTTP/1.1\r\n{H}\r\n", 405),
    "connect": (f"CONNECT x:1 HTTP/1.1\r\n{H}\r\n", 405),
    "lower-case method": (f"get / HTTP/1.1\r\n{H}\r\n", 400),
    "http 2": (f"GET / HTTP/2.0\r\n{H}\r\n", 505),
    "no protocol": ("GET /\r\n\r\n", 400),
    "both lengths": (
        f"POST / HTTP/1.1\r\n{H}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "length twice": (f"POST / HTTP/1.1\r\n{H}Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
    "length list": (f"POST / HTTP/1.1\r\n{H}Content-Length: 1, 1\r\n\r\nx", 400),
    "length signed": (f"POST / HTTP/1.1\r\n{H}Content-Length: +1\r\n\r\nx", 400),
    "length negative": (f"POST / HTTP/1.1\r\n{H}Content-Length: -1\r\n\r\n", 400),
    "length underscore": (f"POST / HTTP/1.1\r\n{H}Content-Length: 1_0\r\n\r\nx", 400),
    "length hex": (f"POST / HTTP/1.1\r\n{H}Content-Length: 0x1\r\n\r\nx", 400),
    "too long": (f"PUT /b/k HTTP/1.1\r\n{H}Content-Length: 268435457\r\n\r\n", 413),
    "gzip coding": (f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "identity coding": (f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: identity\r\n\r\n", 501),
    "chunk extension": (
        f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n",
        400,
    ),
    "chunk size sign": (f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n\r\n", 400),
    "chunk too long": (f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n", 400),
    "chunk trailer": (f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", 400),
    "chunk huge": (f"POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413),
    "bare line feed": ("GET / HTTP/1.1\nHost: 127.0.0.1\n\n", 400),
    "bare line feed in headers": ("GET / HTTP/1.1\r\nHost: 127.0.0.1\nA: b\r\n\r\n", 400),
    "bare return": (f"GET / HTTP/1.1\r\n{H}A: b\rC: d\r\n\r\n", 400),
    "folded": (f"GET / HTTP/1.1\r\n{H}A: b\r\n c\r\n\r\n", 400),
    "nul": (f"GET / HTTP/1.1\r\n{H}A: \0\r\n\r\n", 400),
    "nul in target": (f"GET /\0 HTTP/1.1\r\n{H}\r\n", 400),
    "space before colon": (f"GET / HTTP/1.1\r\n{H}A : b\r\n\r\n", 400),
    "no colon": (f"GET / HTTP/1.1\r\n{H}A\r\n\r\n", 400),
    "empty name": (f"GET / HTTP/1.1\r\n{H}: b\r\n\r\n", 400),
    "not ascii": (f"GET / HTTP/1.1\r\n{H}A: \u00e4\r\n\r\n", 400),
    "underscore": (f"GET / HTTP/1.1\r\n{H}X_Amz_Date: 1\r\n\r\n", 400),
    "underscore account": (f"GET / HTTP/1.1\r\n{H}x_moto_account_id: 1\r\n\r\n", 400),
    "folded metadata": (f"GET / HTTP/1.1\r\n{H}x-amz-meta-a_b: 1\r\nx-amz-meta-a-b: 2\r\n\r\n", 400),
    "doubled": (f"GET / HTTP/1.1\r\n{H}x-amz-date: 1\r\nX-Amz-Date: 2\r\n\r\n", 400),
    "forwarded for": (f"GET / HTTP/1.1\r\n{H}X-Forwarded-For: 1.2.3.4\r\n\r\n", 403),
    "forwarded": (f"GET / HTTP/1.1\r\n{H}Forwarded: for=1.2.3.4\r\n\r\n", 403),
    "via": (f"GET / HTTP/1.1\r\n{H}Via: 1.1 proxy\r\n\r\n", 403),
    "header flood": (f"GET / HTTP/1.1\r\n{H}A: {'x' * 20_000}\r\n\r\n", 413),
    "long target": (f"GET /{'x' * 20_000} HTTP/1.1\r\n{H}\r\n", 414),
}


@pytest.mark.parametrize("case", FRAMING)
def test_bad_framing_is_refused_with_a_fixed_line_and_the_connection_closed(place: Place, case: str) -> None:
    sent, status = FRAMING[case]
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as connection:
        connection.sendall(sent.encode("latin-1"))
        stream = connection.makefile("rb")
        answer = read_answer(stream)
        assert answer.status == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        with contextlib.suppress(ConnectionResetError):  # closed with our bytes unread
            assert stream.read() == b""


@pytest.mark.parametrize(
    "path",
    ["/moto-api/reset", "/moto-api/data.json", "/latest/meta-data/", "/iam_us-east-1/", "/favicon.ico"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_motos_own_doors_are_shut(place: Place, path: str, method: str) -> None:
    place.client("iam").create_user(UserName="still-here")
    request = (
        f"{method} {path} HTTP/1.1\r\n{H}Content-Length: 0\r\nx-moto-account-id: {place.account}\r\n\r\n"
    )
    assert exchange(place.port, request.encode()).status in (400, 403, 405)
    signed = Call("s3", method, path).send(place.port, place.root)
    assert signed.status in (400, 403, 404, 405)
    assert place.client("iam").get_user(UserName="still-here")


def test_a_client_cannot_choose_an_account(place: Place) -> None:
    call = CALLS["sts"]()
    call.headers["x-moto-account-id"] = "999999999999"
    assert f"<Account>{place.account}</Account>".encode() in call.send(place.port, place.root).body


def test_only_the_loopback_address_listens(place: Place) -> None:
    listening = place.sandbox.gate  # the fixture's server
    assert listening is not None
    for address in {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}:
        if str(address).startswith("127."):
            continue
        with socket.socket() as probe:
            probe.settimeout(2)
            with pytest.raises((ConnectionRefusedError, TimeoutError)):
                probe.connect((address, place.port))


def test_a_connection_is_kept_and_a_waiting_client_is_told_to_go_on(place: Place) -> None:
    place.client("s3").create_bucket(Bucket=f"b-{place.account}")
    call = Call("s3", "PUT", f"/b-{place.account}/k", {"Expect": "100-continue"}, b"x" * 100_000)
    head, _, body = call.raw(call.signed(place.root)).partition(b"\r\n\r\n")
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as connection:
        stream = connection.makefile("rb")
        for _ in range(2):
            connection.sendall(head + b"\r\n\r\n")
            assert stream.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert stream.readline() == b"\r\n"
            connection.sendall(body)
            assert read_answer(stream).status == 200


def test_slow_heads_are_cut_off_and_hold_no_thread(place: Place) -> None:
    server = Server(place.sandbox.gate.handle, 0, threads=2, head_seconds=0.3)
    server.open()
    server.run()
    try:
        slow = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(4)]
        for each in slow:
            each.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        assert CALLS["sts"]().send(server.port, place.root).status == 200
        for each in slow:
            assert not each.recv(1000).startswith(b"HTTP/1.1 2")
            each.close()
    finally:
        server.close()


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("127.0.0.1:80", ""),
        ("localhost", ""),
        ("s3.localhost:4566", ""),
        ("my-bucket.localhost:4566", "my-bucket"),
        ("my.bucket.s3.localhost", "my.bucket"),
        ("b12.s3.eu-west-1.localhost:1", "b12"),
        ("[::1]:80", ""),
    ],
)
def test_a_bucket_may_stand_in_the_host(host: str, bucket: str) -> None:
    assert bucket_of(host) == bucket
