"""Our profiles: is it ours that AWS's tools use, and can its helper run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.doctor.finding import Finding
from leastkey.errors import LeastkeyError
from leastkey.keys.helper import is_stale, parse_command
from leastkey.keys.profile import COMMAND, EARLIER, repair_profiles
from leastkey.ports.binding import binding_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.doctor.finding import Surroundings
    from leastkey.ports.binding import Binding
    from leastkey.ports.local import Local

__all__ = ["helpers", "shadows"]


def shadows(around: Surroundings) -> Iterator[Finding]:
    """Look for what wins over a profile of ours: static keys, other settings, somebody else's section."""
    local = around.local()
    for binding in around.bindings():
        if binding.profile is None:
            continue
        if binding.config_file != local.profiles.config_file:
            yield Finding(
                "warn",
                f"the profile `{binding.profile}` was written into `{binding.config_file}`, "
                f"and AWS's tools now read `{local.profiles.config_file}`",
                (f"export AWS_CONFIG_FILE={binding.config_file}",),
            )
            continue
        yield from _shadow(binding, binding.profile, local)


def _shadow(binding: Binding, name: str, local: Local) -> Iterator[Finding]:
    place = local.profiles.shadowed_by(name)
    if place is not None:
        yield Finding(
            "bad",
            f"{place} holds a static key or another source, which wins over the profile `{name}`",
            (f"take it out there: {place}", "or choose another name: leastkey up --profile NAME"),
        )
    section = local.profiles.read(name)
    settings = {} if section is None else dict(section.settings)
    found = parse_command(settings.get(COMMAND, ""))
    if section is None:
        yield Finding("bad", f"the profile `{name}` is gone from {binding.config_file}", ("leastkey up",))
    elif found is None or found[1] != binding_id(binding.key):
        yield Finding(
            "bad",
            f"the profile `{name}` in {binding.config_file} does not serve `{binding.key.identity}`",
            ("leastkey up --profile NAME",),
        )
    for setting in sorted(EARLIER & settings.keys()):
        yield Finding(
            "bad",
            f"`{setting}` in the profile `{name}` wins over its credential_process",
            (f"take it out of {binding.config_file}",),
        )


def helpers(around: Surroundings) -> Iterator[Finding]:
    """Look whether the program behind each profile of ours is still there."""
    local = around.local()
    for binding in around.bindings():
        if binding.profile is None or binding.config_file != local.profiles.config_file:
            continue
        section = local.profiles.read(binding.profile)
        found = None if section is None else parse_command(dict(section.settings).get(COMMAND, ""))
        if found is not None and found[1] == binding_id(binding.key) and is_stale(found[0]):
            yield Finding(
                "bad",
                f"the profile `{binding.profile}` starts `{found[0].python}`, which is gone, or its script is",
                ("leastkey up", "leastkey doctor --fix"),
                lambda: _repair(local),
            )


def _repair(local: Local) -> None:
    if not repair_profiles(local):
        raise LeastkeyError(
            "temporary-environment",
            "this installation may not stand in a profile either",
            remedy="install leastkey to stay, then run it from there",
        )
