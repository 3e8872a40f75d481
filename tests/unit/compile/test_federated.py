"""Workloads that show a token: the statements that let them in, the providers they need, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot
from tests.unit.compile.specs import ACCOUNT, actions, at, compiled, identity

from leastkey.compile.federated import refuse_wide
from leastkey.errors import LeastkeyError
from leastkey.iam.document import PolicyDocument
from leastkey.iam.statement import Principals, Statement
from leastkey.spec.model import AccountUse, GithubUse, GitlabUse, OidcUse, UserUse

if TYPE_CHECKING:
    from leastkey.spec.model import Use

GRANT = actions("ec2:DescribeRegions")
STS = "sts.amazonaws.com"


def github(**changes: Any) -> GithubUse:
    plain = {
        "repository": "acme/reports",
        "repository_id": None,
        "owner_id": None,
        "environment": None,
        "ref": None,
        "workflow": None,
        "audience": STS,
        "place": at(9),
    }
    return GithubUse(**{**plain, **changes})


def trust(*uses: Use) -> list[Any]:
    (found,) = compiled(identity(GRANT, used_by=uses)).identities
    document: Any = found.role.trust.to_json()
    return list(document["Statement"])


def asked(use: Use) -> dict[str, Any]:
    (statement,) = trust(use)
    (operator,) = statement["Condition"]
    assert operator == "StringEquals"
    return {key.rpartition(":")[2]: value for key, value in statement["Condition"][operator].items()}


def test_a_job_of_github_is_let_in_by_its_repository_and_environment() -> None:
    assert trust(github(repository_id="123456", environment="production")) == snapshot(
        [
            {
                "Effect": "Allow",
                "Principal": {
                    "Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
                },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                        "token.actions.githubusercontent.com:sub": "repo:acme/reports:environment:production",
                        "token.actions.githubusercontent.com:repository_id": "123456",
                    }
                },
            }
        ]
    )


def test_each_form_asks_for_the_claims_it_names() -> None:
    """GitHub Docs, "OpenID Connect reference"; GitLab Docs, "OpenID Connect (OIDC) Authentication Using ID Tokens"."""
    main = "refs/heads/main"
    assert asked(github(ref=main)) == {"aud": STS, "sub": "repo:acme/reports:ref:refs/heads/main"}
    file = f"acme/reports/.github/workflows/deploy.yml@{main}"
    assert asked(github(environment="a:b", ref=main, workflow=file, audience="me")) == {
        "aud": "me",
        "sub": "repo:acme/reports:environment:a%3Ab",
        "job_workflow_ref": file,
        "ref": main,
    }
    assert asked(github(ref="refs/tags/v1", repository_id="5", owner_id="7")) == {
        "aud": STS,
        "sub": ["repo:acme/reports:ref:refs/tags/v1", "repo:acme@7/reports@5:ref:refs/tags/v1"],
        "repository_id": "5",
    }
    ours = "https://git.acme.example"
    assert asked(GitlabUse("acme/web/app", main, ours, STS, at(9))) == {
        "aud": STS,
        "sub": "project_path:acme/web/app:ref_type:branch:ref:main",
    }
    assert asked(GitlabUse("acme/app", "refs/tags/v/1", ours, STS, at(9)))["sub"].endswith(
        ":ref_type:tag:ref:v/1"
    )
    assert asked(OidcUse("https://issuer.example/x", "me", "job-7", at(9))) == {"aud": "me", "sub": "job-7"}


def test_an_account_has_one_provider_for_an_issuer_with_every_audience() -> None:
    wanted = compiled(
        identity(
            GRANT, name="a", used_by=(github(ref="refs/heads/main", audience="b"), UserUse(None, at(2)))
        ),
        identity(
            GRANT, name="c", used_by=(github(environment="x"), OidcUse("https://i.example", "q", "s", at(9)))
        ),
    )
    assert [(str(each.arn), each.issuer, each.audiences, each.identity) for each in wanted.providers] == [
        (f"arn:aws:iam::{ACCOUNT}:oidc-provider/i.example", "https://i.example", ("q",), "c"),
        (
            f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
            "https://token.actions.githubusercontent.com",
            ("b", STS),
            "a",
        ),
    ]
    assert wanted.providers[0].tags == (("leastkey:project", "acme"),)
    assert compiled(identity(GRANT)).providers == ()


def test_a_repository_by_name_alone_is_warned_about() -> None:
    """GitHub Docs, "OpenID Connect reference": immutable subject claims."""

    def warned(**numbers: str) -> list[str]:
        (found,) = compiled(identity(GRANT, used_by=(github(ref="refs/heads/main", **numbers),))).identities
        assert {caution.slug for caution in found.cautions} <= {"github-numbers"}
        return [caution.what for caution in found.cautions]

    (what,) = warned()
    assert (
        "whoever gets the name next is let in, and a repository made or renamed since July 2026 is not"
        in what
    )
    (what,) = warned(repository_id="5")
    assert "whoever" not in what
    assert warned(repository_id="5", owner_id="7") == []
    (other,) = compiled(identity(GRANT, used_by=(OidcUse("https://i.example", STS, "s", at(9)),))).identities
    assert other.cautions == ()


def test_no_document_that_is_open_leaves_the_compiler() -> None:
    """Even one that no spec can ask for."""
    open_ = Statement(
        effect="Allow",
        principal=Principals(federated=("arn:aws:iam::111122223333:oidc-provider/i.example",)),
        actions=("sts:AssumeRoleWithWebIdentity",),
    )
    with pytest.raises(LeastkeyError) as caught:
        refuse_wide(PolicyDocument((open_,)), identity(GRANT))
    assert (caught.value.code, caught.value.place) == ("wide-trust", "leastkey.yaml:5:7")
    assert caught.value.why == ("LK-TR-6  no condition at all: any token of the issuer is let in",)
    for use in (
        github(repository="*/*", environment="x"),
        github(ref="refs/heads/*"),
        github(environment="x", audience="*"),
        OidcUse("https://i.example", STS, "${i.example:sub}", at(9)),
    ):
        with pytest.raises(LeastkeyError, match="wide-trust"):
            trust(use)


def test_an_account_outside_is_another_one() -> None:
    outside = AccountUse("444455556666", "acme-7f3a91c2", at(9))  # type: ignore[arg-type]  # an id written out
    assert trust(outside)[0]["Condition"] == {"StringEquals": {"sts:ExternalId": "acme-7f3a91c2"}}
    with pytest.raises(LeastkeyError) as caught:
        trust(AccountUse(ACCOUNT, "acme-7f3a91c2", at(9)))
    assert (caught.value.code, caught.value.place) == ("wide-trust", "leastkey.yaml:9:7")
