"""The settings of the sandbox: read from the file of `sandbox start --settings`, and told by `sandbox status`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from leastkey.cli.given_file import given_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leastkey.sandbox.server.wish import Setting

__all__ = ["settings_lines", "settings_of"]

_MOST: Final = 1 << 20


def settings_of(file: str) -> tuple[Setting, ...]:
    """Read and try settings before anything is started. Raises LeastkeyError `usage` with the place."""
    from leastkey.sandbox.server.settings import check
    from leastkey.sandbox.server.settings_file import read_settings

    settings = read_settings(given_text(file, _MOST), "stdin" if file == "-" else file)
    check(settings)
    return settings


def settings_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Tell what is in force that AWS would not do by itself."""
    if found.get("offset_seconds") or found.get("strict"):
        moved = timedelta(seconds=found["offset_seconds"])
        yield f"Clock     moved by {moved}{', strict' if found['strict'] else ''}"
    if found.get("delay_seconds"):
        yield f"Delay     changes count after {found['delay_seconds']} s"
    if found.get("shared_oidc") == "permit":
        yield "Trust     everybody at a shared OIDC provider may be trusted, which AWS refuses"
    for each in found.get("limits", ()):
        yield f"Limit     {each['operation']}, {each['rate']:g} a second, {each['burst']} at once"
    for each in found.get("faults", ()):
        yield f"Fault     {each['kind']} {each['operation']}, fired {each['fired']} of {each['count']}"
