"""What this computer knows of a project's identities, as values: keys in use, profiles, open key operations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.iam.credentials import AccessKeyId

__all__ = ["UNKNOWN_HERE", "LocalIdentity", "ProfileState", "SeenLocal"]

ProfileState = Literal["absent", "ours-current", "ours-stale", "foreign", "shadowed"]


@dataclass(frozen=True, slots=True)
class LocalIdentity:
    """One identity on this computer.

    `user` and `access_key` are the pointer: whose key is in use, and which. `bound_profile` is the profile that was
    written for it. `profile` is the state of the profile the spec wants, `profile_place` where the section or the
    static key stands that is in the way. `open_operations` counts key operations that a run has not finished. `is_secret_lost`: the vault could be
    read, and the pointer's secret is not in it.
    """

    user: str | None = None
    access_key: AccessKeyId | None = None
    bound_profile: str | None = None
    profile: ProfileState = "absent"
    profile_place: str | None = None
    open_operations: int = 0
    is_secret_lost: bool = False


UNKNOWN_HERE: Final = LocalIdentity()


@dataclass(frozen=True, slots=True)
class SeenLocal:
    """What this computer knows of one project in one account.

    `identities` holds those of the spec and those only this computer remembers. `held` are the keys, by lower-case
    user name, whose secret lies in the vault. `config_file` is the AWS config file as people call it.
    """

    identities: Mapping[str, LocalIdentity] = field(default_factory=dict)
    held: Mapping[str, frozenset[AccessKeyId]] = field(default_factory=dict)
    config_file: str = "~/.aws/config"

    def identity(self, name: str) -> LocalIdentity:
        """Give what is known of an identity; nothing is an answer too."""
        return self.identities.get(name, UNKNOWN_HERE)
