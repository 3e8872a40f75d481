"""AWS's error codes by what they mean for who asked.

Source: IAM API Reference, "Common errors"; IAM User Guide, "Troubleshoot IAM" (changes are not always immediately visible).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.errors import AwsError

__all__ = [
    "BAD_CREDENTIALS",
    "BAD_SIGNATURE",
    "DENIED",
    "NOT_YET",
    "UNKNOWN_KEY",
    "is_busy",
    "is_changing",
    "is_missing",
    "is_throttled",
    "is_unanswered",
    "is_unknown",
]

DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
UNKNOWN_KEY: Final = frozenset(
    {"AuthFailure", "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"}
)
BAD_SIGNATURE: Final = frozenset({"InvalidSignatureException", "SignatureDoesNotMatch"})
NOT_YET: Final = UNKNOWN_KEY | BAD_SIGNATURE
"""What AWS says to a key that has not reached every server yet, and to one that is gone."""
BAD_CREDENTIALS: Final = NOT_YET | {"ExpiredToken", "ExpiredTokenException", "NoCredentials"}

_MISSING: Final = frozenset({"NoSuchEntity", "NoSuchEntityException"})
_CHANGING: Final = frozenset(
    {
        "ConcurrentModification",
        "ConcurrentModificationException",
        "EntityTemporarilyUnmodifiable",
        "EntityTemporarilyUnmodifiableException",
    }
)
_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def is_missing(error: AwsError) -> bool:
    """Say whether the entity is not there, or not there yet."""
    return error.code in _MISSING


def is_changing(error: AwsError) -> bool:
    """Say whether another change of the entity is under way."""
    return error.code in _CHANGING


def is_throttled(error: AwsError) -> bool:
    """Say whether AWS asked to slow down."""
    return error.code in _THROTTLED or error.status == 429  # Too Many Requests


def is_busy(error: AwsError) -> bool:
    """Say whether AWS did nothing and wants to be asked again."""
    return error.outcome == "refused" and (is_throttled(error) or is_changing(error))


def is_unknown(error: AwsError) -> bool:
    """Say whether the call may have been carried out although its answer was lost."""
    return error.outcome == "unknown"


def is_unanswered(error: AwsError) -> bool:
    """Say whether no usable answer came: nothing was heard, or the server failed inside."""
    return error.code == "" or is_unknown(error)
