"""What a check says, and what it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from leastkey.apply.status import IdentityStatus
    from leastkey.clock import Clock
    from leastkey.ports.binding import Binding
    from leastkey.ports.local import Local

__all__ = ["Check", "Finding", "State", "Surroundings"]

State = Literal["ok", "warn", "bad", "error", "skipped"]
"""`error`: the check could not look. `skipped`: it was told not to."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check found: in words, with what helps. `mend` does it, where that is safe, and may raise LeastkeyError."""

    state: State
    what: str
    fix: tuple[str, ...] = ()
    mend: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """This computer as checks see it. What may be refused is a call, made by the checks that need it.

    `account` asks AWS about the identities of the spec, and `finish` finishes operations that are open; None where AWS
    may not be asked.
    """

    environ: Mapping[str, str]
    home: Path
    folder: Path
    clock: Clock
    local: Callable[[], Local]
    bindings: Callable[[], tuple[Binding, ...]]
    account: Callable[[], tuple[IdentityStatus, ...]] | None
    finish: Callable[[], None] | None


@dataclass(frozen=True, slots=True)
class Check:
    """A check by its name, which is stable: `--json` and `leastkey help doctor` use it."""

    name: str
    look: Callable[[Surroundings], Iterable[Finding]]
