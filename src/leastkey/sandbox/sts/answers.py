"""How STS answers and refuses: its XML, the credentials in it, and the wording of what is wrong with a parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from leastkey.iam.arn import AccountId, session_arn
from leastkey.sandbox.request import Refusal, Response
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    import re

    from leastkey.sandbox.request import AwsRequest, Caller
    from leastkey.sandbox.state.sessions import Session

__all__ = [
    "NoError",
    "assumed_xml",
    "credentials_xml",
    "denied",
    "fields_xml",
    "in_seconds",
    "invalid",
    "shaped",
    "xml",
]


class NoError(Exception):
    """A refusal on its way out of the steps of an operation."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def invalid(words: str) -> NoError:
    """Give the refusal of a parameter."""
    return NoError(Refusal(400, "ValidationError", words))


def denied(caller: Caller, action: str, resource: str) -> NoError:
    """Give the refusal of who may not."""
    words = f"User: {caller.principal.arn} is not authorized to perform: {action} on resource: {resource}"
    return NoError(Refusal(403, "AccessDenied", words))


def shaped(name: str, value: str, pattern: re.Pattern[str]) -> None:
    """Refuse a value that does not have its form."""
    if not pattern.fullmatch(value):
        raise invalid(
            f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern.pattern}"
        )


def in_seconds(text: str, least: int, most: int) -> int:
    """Read DurationSeconds, within its bounds."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise invalid(f"Value '{text}' at 'durationSeconds' failed to satisfy constraint: it is no integer")
    if int(text) < least:
        side, bound = "greater", least
    elif int(text) > most:
        side, bound = "less", most
    else:
        return int(text)
    raise invalid(
        f"1 validation error detected: Value '{text}' at 'durationSeconds' failed to satisfy constraint: "
        f"Member must have value {side} than or equal to {bound}"
    )


def credentials_xml(session: Session) -> str:
    """Write a session's credentials."""
    return (
        f"<Credentials><AccessKeyId>{session.key_id}</AccessKeyId>"
        f"<SecretAccessKey>{session.secret.reveal()}</SecretAccessKey>"
        f"<SessionToken>{session.token.reveal()}</SessionToken>"
        f"<Expiration>{session.expires:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
    )


def assumed_xml(session: Session) -> str:
    """Write whose session of which role it is, and its credentials."""
    arn = session_arn(PARTITION, AccountId(session.account), session.role_name, session.name)
    source = fields_xml({"SourceIdentity": session.source_identity}) if session.source_identity else ""
    return (
        f"{source}<AssumedRoleUser><AssumedRoleId>{session.role_id}:{session.name}</AssumedRoleId>"
        f"<Arn>{arn}</Arn></AssumedRoleUser>{credentials_xml(session)}"
    )


def fields_xml(fields: dict[str, str]) -> str:
    """Write plain fields."""
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())


def xml(operation: str, result: str, request: AwsRequest) -> Response:
    """Wrap the result of an operation."""
    text = (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{operation}Result>{result}</{operation}Result>"
        f"<ResponseMetadata><RequestId>{request.request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
    return Response(200, (("Content-Type", "text/xml"),), text.encode())
