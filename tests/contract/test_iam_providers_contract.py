"""What every Iam promises about OpenID Connect providers, run on each of them.

Source: IAM API Reference, CreateOpenIDConnectProvider, AddClientIDToOpenIDConnectProvider, DeleteOpenIDConnectProvider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.test_iam_contract import EXISTS, GONE, refusal

from leastkey.iam.arn import Arn

if TYPE_CHECKING:
    from tests.contract.stages import Stage

ISSUER = "https://issuer.example/x"


def test_a_provider_is_made_once_takes_audiences_and_goes_without_a_word(stage: Stage) -> None:
    iam, arn = stage.iam, Arn("aws", "iam", "", stage.account, "oidc-provider/issuer.example/x")
    assert iam.list_oidc_providers() == ()
    assert refusal(iam.get_oidc_provider, arn) == GONE
    stage.requests()
    assert iam.create_oidc_provider(ISSUER, ("me",), {"leastkey:project": "acme"}) == arn
    assert refusal(iam.create_oidc_provider, ISSUER, ("me",), {}) == EXISTS
    assert iam.list_oidc_providers() == (arn,)
    for _ in range(2):
        iam.add_oidc_audience(arn, "you")
    found = iam.get_oidc_provider(arn)
    assert (found.arn, sorted(found.audiences), dict(found.tags)) == (
        arn,
        ["me", "you"],
        {"leastkey:project": "acme"},
    )
    assert len(stage.requests()) == 6
    for _ in range(2):
        iam.delete_oidc_provider(arn)
    assert iam.list_oidc_providers() == ()
    assert refusal(iam.add_oidc_audience, arn, "you") == GONE
