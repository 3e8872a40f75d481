"""A vault that is not there: commands that look, or that cut access, go on without one and say why where it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from leastkey.errors import LeastkeyError
    from leastkey.secret import Secret

__all__ = ["AbsentVault"]


@dataclass(slots=True)
class AbsentVault:
    """Implements `ports.local.Vault`: every question is answered with why there is none."""

    why: LeastkeyError
    name: str = "none"

    def put(self, entry: str, secret: Secret) -> None:
        """Refuse."""
        del entry, secret
        self._refuse()

    def get(self, entry: str) -> Secret | None:
        """Refuse."""
        del entry
        self._refuse()

    def delete(self, entry: str) -> None:
        """Refuse."""
        del entry
        self._refuse()

    def entries(self) -> tuple[str, ...]:
        """Refuse."""
        self._refuse()

    def probe(self) -> None:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise self.why
