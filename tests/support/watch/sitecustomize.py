"""What every Python program that a test starts runs first: it reaches this computer only, and a warning is an error.

Programs of the computer itself, such as Debian's AWS CLI, may warn: their warnings are not ours to end.
"""

from __future__ import annotations

import ipaddress
import sys
import warnings


def _is_here(host: object) -> bool:
    if host in {None, "", b"", "localhost", b"localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    match event, arguments:
        case "socket.connect", (_, (host, *_)):
            pass
        case "socket.sendto", (_, (host, *_)):
            pass
        case "socket.getaddrinfo", (host, *_):
            pass
        case _:
            return
    if not _is_here(host):
        raise PermissionError(f"a test reaches out to {host!r}")


sys.addaudithook(_watch)
if sys.prefix != sys.base_prefix:
    warnings.simplefilter("error")
