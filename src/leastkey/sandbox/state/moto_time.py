"""moto's sense of time: its timestamps come from the sandbox's clock, whatever the computer's says.

moto takes nearly all of them from `moto.core.utils`; S3 makes the date of a bucket by itself, Secrets Manager reads
the computer's clock and keeps doing so.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from leastkey.clock import Clock

__all__ = ["rule_time"]

_MODULES: Final = ("moto.core.utils", "moto.s3.models")


class _Like(type):
    """Takes every datetime for an instance of the class below."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, dt.datetime)


class _Datetime(dt.datetime, metaclass=_Like):
    """`datetime.datetime` that tells the sandbox's time. What it makes are plain datetimes: snapshots hold them."""

    clock: Clock

    def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
        return dt.datetime(*arguments, **keywords)  # noqa: DTZ001  # with the zone that moto asks for

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        """Give the sandbox's time; without a zone in that of the computer, as Python does."""
        moment = cls.clock.now().astimezone(tz)
        return moment if tz is not None else moment.replace(tzinfo=None)


class _Module:
    """The module `datetime` as moto sees it."""

    datetime = _Datetime

    def __getattr__(self, name: str) -> Any:
        return getattr(dt, name)


def rule_time(clock: Clock) -> None:
    """Make moto tell the time of a clock; the last one given rules."""
    from importlib import import_module

    _Datetime.clock = clock
    for name in _MODULES:
        setattr(import_module(name), "datetime", _Module())  # noqa: B010  # a global of moto's modules, replaced
