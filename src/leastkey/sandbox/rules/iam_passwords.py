"""Passwords of users: what the account's password policy asks of them, and when they were changed.

Source: IAM User Guide, "Set an account password policy for IAM users"; IAM API Reference, CreateLoginProfile (PasswordPolicyViolation),
UpdateAccountPasswordPolicy (valid ranges).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["next_rotation", "note_password", "password_fault"]

_SETS: Final = ("CreateLoginProfile", "UpdateLoginProfile")
_KINDS: Final = (
    ("require_uppercase_characters", re.compile(r"[A-Z]", re.ASCII)),
    ("require_lowercase_characters", re.compile(r"[a-z]", re.ASCII)),
    ("require_numbers", re.compile(r"[0-9]", re.ASCII)),
    ("require_symbols", re.compile(r"[!@#$%^&*()_+\-=\[\]{}|']", re.ASCII)),
)
_DEFAULT_LENGTH: Final = 8
_DEFAULT_KINDS: Final = 3
_RANGES: Final = {
    "MaxPasswordAge": (1, 1095),
    "MinimumPasswordLength": (6, 128),
    "PasswordReusePrevention": (1, 24),
}


def password_fault(operation: str, parameters: Parameters, account: str, world: World) -> Refusal | None:
    """Refuse a password that the policy does not take, and a policy that AWS does not take."""
    if operation == "UpdateAccountPasswordPolicy":
        return next(filter(None, (_out_of_range(name, text(parameters, name)) for name in _RANGES)), None)
    password = text(parameters, "Password")
    if (
        operation not in _SETS
        or not password
        or _is_taken(password, world.iam(account).account_password_policy)
    ):
        return None
    words = "Password does not conform to the account password policy."
    return Refusal(400, "PasswordPolicyViolation", words)


def _out_of_range(name: str, value: str) -> Refusal | None:
    least, most = _RANGES[name]
    if not value.isdecimal() or least <= int(value) <= most:
        return None
    side, bound = ("less", most) if int(value) > most else ("greater", least)
    words = (
        f"1 validation error detected: Value '{value}' at '{name[:1].lower()}{name[1:]}' failed to satisfy constraint: "
        f"Member must have value {side} than or equal to {bound}"
    )
    return Refusal(400, "ValidationError", words)


def _is_taken(password: str, policy: Any) -> bool:
    has = {name: kind.search(password) is not None for name, kind in _KINDS}
    if policy is None:
        return len(password) >= _DEFAULT_LENGTH and sum(has.values()) >= _DEFAULT_KINDS
    wanted = [name for name in has if getattr(policy, name)]
    return len(password) >= policy.minimum_password_length and all(has[name] for name in wanted)


def note_password(operation: str, parameters: Parameters, account: str, now: datetime, world: World) -> None:
    """Keep when a user's password was set."""
    user = world.user(account, text(parameters, "UserName")) if operation in _SETS else None
    if user is not None and text(parameters, "Password"):
        user.password_changed = now


def next_rotation(changed: datetime, account: str, world: World) -> datetime | None:
    """Give when a password must be set anew, None where the account's policy asks for no rotation."""
    policy = world.iam(account).account_password_policy
    days = 0 if policy is None else policy.max_password_age or 0
    return changed + timedelta(days=days) if days else None
