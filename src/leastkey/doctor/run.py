"""All checks, one after the other: each says something, and one that breaks says that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from leastkey.doctor import account, embedded, files, profiles, stores, variables
from leastkey.doctor.finding import Check, Finding
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.doctor.finding import Surroundings

__all__ = ["CHECKS", "Checked", "examine"]

CHECKS: Final = (
    Check("state-folder", files.state_folder),
    Check("aws-files", files.aws_files),
    Check("shadowed-profiles", profiles.shadows),
    Check("profile-helpers", profiles.helpers),
    Check("variables", variables.left_over),
    Check("endpoints", variables.endpoints),
    Check("plain-keys", files.keys_in_the_clear),
    Check("keyring-backends", variables.keyrings),
    Check("vaults", stores.vaults),
    Check("sessions", stores.sessions),
    Check("open-operations", stores.open_operations),
    Check("sandbox-snapshot", embedded.snapshot),
    Check("key-age", account.keys),
    Check("clock", account.clock),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """One finding of a check. `is_fixed`: it was there, and was put right."""

    check: str
    finding: Finding
    is_fixed: bool = False


def examine(around: Surroundings, *, fix: bool) -> tuple[Checked, ...]:
    """Make every check, in the order of CHECKS; with `fix` put right what is safe to."""
    return tuple(
        _mended(check, finding) if fix else Checked(check.name, finding)
        for check in CHECKS
        for finding in _looked(check, around)
    )


def _looked(check: Check, around: Surroundings) -> tuple[Finding, ...]:
    try:
        return tuple(check.look(around)) or (Finding("ok", "nothing found"),)
    except LeastkeyError as error:
        return (Finding("error", f"could not look: [{error.code}] {error.what}", error.remedy),)
    except Exception as error:  # noqa: BLE001  # a check that breaks is an answer of its own; its text could quote a secret
        return (Finding("error", f"could not look: a bug in leastkey, {type(error).__name__}"),)


def _mended(check: Check, finding: Finding) -> Checked:
    if finding.mend is None:
        return Checked(check.name, finding)
    try:
        finding.mend()
    except LeastkeyError as error:
        return Checked(check.name, replace(finding, what=f"{finding.what}; not put right: {error.what}"))
    return Checked(check.name, replace(finding, state="ok"), is_fixed=True)
