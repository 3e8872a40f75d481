"""The run file: where a sandbox answers, and the token of its control door. Private, and there before any port answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from leastkey.disk.files import read_private, remove, write_private
from leastkey.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RunInfo", "read_run", "remember_port", "remembered_port", "remove_run", "write_run"]

_RUN: Final = "run.json"
_PORT: Final = "port"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A running sandbox. `already` says that it ran before it was asked for."""

    pid: int
    port: int
    control_port: int
    token: Secret
    started: datetime
    vault: str | None
    """Where the key of its snapshots lies; None where it keeps nothing."""
    version: str
    already: bool = False

    @property
    def is_ephemeral(self) -> bool:
        """Whether it keeps nothing."""
        return self.vault is None

    @property
    def endpoint_url(self) -> str:
        """The address clients use: the IP form, so that SDKs address buckets by path."""
        return f"http://127.0.0.1:{self.port}"


def write_run(folder: Path, run: RunInfo) -> None:
    """Write the run file."""
    write_private(
        folder / _RUN,
        json.dumps(
            {
                "pid": run.pid,
                "port": run.port,
                "endpoint_url": run.endpoint_url,
                "control_port": run.control_port,
                "control_token": run.token.reveal(),
                "started": run.started.isoformat(),
                "ephemeral": run.is_ephemeral,
                "vault": run.vault,
                "version": run.version,
            },
            indent=2,
        ).encode()
        + b"\n",
    )


def read_run(folder: Path) -> RunInfo | None:
    """Read the run file; one that is absent or damaged speaks of no sandbox."""
    data = read_private(folder / _RUN)
    try:
        plain = json.loads(data or b"")
        return RunInfo(
            pid=int(plain["pid"]),
            port=int(plain["port"]),
            control_port=int(plain["control_port"]),
            token=Secret(str(plain["control_token"])),
            started=datetime.fromisoformat(plain["started"]),
            vault=None if plain["vault"] is None else str(plain["vault"]),
            version=str(plain["version"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def remove_run(folder: Path) -> None:
    """Remove the run file."""
    remove(folder / _RUN)


def remembered_port(folder: Path) -> int:
    """Give the port the sandbox had last, 0 where there is none: profiles point at it."""
    text = (read_private(folder / _PORT) or b"").decode("ascii", "replace").strip()
    return int(text) if text.isdigit() and 0 < int(text) < 65536 else 0


def remember_port(folder: Path, port: int) -> None:
    """Keep the port for the next start."""
    write_private(folder / _PORT, f"{port}\n".encode())
