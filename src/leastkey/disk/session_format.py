"""How a cached session lies on this computer, and how to read one with next to no imports.

The AWS CLI starts our helper before every command, under `python -I -S`: what this module imports is paid every time.
An entry is one line with the unix time at which the session is due to be renewed, then the finished
`credential_process` document. It lies in `HOME/sessions/<binding>.json`, or in the Linux kernel's user keyring under
`leastkey:<id of this cache>:<binding>`; that id lies beside the files, so a cache that was removed is forgotten at once.
"""

from __future__ import annotations

import os

__all__ = [
    "CACHE_ID_FILE",
    "FOLDER",
    "FORGOTTEN_FILE",
    "KEY_TYPE",
    "SEARCH",
    "SUFFIX",
    "USER_KEYRING",
    "cached_document",
    "entry",
    "is_binding",
    "kernel_calls",
    "key_name",
    "read_entry",
    "read_kernel",
    "split",
]

FOLDER = "sessions"
SUFFIX = ".json"
CACHE_ID_FILE = "cache-id"
FORGOTTEN_FILE = "forgotten"
"""Its time is that of the last session that was forgotten on purpose; who holds sessions in memory looks at it."""
USER_KEYRING = -4
KEY_TYPE = b"user"
SEARCH = 10
READ = 11
_MOST_BYTES = 32_768
_CALLS = {"x86_64": (248, 250), "aarch64": (217, 219), "riscv64": (217, 219)}
"""Numbers of add_key and keyctl, by machine (Linux, 64 bits)."""


def is_binding(binding: str) -> bool:
    """Say whether this is a binding's id, and so a safe file name."""
    return len(binding) == 16 and all(character in "0123456789abcdef" for character in binding)


def entry(refresh_at: int, document: str) -> bytes:
    """Give the bytes of an entry."""
    return f"{refresh_at}\n{document}\n".encode()


def split(data: bytes) -> tuple[int, bytes] | None:
    """Give the renewal time and the document of an entry, or None when it is none of ours."""
    line, found, document = data.partition(b"\n")
    return (int(line), document) if found and line.isdigit() and document.endswith(b"}\n") else None


def cached_document(home: str, binding: str, now: float) -> bytes | None:
    """Give the document to print, or None when there is none or it is due to be renewed."""
    data = read_entry(home, binding)
    parts = None if data is None else split(data)
    return parts[1] if parts is not None and now < parts[0] else None


def read_entry(home: str, binding: str) -> bytes | None:
    """Give a cached entry: from its file, else from the kernel. Unsafe files count as absent; a slow path says why."""
    if not is_binding(binding):
        return None
    folder = f"{home}/{FOLDER}"
    if (data := _private(f"{folder}/{binding}{SUFFIX}")) is not None:
        return data
    cache_id = _private(f"{folder}/{CACHE_ID_FILE}")
    return None if cache_id is None else read_kernel(key_name(cache_id, binding))


def key_name(cache_id: bytes, binding: str) -> bytes:
    """Give the description of a key in the kernel's keyring."""
    return b"leastkey:" + cache_id.strip() + b":" + binding.encode()


def _private(path: str) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:  # absent, or a link
        return None
    try:
        status = os.fstat(fd)
        regular = status.st_mode & 0o170000 == 0o100000
        if not regular or status.st_mode & 0o077 or status.st_uid != os.geteuid():
            return None
        return os.read(fd, _MOST_BYTES)
    except OSError:
        return None
    finally:
        os.close(fd)


def kernel_calls() -> tuple[int, int] | None:
    """Give the numbers of add_key and keyctl here, or None where there is no such keyring."""
    import sys

    if sys.platform != "linux" or sys.maxsize <= 2**32:
        return None
    return _CALLS.get(os.uname().machine)


def read_kernel(name: bytes) -> bytes | None:
    """Give what the kernel's user keyring holds under a name, or None."""
    calls = kernel_calls()
    if calls is None:
        return None
    import ctypes

    number = calls[1]
    syscall = ctypes.CDLL(None).syscall
    syscall.restype = ctypes.c_long
    key = syscall(number, SEARCH, ctypes.c_long(USER_KEYRING), KEY_TYPE, name, 0)
    if key <= 0:
        return None
    buffer = ctypes.create_string_buffer(_MOST_BYTES)
    size = syscall(number, READ, ctypes.c_long(key), buffer, ctypes.c_size_t(_MOST_BYTES), 0)
    return buffer.raw[:size] if 0 < size <= _MOST_BYTES else None
