"""The container-credentials endpoint: one identity's session over HTTP on 127.0.0.1, for who has the token.

Checked in this order, and nothing is looked at before what stands above it: size and form, Host, what a browser or a
proxy adds, the token, the path, the method. A refusal has a status and a fixed line. No request chooses a role: which
one is served was decided before the port was open.
Source: AWS SDKs and Tools Reference Guide, "Container credential provider"; RFC 9110, section 7.2 (Host).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import socket
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leastkey.broker.http_request import Malformed, Request, read_request
from leastkey.broker.listener import Listener, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.broker.kept import Kept
    from leastkey.clock import Clock

__all__ = ["ROUTE", "Endpoint", "Watcher", "open_endpoint"]

ROUTE: Final = "/credentials"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"})
_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
_FORWARDED: Final = ("x-forwarded-", "forwarded", "via", "x-real-ip")
_BROWSERS: Final = ("origin", "referer", "cookie", "sec-", "access-control-")
"""What only a browser or a proxy adds. An SDK that runs on this computer sends none of it."""
_WRONG_A_SECOND: Final = 5
_PHRASES: Final = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}
_MORE: Final = {405: "Allow: GET\r\n", 429: "Retry-After: 1\r\n", 503: "Retry-After: 1\r\n"}
_ALWAYS: Final = (
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Connection: close\r\n"
)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told what happens: each answer as method, route and status, and once that tokens are being guessed."""

    answered: Callable[[str, str, int], None] = lambda *_: None
    guessed: Callable[[], None] = lambda: None
    alive: Callable[[], bool] = lambda: True
    """Whether whoever started us is still there."""


@dataclass(slots=True)
class _Wrong:
    """The wrong tokens of the last second. The right one is never counted, so guessing locks nobody out."""

    clock: Clock
    times: deque[float] = field(default_factory=lambda: deque(maxlen=_WRONG_A_SECOND))
    is_told: bool = False

    def status(self) -> int:
        now = self.clock.monotonic()
        if len(self.times) == _WRONG_A_SECOND and now - self.times[0] < 1:
            return 429
        self.times.append(now)
        return 403


class Endpoint:
    """Answers requests. Implements listener.Service."""

    too_slow = b""

    def __init__(self, kept: Kept, port: int, digest: bytes, clock: Clock, watcher: Watcher) -> None:
        self._kept = kept
        self._hosts = frozenset(f"{host}:{port}" for host in _HOSTS)
        self._digest = digest
        self._wrong = _Wrong(clock)
        self._watcher = watcher
        self.too_slow = _answer(408)

    def admits(self, peer: socket.socket) -> bool:
        """Let everybody ask: the token decides."""
        del peer
        return True

    def tick(self) -> bool:
        """Renew ahead; end with who started us."""
        self._kept.renew_when_due()
        return self._watcher.alive()

    def answer(self, received: bytes, *, is_last: bool) -> bytes | Wait:
        """Answer what was received so far."""
        try:
            request = read_request(received)
        except Malformed as refusal:
            self._watcher.answered("-", "-", refusal.status)
            return _answer(refusal.status)
        if request is None:
            return Wait.MORE
        status = self._judged(request)
        document = self._kept.fresh() if status == 200 else None
        if status == 200 and document is None:
            if not is_last:
                self._kept.renew_when_due()
                return Wait.LATER
            document = self._kept.spare()
            status = 503 if document is None else 200
        self._tell(request, status)
        return _answer(status) if document is None else _answer(200, _container_document(document))

    def _judged(self, request: Request) -> int:
        if "host" not in request.headers:
            return 400
        if request.headers["host"] not in self._hosts:
            return 403
        if request.method == "OPTIONS":
            return 405
        if any(name.startswith((*_FORWARDED, *_BROWSERS)) for name in request.headers):
            return 403
        if not self._is_token(request.headers.get("authorization", "")):
            return self._wrong_token()
        return _routed(request)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), self._digest)

    def _wrong_token(self) -> int:
        status = self._wrong.status()
        if status == 429 and not self._wrong.is_told:
            self._wrong.is_told = True
            self._watcher.guessed()
        return status

    def _tell(self, request: Request, status: int) -> None:
        method = request.method if request.method in _METHODS else "-"
        self._watcher.answered(method, ROUTE if request.target == ROUTE else "-", status)


def _routed(request: Request) -> int:
    if request.target != ROUTE:
        return 404
    if request.method != "GET":
        return 405
    return 200 if request.length == 0 else 400


def open_endpoint(kept: Kept, clock: Clock, watcher: Watcher) -> tuple[Listener, str, str]:
    """Open a port of 127.0.0.1 that the system picks; gives the listener, the URL and the token, of which we keep a digest."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    port = int(listening.getsockname()[1])
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).digest()
    listener = Listener(listening, Endpoint(kept, port, digest, clock, watcher), monotonic=clock.monotonic)
    kept.ready = listener.wake
    return listener, f"http://127.0.0.1:{port}{ROUTE}", token


def _container_document(document: bytes) -> bytes:
    """Give a `credential_process` document as the container provider reads it: the session's token is its Token."""
    told = json.loads(document)
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId")
    return json.dumps({name.replace("SessionToken", "Token"): told[name] for name in names}).encode()


def _answer(status: int, body: bytes | None = None) -> bytes:
    phrase = _PHRASES[status]
    kind = "text/plain; charset=utf-8" if body is None else "application/json"
    body = f"{phrase.lower()}\n".encode() if body is None else body
    head = (
        f"HTTP/1.1 {status} {phrase}\r\n{_ALWAYS}{_MORE.get(status, '')}"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
