"""What only AWS can say: what time it is there, and how old the keys are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.aws.server_clock import server_clock
from leastkey.doctor.finding import Finding
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.keys.clock_skew import SKEW_SECONDS
from leastkey.plan.diff_key import delete_command
from leastkey.plan.revoked import restore_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.apply.status import IdentityStatus
    from leastkey.doctor.finding import Surroundings

__all__ = ["clock", "keys"]

_OFFLINE: Final = Finding("skipped", "AWS was not asked: --offline")
_NOTICED: Final = 30
"""A clock this far off, in seconds, is worth a word: AWS takes five minutes."""


def clock(around: Surroundings) -> Iterator[Finding]:
    """Compare this clock with AWS's, by the `Date` header of an answer that needs no credentials."""
    if around.account is None:
        yield _OFFLINE
        return
    bound = {(each.region, each.endpoint_url) for each in around.bindings()}
    if not bound:
        yield Finding("ok", "no identity is set up here")
    for region, endpoint in sorted(bound, key=str):
        where = endpoint or f"AWS in {region}"
        try:
            there = server_clock(region, endpoint, around.clock)
        except LeastkeyError as error:
            yield Finding("error", error.what, error.remedy)
            continue
        seconds = round((there - around.clock.now()).total_seconds())
        behind = "behind" if seconds > 0 else "ahead of"
        words = f"this clock is {abs(seconds)} s {behind} {where}"
        if abs(seconds) >= SKEW_SECONDS:
            yield Finding("bad", f"{words}; calls fail past 300", ("timedatectl set-ntp true",))
        elif abs(seconds) >= _NOTICED:
            yield Finding("warn", words, ("timedatectl set-ntp true",))
        else:
            yield Finding("ok", words)


def keys(around: Surroundings) -> Iterator[Finding]:
    """Ask AWS how old each key is, and whether there is one that nobody here knows."""
    if around.account is None:
        yield _OFFLINE
        return
    for status in around.account():
        yield from _of(status)


def _of(status: IdentityStatus) -> Iterator[Finding]:
    name = status.name
    if status.is_revoked:
        yield Finding("warn", f"`{name}` is revoked", (restore_command(name),))
        return
    if status.keys is None:
        yield Finding("error", f"the keys of `{name}` could not be read: {status.unread}")
        return
    for key in status.keys:
        age = f"{key.age.days} days old"
        if key.role == "unknown here":
            yield Finding(
                "bad",
                f"{shown(key.id)} of `{status.user}`, {age}, is known to nobody on this computer",
                (f"nobody uses it? {delete_command(str(status.user), key.id)}",),
            )
        elif key.kept_until is not None:
            until = f"{key.kept_until:%Y-%m-%d %H:%M}Z"
            yield Finding("ok", f"{shown(key.id)}, the key `{name}` had before, is kept until {until}")
        elif not key.is_active:
            yield Finding(
                "bad", f"{shown(key.id)}, the key of `{name}`, is switched off", ("leastkey status",)
            )
        elif key.is_due:
            again = "key send" if key.role == "sent to another computer" else "rotate"
            yield Finding(
                "bad",
                f"{shown(key.id)}, the key of `{name}`, is {age}: it was due {key.due:%Y-%m-%d}",
                (
                    f"leastkey {again} {name}"
                    if again == "rotate"
                    else f"leastkey {again} {name} --to AGE1... --again",
                ),
            )
        else:
            yield Finding("ok", f"{shown(key.id)}, the key of `{name}`, is {age}, due {key.due:%Y-%m-%d}")
    if status.in_use is not None and all(key.id != status.in_use for key in status.keys):
        yield Finding("bad", f"{shown(status.in_use)}, the key of `{name}`, is gone at AWS", ("leastkey up",))
