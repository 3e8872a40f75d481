"""OpenID Connect issuers: how IAM names a provider and its claims, and which issuers many organizations share.

Source: IAM User Guide, "Identity-provider controls for shared OIDC providers", "Available keys for AWS OIDC federation",
"Create an OpenID Connect (OIDC) identity provider in IAM".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.iam.arn import Arn

if TYPE_CHECKING:
    from leastkey.iam.arn import AccountId

__all__ = [
    "AUDIENCE",
    "BUILT_IN",
    "GITHUB",
    "GITLAB",
    "TELLING_CLAIMS",
    "WEB_IDENTITY",
    "host_of",
    "provider_arn",
    "provider_host",
]

AUDIENCE: Final = "sts.amazonaws.com"
"""What tokens are made for when nothing else is agreed on: AWS's own name in GitHub's and GitLab's documentation."""
GITHUB: Final = "https://token.actions.githubusercontent.com"
GITLAB: Final = "https://gitlab.com"
WEB_IDENTITY: Final = "sts:AssumeRoleWithWebIdentity"
BUILT_IN: Final = (
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
)
"""Issuers that AWS knows by itself: no provider is made for them, and their keys mean other claims."""
TELLING_CLAIMS: Final = {
    "agent.buildkite.com": "sub",
    "api.pulumi.com/oidc": "aud",
    "app.terraform.io": "sub",
    "cognito-identity.amazonaws.com": "aud",
    "gitlab.com": "sub",
    "oidc-configuration.audit-log.githubusercontent.com": "sub",
    "oidc.codefresh.io": "sub",
    "oidc.vercel.com": "aud",
    "proidc.upbound.io": "sub",
    "sandboxes.cloud": "aud",
    "scalr.io": "sub",
    "studio.datachain.ai/api": "sub",
    "token.actions.githubusercontent.com": "sub",
    "tokens.cloud.shisho.dev": "sub",
    "vstoken.actions.githubusercontent.com": "sub",
}
"""Issuers that many organizations share, by host and path, and the claim that tells those apart."""


def host_of(issuer: str) -> str:
    """Give an issuer without its scheme, as the names of its condition keys begin."""
    return issuer.partition("://")[2]


def provider_arn(partition: str, account: AccountId, issuer: str) -> Arn:
    """Give the ARN of an account's provider for an issuer: there is one at most."""
    return Arn(partition, "iam", "", account, f"oidc-provider/{host_of(issuer)}")


def provider_host(federated: str) -> str:
    """Give the issuer that a Federated principal stands for, lower case; "" for a SAML provider."""
    if ":saml-provider/" in federated:
        return ""
    return (federated.partition(":oidc-provider/")[2] or federated).lower().rstrip("/")
