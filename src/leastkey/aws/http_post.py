"""One POST over HTTP/1.1, one answer, nothing else: `http.client` brings the `email` package, this costs a socket.

It is stricter than a client of the whole web: an answer says its length or comes in chunks, is bounded, is over in time,
and its redirects are not followed. An error quotes nothing of what was received. TLS is verified; a proxy gets CONNECT.
Source: RFC 9110; RFC 9112, "Message Body Length", "Chunked Transfer Coding".
"""

from __future__ import annotations

import re
import socket
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext

__all__ = ["Answer", "AnswerError", "Url", "post"]

MOST_BYTES: Final = 65_536
_MOST_LINE: Final = 8_192
_MOST_LINES: Final = 100
_URL: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^/?#@]*@)?"
    r"(?P<at>\[(?P<six>[0-9a-f:.]+)\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/[!-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t -~]*)?")
_UNSENDABLE: Final = re.compile(r"[^ -~]")


class AnswerError(Exception):
    """What came back is no answer that can be used. It says why in our words."""


class Answer(NamedTuple):
    """A whole answer; its field names are in lower case."""

    status: int
    fields: Mapping[str, str]
    body: bytes


class Url(NamedTuple):
    """The parts of an endpoint's URL that a request needs. A user in it, a query and a fragment are left out."""

    scheme: str
    host: str
    port: int
    path: str
    authority: str
    """What the Host field holds: host and port as they were written."""

    @classmethod
    def parse(cls, text: str) -> Url | None:
        """Read one, or None when it is no URL of printable ASCII with a host."""
        found = _URL.fullmatch(text)
        if found is None:
            return None
        scheme, port = found["scheme"].lower(), found["port"]
        number = int(port or (443 if scheme == "https" else 80))
        if number > 65_535:
            return None
        path = re.split("[?#]", found["path"] or "/", maxsplit=1)[0]
        host = (found["six"] or found["at"]).lower()
        return cls(scheme, host, number, path, found["at"] + (f":{port}" if port else ""))


def post(  # one argument a fact of the exchange
    url: Url,
    fields: Mapping[str, str],
    body: bytes,
    *,
    seconds: float,
    tls: SSLContext | None,
    proxy: Url | None = None,
) -> Answer:
    """Send the body, give the answer; both within so many seconds. Raises AnswerError and OSError."""
    sent = {**fields, "content-length": str(len(body)), "accept-encoding": "identity", "connection": "close"}
    lines = [f"POST {url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    if any(_UNSENDABLE.search(line) for line in lines):
        raise AnswerError("the request cannot be sent")
    until = monotonic() + seconds
    connection = _connected(url if proxy is None else proxy, until)
    try:
        if proxy is not None:
            _tunnel(connection, url, until)
        if tls is not None:
            # Bytes: for a text the interpreter would load its tables of international names.
            connection = tls.wrap_socket(connection, server_hostname=url.host.encode("ascii"))
        connection.settimeout(_left(until))
        connection.sendall("\r\n".join((*lines, "", "")).encode("ascii") + body)
        return _received(_Reader(connection, until))
    finally:
        connection.close()


def _connected(url: Url, until: float) -> socket.socket:
    refused: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(
        url.host.encode("ascii"), url.port, type=socket.SOCK_STREAM
    ):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_left(until))
            connection.connect(address)
        except OSError as error:
            connection.close()
            refused = error
        else:
            return connection
    raise refused or AnswerError("the host has no address")


def _tunnel(connection: socket.socket, url: Url, until: float) -> None:
    """Have a proxy connect us. What it says besides its status is of no interest."""
    at = f"{f'[{url.host}]' if ':' in url.host else url.host}:{url.port}"
    connection.sendall(f"CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n\r\n".encode("ascii"))
    reader = _Reader(connection, until)
    status, _ = _head(reader)
    if not 200 <= status < 300:
        raise AnswerError("the proxy refused to connect")
    if reader.is_ahead:
        raise AnswerError("the proxy sent what nobody asked for")


def _left(until: float) -> float:
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Reader:
    """Reads from a socket what was asked for, and no more than is allowed, until the time is over."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self._until = until
        self._ahead = b""

    @property
    def is_ahead(self) -> bool:
        return self._ahead != b""

    def _more(self) -> None:
        self._connection.settimeout(_left(self._until))
        part = self._connection.recv(16_384)
        if not part:
            raise AnswerError("the answer was cut off")
        self._ahead += part

    def line(self) -> bytes:
        """Give the next line, without its end."""
        while (end := self._ahead.find(b"\r\n")) < 0:
            if len(self._ahead) > _MOST_LINE:
                raise AnswerError("a line of the answer is too long")
            self._more()
        line, self._ahead = self._ahead[:end], self._ahead[end + 2 :]
        return line

    def exactly(self, size: int) -> bytes:
        """Give the next so many bytes."""
        while len(self._ahead) < size:
            self._more()
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data


def _received(reader: _Reader) -> Answer:
    status, fields = _head(reader)
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise AnswerError("the length of the answer is in doubt")
        return Answer(status, fields, _chunks(reader))
    if length is None or not re.fullmatch("[0-9]{1,18}", length, re.ASCII):
        raise AnswerError("the answer does not say how long it is")
    return Answer(status, fields, reader.exactly(_bounded(int(length))))


def _head(reader: _Reader) -> tuple[int, dict[str, str]]:
    for _ in range(4):  # interim answers come before the one that counts
        found = _STATUS.fullmatch(reader.line())
        if found is None:
            raise AnswerError("the answer is not HTTP")
        status, fields = int(found[1]), _fields(reader)
        if status >= 200:
            return status, fields
        if status == 101:
            break
    raise AnswerError("the answer never came to its point")


def _fields(reader: _Reader) -> dict[str, str]:
    fields: dict[str, str] = {}
    for _ in range(_MOST_LINES):
        line = reader.line()
        if not line:
            return fields
        found = _FIELD.fullmatch(line)
        if found is None:
            raise AnswerError("a field of the answer is malformed")
        name = found[1].decode("ascii").lower()
        if name in fields and name in {"content-length", "transfer-encoding"}:
            raise AnswerError("the length of the answer is in doubt")
        fields[name] = found[2].decode("latin-1")
    raise AnswerError("the answer has too many fields")


def _chunks(reader: _Reader) -> bytes:
    data = b""
    while True:
        found = _CHUNK.fullmatch(reader.line())
        if found is None:
            raise AnswerError("a chunk of the answer is malformed")
        size = int(found[1], 16)
        if size == 0:
            _fields(reader)  # the trailer
            return data
        _bounded(len(data) + size)
        data += reader.exactly(size)
        if reader.exactly(2) != b"\r\n":
            raise AnswerError("a chunk of the answer is malformed")


def _bounded(size: int) -> int:
    if size > MOST_BYTES:
        raise AnswerError("the answer is too long")
    return size
