"""The embedded AWS: can this version read the state that it left."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING

from leastkey.doctor.finding import Finding
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.doctor.finding import Surroundings

__all__ = ["snapshot"]


def snapshot(around: Surroundings) -> Iterator[Finding]:
    """Compare the versions that made the sandbox's snapshot with these. Nothing where there is none."""
    folder = around.home / "sandbox"
    if not (folder / "snapshot.bin").exists():
        return
    from leastkey.sandbox.server.snapshot_file import SnapshotFile

    try:
        SnapshotFile.refuse_stale(folder)
    except LeastkeyError as error:
        why = f": {error.why[0]}" if error.why else ""
        yield Finding("bad", f"{error.what}{why}", error.remedy)
    except PackageNotFoundError:
        yield Finding(
            "bad", "a sandbox was here, and its packages are gone", ("pip install 'leastkey[sandbox]'",)
        )
