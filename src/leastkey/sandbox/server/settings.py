"""The settings of a sandbox: what makes it do what AWS does rarely. They last until it stops.

Each is set by a name and texts, the same from the control door and from the file that `sandbox start --settings` reads. What
is not known is a ValueError, whose text is for people, and changes nothing.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from leastkey.clock import SystemClock
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import ACCOUNT, AccountId
from leastkey.sandbox.gate.injection import Injection
from leastkey.sandbox.gate.obstacles import Obstacles
from leastkey.sandbox.server.clock import MovableClock, read_span
from leastkey.sandbox.state.accounts import Accounts
from leastkey.sandbox.state.sessions import Sessions
from leastkey.sandbox.state.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from leastkey.sandbox.gate.injection import Kind
    from leastkey.sandbox.server.wish import Setting

    Given = Mapping[str, str]

__all__ = ["Settings", "account_of", "check", "refuse_strangers"]

_LONGEST_DELAY: Final = timedelta(hours=1)
_TRUST: Final = ("permit", "refuse")


class Settings:
    """The settings of one sandbox. The caller holds the gate's lock."""

    def __init__(self, world: World, clock: MovableClock, obstacles: Obstacles) -> None:
        self._world = world
        self._clock = clock
        self._obstacles = obstacles
        self._first: tuple[Setting, ...] = ()
        self.known: Final[Mapping[str, tuple[Callable[[Given], None], tuple[str, ...]]]] = {
            "clock": (self._move, ("to", "strict")),
            "delay": (self._delay, ("span",)),
            "shared-oidc": (self._trust, ("set",)),
            "add-account": (self._account, ("account",)),
            "limit": (self._limit, ("operation", "rate", "burst")),
            "fault": (self._fault, ("operation", "kind", "count", "after", "seconds", "code")),
        }

    def put(self, name: str, given: Given) -> None:
        """Set one."""
        setting, fields = self.known[name]
        refuse_strangers(given, fields)
        setting(given)

    def begin(self, first: Sequence[Setting]) -> None:
        """Take the settings the sandbox starts with; `reset` comes back to them. Raises LeastkeyError with the place."""
        self._first = tuple(first)
        self.reset()

    def reset(self) -> None:
        """Be as at the start: the clock, faults and limits as the file says, else as AWS is."""
        self._clock.move("now")
        self._world.propagation.delay = timedelta()
        self._world.permits_shared_oidc = False
        self._obstacles.limits.clear()
        self._obstacles.injections.clear()
        for each in self._first:
            try:
                self.put(each.name, each.given)
            except ValueError as error:
                raise LeastkeyError(
                    "usage", str(error), why=f"the setting `{each.name}`", place=each.place
                ) from None

    def listed(self) -> dict[str, object]:
        """Give what is in force."""
        return {
            "time": self._clock.now().isoformat(timespec="seconds"),
            "offset_seconds": round(self._clock.offset.total_seconds()),
            "strict": self._clock.is_strict,
            "delay_seconds": round(self._world.propagation.delay.total_seconds()),
            "shared_oidc": _TRUST[not self._world.permits_shared_oidc],
            "limits": self._obstacles.limits.listed(),
            "faults": self._obstacles.injections.listed(),
        }

    def _move(self, given: Given) -> None:
        strict = given.get("strict", "no")
        if strict not in ("yes", "no"):
            raise ValueError("strict is `yes` or `no`")
        self._clock.move(given.get("to", ""), strict=strict == "yes")

    def _delay(self, given: Given) -> None:
        span = read_span(given.get("span", ""))
        if span > _LONGEST_DELAY:
            raise ValueError("changes take at most an hour to spread")
        self._world.propagation.delay = span

    def _trust(self, given: Given) -> None:
        if given.get("set") not in _TRUST:
            raise ValueError("trust in a shared OIDC provider is `permit` or `refuse`")
        self._world.permits_shared_oidc = given["set"] == "permit"

    def _account(self, given: Given) -> None:
        self._world.accounts.ensure(account_of(given))

    def _limit(self, given: Given) -> None:
        rate, burst = _number(given, "rate", 0), int(_number(given, "burst", 0))
        self._obstacles.limits.put(given.get("operation", ""), rate, burst)

    def _fault(self, given: Given) -> None:
        self._obstacles.injections.add(
            Injection(
                given.get("operation", ""),
                cast("Kind", given.get("kind", "")),
                int(_number(given, "count", 1)),
                int(_number(given, "after", 0)),
                _number(given, "seconds", 0),
                given.get("code", ""),
            )
        )


def check(first: Sequence[Setting]) -> None:
    """Try settings on a sandbox of paper. Raises LeastkeyError `usage` with the place."""
    clock = MovableClock(SystemClock())
    Settings(World(Accounts(), Sessions()), clock, Obstacles(clock)).begin(first)


def account_of(given: Given) -> AccountId:
    """Read an account id. Raises ValueError."""
    account = given.get("account", "")
    if not ACCOUNT.fullmatch(account):
        raise ValueError(f"`{account}` is no account id, which is twelve digits")
    return AccountId(account)


def refuse_strangers(given: Given, names: Sequence[str]) -> None:
    """Refuse what is not known there. Raises ValueError."""
    strangers = sorted(set(given) - set(names))
    if strangers:
        raise ValueError(f"unknown: {', '.join(strangers)}")


def _number(given: Given, name: str, default: float) -> float:
    try:
        number = float(given.get(name, default))
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"`{name}` is no number")
    return number
