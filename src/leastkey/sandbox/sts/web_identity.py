"""AssumeRoleWithWebIdentity: a token of an identity provider that the role's account knows, and the role trusts.

Source: STS API Reference, AssumeRoleWithWebIdentity; IAM User Guide, "Available keys for AWS OIDC federation", "Pass
session tags in AWS STS" (claims for tags and source identity).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.request import Policies, Principal, Request
from leastkey.evaluate.trust import decide_trust
from leastkey.iam.issuers import GITHUB, GITLAB
from leastkey.iam.limits import SESSION_SECONDS_MAX, SESSION_SECONDS_MIN
from leastkey.sandbox.decided import note
from leastkey.sandbox.request import Caller, Refusal, Response
from leastkey.sandbox.resolve.context import request_context
from leastkey.sandbox.resolve.tags import of_entity, request_tags, resource_tags
from leastkey.sandbox.state.accounts import new_key
from leastkey.sandbox.state.sessions import Session, new_token
from leastkey.sandbox.sts.answers import NoError, assumed_xml, fields_xml, in_seconds, invalid, shaped, xml
from leastkey.sandbox.sts.assume_role import ROLE
from leastkey.sandbox.sts.given import NAME, checked_tags, flat_form, packed_xml, session_policies
from leastkey.sandbox.sts.web_token import bad_token, check_signature, check_times, read_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.state.world import World
    from leastkey.sandbox.sts.web_token import WebToken

__all__ = ["assume_role_with_web_identity"]

_KNOWN: Final = frozenset({"RoleArn", "RoleSessionName", "WebIdentityToken", "DurationSeconds", "Policy"})
_TAGS_CLAIM: Final = "https://aws.amazon.com/tags"
_SOURCE_CLAIM: Final = "https://aws.amazon.com/source_identity"
_TOKEN_MIN: Final = 4
_TOKEN_MAX: Final = 20_000
_STANDARD: Final = frozenset({"iss", "exp", "iat", "nbf", "jti", "aud", "azp"})
_GITHUB_CLAIMS: Final = (
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "workflow",
)
_COUNTED: Final = {GITHUB: frozenset({"sub", "amr", *_GITHUB_CLAIMS}), GITLAB: frozenset({"sub", "amr"})}
"""The claims that become condition keys, beside `aud`, of issuers for which AWS lists them."""


@dataclass(frozen=True, slots=True)
class _Proof:
    """What a verified token says."""

    provider: str
    subject: str
    audience: str
    keys: Mapping[str, str | tuple[str, ...]]
    tags: Mapping[str, str]
    transitive: tuple[str, ...]
    source_identity: str


def assume_role_with_web_identity(request: AwsRequest, world: World) -> Response:
    """Answer AssumeRoleWithWebIdentity. Raises NoError."""
    flat = flat_form(request, "AssumeRoleWithWebIdentity", _KNOWN)
    arn, name = flat.get("RoleArn", ""), flat.get("RoleSessionName", "")
    shaped("roleArn", arn, ROLE)
    shaped("roleSessionName", name, NAME)
    seconds = in_seconds(flat.get("DurationSeconds", "3600"), SESSION_SECONDS_MIN, SESSION_SECONDS_MAX)
    text, account = flat.get("WebIdentityToken", ""), arn.split(":")[4]
    if not _TOKEN_MIN <= len(text) <= _TOKEN_MAX:
        raise invalid(
            "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: "
            "Member must have length between 4 and 20000"
        )
    proof = _verified(read_token(text), account, request, world)
    role = world.role_by_arn(arn)
    if role is None:
        raise _not_trusted("sts:AssumeRoleWithWebIdentity")
    policies, packed = session_policies(flat, account, world), packed_xml(flat, proof.tags)
    _decide(request, proof, role, name, world)
    if seconds > int(role.max_session_duration or 3600):
        raise invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    key = new_key("ASIA")
    session = Session(
        key_id=key.id,
        secret=key.secret,
        token=new_token(),
        account=role.account_id,
        role_name=role.name,
        role_id=role.id,
        name=name,
        issued_at=request.now,
        expires=request.now.replace(microsecond=0) + timedelta(seconds=seconds),
        policies=policies,
        tags=tuple(proof.tags.items()),
        source_identity=proof.source_identity,
        transitive=proof.transitive,
        provider=proof.provider,
    )
    world.sessions.add(session, keep_after=request.now - timedelta(hours=1))
    said = {
        "SubjectFromWebIdentityToken": proof.subject,
        "Provider": proof.provider,
        "Audience": proof.audience,
    }
    return xml("AssumeRoleWithWebIdentity", assumed_xml(session) + fields_xml(said) + packed, request)


def _verified(token: WebToken, account: str, request: AwsRequest, world: World) -> _Proof:
    """Verify the token: the issuer is a provider of the account, the signature its own, the audience and time right."""
    issuer, subject = token.text("iss"), token.text("sub")
    if not issuer or not subject:
        raise bad_token("Missing a required claim: iss and sub are texts.")
    provider = _provider(issuer, account, world)
    if provider is None:
        raise bad_token(f"No OpenIDConnect provider found in your account for {issuer}")
    key = world.issuers.key(issuer, token.key_id)
    if key is None:
        raise bad_token(
            "Couldn't retrieve verification key from your identity provider,  please reference "
            "AssumeRoleWithWebIdentity documentation for requirements (the sandbox knows no such key of this issuer, and "
            "asks none but an issuer on this computer)"
        )
    check_signature(token, key)
    check_times(token, request.now)
    audiences = _texts(token.claims.get("aud"))
    audience = token.text("azp") or (audiences[0] if len(audiences) == 1 else "")
    clients = set(provider.client_id_list)
    known = [each for each in ([audience] if audience else audiences) if each in clients]
    if not audiences or not known:
        raise bad_token("Incorrect token audience")
    tags, transitive = _tags(token.claims.get(_TAGS_CLAIM))
    source = token.claims.get(_SOURCE_CLAIM, "")
    if source:
        shaped("sourceIdentity", str(source), NAME)
    return _Proof(
        provider.arn,
        subject,
        known[0],
        _keys(token, issuer, known[0], audiences),
        tags,
        transitive,
        str(source),
    )


def _provider(issuer: str, account: str, world: World) -> Any | None:
    if not world.accounts.has(account) or "://" not in issuer:
        return None
    wanted = issuer.partition("://")[2]
    return next((each for each in world.iam(account).open_id_providers.values() if each.url == wanted), None)


def _keys(
    token: WebToken, issuer: str, audience: str, audiences: tuple[str, ...]
) -> dict[str, str | tuple[str, ...]]:
    """Give the claims as condition keys of the issuer."""
    keys: dict[str, str | tuple[str, ...]] = {}
    name, counted = issuer.partition("://")[2], _COUNTED.get(issuer, token.claims.keys())
    for claim, value in token.claims.items():
        if claim in _STANDARD or claim not in counted or claim.startswith("https://"):
            continue
        if isinstance(value, str):
            keys[f"{name}:{claim}"] = value
        elif isinstance(value, list) and claim == "amr":
            keys[f"{name}:{claim}"] = _texts(value)
    keys[f"{name}:aud"] = audience
    if token.text("azp"):
        keys[f"{name}:oaud"] = audiences[0]
    return keys


def _decide(request: AwsRequest, proof: _Proof, role: Any, name: str, world: World) -> None:
    """Ask the trust policy, with the provider as the caller and the claims as condition keys."""
    principal = Principal("federated", proof.provider, "")
    actions = ["sts:AssumeRoleWithWebIdentity"]
    if proof.tags:
        actions.append("sts:TagSession")
    if proof.source_identity:
        actions.append("sts:SetSourceIdentity")
    keys: dict[str, str | tuple[str, ...]] = {
        **request_context(request, Caller(principal, ""), world),
        **resource_tags(of_entity(role), "iam"),
        **request_tags(proof.tags),
        **proof.keys,
        "sts:RoleSessionName": name,
    }
    if proof.transitive:
        keys["sts:TransitiveTagKeys"] = proof.transitive
    if proof.source_identity:
        keys["sts:SourceIdentity"] = proof.source_identity
    policies = Policies(rcps=world.rcps(role.account_id))
    trust = world.trust(role)
    for action in actions:
        question = Request(action, role.arn, principal, role.account_id, keys)
        is_allowed = decide_trust(question, trust, policies, explain=False).is_allowed
        note(question, policies, is_allowed=is_allowed, trust=trust)
        if not is_allowed:
            raise _not_trusted(action)


def _not_trusted(action: str) -> NoError:
    return NoError(Refusal(403, "AccessDenied", f"Not authorized to perform {action}"))


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _tags(claim: object) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read the claim that holds session tags: each key with a list of one value, and which are handed on."""
    if claim is None:
        return {}, ()
    if not isinstance(claim, dict) or not isinstance(claim.get("principal_tags"), dict):
        raise bad_token(f"The claim {_TAGS_CLAIM} holds no principal_tags.")
    pairs = [(str(key), _texts(value)) for key, value in claim["principal_tags"].items()]
    if any(len(values) != 1 for _, values in pairs):
        raise bad_token(f"Each tag of the claim {_TAGS_CLAIM} has one value.")
    tags = checked_tags([(key, values[0]) for key, values in pairs])
    transitive = _texts(claim.get("transitive_tag_keys", []))
    if any(key not in tags for key in transitive):
        raise bad_token("A transitive tag key is not among the tags of the token.")
    return tags, transitive
