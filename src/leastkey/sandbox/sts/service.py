"""AWS STS, wholly ours: moto's would let anyone wear any role.

Source: STS API Reference, AssumeRole, GetCallerIdentity, GetAccessKeyInfo; IAM User Guide, "Methods to assume a role".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from leastkey.evaluate.request import NamedDocument, Policies, Request
from leastkey.evaluate.trust import decide_trust
from leastkey.iam.arn import AccountId, session_arn
from leastkey.iam.document import DocumentError, load_document
from leastkey.iam.limits import SESSION_SECONDS_MAX, SESSION_SECONDS_MIN
from leastkey.sandbox.errors import not_built
from leastkey.sandbox.request import Refusal, Response
from leastkey.sandbox.resolve.tags import of_entity, request_tags, resource_tags
from leastkey.sandbox.state.accounts import new_key
from leastkey.sandbox.state.sessions import Session, new_token
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.evaluate.request import Context
    from leastkey.sandbox.request import AwsRequest, Caller
    from leastkey.sandbox.state.world import World

__all__ = ["BUILT", "OPEN", "answer"]

OPEN: Final = frozenset({"GetCallerIdentity", "AssumeRole"})
"""Operations the authorizer is not asked about: the first is always allowed, the second is decided here with trust."""

BUILT: Final = OPEN | {"GetAccessKeyInfo"}

_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL: Final = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_ROLE: Final = re.compile(r"arn:aws:iam::[0-9]{12}:role/[\x21-\x7e]{1,512}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_MEMBER: Final = re.compile(
    r"(?P<list>PolicyArns|Tags)\.member\.(?P<index>[0-9]{1,3})\.(?P<field>arn|Key|Value)", re.ASCII
)
_KNOWN: Final = frozenset(
    {
        "Action",
        "Version",
        "RoleArn",
        "RoleSessionName",
        "DurationSeconds",
        "ExternalId",
        "Policy",
        "SourceIdentity",
    }
)
_CHAINED_SECONDS: Final = 3600
_SESSION_POLICY_CHARACTERS: Final = 2_048
_SESSION_POLICIES: Final = 10
_SESSION_TAGS: Final = 50


class _NoError(Exception):
    """A refusal on its way out of the steps below."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def answer(
    request: AwsRequest, operation: str, caller: Caller, world: World, context: Context
) -> Response | Refusal:
    """Answer an STS operation; `context` holds the condition keys every request has."""
    match operation:
        case "GetCallerIdentity":
            fields = {"Arn": caller.principal.arn, "UserId": caller.user_id, "Account": caller.account}
            return _xml(
                operation,
                "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items()),
                request,
            )
        case "GetAccessKeyInfo":
            return _key_info(request, world)
        case "AssumeRole":
            try:
                return _assume_role(request, caller, world, context)
            except _NoError as no:
                return no.refusal
        case _:
            return not_built(f"sts:{operation}")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The parameters of AssumeRole, each checked by itself."""

    role: str
    name: str
    seconds: int
    external_id: str | None
    policies: tuple[NamedDocument, ...]
    tags: Mapping[str, str]
    source_identity: str


def _assume_role(request: AwsRequest, caller: Caller, world: World, context: Context) -> Response:
    asked = _asked(request, caller, world)
    if caller.principal.type == "root":
        raise _NoError(Refusal(403, "AccessDenied", "Roles may not be assumed by root accounts."))
    role = world.role_by_arn(asked.role)
    if role is None:
        raise _NoError(_denied(caller, "sts:AssumeRole", asked.role))
    _decide(asked, role, caller, world, context)
    _check_seconds(asked, role, caller)
    key, token = new_key("ASIA"), new_token()
    session = Session(
        key_id=key.id,
        secret=key.secret,
        token=token,
        account=role.account_id,
        role_name=role.name,
        role_id=role.id,
        name=asked.name,
        issued_at=request.now,
        expires=request.now.replace(microsecond=0) + timedelta(seconds=asked.seconds),
        policies=asked.policies,
        tags=tuple(asked.tags.items()),
        source_identity=asked.source_identity,
    )
    world.sessions.add(session, keep_after=request.now - timedelta(hours=1))
    return _xml("AssumeRole", _assumed(session, role), request)


def _decide(asked: _Asked, role: Any, caller: Caller, world: World, context: Context) -> None:
    """Ask the trust policy and the caller's own policies about every action of the call."""
    actions = ["sts:AssumeRole"]
    if asked.tags:
        actions.append("sts:TagSession")
    if asked.source_identity:
        actions.append("sts:SetSourceIdentity")
    policies = Policies(
        identity=world.identity_policies(caller),
        boundaries=world.boundaries(caller),
        sessions=caller.session_policies,
        scps=world.scps(caller.account),
        rcps=world.rcps(role.account_id),
    )
    keys: dict[str, str | tuple[str, ...]] = {
        **context,
        **resource_tags(of_entity(role), "iam"),
        **request_tags(asked.tags),
        "sts:RoleSessionName": asked.name,
    }
    if asked.external_id is not None:
        keys["sts:ExternalId"] = asked.external_id
    if asked.source_identity:
        keys["sts:SourceIdentity"] = asked.source_identity
    for action in actions:
        question = Request(action, asked.role, caller.principal, role.account_id, keys)
        if not decide_trust(question, world.trust(role), policies, explain=False).is_allowed:
            raise _NoError(_denied(caller, action, asked.role))


