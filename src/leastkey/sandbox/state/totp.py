"""One-time codes of virtual MFA devices.

Source: IAM User Guide, "Assign a virtual MFA device in the AWS Management Console"; RFC 6238, RFC 4226.
"""

from __future__ import annotations

import hmac
from base64 import b32decode
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["follows", "step_of"]

_STEP_SECONDS: Final = 30
_ENABLING_STEPS: Final = 10
"""How old the codes may be that a device is enabled with: AWS names no figure, and asks to be quick about it."""


def step_of(seed: str, code: str, now: datetime) -> int | None:
    """Give the step whose code this is: now's, or the one before or after, for a slow or fast clock; None for no code."""
    steps = [_step(now) + drift for drift in (-1, 0, 1)]
    found = [step for step in steps if hmac.compare_digest(_code(seed, step), code)]
    return found[0] if found else None


def follows(seed: str, first: str, second: str, now: datetime) -> bool:
    """Say whether two codes are consecutive ones of the device, shown lately."""
    steps = range(_step(now) - _ENABLING_STEPS, _step(now) + 2)
    return any(
        hmac.compare_digest(_code(seed, step), first) and hmac.compare_digest(_code(seed, step + 1), second)
        for step in steps
    )


def _step(now: datetime) -> int:
    return int(now.timestamp()) // _STEP_SECONDS


def _code(seed: str, step: int) -> str:
    padded = seed + "=" * (-len(seed) % 8)
    mac = hmac.digest(b32decode(padded), step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
