"""Whom Principal and NotPrincipal speak of, how strong a grant is, and whom each layer binds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.statement import ACCOUNT, ALICE, OTHER, matches

from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import LayerResult, NamedDocument, Policies, Principal, Request, Verdict
from leastkey.evaluate.trust import decide_trust, is_about_trust
from leastkey.iam.document import DocumentKind, parse_document

IAM = f"arn:aws:iam::{ACCOUNT}"
BUCKET = "arn:aws:s3:::b"
ROOT = Principal("root", f"{IAM}:root", ACCOUNT)
ROLE = Principal("role", f"{IAM}:role/a/b/deploy", ACCOUNT)
SESSION = Principal("session", f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run", ACCOUNT)
SERVICE = Principal("service", "sns.amazonaws.com", "")
ANYBODY = Principal("anonymous", "", "")
PROVIDER = Principal("federated", "accounts.google.com", "")
GUEST = Principal("feduser", f"arn:aws:sts::{ACCOUNT}:federated-user/g", ACCOUNT, f"{IAM}:user/alice")
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def policy(*statements: dict[str, Any], kind: DocumentKind = "identity") -> NamedDocument:
    return NamedDocument("p", parse_document({"Statement": list(statements)}, kind))


def granting(principal: Any, **more: Any) -> NamedDocument:
    return policy({**EVERYTHING, "Principal": principal, **more}, kind="resource")


ALL = (policy(EVERYTHING),)
DENY = policy({**EVERYTHING, "Effect": "Deny"})


def ask(who: Principal, policies: Policies, action: str = "s3:ListBucket", resource: str = BUCKET) -> Request:
    return Request(action, resource, who, ACCOUNT)


@pytest.mark.parametrize(
    ("who", "principal", "truth"),
    [
        (ALICE, {"AWS": f"{IAM}:user/alice"}, True),
        (ALICE, {"AWS": f"{IAM}:user/bob"}, False),
        (ALICE, {"AWS": ACCOUNT}, True),
        (ALICE, {"AWS": OTHER}, False),
        (ALICE, {"CanonicalUser": "79a59d"}, "canonical-user"),
        (ALICE, {"CanonicalUser": "79a59d", "AWS": f"{IAM}:user/alice"}, True),
        (ROLE, {"AWS": f"{IAM}:role/a/b/deploy"}, True),
        (ROLE, {"AWS": f"{IAM}:role/a/deploy"}, True),
        (ROLE, {"AWS": f"{IAM}:role/a/b/other"}, False),
        (SESSION, {"AWS": f"{IAM}:role/a/b/deploy"}, True),
        (SESSION, {"AWS": f"{IAM}:role/a:b/deploy"}, True),
        (SESSION, {"AWS": f"{IAM}:role/other/b"}, False),
        (SESSION, {"AWS": f"{IAM}:user/deploy"}, False),
        (SESSION, {"AWS": f"arn:aws:sts::{ACCOUNT}:role/deploy"}, False),
        (SESSION, {"AWS": f"arn:aws:iam::{OTHER}:role/deploy"}, False),
        (SESSION, {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run"}, True),
        (SESSION, {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/other"}, False),
        (replace(SESSION, arn="no ARN"), {"AWS": f"{IAM}:user/deploy"}, False),
        (GUEST, {"AWS": f"{IAM}:user/alice"}, True),
        (GUEST, {"AWS": f"{IAM}:user/g"}, False),
        (replace(GUEST, role_arn=""), {"AWS": f"{IAM}:user/team/g"}, True),
        (replace(GUEST, role_arn=""), {"AWS": f"{IAM}:role/g"}, False),
        (replace(GUEST, role_arn=""), {"AWS": f"arn:aws:iam::{OTHER}:user/g"}, False),
        (ALICE, {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}, False),
        (SESSION, {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:role/deploy"}, False),
        (ROOT, {"AWS": f"{IAM}:root"}, True),
        (replace(ROOT, arn=f"{IAM}:user/alice"), {"AWS": f"{IAM}:user/alice"}, False),
        (Principal("root", f"arn:aws:iam::{OTHER}:root", OTHER), {"AWS": OTHER}, "root-cross-account"),
        (Principal("root", f"arn:aws:iam::{OTHER}:root", OTHER), {"AWS": ACCOUNT}, False),
        (SERVICE, {"Service": "sns.amazonaws.com"}, True),
        (SERVICE, {"Service": "s3.amazonaws.com"}, False),
        (SERVICE, {"Service": "*"}, "every-service"),
        (SERVICE, {"Service": ["*", "sns.amazonaws.com"]}, True),
        (SERVICE, {"AWS": "*"}, True),
        (PROVIDER, {"Federated": "accounts.google.com"}, True),
        (PROVIDER, {"Federated": "*"}, "every-service"),
        (PROVIDER, {"Service": "accounts.google.com"}, False),
        (ANYBODY, "*", True),
        (ANYBODY, {"AWS": "*"}, True),
        (ANYBODY, {"AWS": "arn:aws:iam:::root"}, False),
    ],
)
def test_a_principal_names(who: Principal, principal: Any, *, truth: bool | str) -> None:
    assert matches({"Principal": principal}, resource=BUCKET, who=who) == truth


@pytest.mark.parametrize(
    ("who", "principal", "truth"),
    [
        (ALICE, "*", False),
        (ALICE, {"AWS": "*"}, False),
        (ALICE, {"AWS": [f"{IAM}:user/alice", f"{IAM}:root"]}, False),
        (ALICE, {"AWS": [f"{IAM}:user/alice"]}, True),
        (ROLE, {"AWS": [f"{IAM}:role/a/b/deploy", ACCOUNT]}, False),
        (ROLE, {"AWS": [f"{IAM}:role/other", ACCOUNT]}, True),
        (ROLE, {"AWS": f"{IAM}:role/a/b/deploy"}, "not-principal-role"),
        (SESSION, {"AWS": f"{IAM}:role/deploy"}, "not-principal-role"),
        (ROOT, {"AWS": ACCOUNT}, False),
        (ROOT, {"AWS": OTHER}, True),
        (SERVICE, {"Service": "sns.amazonaws.com"}, False),
        (SERVICE, {"Service": "s3.amazonaws.com"}, True),
        (SERVICE, {"Service": "*"}, "every-service"),
        (PROVIDER, {"Federated": "accounts.google.com"}, False),
        (PROVIDER, {"Federated": "other"}, True),
        (ANYBODY, {"AWS": "arn:aws:iam:::root"}, True),
    ],
)
def test_a_not_principal_speaks_of_everyone_else(
    who: Principal, principal: Any, *, truth: bool | str
) -> None:
    assert matches({"NotPrincipal": principal}, resource=BUCKET, who=who) == truth


@pytest.mark.parametrize("who", [ALICE, ROLE, SESSION])
def test_identity_policies_boundaries_and_session_policies_bind_user_role_and_session(who: Principal) -> None:
    free = Policies(identity=ALL)
    asked = ask(who, free)
    assert decide(asked, free).verdict is Verdict.ALLOWED
    assert decide(asked, replace(free, boundaries=(DENY,))).verdict is Verdict.EXPLICITLY_DENIED
    assert decide(asked, replace(free, sessions=(DENY,))).verdict is Verdict.EXPLICITLY_DENIED


def test_a_federated_user_without_a_session_policy_has_nothing_of_its_users_policies() -> None:
    alone = decide(ask(GUEST, Policies()), Policies(identity=ALL))
    assert (alone.verdict, alone.decided_by) == (Verdict.IMPLICITLY_DENIED, "identity")
    assert decide(ask(GUEST, Policies()), Policies(identity=ALL, sessions=ALL)).is_allowed


@pytest.mark.parametrize("who", [SERVICE, ANYBODY])
def test_service_control_policies_do_not_bind_who_belongs_to_no_account(who: Principal) -> None:
    policies = Policies(resource=granting({"AWS": "*", "Service": "sns.amazonaws.com"}), scps=((DENY,),))
    decision = decide(ask(who, policies), policies)
    assert (decision.verdict, decision.layers["scps"]) == (Verdict.ALLOWED, LayerResult.NOT_APPLICABLE)


def test_service_control_policies_do_not_bind_a_caller_of_an_identity_provider() -> None:
    trust = granting({"Federated": PROVIDER.arn})
    request = Request("sts:AssumeRoleWithWebIdentity", f"{IAM}:role/r", PROVIDER, ACCOUNT)
    assert decide(request, Policies(resource=trust, scps=((DENY,),))).is_allowed


LINKED = "role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"


@pytest.mark.parametrize(
    ("who", "is_bound"),
    [
        (replace(ROLE, arn=f"{IAM}:{LINKED}"), False),
        (replace(SESSION, role_arn=f"{IAM}:{LINKED}"), False),
        (replace(SESSION, role_arn=f"{IAM}:role/deploy"), True),
        (ROLE, True),
        # a path may hold colons: only where it starts does it say what the role is
        (replace(ROLE, arn=f"{IAM}:role/a:{LINKED}"), True),
        (replace(ALICE, arn=f"{IAM}:user/a:{LINKED}"), True),
    ],
)
def test_only_a_service_linked_role_is_free_of_organization_policies(
    who: Principal, *, is_bound: bool
) -> None:
    everyone = policy({**EVERYTHING, "Effect": "Deny", "Principal": "*"}, kind="resource")
    for policies in (Policies(identity=ALL, scps=((DENY,),)), Policies(identity=ALL, rcps=((everyone,),))):
        assert decide(ask(who, policies), policies).is_allowed is not is_bound


def test_resource_control_policies_that_do_not_deny_allow() -> None:
    deny = {**EVERYTHING, "Effect": "Deny", "Principal": "*", "Action": "sqs:*"}
    policies = Policies(identity=ALL, rcps=((policy(deny, kind="resource"),),))
    assert decide(ask(ALICE, policies), policies).layers["rcps"] is LayerResult.ALLOWS
    assert decide(ask(ALICE, policies), Policies(identity=ALL)).layers["rcps"] is LayerResult.NOT_APPLICABLE
    other = decide(ask(ALICE, policies, "ec2:RunInstances", "*"), policies)
    assert other.layers["rcps"] is LayerResult.NOT_APPLICABLE


def test_the_strongest_grant_of_a_resource_policy_counts_also_when_asked_briefly() -> None:
    by_account = {**EVERYTHING, "Principal": {"AWS": ACCOUNT}}
    by_name = {**EVERYTHING, "Principal": {"AWS": ALICE.arn}}
    for statements in ((by_account, by_name), (by_name, by_account)):
        policies = Policies(resource=policy(*statements, kind="resource"))
        for explain in (True, False):
            assert decide(ask(ALICE, policies), policies, explain=explain).is_allowed


@pytest.mark.parametrize(
    "action", ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML", "kms:Decrypt"]
)
def test_a_role_or_a_key_without_a_word_of_its_own_policy_is_closed(action: str) -> None:
    resource = f"arn:aws:kms:r:{ACCOUNT}:key/k" if action.startswith("kms") else f"{IAM}:role/r"
    policies = Policies(identity=ALL)
    decision = decide(ask(ALICE, policies, action, resource), policies)
    assert (decision.verdict, decision.decided_by) == (Verdict.IMPLICITLY_DENIED, "resource")
    assert decide(ask(ALICE, policies, action, "*"), policies).is_allowed


@pytest.mark.parametrize(
    ("action", "is_about"),
    [
        ("sts:AssumeRole", True),
        ("sts:AssumeRoleWithSAML", True),
        ("STS:TagSession", True),
        ("sts:SetSourceIdentity", True),
        ("sts:SetContext", True),
        ("sts:GetCallerIdentity", False),
        ("s3:GetObject", False),
    ],
)
def test_actions_about_trust(action: str, *, is_about: bool) -> None:
    assert is_about_trust(action) is is_about


def test_trust_is_asked_of_the_role_and_explained_unless_told_not_to() -> None:
    request = Request("sts:TagSession", f"{IAM}:role/r", ALICE, ACCOUNT)
    trust = policy(
        {"Effect": "Allow", "Principal": {"AWS": ALICE.arn}, "Action": "sts:TagSession"}, kind="trust"
    )
    decision = decide_trust(request, trust, Policies())
    assert (decision.verdict, decision.decided_by) == (Verdict.ALLOWED, "resource")
    assert [reason.layer for reason in decision.because] == ["resource"]
    assert decide_trust(request, trust, Policies(), explain=False).because == ()


GITHUB = "token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("provider", "context", "allowed"),
    [
        (f"{IAM}:oidc-provider/{GITHUB}", {f"{GITHUB}:sub": "repo:acme/x"}, True),
        (f"{IAM}:oidc-provider/{GITHUB}", {"accounts.google.com:sub": "repo:acme/x"}, False),
        (f"{IAM}:oidc-provider/{GITHUB}", {}, False),
        ("accounts.google.com", {"accounts.google.com:aud": "x"}, True),
        ("accounts.google.com", {"accounts.google.community:aud": "x"}, False),
        (f"{IAM}:saml-provider/corp", {"saml:aud": "x"}, True),
        (f"{IAM}:saml-provider/corp", {f"{IAM}:saml-provider/corp:aud": "x"}, False),
        ("accounts.google.com", {"aws:FederatedProvider": "accounts.google.com"}, True),
        (
            "accounts.google.com",
            {"aws:FederatedProvider": "www.amazon.com", "accounts.google.com:aud": "x"},
            False,
        ),
    ],
)
def test_the_claims_of_an_unsigned_call_say_which_provider_vouches(
    provider: str, context: dict[str, str], *, allowed: bool
) -> None:
    trusting = policy(
        {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:*"}, kind="trust"
    )
    role = f"{IAM}:role/deploy"
    request = Request("sts:AssumeRoleWithWebIdentity", role, ANYBODY, ACCOUNT, context)
    assert decide_trust(request, trusting, Policies()).is_allowed is allowed
    elsewhere = granting({"Federated": provider})
    reading = Request("s3:ListBucket", BUCKET, ANYBODY, ACCOUNT, context)
    assert not decide(reading, Policies(resource=elsewhere)).is_allowed


@pytest.mark.parametrize(
    ("key", "is_vouched_for"),
    [
        ("tokens.Example.com/Id:sub", True),
        ("tokens.example.com/id:sub", True),
        ("other.example.com/id:sub", False),
        ("saml:sub", False),
    ],
)
def test_an_unsigned_caller_is_vouched_for_by_the_claims_of_the_provider(
    key: str, *, is_vouched_for: bool
) -> None:
    provider = {"Federated": f"{IAM}:oidc-provider/tokens.Example.com/Id"}
    trust = policy({"Effect": "Allow", "Principal": provider, "Action": "sts:*"}, kind="trust")
    request = Request("sts:AssumeRoleWithWebIdentity", f"{IAM}:role/r", ANYBODY, ACCOUNT, {key: "s"})
    assert decide_trust(request, trust, Policies()).is_allowed is is_vouched_for


@pytest.mark.parametrize(("who", "denied"), [(ALICE, True), (SESSION, True), (SERVICE, False), (ROOT, False)])
def test_a_not_principal_that_spares_everybody_denies_who_has_a_boundary(
    who: Principal, *, denied: bool
) -> None:
    sparing = policy({**EVERYTHING, "Effect": "Deny", "NotPrincipal": "*"}, kind="resource")
    policies = Policies(resource=sparing, boundaries=ALL)
    verdict = decide(ask(who, policies), policies).verdict
    assert (verdict is Verdict.EXPLICITLY_DENIED) is denied


def test_a_root_user_assumes_no_role_and_an_explicit_deny_stays_one() -> None:
    request = Request("sts:AssumeRole", f"{IAM}:role/r", ROOT, ACCOUNT)
    for effect, verdict in (("Allow", Verdict.IMPLICITLY_DENIED), ("Deny", Verdict.EXPLICITLY_DENIED)):
        trust = policy({"Effect": effect, "Principal": "*", "Action": "sts:AssumeRole"}, kind="trust")
        assert decide_trust(request, trust, Policies()).verdict is verdict


@pytest.mark.parametrize("action", ["s3:ListBucket", "dynamodb:GetItem", "sqs:SendMessage"])
def test_an_endpoint_that_names_the_account_is_doubtful_where_it_may_be_a_gateway(action: str) -> None:
    endpoint = granting({"AWS": ACCOUNT})
    policies = Policies(identity=ALL, endpoints=(endpoint,))
    decision = decide(ask(ALICE, policies, action), policies)
    doubts = () if action.startswith("sqs:") else ("gateway-endpoint-account",)
    assert (decision.undocumented, decision.is_allowed) == (doubts, not doubts)


@pytest.mark.parametrize(
    ("entry", "doubt"),
    [
        ({"NotPrincipal": {"AWS": OTHER}}, "not-principal-allow"),
        ({"Principal": {"CanonicalUser": "79a59d"}}, "canonical-user"),
        ({"Principal": {"AWS": ACCOUNT}}, "gateway-endpoint-account"),
    ],
)
def test_what_is_doubtful_of_a_gateway_endpoint_is_named_after_what_its_policy_says(
    entry: dict[str, Any], doubt: str
) -> None:
    policies = Policies(identity=ALL, endpoints=(policy({**EVERYTHING, **entry}, kind="resource"),))
    decision = decide(ask(ALICE, policies), policies)
    assert (decision.decided_by, decision.undocumented) == ("endpoint", (doubt,))


@pytest.mark.parametrize("who", [ROOT, SERVICE, ANYBODY])
def test_session_policies_do_not_bind_who_has_no_identity_policies(who: Principal) -> None:
    policies = Policies(resource=granting({"AWS": "*", "Service": SERVICE.arn}), sessions=(DENY,))
    decision = decide(ask(who, policies), policies)
    assert (decision.verdict, decision.layers["session"]) == (Verdict.ALLOWED, LayerResult.NOT_APPLICABLE)