def _denied(caller: Caller, action: str, resource: str) -> Refusal:
    words = f"User: {caller.principal.arn} is not authorized to perform: {action} on resource: {resource}"
    return Refusal(403, "AccessDenied", words)


def _check_seconds(asked: _Asked, role: Any, caller: Caller) -> None:
    if caller.role_name and asked.seconds > _CHAINED_SECONDS:
        raise _NoError(
            _invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
            )
        )
    if asked.seconds > int(role.max_session_duration or _CHAINED_SECONDS):
        raise _NoError(
            _invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        )


def _asked(request: AwsRequest, caller: Caller, world: World) -> _Asked:
    flat = {name: values[0] for name, values in request.form.items()}
    members = {name: found for name in flat if (found := _MEMBER.fullmatch(name)) is not None}
    unknown = next((name for name in flat if name not in _KNOWN and name not in members), None)
    if unknown is not None:
        raise _NoError(not_built(f"The parameter {unknown} of sts:AssumeRole"))
    role, name = flat.get("RoleArn", ""), flat.get("RoleSessionName", "")
    _shaped("roleArn", role, _ROLE)
    _shaped("roleSessionName", name, _NAME)
    seconds = flat.get("DurationSeconds", "3600")
    _shaped("durationSeconds", seconds, _NUMBER)
    if not SESSION_SECONDS_MIN <= int(seconds) <= SESSION_SECONDS_MAX:
        raise _NoError(
            _invalid(
                f"Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: 900 to 43200 seconds"
            )
        )
    external, source = flat.get("ExternalId"), flat.get("SourceIdentity", "")
    if external is not None:
        _shaped("externalId", external, _EXTERNAL)
    if source:
        _shaped("sourceIdentity", source, _NAME)
    if caller.source_identity and source not in ("", caller.source_identity):
        raise _NoError(_denied(caller, "sts:SetSourceIdentity", role))
    return _Asked(
        role,
        name,
        int(seconds),
        external,
        _session_policies(flat, role, world),
        _session_tags(flat),
        source or caller.source_identity,
    )


def _shaped(name: str, value: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(value):
        raise _NoError(
            _invalid(
                f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {pattern.pattern}"
            )
        )


def _invalid(words: str) -> Refusal:
    return Refusal(400, "ValidationError", words)


def _session_policies(flat: Mapping[str, str], role: str, world: World) -> tuple[NamedDocument, ...]:
    found: list[NamedDocument] = []
    text = flat.get("Policy")
    if text is not None:
        if len(text) > _SESSION_POLICY_CHARACTERS:
            raise _NoError(_invalid("The session policy is longer than 2,048 characters."))
        try:
            found.append(NamedDocument("session policy", load_document(text, "identity")))
        except DocumentError as error:
            raise _NoError(Refusal(400, "MalformedPolicyDocument", str(error))) from None
    arns = [value for name, value in flat.items() if name.startswith("PolicyArns.")]
    if len(arns) > _SESSION_POLICIES:
        raise _NoError(_invalid("A session takes at most 10 managed policies."))
    account = role.split(":")[4]
    for arn in arns:
        known = world.managed_document(account, arn) if world.accounts.has(account) else None
        if known is None:
            raise _NoError(_invalid(f"PolicyArns: {arn} does not exist in the role's account."))
        found.append(NamedDocument(arn, known))
    return tuple(found)


def _session_tags(flat: Mapping[str, str]) -> dict[str, str]:
    indexes = {name.split(".")[2] for name in flat if name.startswith("Tags.")}
    tags = {
        flat.get(f"Tags.member.{index}.Key", ""): flat.get(f"Tags.member.{index}.Value", "")
        for index in indexes
    }
    if len(tags) != len(indexes) or "" in tags or len(tags) > _SESSION_TAGS:
        raise _NoError(_invalid("Session tags have keys that differ, at most 50 of them."))
    return tags


def _assumed(session: Session, role: Any) -> str:
    arn = session_arn(PARTITION, AccountId(session.account), role.name, session.name)
    source = (
        f"<SourceIdentity>{escape(session.source_identity)}</SourceIdentity>"
        if session.source_identity
        else ""
    )
    return (
        f"{source}<AssumedRoleUser><AssumedRoleId>{role.id}:{session.name}</AssumedRoleId><Arn>{arn}</Arn>"
        f"</AssumedRoleUser><Credentials><AccessKeyId>{session.key_id}</AccessKeyId>"
        f"<SecretAccessKey>{session.secret.reveal()}</SecretAccessKey>"
        f"<SessionToken>{session.token.reveal()}</SessionToken>"
        f"<Expiration>{session.expires:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
    )


def _key_info(request: AwsRequest, world: World) -> Response | Refusal:
    key_id = request.form.get("AccessKeyId", [""])[0]
    root, user, session = (
        world.accounts.root_of(key_id),
        world.user_of_key(key_id),
        world.sessions.get(key_id),
    )
    account = root[0] if root else user[0] if user else session.account if session else None
    if account is None:
        return _invalid(f"The access key {key_id} is not known.")
    return _xml("GetAccessKeyInfo", f"<Account>{account}</Account>", request)


def _xml(operation: str, result: str, request: AwsRequest) -> Response:
    text = (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{operation}Result>{result}</{operation}Result>"
        f"<ResponseMetadata><RequestId>{request.request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
    return Response(200, (("Content-Type", "text/xml"),), text.encode())
