"""A proxy between leastkey and the sandbox that counts requests and tells a hook before and after each.

It keeps the Host header, so signatures stay valid. It speaks the part of HTTP/1.1 that botocore and the helper use.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs

Phase = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came by: its number from 1, the method and path, and the IAM or STS action where it has one."""

    number: int
    line: str
    action: str


Hook = Callable[[Seen, Phase], bytes | None]
"""Told of each request; bytes are the answer instead of AWS's, and none at all close the connection."""
Change = Callable[[Seen, bytes], bytes]
"""What becomes of an answer on its way back; nothing left of it ends the connection."""


class Proxy:
    """Forwards every request; `seen` lists them in the order of their arrival."""

    def __init__(self, upstream_port: int, hook: Hook, change: Change | None = None) -> None:
        self._upstream = upstream_port
        self._hook = hook
        self._change = change
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.seen: list[Seen] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            reader = connection.makefile("rb")
            while (request := _read_message(reader, connection)) is not None:
                seen = self._note(request)
                if (instead := self._hook(seen, "before")) is not None:
                    connection.sendall(instead)
                    return
                with socket.create_connection(("127.0.0.1", self._upstream), timeout=60) as upstream:
                    upstream.sendall(request)
                    has_body = not request.startswith(b"HEAD ")
                    response = _read_message(upstream.makefile("rb"), None, body=has_body)
                if (instead := self._hook(seen, "after")) is not None:
                    connection.sendall(instead)
                    return
                changed = response or b""
                if self._change is not None:
                    changed = self._change(seen, changed)
                connection.sendall(changed)
                if changed != response:
                    return  # the client must not wait for the rest

    def _note(self, request: bytes) -> Seen:
        head, _, body = request.partition(b"\r\n\r\n")
        line = head.split(b"\r\n", 1)[0].decode("latin-1")
        action = parse_qs(body.decode("latin-1")).get("Action", [""])[0]
        with self._lock:
            seen = Seen(len(self.seen) + 1, line, action)
            self.seen.append(seen)
        return seen


@contextlib.contextmanager
def proxying(
    upstream_port: int,
    hook: Hook = lambda _seen, _phase: None,
    change: Change | None = None,
) -> Iterator[Proxy]:
    """Run a proxy for the length of a block."""
    proxy = Proxy(upstream_port, hook, change)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def _read_message(reader: object, asking: socket.socket | None, *, body: bool = True) -> bytes | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reader.readline()  # type: ignore[attr-defined]  # any buffered reader
        if not line:
            return None
        # The signature does not cover Expect: we answer it here and leave it out.
        if line.lower().startswith(b"expect:") and asking is not None:
            asking.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            continue
        head += line
    if not body:
        return head
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return head + _read_chunks(reader)
    length = next((int(line[15:]) for line in lower.split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return head + reader.read(length)  # type: ignore[attr-defined, no-any-return]  # any buffered reader


def _read_chunks(reader: object) -> bytes:
    data = b""
    while True:
        size = reader.readline()  # type: ignore[attr-defined]  # any buffered reader
        data += size
        length = int(size.split(b";")[0], 16)
        data += reader.read(length + 2)  # type: ignore[attr-defined]  # any buffered reader
        if length == 0:
            return bytes(data)
