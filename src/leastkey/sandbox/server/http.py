"""The HTTP server: cheroot, on 127.0.0.1 only, with framing rules of its own in front.

Each request is read strictly, checked before any work (`wire`), and answered by one handler.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import struct
import threading
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

from cheroot import server as cheroot

from leastkey.sandbox.errors import plain
from leastkey.sandbox.gate.wire import (
    BODY_LIMIT,
    HEADER_LIMIT,
    TOO_LARGE,
    BadRequest,
    RawRequest,
    body_limit,
    check,
    read_headers,
)
from leastkey.sandbox.server.deadline import Deadlines
from leastkey.sandbox.server.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable
    from http import HTTPStatus

    from leastkey.sandbox.request import Response

__all__ = ["Server"]

_LOG: Final = logging.getLogger(__name__)
_THREADS: Final = 128
"""Most of them wait for slow clients: one lock lets one request work at a time."""
_CONNECTIONS: Final = 256
_SECONDS: Final = 10
_HEAD_SECONDS: Final = 5.0
_BODY_SECONDS: Final = 10.0
_BODY_SPEED: Final = 1024 * 1024
"""Bytes a second that a body must keep up, its first seconds apart."""
_BODIES: Final = 2 * BODY_LIMIT
"""Bytes of bodies in memory at a time."""
_CHUNK: Final = re.compile(rb"[0-9a-fA-F]{1,8}", re.ASCII)
_LINE_LIMIT: Final = 64


class _HeaderReader(cheroot.HeaderReader):
    """Reads header lines strictly: CRLF, no folding, every name once."""

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        found = {} if hdict is None else hdict
        lines: list[tuple[bytes, bytes]] = []
        while (line := rfile.readline()) != b"\r\n":
            name, colon, value = line.partition(b":")
            if not line.endswith(b"\r\n") or not colon or b"\r" in line[:-2]:
                raise ValueError("malformed header")
            lines.append((name, value[:-2]))
        try:
            self.headers, self.spelling = read_headers(lines)
        except BadRequest as error:
            raise ValueError(error.text) from None
        # cheroot would answer Expect by itself, before anything was checked.
        seen = {
            name.title().encode(): value.encode() for name, value in self.headers.items() if name != "expect"
        }
        found.update(seen)
        return found


class _Request(cheroot.HTTPRequest):
    """One request; what is wrong with its framing is answered with a fixed line, and the connection closed."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.header_reader = _HeaderReader()

    def read_request_headers(self) -> bool:
        """Read the headers and check them before a client that waits is told to go on."""
        if not super().read_request_headers():  # type: ignore[no-untyped-call]  # cheroot types no parameters
            return False
        self.server.deadlines.end(self.conn.socket)
        headers = self.header_reader.headers
        try:
            check(self.method.decode("latin-1"), self.uri.decode("latin-1"), headers)
        except BadRequest as error:
            self.refuse(error)
            return False
        if headers.get("expect", "").lower() == "100-continue":
            self.conn.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def refuse(self, error: BadRequest) -> None:
        """Answer with a fixed line and close."""
        _LOG.info("refused before any work: %d", error.status)
        self.close_connection = True
        answer = plain(error.status, error.text)
        with suppress(OSError):
            self.conn.wfile.write(_head(answer, self.server.now(), close=True) + answer.body)

    def simple_response(self, status: str, msg: str = "") -> None:
        """Answer for cheroot's own checks in our form: a fixed line, no echo, closed."""
        del msg
        code = int(str(status)[:3])
        self.refuse(BadRequest(code, "malformed request" if code < 500 else "not served"))


class _Connection(cheroot.HTTPConnection):
    RequestHandlerClass = _Request
    is_known = False
    """Whether something was awaited from it before."""

    def communicate(self) -> bool:
        """Serve one request; its head must come in time."""
        self.server.deadlines.begin(self.socket)
        try:
            return bool(super().communicate())  # type: ignore[no-untyped-call]  # cheroot types no parameters
        finally:
            self.server.deadlines.end(self.socket)


class _Gateway(cheroot.Gateway):
    def respond(self) -> None:
        request = self.req
        given = _limit(request) if request.chunked_read else _length(request)
        with request.server.room.of(given):
            self._respond(request, given)

    def _respond(self, request: Any, given: int) -> None:
        deadlines, connection = request.server.deadlines, request.conn.socket
        deadlines.begin(connection, _BODY_SECONDS + given / _BODY_SPEED)
        try:
            body = _body(request)
        except BadRequest as error:
            request.refuse(error)
            request.sent_headers = True
            return
        finally:
            deadlines.end(connection)
        path, _, query = request.uri.decode("ascii").partition("?")
        raw = RawRequest(
            method=request.method.decode("ascii"),
            path=path,
            query=query,
            headers=request.header_reader.headers,
            body=body,
            source_ip=request.conn.remote_addr or "127.0.0.1",
            spelling=request.header_reader.spelling,
        )
        response = request.server.handler(raw)
        request.sent_headers = True
        close = request.close_connection or not request.server.can_add_keepalive_connection
        request.close_connection = close
        if response.seconds:
            request.server.ending.wait(response.seconds)
        if response.delivery:
            _spoil(request, response)
            return
        request.conn.wfile.write(_head(response, request.server.now(), close=close) + response.body)


