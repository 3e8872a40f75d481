"""The agent's Unix socket: in a folder of ours alone, and each side looks who the other is.

The helper's fast path has its own few lines of the client's side (`credential_process`), for what it imports is paid
before every command.
Source: Linux manual page unix(7), SO_PEERCRED.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
from typing import TYPE_CHECKING, Final

from leastkey.disk.files import ensure_folder, failure, remove
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ask_agent", "is_ours", "listen_for_clients", "socket_path"]

_LONGEST: Final = 100
"""Bytes of a path that every system takes as the name of a socket."""
_SECONDS: Final = 3.0
_MOST_BYTES: Final = 1_048_576


def socket_path(home: Path) -> Path:
    """Give where the agent of a state folder listens."""
    return home / "agent" / "socket"


def listen_for_clients(home: Path) -> tuple[socket.socket, tuple[int, int]]:
    """Listen, in the place of a socket that a killed agent left; gives the socket, and what tells its file from another.

    The caller holds the agent's lock: nobody listens there now.
    """
    path = socket_path(home)
    if len(os.fsencode(path)) > _LONGEST:
        raise LeastkeyError(
            "unsafe-path",
            f"`{path}` is too long a name for a socket",
            why=f"{len(os.fsencode(path))} bytes, and systems take {_LONGEST}",
            remedy="choose a folder with a shorter name: `export LEASTKEY_HOME=/path/to/a/private/folder`",
        )
    ensure_folder(path.parent)
    remove(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen(64)
        status = path.lstat()
    except OSError as error:
        listening.close()
        raise failure(error, path) from error
    return listening, (status.st_dev, status.st_ino)


def is_ours(peer: socket.socket) -> bool:
    """Say whether the other side of a Unix socket runs as our user. Where the system cannot tell, it does not."""
    place = {"linux": (socket.SOL_SOCKET, 17, 12), "darwin": (0, 1, 76)}.get(sys.platform)
    if place is None:
        return False
    try:
        told = peer.getsockopt(*place)
    except OSError:
        return False
    return int.from_bytes(told[4:8], sys.byteorder) == os.geteuid()


def ask_agent(home: Path, word: str) -> bytes | None:
    """Ask the agent of a state folder; None when none answers. An agent of another user is refused (`unsafe-file`)."""
    path = socket_path(home)
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return None
    except OSError:
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
        agent.settimeout(_SECONDS)
        try:
            agent.connect(str(path))
            if not is_ours(agent):
                raise LeastkeyError(
                    "unsafe-file",
                    f"another user listens at `{path}`",
                    why="an agent holds sessions for its own user alone",
                    remedy=f"`ls -la {path.parent}`",
                )
            agent.sendall(word.encode() + b"\n")
            answer = b""
            while (part := agent.recv(65_536)) and len(answer) < _MOST_BYTES:
                answer += part
        except OSError:
            return None
    return answer
