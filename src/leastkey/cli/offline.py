"""A project as this computer alone knows it: the accounts and endpoints it is bound in, without a question to AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leastkey.cli.context import ANY_ACCOUNT
from leastkey.compile.project import compile_project
from leastkey.iam.arn import AccountId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.compile.wanted import Wanted
    from leastkey.ports.binding import Binding
    from leastkey.spec.model import Spec

__all__ = ["Place", "places", "wanted_in"]


@dataclass(frozen=True, slots=True)
class Place:
    """An account at an endpoint, with the profiles the project's identities have there."""

    account: AccountId
    partition: str
    endpoint_url: str | None
    profiles: tuple[tuple[str, str], ...]


def places(spec: Spec, bound: Sequence[Binding]) -> tuple[Place, ...]:
    """Give where the project is bound on this computer; where it is nowhere, one place in any account."""
    mine = [
        each
        for each in bound
        if each.key.project == spec.project
        and each.target == spec.target
        and spec.account in {None, each.key.account}
    ]
    found: dict[tuple[str, str | None], Place] = {}
    for each in mine:
        place = (each.key.account, each.key.endpoint)
        of = [one for one in mine if (one.key.account, one.key.endpoint) == place]
        profiles = tuple((one.key.identity, one.profile) for one in of if one.profile is not None)
        found[place] = Place(each.key.account, each.partition, each.endpoint_url, profiles)
    anywhere = Place(AccountId(spec.account or ANY_ACCOUNT), "aws", None, ())
    return tuple(found.values()) or (anywhere,)


def wanted_in(spec: Spec, place: Place) -> Wanted:
    """Compile the spec for a place."""
    return compile_project(spec, place.account, place.partition, profile_names=dict(place.profiles) or None)
