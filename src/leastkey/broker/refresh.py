"""When a session is due to be renewed, from what AWS's own clients do.

botocore asks its credential process again from 15 minutes before the end (and waits for the answer from 10), so an
answer should have more than that left. A third of a short session would fall below it; the shortest ones cannot
satisfy it at all, botocore then asks on every call and gets the cached answer until little is left.
Source: botocore, `credentials.py`, RefreshableCredentials; AWS SDKs and Tools Reference Guide, "Process credential
provider".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

__all__ = ["least_left", "refresh_at"]

_LEFT: Final = ((2_700, 1_200), (1_080, 960), (960, 900))
"""Session seconds from which on, and the seconds left at which it is renewed."""
_SHORT_LEFT: Final = 300


def refresh_at(session_seconds: int, expiration: datetime) -> datetime:
    """Give the moment from which on a new session is minted instead of serving the cached one."""
    left = next((left for least, left in _LEFT if session_seconds >= least), _SHORT_LEFT)
    return expiration - timedelta(seconds=left)


def least_left(session_seconds: int) -> timedelta:
    """Give the life that a session handed out has at least: a quarter of an hour, where it is given more than that."""
    return timedelta(seconds=900 if session_seconds >= 960 else 0)
