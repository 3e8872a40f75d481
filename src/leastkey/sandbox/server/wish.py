"""What is wished of a sandbox when it starts, as it goes over a pipe to its process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leastkey.sandbox.server.seal import Seal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Setting", "Wish"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting from a file: where it stands there, its name, and what it is given."""

    place: str
    name: str
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which folder and port (0 for the last one, else any); `seal` is None where nothing is kept."""

    folder: Path
    port: int
    seal: Seal | None = None
    settings: tuple[Setting, ...] = ()

    def handed_over(self) -> bytes:
        """Give it as bytes, the key of the seal among them."""
        seal = None if self.seal is None else self.seal.handed_over()
        settings = [(each.place, each.name, dict(each.given)) for each in self.settings]
        return json.dumps([str(self.folder), self.port, seal, settings]).encode()

    @classmethod
    def taken_over(cls, data: bytes) -> Wish:
        """Read what `handed_over` gave."""
        folder, port, seal, settings = json.loads(data)
        return cls(
            Path(folder),
            port,
            None if seal is None else Seal.taken_over(seal),
            tuple(Setting(*each) for each in settings),
        )
