"""Every request to AWS goes through here: paced, asked again when throttled, its failures scrubbed into AwsError.

botocore puts secrets into exceptions (a cut-off answer is quoted whole) and into debug logs. So no exception of
botocore leaves this module, none is chained, and its loggers never speak below INFO.
"""

from __future__ import annotations

import logging
import random
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from botocore import exceptions, xform_name

from leastkey.aws.scrub import scrubbed
from leastkey.aws.sign_in import sign_in_fault
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.refusals import is_throttled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.aws.limiter import Limiter
    from leastkey.clock import Clock

__all__ = ["Door", "is_throttling", "server_time"]

for _name in ("botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)

_OF_A_RATE: Final = "LimitExceededException"
"""Services that say so mean how often they were asked; IAM's quotas are `LimitExceeded`."""
THROTTLED_SECONDS: Final = 300.0
"""How long one call goes on being asked again while AWS says slow down."""
READ_TRIES: Final = 3

_NOT_SENT: Final = (
    exceptions.ConnectTimeoutError,
    exceptions.EndpointConnectionError,
    exceptions.ProxyConnectionError,
    exceptions.SSLError,
)

Repeat = Literal["never", "throttled", "read"]


class Door:
    """Makes requests with one pace for all clients of one run."""

    def __init__(self, limiter: Limiter, clock: Clock) -> None:
        self._limiter = limiter
        self._clock = clock

    def ask(
        self, client: Any, operation: str, parameters: Mapping[str, object], *, repeat: Repeat = "throttled"
    ) -> Any:
        """Make one call and give botocore's answer. Raises AwsError.

        `repeat`: `never` for calls that return a secret, `throttled` for writes (a throttled call was not carried
        out), `read` for calls that change nothing, which are also repeated when no answer came.
        """
        call = f"{client.meta.service_model.signing_name}:{operation}"
        started = self._clock.monotonic()
        tries = 0
        while True:
            self._limiter.wait()
            tries += 1
            try:
                answer = getattr(client, xform_name(operation))(**parameters)
            except LeastkeyError:  # somebody was to be asked for a code
                raise
            except Exception as error:  # noqa: BLE001  # botocore's parser raises classes of no common base
                failure = _failure(call, error)
            else:
                self._limiter.succeeded()
                return answer
            if is_throttling(failure):
                self._limiter.throttled()
            if not self._again(failure, repeat, tries, self._clock.monotonic() - started):
                raise failure
            # Jitter, so that threads which were refused together do not come back together.
            self._clock.sleep(min(5.0, 0.05 * 2 ** min(tries, 6)) * random.uniform(0.5, 1.0))  # noqa: S311  # no secret hangs on it

    @staticmethod
    def _again(failure: AwsError, repeat: Repeat, tries: int, spent: float) -> bool:
        if repeat == "never":
            return False
        if is_throttling(failure):
            return spent < THROTTLED_SECONDS
        unanswered = failure.outcome == "unknown" or not failure.code
        return repeat == "read" and unanswered and tries < READ_TRIES


def is_throttling(failure: AwsError) -> bool:
    """Say whether AWS asked to slow down."""
    return is_throttled(failure) or failure.code == _OF_A_RATE


def server_time(response: Mapping[str, Any]) -> datetime | None:
    """Give the `Date` header of an answer, or None when it has none that can be read."""
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return parsedate_to_datetime(headers["date"])
    except (KeyError, TypeError, ValueError):
        return None


def _failure(call: str, error: Exception) -> AwsError:
    fault = sign_in_fault(error, call.partition(":")[2])
    if fault is not None:
        return AwsError(call, "NoCredentials", scrubbed(fault.why), fix=fault.fix)
    match error:
        case exceptions.ClientError():
            return _refusal(call, error.response)
        case exceptions.ParamValidationError():
            return AwsError(call, "ParamValidation", scrubbed(str(error)))
        case _ if isinstance(error, _NOT_SENT):
            return AwsError(call, "", f"no connection ({type(error).__name__})")
        case _:
            # Never the text of the error: a cut-off answer to CreateAccessKey is quoted in it, secret and all.
            return AwsError(call, "", f"no usable answer ({type(error).__name__})", outcome="unknown")


def _refusal(call: str, response: Mapping[str, Any]) -> AwsError:
    details = response.get("Error", {})
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    refused = AwsError(
        call,
        str(details.get("Code", "")),
        scrubbed(str(details.get("Message", ""))),
        status=status,
        server_time=server_time(response),
    )
    if isinstance(status, int) and status >= 500 and not is_throttling(refused):  # it failed inside
        refused.outcome = "unknown"
    return refused
