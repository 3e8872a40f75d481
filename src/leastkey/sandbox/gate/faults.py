"""What goes wrong before a caller is known, in each family's own status, code and words.

Source: "Common Errors" in the API references of IAM, STS, EC2, SQS and DynamoDB; S3 API Reference, "Error responses".
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.request import Refusal

if TYPE_CHECKING:
    from leastkey.sandbox.services import Service

__all__ = ["Fault", "Refused", "refusal"]


class Fault(StrEnum):
    """The kinds of failed authentication."""

    UNKNOWN_KEY = "unknown key"
    WRONG_SIGNATURE = "wrong signature"
    WRONG_TOKEN = "wrong token"  # noqa: S105  # the name of a fault, no password
    EXPIRED_SESSION = "expired session"
    UNSIGNED = "unsigned"
    SKEW = "skew"
    EXPIRED_URL = "expired URL"
    MALFORMED = "malformed"
    SCOPE = "scope"
    PAYLOAD = "payload"
    VERSION = "version"


class Refused(Exception):  # noqa: N818  # it is an answer, not a fault of ours
    """A refusal on its way to the client, with the service whose wire format it takes."""

    def __init__(self, refusal: Refusal, service: Service | None) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.service = service


_INVALID: Final = "The security token included in the request is invalid."
_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_MISMATCH_S3: Final = "The request signature we calculated does not match the signature you provided. Check your key and signing method."
_AUTH_FAILURE: Final = (401, "AuthFailure", "AWS was not able to validate the provided access credentials")
_EXPIRED_EC2: Final = (400, "RequestExpired", "Request has expired.")

_VERSION: Final = (
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
)
_VERSION_HINT: Final = " The sandbox takes Signature Version 2 in presigned URLs of what that version signs."
"""Ours. AWS takes it for buckets older than 24 June 2020."""

_FAMILIES: Final = {"rest-json": "json", "rest-xml": "query"}
"""Whose words the REST services speak that are not S3."""

_Row = tuple[int, str, str]

_TABLE: Final[dict[Fault, dict[str, _Row]]] = {
    Fault.UNKNOWN_KEY: {
        "query": (403, "InvalidClientTokenId", _INVALID),
        "ec2": _AUTH_FAILURE,
        "s3": (
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        "json": (400, "UnrecognizedClientException", _INVALID),
    },
    Fault.WRONG_TOKEN: {
        "query": (403, "InvalidClientTokenId", _INVALID),
        "ec2": _AUTH_FAILURE,
        "s3": (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
        "json": (400, "UnrecognizedClientException", _INVALID),
    },
    Fault.WRONG_SIGNATURE: {
        "query": (403, "SignatureDoesNotMatch", _MISMATCH),
        "ec2": _AUTH_FAILURE,
        "s3": (403, "SignatureDoesNotMatch", _MISMATCH_S3),
        "json": (400, "InvalidSignatureException", _MISMATCH),
    },
    Fault.EXPIRED_SESSION: {
        "query": (403, "ExpiredToken", "The security token included in the request is expired"),
        "ec2": _EXPIRED_EC2,
        "s3": (400, "ExpiredToken", "The provided token has expired."),
        "json": (400, "ExpiredTokenException", "The security token included in the request is expired"),
    },
    Fault.UNSIGNED: {
        "query": (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
        "ec2": _AUTH_FAILURE,
        "s3": (403, "AccessDenied", "Access Denied"),
        "json": (400, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    },
    Fault.SKEW: {
        "query": (403, "SignatureDoesNotMatch", "Signature expired or not yet current."),
        "ec2": _EXPIRED_EC2,
        "s3": (
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        "json": (400, "InvalidSignatureException", "Signature expired or not yet current."),
    },
    Fault.EXPIRED_URL: {
        "query": (403, "SignatureDoesNotMatch", "Signature expired."),
        "ec2": _EXPIRED_EC2,
        "s3": (403, "AccessDenied", "Request has expired"),
        "json": (400, "InvalidSignatureException", "Signature expired."),
    },
    Fault.MALFORMED: {
        "query": (400, "IncompleteSignature", "The request signature does not conform to AWS standards."),
        "ec2": _AUTH_FAILURE,
        "s3": (
            400,
            "AuthorizationHeaderMalformed",
            "The authorization header that you provided is not valid.",
        ),
        "json": (
            400,
            "IncompleteSignatureException",
            "The request signature does not conform to AWS standards.",
        ),
    },
    Fault.VERSION: {
        "query": (400, "IncompleteSignature", _VERSION),
        "ec2": _AUTH_FAILURE,
        "s3": (400, "InvalidRequest", _VERSION + _VERSION_HINT),
        "json": (400, "IncompleteSignatureException", _VERSION),
    },
    Fault.SCOPE: {
        "query": (403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region and service."),
        "ec2": _AUTH_FAILURE,
        "s3": (400, "AuthorizationHeaderMalformed", "The authorization header is malformed: wrong scope."),
        "json": (
            400,
            "InvalidSignatureException",
            "Credential should be scoped to a valid region and service.",
        ),
    },
    Fault.PAYLOAD: {
        "query": (403, "SignatureDoesNotMatch", _MISMATCH),
        "ec2": _AUTH_FAILURE,
        "s3": (
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
        "json": (400, "InvalidSignatureException", _MISMATCH),
    },
}


def refusal(fault: Fault, service: Service | None, words: str = "") -> Refusal:
    """Give the refusal for a fault; `words` stand in place of the table's, save for EC2, which says little."""
    if service is None:
        family = "query"
    else:
        family = "s3" if service.is_s3 else _FAMILIES.get(service.protocol, service.protocol)
    status, code, text = _TABLE[fault][family]
    if service is not None and service.protocol == "rest-json":
        status = 403  # these tell by the status too
    return Refusal(status, code, words if words and family != "ec2" else text)
