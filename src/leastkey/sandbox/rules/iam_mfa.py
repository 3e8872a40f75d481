"""A virtual MFA device is enabled with two consecutive codes of its own.

Source: IAM API Reference, EnableMFADevice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.state.totp import follows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.sandbox.state.world import World

__all__ = ["mfa_refusal"]


def mfa_refusal(
    operation: str, given: Mapping[str, Any], account: str, now: datetime, world: World
) -> Refusal | None:
    """Refuse to enable a device that is not there, is somebody's already, or whose codes are wrong."""
    if operation not in ("EnableMFADevice", "ResyncMFADevice"):
        return None
    serial = str(given.get("SerialNumber", ""))
    device = world.iam(account).virtual_mfa_devices.get(serial)
    if device is None:
        return Refusal(404, "NoSuchEntity", f"VirtualMFADevice with serial number {serial} does not exist.")
    if operation == "EnableMFADevice" and device.user is not None:
        words = f"MFA Device already exists for serial number {serial}."
        return Refusal(409, "EntityAlreadyExists", words)
    first, second = str(given.get("AuthenticationCode1", "")), str(given.get("AuthenticationCode2", ""))
    if not follows(device.base32_string_seed, first, second, now):
        return Refusal(403, "InvalidAuthenticationCode", "Authentication code for device is not valid")
    return None