def _spoil(request: Any, response: Response) -> None:
    """End the connection as the fault that was asked for does."""
    request.close_connection = True
    if response.delivery == "cut":
        head = _head(response, request.server.now(), close=True)
        sent = head + response.body[: len(response.body) // 2] if response.body else head[: len(head) // 2]
        request.conn.wfile.write(sent)
    if response.delivery == "reset":
        connection = request.conn.socket
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.conn.linger = True  # cheroot would say goodbye first
        os.close(connection.detach())


def _limit(request: Any) -> int:
    return body_limit(request.uri.decode("ascii"), request.header_reader.headers)


def _length(request: Any) -> int:
    return int(request.header_reader.headers.get("content-length", "0"))


def _body(request: Any) -> bytes:
    if not request.chunked_read:
        length = _length(request)
        data: bytes = request.conn.rfile.read(length) if length else b""
        if len(data) != length:
            raise BadRequest(400, "the body is shorter than its length")
        return data
    return _chunked(request.conn.rfile, _limit(request))


def _chunked(stream: Any, limit: int) -> bytes:
    """Read a chunked body strictly: no extensions, no trailers, bounded."""
    parts: list[bytes] = []
    total = 0
    while True:
        line = stream.readline(_LINE_LIMIT)
        if not line.endswith(b"\r\n") or not _CHUNK.fullmatch(line[:-2]):
            raise BadRequest(400, "malformed chunk")
        size = int(line, 16)
        total += size
        if total > limit:
            raise BadRequest(413, TOO_LARGE)
        data = stream.read(size) if size else b""
        if len(data) != size or stream.readline(_LINE_LIMIT) != b"\r\n":
            raise BadRequest(400, "malformed chunk")
        if size == 0:
            return b"".join(parts)
        parts.append(data)


def _head(response: Response, now: datetime, *, close: bool) -> bytes:
    headers = list(response.headers)
    names = {name.lower() for name, _ in headers}
    if "content-length" not in names and response.status not in (204, 304):
        headers.append(("Content-Length", str(len(response.body))))
    headers.append(("Date", format_datetime(now, usegmt=True)))
    if "x-content-type-options" not in names:
        headers += [("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Resource-Policy", "same-origin")]
    if close:
        headers.append(("Connection", "close"))
    # A stored header value may hold anything: line ends never reach the wire.
    lines = [f"{name}: {_LINE_ENDS.sub(' ', value)}" for name, value in headers]
    return "\r\n".join((f"HTTP/1.1 {response.status} {_reason(response.status)}", *lines, "", "")).encode(
        "utf-8"
    )


_LINE_ENDS: Final = re.compile(r"[\r\n\x00]+")


def _reason(status: int) -> str:
    from http import HTTPStatus

    try:
        known: HTTPStatus = HTTPStatus(status)
    except ValueError:
        return "Unknown"
    return known.phrase


def _now() -> datetime:
    return datetime.now(UTC)


class Server(cheroot.HTTPServer):
    """A server on 127.0.0.1. It listens once `open` returns and works once `run` was called."""

    ConnectionClass = _Connection
    max_request_header_size = HEADER_LIMIT
    max_request_body_size = 0  # bounded by us, with the answer a client understands
    timeout = _SECONDS
    shutdown_timeout = 5
    request_queue_size = 128
    keep_alive_conn_limit = _CONNECTIONS

    def __init__(
        self,
        handler: Callable[[RawRequest], Response],
        port: int = 0,
        threads: int = _THREADS,
        head_seconds: float = _HEAD_SECONDS,
        now: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Gateway, minthreads=threads, maxthreads=threads)
        self.handler = handler
        self.now = now
        self.deadlines = Deadlines(head_seconds, crowd=threads // 2)
        self.room = Room(_BODIES)
        self.ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self.bind_addr[1]
        return port

    def open(self) -> None:
        """Bind and listen. Raises OSError when the port is taken."""
        self.prepare()

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[str, int]) -> socket.socket:
        """Bind, so that the port can be taken again while old connections to it still fade."""
        socket_.bind(bind_addr)
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return socket_

    def run(self) -> None:
        """Serve from threads of its own."""
        self.deadlines.start()
        self._thread = threading.Thread(target=self.serve, name="http", daemon=True)
        self._thread.start()

    def process_conn(self, conn: _Connection) -> None:
        """Give a connection to a thread once there is something to read from it."""
        if conn.is_known:
            super().process_conn(conn)
            return
        conn.is_known = True
        manager: Any = getattr(self, "_connections")  # noqa: B009  # cheroot's own, which it does not declare
        if not self.can_add_keepalive_connection:
            self._drop_oldest(manager)
        manager.put(conn)

    def _drop_oldest(self, manager: Any) -> None:
        """End the connection that has said nothing for longest; the selector then sees it close."""
        waiting = [each for _, each in getattr(manager, "_selector").connections if each is not self]  # noqa: B009  # as above
        with suppress(OSError, ValueError):
            min(waiting, key=lambda each: float(each.last_used)).socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop accepting, let running requests end, and wait."""
        self.ending.set()
        self.stop()
        self.deadlines.stop()
        if self._thread is not None:
            self._thread.join(timeout=self.shutdown_timeout)

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002  # cheroot's signature
        """Log a fault of the server without what it quotes."""
        del msg, traceback
        _LOG.log(level, "the HTTP server met an error")
