"""Writing to the Linux kernel's user keyring: memory only, this user only, gone by itself after a time-out.

Source: Linux manual pages keyrings(7), add_key(2), keyctl(2). Where it is missing, blocked or full, callers use a file.
"""

from __future__ import annotations

import ctypes
from typing import Final

from leastkey.disk import session_format as form

__all__ = ["forget", "store"]

_SETPERM: Final = 5
_LINK: Final = 8
_SET_TIMEOUT: Final = 15
_INVALIDATE: Final = 21
_PROCESS_KEYRING: Final = -2
_OURS_ALONE: Final = 0x3F3F0000
"""All rights to who possesses the key and to its user, none to the group and to others."""


def _keyctl(number: int, operation: int, *arguments: int | bytes) -> int:
    syscall = ctypes.CDLL(None).syscall
    syscall.restype = ctypes.c_long
    passed = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = syscall(ctypes.c_long(number), ctypes.c_long(operation), *passed)
    return result


def store(name: bytes, data: bytes, seconds: int) -> bool:
    """Keep data under a name for so many seconds; says whether it is really there, read back and compared."""
    calls = form.kernel_calls()
    if calls is None or seconds <= 0:
        return False
    add_key, keyctl = calls
    # A process that does not possess the user keyring could add a key but not set its rights.
    _keyctl(keyctl, _LINK, form.USER_KEYRING, _PROCESS_KEYRING)
    forget(name)
    key = _keyctl_add(add_key, name, data)
    if key <= 0:
        return False
    stored = (
        _keyctl(keyctl, _SETPERM, key, _OURS_ALONE) == 0
        and _keyctl(keyctl, _SET_TIMEOUT, key, seconds) == 0
        and form.read_kernel(name) == data
    )
    if not stored:
        _keyctl(keyctl, _INVALIDATE, key)
    return stored


def _keyctl_add(number: int, name: bytes, data: bytes) -> int:
    syscall = ctypes.CDLL(None).syscall
    syscall.restype = ctypes.c_long
    key: int = syscall(
        ctypes.c_long(number),
        form.KEY_TYPE,
        name,
        data,
        ctypes.c_size_t(len(data)),
        ctypes.c_long(form.USER_KEYRING),
    )
    return key


def forget(name: bytes) -> None:
    """Drop what is kept under a name; no error when there is nothing."""
    calls = form.kernel_calls()
    if calls is None:
        return
    key = _keyctl(calls[1], form.SEARCH, form.USER_KEYRING, form.KEY_TYPE, name, 0)
    if key > 0:
        _keyctl(calls[1], _INVALIDATE, key)
