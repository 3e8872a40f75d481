"""What stands between an authorized call and its answer: limits first, then the faults that were asked for.

Sources: "Common Errors" of the IAM, STS, EC2, DynamoDB and SQS API references; S3 API Reference, "Error responses".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from leastkey.sandbox.gate.injection import Injections
from leastkey.sandbox.gate.limits import Limits
from leastkey.sandbox.request import Refusal, Response
from leastkey.sandbox.service_models import service_model
from leastkey.sandbox.services import BY_SIGNING_NAME

if TYPE_CHECKING:
    from leastkey.clock import Clock
    from leastkey.sandbox.gate.injection import Injection
    from leastkey.sandbox.request import AwsRequest, Delivery

__all__ = ["Obstacle", "Obstacles"]

_THROTTLED: Final = {
    "ec2": Refusal(503, "RequestLimitExceeded", "Request limit exceeded."),
    "rest-xml": Refusal(503, "SlowDown", "Please reduce your request rate."),
    "query": Refusal(400, "Throttling", "Rate exceeded"),
}
_THROTTLED_JSON: Final = Refusal(400, "ThrottlingException", "Rate exceeded")
_FAILED: Final = {"ec2": "InternalError", "rest-xml": "InternalError", "json": "InternalServerError"}
_STATUSES: Final = {
    "InternalError": 500,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "ServiceFailure": 500,
    "ServiceUnavailable": 503,
    "Unavailable": 503,
    "SlowDown": 503,
    "RequestLimitExceeded": 503,
}
_BAD_REQUEST: Final = 400


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What a call meets: `instead` is answered in its place; else its answer is delivered late, in part or not."""

    instead: Refusal | Response | None = None
    delivery: Delivery = ""
    seconds: float = 0

    def delivered(self, response: Response) -> Response:
        """Give the answer with what happens to it on its way."""
        if not self.delivery and not self.seconds:
            return response
        return replace(response, delivery=self.delivery, seconds=self.seconds)


_FREE: Final = Obstacle()


class Obstacles:
    """Limits and faults of one sandbox."""

    def __init__(self, clock: Clock) -> None:
        self.limits = Limits(clock)
        self.injections = Injections()

    def meet(self, request: AwsRequest, operation: str) -> Obstacle:
        """Say what an authorized call meets."""
        if not self.limits.takes(request, operation):
            return Obstacle(_throttled(request))
        found = self.injections.meet(request, operation)
        return _FREE if found is None else _obstacle(found, request)


def _obstacle(found: Injection, request: AwsRequest) -> Obstacle:
    match found.kind:
        case "throttle":
            return Obstacle(_throttled(request))
        case "error":
            return Obstacle(_error(found.code, request))
        case "reset":
            return Obstacle(Response(500, (), b"", delivery="reset", seconds=found.seconds))
        case "lost" | "cut":
            return Obstacle(delivery=found.kind, seconds=found.seconds)
        case "delay":
            return Obstacle(seconds=found.seconds)


def _throttled(request: AwsRequest) -> Refusal:
    return _THROTTLED.get(_family(request), _THROTTLED_JSON)


def _family(request: AwsRequest) -> str:
    """Give whose words a service speaks: S3 has its own among those that speak XML."""
    service = BY_SIGNING_NAME[request.signing_name]
    return "query" if service.protocol == "rest-xml" and not service.is_s3 else service.protocol


def _error(code: str, request: AwsRequest) -> Refusal:
    code = code or _FAILED.get(_family(request), "InternalFailure")
    return Refusal(_status(code, request), code, "An error that the sandbox was asked for.")


def _status(code: str, request: AwsRequest) -> int:
    """Give the status botocore's model has for an error, else that of the common errors."""
    model = service_model(request.service)
    for name, shape in model.shapes.items() if model is not None else ():
        error = shape.get("error", {}) if shape.get("exception") else {}
        if code in (name, error.get("code")) and "httpStatusCode" in error:
            return int(error["httpStatusCode"])
    return _STATUSES.get(code, _BAD_REQUEST)
