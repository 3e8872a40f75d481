"""Step 1 for workloads that show a token: what of the token is asked for, and the account's provider for its issuer.

Every claim is asked for with StringEquals and whole values, the audience always among them.
Source: IAM User Guide, "Create a role for OpenID Connect federation", "Available keys for AWS OIDC federation";
GitHub Docs, "OpenID Connect reference" (default subjects, immutable subjects, `:` in names).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leastkey.compile.wanted import Caution, WantedProvider
from leastkey.errors import LeastkeyError
from leastkey.iam.issuers import GITHUB, WEB_IDENTITY, host_of, provider_arn
from leastkey.iam.statement import Condition, Principals, Statement
from leastkey.iam.wide_trust import wide_shapes
from leastkey.spec.model import GithubUse, GitlabUse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leastkey.compile.names import Home
    from leastkey.iam.arn import AccountId
    from leastkey.iam.document import PolicyDocument
    from leastkey.spec.model import FederatedUse, Identity

__all__ = ["cautions_of_names", "compile_providers", "federated_statement", "refuse_wide"]


@dataclass(frozen=True, slots=True)
class _Token:
    """What a workload's token says: issuer, the subjects it may have, and further claims."""

    issuer: str
    subjects: tuple[str, ...]
    more: tuple[tuple[str, str], ...] = ()


def federated_statement(use: FederatedUse, account: AccountId, partition: str) -> Statement:
    """Give the statement that lets one workload in."""
    token = _token(use)
    claims = (
        ("aud", (use.audience,)),
        ("sub", token.subjects),
        *((name, (value,)) for name, value in token.more),
    )
    return Statement(
        effect="Allow",
        principal=Principals(federated=(str(provider_arn(partition, account, token.issuer)),)),
        actions=(WEB_IDENTITY,),
        conditions=tuple(
            Condition("StringEquals", f"{host_of(token.issuer)}:{claim}", values) for claim, values in claims
        ),
    )


def compile_providers(identities: Iterable[Identity], home: Home) -> tuple[WantedProvider, ...]:
    """Give the providers that identities need, one for each issuer, with every audience that is asked for."""
    audiences: dict[str, set[str]] = {}
    first: dict[str, Identity] = {}
    for identity in identities:
        for use in identity.federated:
            issuer = _token(use).issuer
            audiences.setdefault(issuer, set()).add(use.audience)
            first.setdefault(issuer, identity)
    return tuple(
        WantedProvider(
            arn=provider_arn(home.partition, home.account, issuer),
            issuer=issuer,
            audiences=tuple(sorted(audiences[issuer])),
            tags=home.project_tags,
            identity=first[issuer].name,
            place=first[issuer].place,
        )
        for issuer in sorted(audiences)
    )


def cautions_of_names(identity: Identity) -> tuple[Caution, ...]:
    """Say which jobs of GitHub are trusted by a name that another may get, or whose tokens may come with numbers."""
    found = []
    for use in identity.federated:
        if not isinstance(use, GithubUse) or use.owner_id is not None:
            continue
        parts = ["whoever gets the name next is let in"] if use.repository_id is None else []
        parts.append("a repository made or renamed since July 2026 is not, as its tokens name numbers")
        found.append(
            Caution(
                "github-numbers",
                f"`{use.repository}` is trusted by its name: {', and '.join(parts)}",
                f"add `repository-id` and `owner-id`: `gh api repos/{use.repository} --jq '.id, .owner.id'`",
                use.place,
            )
        )
    return tuple(found)


def refuse_wide(trust: PolicyDocument, identity: Identity) -> None:
    """Refuse a trust policy that would let more workloads in than those named, whatever it was made from."""
    shapes = wide_shapes(trust)
    if shapes:
        raise LeastkeyError(
            "wide-trust",
            f"the trust policy of `{identity.name}` would let in more than its workloads",
            why=tuple(f"LK-TR-{shape.number}  {shape.what}" for shape in shapes),
            remedy="name each workload in full: `leastkey help keyless`",
            place=str(identity.place),
        )


def _token(use: FederatedUse) -> _Token:
    match use:
        case GithubUse():
            return _Token(GITHUB, _github_subjects(use), _github_claims(use))
        case GitlabUse():
            kind, _, name = use.ref.removeprefix("refs/").partition("/")
            ref_type = "tag" if kind == "tags" else "branch"
            return _Token(use.issuer, (f"project_path:{use.project}:ref_type:{ref_type}:ref:{name}",))
        case _:
            return _Token(use.issuer, (use.subject,))


def _github_subjects(use: GithubUse) -> tuple[str, ...]:
    """Give the subjects a job may have: names alone, and names with numbers where both numbers are known."""
    last = (
        f"ref:{use.ref}" if use.environment is None else f"environment:{use.environment.replace(':', '%3A')}"
    )
    owner, _, name = use.repository.partition("/")
    repositories = [use.repository]
    if use.owner_id is not None:
        repositories.append(f"{owner}@{use.owner_id}/{name}@{use.repository_id}")
    return tuple(f"repo:{repository}:{last}" for repository in repositories)


def _github_claims(use: GithubUse) -> tuple[tuple[str, str], ...]:
    """Give the claims beside the subject. A job with an environment has no ref in its subject."""
    claims = {
        "job_workflow_ref": use.workflow,
        "ref": use.ref if use.environment is not None else None,
        "repository_id": use.repository_id,
    }
    return tuple((name, value) for name, value in claims.items() if value is not None)
