"""Step 4 for tokens: the account's OpenID Connect providers, which all projects of an account share.

A provider is ours when it carries the project's tag: it has no path. Only ours is changed, and it goes only when no role
of another owner trusts it. Source: IAM User Guide, "Create an OpenID Connect (OIDC) identity provider in IAM".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.compile.wanted import Caution
from leastkey.errors import LeastkeyError
from leastkey.iam.marks import PROJECT_TAG
from leastkey.plan.changes import Lines
from leastkey.plan.operation import AddAudience, CreateProvider, DeleteProvider
from leastkey.plan.ownership import own_roles
from leastkey.spec.model import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.compile.wanted import Wanted, WantedProvider
    from leastkey.iam.document import PolicyDocument
    from leastkey.plan.plan import Change
    from leastkey.plan.seen import Seen, SeenProvider

__all__ = [
    "kept_providers",
    "own_providers",
    "provider_changes",
    "provider_removals",
    "providers_of",
    "strange_provider",
]


_ADD: Final = "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn"
_DELETE: Final = "aws iam delete-open-id-connect-provider --open-id-connect-provider-arn"


_NO_PLACE: Final = Place("leastkey.yaml", 1, 1)
"""Stands for a spec without any identity."""


def providers_of(trust: PolicyDocument | None) -> tuple[str, ...]:
    """Give the ARNs of the OpenID Connect providers that a trust policy names."""
    statements = () if trust is None else trust.statements
    principals = (each.principal for each in statements if each.principal is not None)
    return tuple(
        dict.fromkeys(arn for each in principals for arn in each.federated if ":oidc-provider/" in arn)
    )


def own_providers(project: str, seen: Seen) -> tuple[SeenProvider, ...]:
    """Give the project's providers among those that were read, sorted by ARN."""
    return tuple(each for _, each in sorted(seen.providers.items()) if each.tags.get(PROJECT_TAG) == project)


def provider_changes(wanted: Wanted, seen: Seen) -> Iterator[Change]:
    """Compare the providers that the project needs. Raises LeastkeyError where somebody else's would have to change."""
    for provider in wanted.providers:
        lines = Lines(provider.identity)
        there = seen.providers.get(str(provider.arn))
        if there is None:
            note = f"takes tokens made for {' and '.join(provider.audiences)}"
            yield lines.add("OIDC provider", _name(provider), note, CreateProvider(provider))
            continue
        for audience in provider.audiences:
            if audience in there.audiences:
                continue
            if there.tags.get(PROJECT_TAG) != wanted.project:
                raise strange_provider(provider, audience)
            note = f"takes tokens made for {audience} too"
            yield lines.alter("OIDC provider", _name(provider), note, AddAudience(provider.arn, audience))


def provider_removals(wanted: Wanted, seen: Seen) -> Iterator[Change]:
    """Give the removal of each provider of ours that is not needed any more and that no role of another owner trusts."""
    for provider in _idle(wanted, seen):
        if not _strangers(provider, wanted, seen):
            yield Lines("").remove("OIDC provider", _name(provider), "", DeleteProvider(provider.arn))


def kept_providers(wanted: Wanted, seen: Seen, spec: Wanted | None = None) -> tuple[Caution, ...]:
    """Say which providers of ours stay, because roles of another owner trust them. `spec` is what the file wants."""
    found: list[Caution] = []
    place = next((each.spec.place for each in (spec or wanted).identities), _NO_PLACE)
    for provider in _idle(wanted, seen):
        strangers = _strangers(provider, wanted, seen)
        if strangers:
            more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
            found.append(
                Caution(
                    "provider-kept",
                    f"the provider {_name(provider)} stays: {strangers[0]}{more}, not of this project, trusts it",
                    f"later: `{_DELETE} {provider.arn}`",
                    place,
                )
            )
    return tuple(found)


def strange_provider(provider: WantedProvider, audience: str) -> LeastkeyError:
    """Give the error for a provider that is not ours and does not take the tokens that are to come."""
    return LeastkeyError(
        "entity-exists",
        f"the provider of {provider.issuer} is not ours, and takes no tokens made for `{audience}`",
        why=(
            f"there      {provider.arn}",
            "an account has one provider for an issuer; ours carry the project's tag",
        ),
        remedy=(
            f"its owner adds it: `{_ADD} {provider.arn} --client-id {audience}`",
            "or take an audience it knows: `audience: ...`",
        ),
        place=str(provider.place),
    )


def _name(provider: WantedProvider | SeenProvider) -> str:
    return provider.arn.resource.removeprefix("oidc-provider/")


def _idle(wanted: Wanted, seen: Seen) -> tuple[SeenProvider, ...]:
    needed = {provider.arn for provider in wanted.providers}
    return tuple(each for each in own_providers(wanted.project, seen) if each.arn not in needed)


def _strangers(provider: SeenProvider, wanted: Wanted, seen: Seen) -> tuple[str, ...]:
    """Give the roles of other owners that trust a provider, or whose trust cannot be read."""
    own = {role.arn for role in own_roles(wanted.project, seen)}
    arn = str(provider.arn).lower()
    return tuple(
        f"role {role.name}"
        for _, role in sorted(seen.roles.items())
        if role.arn not in own
        and (role.trust is None or arn in (each.lower() for each in providers_of(role.trust)))
    )
