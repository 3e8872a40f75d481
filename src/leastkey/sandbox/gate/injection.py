"""Faults that were asked for: the next calls of an operation fail as networks and AWS fail, counted, never by chance."""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from leastkey.sandbox.gate.targets import covers, known_target

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest

__all__ = ["Injection", "Injections", "Kind"]

Kind = Literal["throttle", "error", "reset", "lost", "cut", "delay"]
_KINDS: Final[tuple[str, ...]] = get_args(Kind)

_MOST: Final = 1_000_000
_LONGEST: Final = 300.0
_REMEMBERED: Final = 1000
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,127}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault: it lets `after` calls of its target pass, then fires on `count`, each `seconds` late."""

    target: str
    kind: Kind
    count: int = 1
    after: int = 0
    seconds: float = 0
    code: str = ""


@dataclass(slots=True)
class _Running:
    injection: Injection
    passed: int = 0
    fired: int = 0


class Injections:
    """The faults in force, in the order they were added, and what they did. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[_Running] = []
        self._fired: deque[dict[str, object]] = deque(maxlen=_REMEMBERED)

    def add(self, injection: Injection) -> None:
        """Add a fault. Raises ValueError, whose text is for people."""
        _check(injection)
        with self._lock:
            self._running.append(_Running(injection))

    def clear(self) -> int:
        """Drop all faults and what they did; gives how many there were."""
        with self._lock:
            dropped = len(self._running)
            self._running = []
            self._fired.clear()
        return dropped

    def meet(self, request: AwsRequest, operation: str) -> Injection | None:
        """Count a call that would succeed, and give the fault that fires on it: the first that is due."""
        if not self._running:
            return None
        with self._lock:
            met = [
                each
                for each in self._running
                if each.fired < each.injection.count
                and covers(each.injection.target, request.signing_name, operation)
            ]
            for running in met:
                if running.passed < running.injection.after:
                    running.passed += 1
                    continue
                running.fired += 1
                self._fired.append(_note(request, operation, running.injection.kind))
                return running.injection
        return None

    def listed(self) -> list[dict[str, object]]:
        """Give the faults with how often each has let pass and fired."""
        with self._lock:
            return [
                {
                    "operation": each.injection.target,
                    "kind": each.injection.kind,
                    "count": each.injection.count,
                    "after": each.injection.after,
                    "seconds": each.injection.seconds,
                    "code": each.injection.code,
                    "passed": each.passed,
                    "fired": each.fired,
                }
                for each in self._running
            ]

    def fired(self) -> list[dict[str, object]]:
        """Give what fired, oldest first; the last thousand."""
        with self._lock:
            return list(self._fired)


def _note(request: AwsRequest, operation: str, kind: str) -> dict[str, object]:
    return {
        "time": request.now.isoformat(timespec="seconds"),
        "operation": f"{request.signing_name}:{operation}",
        "kind": kind,
        "account": request.account,
        "request_id": request.request_id,
    }


def _check(injection: Injection) -> None:
    known_target(injection.target)
    if injection.kind not in _KINDS:
        raise ValueError(f"`{injection.kind}` is no kind of fault; {', '.join(_KINDS)} are")
    if not 1 <= injection.count <= _MOST or not 0 <= injection.after <= _MOST:
        raise ValueError("a fault fires on 1 to 1000000 calls, after 0 to 1000000")
    if not 0 <= injection.seconds <= _LONGEST:
        raise ValueError("a fault takes 0 to 300 seconds")
    if injection.kind == "delay" and not injection.seconds:
        raise ValueError("a delay takes seconds")
    if injection.code and cast("str", injection.kind) != "error":
        raise ValueError("only an error has a code")
    if injection.code and not _CODE.fullmatch(injection.code):
        raise ValueError(f"`{injection.code}` is no error code; `ServiceFailure` is")
