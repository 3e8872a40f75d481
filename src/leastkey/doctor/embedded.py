"""The embedded AWS: can this version read the state that it left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.doctor.finding import Finding
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.doctor.finding import Surroundings

__all__ = ["snapshot"]


def snapshot(around: Surroundings) -> Iterator[Finding]:
    """Read the sandbox's snapshot as a start would. Nothing where there is none."""
    folder = around.home / "sandbox"
    if not (folder / "snapshot.bin").exists():
        return
    from leastkey.sandbox.server.lifecycle import require_packages
    from leastkey.sandbox.server.snapshot import SnapshotFile

    try:
        require_packages()
        SnapshotFile(folder).read()
    except LeastkeyError as error:
        why = f": {error.why[0]}" if error.why else ""
        yield Finding("bad", f"{error.what}{why}", error.remedy)
