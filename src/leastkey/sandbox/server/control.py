"""The control door: its own loopback port, a token of 256 bits, one line of JSON in and one out.

A line may announce a body (`body_bytes`), which is read only after the token was checked.
AWS clients never come here, and nothing here is reachable through the port they use.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from typing import TYPE_CHECKING, Any, Final

from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from io import BufferedIOBase

    Commands = Mapping[str, Callable[[Mapping[str, str]], Mapping[str, object]]]

__all__ = ["Control", "ask"]

_LINE: Final = 4096
_SECONDS: Final = 5.0
_BODY_BYTES: Final = 64 * 1024 * 1024
_BODY_SECONDS: Final = 120.0
"""How long the answer to a body may take."""


class _Handler(socketserver.StreamRequestHandler):
    timeout = _SECONDS

    def handle(self) -> None:
        server = self.server
        if not isinstance(server, Control):
            return
        try:
            answer = server.answer(self.rfile.readline(_LINE), self.rfile)
        except OSError:
            return
        if answer is not None:
            self.wfile.write(json.dumps(answer).encode() + b"\n")


class Control(socketserver.ThreadingTCPServer):
    """The server's side. A wrong token gets no answer."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, token: Secret, commands: Commands) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._token = token
        self._commands = commands

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def run(self) -> None:
        """Serve from a thread of its own."""
        threading.Thread(target=self.serve_forever, args=(0.05,), name="control", daemon=True).start()

    def answer(self, line: bytes, rest: BufferedIOBase) -> Mapping[str, object] | None:
        """Answer one line, with the body it announces; None for who does not know the token."""
        try:
            asked: Any = json.loads(line)
        except ValueError:
            return None
        if not isinstance(asked, dict) or not all(isinstance(value, str) for value in asked.values()):
            return None
        if Secret(asked.pop("token", "")) != self._token:  # compared in constant time
            return None
        command = self._commands.get(asked.pop("command", ""))
        if command is None:
            return {"error": "no such command"}
        if "body_bytes" in asked:
            try:
                asked["body"] = _body(asked.pop("body_bytes"), rest)
            except ValueError:
                return {"error": "the body is not what was announced"}
        return command(asked)

    def handle_error(self, request: object, client_address: object) -> None:
        """Drop a broken conversation without a word: it may quote a token."""


def _body(announced: str, rest: BufferedIOBase) -> str:
    """Read a body of a bounded size. Raises ValueError when it is another, or no text."""
    count = int(announced)
    if not 0 <= count <= _BODY_BYTES:
        raise ValueError(announced)
    data = rest.read(count)
    if len(data) != count:
        raise ValueError(announced)
    return data.decode()


def ask(port: int, token: Secret, command: str, *, body: str = "", **given: str) -> dict[str, Any] | None:
    """Ask a running sandbox. None when nobody who knows the token answers."""
    data = body.encode()
    if data:
        given["body_bytes"] = str(len(data))
    line = json.dumps({"token": token.reveal(), "command": command, **given}).encode() + b"\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as connection:
            connection.sendall(line)
            if data or command == "export":
                connection.settimeout(_BODY_SECONDS)
            connection.sendall(data)
            with connection.makefile("rb") as stream:
                answer = json.loads(stream.readline() or b"null")
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None
