"""Step 4 for tokens, carried out: the account's OpenID Connect provider of an issuer.

Source: IAM API Reference, CreateOpenIDConnectProvider (thumbprints are AWS's own business where it knows the issuer's
certificate authority), AddClientIDToOpenIDConnectProvider, DeleteOpenIDConnectProvider.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leastkey.apply.create import create_or_read
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.marks import PROJECT_TAG
from leastkey.iam.refusals import is_missing
from leastkey.plan.providers import strange_provider

if TYPE_CHECKING:
    from leastkey.apply.work import Work
    from leastkey.compile.wanted import WantedProvider
    from leastkey.iam.arn import Arn

__all__ = ["add_audience", "create_provider", "delete_provider"]


def create_provider(work: Work, provider: WantedProvider) -> None:
    """Create the provider, or take the one that appeared meanwhile where it takes our tokens."""
    _, found = create_or_read(
        work,
        "iam:CreateOpenIDConnectProvider",
        str(provider.arn),
        partial(work.iam.create_oidc_provider, provider.issuer, provider.audiences, dict(provider.tags)),
        partial(work.iam.get_oidc_provider, provider.arn),
    )
    if found is None:
        work.made(f"provider {provider.arn}")
        return
    for audience in provider.audiences:
        if audience in found.audiences:
            continue
        if found.tags.get(PROJECT_TAG) != work.wanted.project:
            raise strange_provider(provider, audience)
        add_audience(work, provider.arn, audience)


def add_audience(work: Work, provider: Arn, audience: str) -> None:
    """Let a provider of ours take tokens made for one more audience."""
    work.write(
        "iam:AddClientIDToOpenIDConnectProvider",
        f"{provider} {audience}",
        partial(work.iam.add_oidc_audience, provider, audience),
        names=(f"provider {provider}",),
    )


def delete_provider(work: Work, provider: Arn) -> None:
    """Delete a provider, looked at once more: it must carry the project's tag to this moment."""
    try:
        found = work.iam.get_oidc_provider(provider)
    except AwsError as error:
        if is_missing(error):
            return
        raise
    if found.tags.get(PROJECT_TAG) != work.wanted.project:
        raise LeastkeyError(
            "entity-exists",
            f"the identity provider `{provider}` is not ours any more",
            why=f"it carries another tag `{PROJECT_TAG}` than when the plan was made",
            remedy="plan again: `leastkey plan`",
        )
    work.remove(
        "iam:DeleteOpenIDConnectProvider", str(provider), partial(work.iam.delete_oidc_provider, provider)
    )
