"""The sandbox as an identity provider: tokens of GitHub Actions, GitLab CI and others, tried at a role's trust."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.test_snapshot import reloaded
from tests.sandbox.test_web_identity import AUDIENCE, Provider, code_of, wear

from leastkey.sandbox.server.commands import control_commands
from leastkey.sandbox.server.snapshot import dump, load, wipe
from leastkey.sandbox.state.issuers import KEY_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Place

    Command = Callable[..., dict[str, Any]]

GITHUB = "token.actions.githubusercontent.com"
MAIN = {"kind": "github", "project": "acme/app"}


@pytest.fixture
def command(place: Place) -> Command:
    known = control_commands(place.sandbox, [], threading.Event())

    def commanded(name: str, **given: str) -> dict[str, Any]:
        return dict(known[name](given))

    return commanded


@pytest.fixture
def token(command: Command) -> Callable[..., str]:
    return lambda **given: str(command("token", **{**MAIN, **given})["token"])


def trusting(place: Place, issuer: str, condition: dict[str, Any]) -> str:
    iam = place.client("iam")
    arn = f"arn:aws:iam::{place.account}:oidc-provider/{issuer}"
    known = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    if arn not in {each["Arn"] for each in known}:
        iam.create_open_id_connect_provider(
            Url=f"https://{issuer}", ClientIDList=[AUDIENCE], ThumbprintList=["0" * 40]
        )
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    made = iam.create_role(
        RoleName=f"r{len(iam.list_roles()['Roles'])}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return str(made["Role"]["Arn"])


def github_role(place: Place, subject: str = "repo:acme/app:ref:refs/heads/main") -> str:
    return trusting(place, GITHUB, {"StringEquals": {f"{GITHUB}:sub": subject, f"{GITHUB}:aud": AUDIENCE}})


def unsigned(token: str) -> str:
    body = token.split(".")[1]
    head = urlsafe_b64encode(b'{"alg":"none","kid":"leastkey-sandbox"}').rstrip(b"=").decode()
    return f"{head}.{body}."


def test_a_github_job_opens_the_role_that_trusts_it_and_no_other_job_does(
    place: Place, token: Callable[..., str]
) -> None:
    """IAM User Guide, "Configuring a role for GitHub OIDC identity provider"."""
    role = github_role(place)
    answer = wear(place, role, token())
    assert answer["SubjectFromWebIdentityToken"] == "repo:acme/app:ref:refs/heads/main"
    assert code_of(place, role, token(project="acme/other")) == "AccessDenied"
    assert code_of(place, role, token(project="evil/app")) == "AccessDenied"
    assert code_of(place, role, token(ref="refs/heads/feature")) == "AccessDenied"
    assert code_of(place, role, token(ref="refs/pull/7/merge")) == "AccessDenied"
    assert code_of(place, role, token(environment="prod")) == "AccessDenied"
    assert code_of(place, role, token(audience="other")) == "InvalidIdentityToken"
    assert code_of(place, role, token(fault="forged")) == "InvalidIdentityToken"
    assert code_of(place, role, token(fault="expired")) == "ExpiredTokenException"
    assert code_of(place, role, unsigned(token())) == "InvalidIdentityToken"
    prod = github_role(place, "repo:acme/app:environment:prod")
    assert wear(place, prod, token(environment="prod"))
    assert code_of(place, prod, token(environment="test")) == "AccessDenied"
    assert code_of(place, prod, token()) == "AccessDenied"


def test_a_token_ends_by_the_sandboxs_clock(place: Place, token: Callable[..., str]) -> None:
    """STS API Reference, AssumeRoleWithWebIdentity: ExpiredTokenException."""
    role, now = github_role(place), token()
    place.clock.offset = timedelta(minutes=6)
    assert code_of(place, role, now) == "ExpiredTokenException"
    assert wear(place, role, token())


def test_of_github_and_gitlab_only_the_claims_aws_lists_are_condition_keys(
    place: Place, command: Command
) -> None:
    """IAM User Guide, "Available keys for AWS OIDC federation"."""
    made = command("token", **MAIN, environment="prod")
    claims = made["claims"]
    sub = {f"{GITHUB}:sub": claims["sub"]}
    for claim in (
        "repository",
        "repository_id",
        "environment",
        "job_workflow_ref",
        "ref",
        "actor",
        "workflow",
    ):
        role = trusting(place, GITHUB, {"StringEquals": {**sub, f"{GITHUB}:{claim}": claims[claim]}})
        assert wear(place, role, made["token"])
    for claim in ("repository_owner", "sha", "event_name"):
        role = trusting(place, GITHUB, {"StringEquals": {**sub, f"{GITHUB}:{claim}": claims[claim]}})
        assert code_of(place, role, made["token"]) == "AccessDenied"
    theirs = command("token", kind="gitlab", project="acme/app", ref="refs/tags/v1")
    claims = theirs["claims"]
    assert claims["sub"] == "project_path:acme/app:ref_type:tag:ref:v1"
    sub = {"gitlab.com:sub": claims["sub"]}
    assert wear(place, trusting(place, "gitlab.com", {"StringEquals": sub}), theirs["token"])
    role = trusting(
        place, "gitlab.com", {"StringEquals": {**sub, "gitlab.com:project_id": claims["project_id"]}}
    )
    assert code_of(place, role, theirs["token"]) == "AccessDenied"


def test_any_other_issuer_is_played_with_claims_of_ones_own(place: Place, command: Command) -> None:
    """IAM User Guide, "Create an OpenID Connect (OIDC) identity provider in IAM"."""
    given = {"kind": "generic", "issuer": "https://issuer.example", "subject": "job-7"}
    role = trusting(place, "issuer.example", {"StringEquals": {"issuer.example:team": "blue"}})
    blue = command("token", **given, body='{"team":"blue"}')
    assert wear(place, role, blue["token"])
    assert code_of(place, role, command("token", **given)["token"]) == "AccessDenied"
    elsewhere = command("token", **{**given, "issuer": "https://elsewhere.example"}, body='{"team":"blue"}')
    assert code_of(place, role, elsewhere["token"]) == "InvalidIdentityToken"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "bitbucket"}, "kind"),
        ({"project": "acme"}, "no repository or project"),
        ({"project": "acme/app:ref:refs/heads/main"}, "no repository or project"),
        ({"ref": "main"}, "no ref"),
        ({"fault": "odd"}, "fault"),
        ({"branch": "main"}, "unknown: branch"),
        ({"body": "[]"}, "no JSON object"),
        ({"body": '{"exp": 1}'}, "exp: "),
        ({"kind": "generic", "issuer": "https://issuer.example"}, "no subject"),
        ({"kind": "generic", "issuer": "issuer.example", "subject": "s"}, "no issuer"),
        ({"kind": "gitlab", "issuer": "https://issuer.example?a=b"}, "no issuer"),
    ],
)
def test_a_token_that_was_asked_for_wrongly_is_not_made(
    command: Command, given: dict[str, str], said: str
) -> None:
    found = command("token", **{**MAIN, **given})
    assert said in found.get("error", "")
    assert "token" not in found
    assert "token" in command("token", **MAIN)


def test_keys_that_were_given_verify_the_tokens_of_their_issuer(place: Place, command: Command) -> None:
    """RFC 7517, section 5: a JWK Set; nothing is fetched for an issuer elsewhere."""
    provider = Provider()
    try:
        keys = provider.pages()["/keys"]["keys"]
        role = trusting(place, "ours.example", {"StringEquals": {"ours.example:sub": "s"}})
        theirs = provider.token(place, iss="https://ours.example", sub="s")
        assert code_of(place, role, theirs) == "InvalidIdentityToken"
        assert command("issuer", url="https://ours.example", body=json.dumps(keys)) == {
            "issuer": "https://ours.example",
            "keys": 2,
        }
        assert wear(place, role, theirs)
        assert command("issuer", url="https://ours.example", body=json.dumps(keys[1:]))["keys"] == 1
        assert code_of(place, role, theirs) == "InvalidIdentityToken"
        assert provider.asked == []
    finally:
        provider.server.shutdown()
        provider.server.server_close()


@pytest.mark.parametrize(
    ("url", "keys", "said"),
    [
        ("https://ours.example", "{", "no JSON"),
        ("https://ours.example", "[]", "at least one key"),
        ("https://ours.example", '[{"kty": "oct", "k": "c2VjcmV0"}]', "RSA or EC"),
        ("https://ours.example", '[{"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB"}]', "private"),
        ("ours.example", '[{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]', "no issuer"),
        ("https://a@ours.example", '[{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]', "no issuer"),
    ],
)
def test_keys_that_verify_nothing_are_refused(command: Command, url: str, keys: str, said: str) -> None:
    assert said in command("issuer", url=url, body=keys).get("error", "")
    assert "keys" in command(
        "issuer", url="https://ours.example", body='[{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]'
    )


def test_tokens_outlive_a_restart_and_not_a_reset(place: Place, token: Callable[..., str]) -> None:
    role, before, issuers = github_role(place), token(), place.sandbox.world.issuers
    issuers.give("https://ours.example", [{"kty": "RSA", "kid": "k"}])
    reloaded(place)
    assert wear(place, role, before)
    assert issuers.key("https://ours.example", "k")
    assert issuers.key("https://never-played.example", KEY_ID) is None
    with place.sandbox.gate.lock:
        state = dump(place.sandbox.world)
        wipe(place.sandbox.world)
        assert issuers.key(f"https://{GITHUB}", KEY_ID) is None
        assert issuers.key("https://ours.example", "k") is None
        load(place.sandbox.world, state)
    assert wear(place, role, before)
