"""Names, paths and tags of a project's entities, and the check that no two of them want one name.

Source: IAM User Guide, "IAM and AWS STS quotas": names are unique in an account ignoring case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leastkey.errors import LeastkeyError
from leastkey.iam.canonical import digest
from leastkey.iam.marks import IDENTITY_TAG, PROJECT_TAG, SETTINGS_TAG, path_of
from leastkey.iam.names import fitted, name_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.compile.wanted import Tags, Wanted, WantedIdentity
    from leastkey.iam.arn import AccountId
    from leastkey.iam.names import Kind
    from leastkey.spec.model import Identity, Place

__all__ = ["Home", "refuse_clashes", "usable"]


@dataclass(frozen=True, slots=True)
class Home:
    """Where a project's entities live: account, partition, and the IAM path that marks them as ours."""

    account: AccountId
    partition: str
    project: str

    @property
    def path(self) -> str:
        """The IAM path of the project."""
        return path_of(self.project)

    def default_name(self, kind: Kind, identity: Identity) -> str:
        """Give the name an entity has when the spec names none: PROJECT-IDENTITY."""
        return fitted(kind, f"{self.project}-{identity.name}")

    @property
    def project_tags(self) -> Tags:
        """The tags of what belongs to no single identity."""
        return ((PROJECT_TAG, self.project),)

    def tags(self, identity: Identity) -> Tags:
        """Give the tags that say whose an entity is."""
        return ((IDENTITY_TAG, identity.name), *self.project_tags)

    def role_tags(self, identity: Identity, description: str, max_session_seconds: int) -> Tags:
        """Give a role's tags. One stands for what the account's dump leaves out: description and longest session."""
        settings = digest({"description": description, "max_session_seconds": max_session_seconds})
        return (*self.tags(identity), (SETTINGS_TAG, settings))


def usable(kind: Kind, name: str, place: Place) -> str:
    """Give the name back, or refuse it when IAM would."""
    fault = name_fault(kind, name)
    if fault is not None:
        raise LeastkeyError("spec-invalid", f"`{name}` is no name: {fault}", place=str(place))
    return name


def refuse_clashes(wanted: Wanted) -> None:
    """Raise `name-clash` when two entities of one kind, or two profiles, want one name."""
    owners: dict[tuple[str, str], WantedIdentity] = {}
    for kind, name, identity in _names(wanted):
        first = owners.setdefault((kind, name if kind == "profile" else name.lower()), identity)
        if first is not identity:
            raise LeastkeyError(
                "name-clash",
                f"`{first.name}` and `{identity.name}` both want the {kind} name `{name}`",
                why=(
                    f"`{first.name}` stands at {first.spec.place}",
                    "AWS compares names ignoring case" if kind != "profile" else "both would be one profile",
                ),
                remedy=_remedy(kind, identity),
                place=str(identity.spec.place),
            )


def _names(wanted: Wanted) -> Iterator[tuple[str, str, WantedIdentity]]:
    for identity in wanted.identities:
        own: dict[str, list[str]] = {
            "role": [identity.role.name],
            "policy": [policy.name for policy in (*identity.policies, identity.boundary) if policy],
            "user": [identity.user.name] if identity.user else [],
            "instance profile": [identity.instance_profile.name] if identity.instance_profile else [],
            "profile": [identity.profile.name] if identity.profile else [],
        }
        for kind, names in own.items():
            _refuse_twice(kind, names, identity)
            for name in names:
                yield kind, name, identity


def _refuse_twice(kind: str, names: list[str], identity: WantedIdentity) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise LeastkeyError(
                "name-clash",
                f"`{identity.name}` wants two {kind} entities called `{name}`",
                remedy=_remedy(kind, identity),
                place=str(identity.spec.place),
            )
        seen.add(name.lower())


def _remedy(kind: str, identity: WantedIdentity) -> str:
    match kind:
        case "user":
            return f"give `{identity.name}` a user of its own: `- user: NAME`"
        case "profile":
            return f"choose another profile for `{identity.name}`: `--profile NAME`"
        case "policy":
            return f"give `{identity.name}` another policy name: `names: {{policy: NAME}}`"
        case _:
            return f"give `{identity.name}` another role name: `names: {{role: NAME}}`"
