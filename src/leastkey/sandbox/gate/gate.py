"""The one way into the sandbox: authenticate, resolve, authorize, and only then let moto work.

Whatever fails on the way refuses the request. One lock makes a request see the state it was decided on.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from traceback import format_tb
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import parse_qsl
from uuid import uuid4
from xml.parsers.expat import ExpatError

from leastkey.sandbox.decided import begin
from leastkey.sandbox.errors import denied, internal, not_built, refused
from leastkey.sandbox.gate.authenticate import Authenticator
from leastkey.sandbox.gate.faults import Refused
from leastkey.sandbox.gate.obstacles import Obstacles
from leastkey.sandbox.gate.payload import PayloadError, check_digests
from leastkey.sandbox.gate.wire import bucket_of
from leastkey.sandbox.request import AwsRequest, Refusal, Response, is_form
from leastkey.sandbox.resolve.query_form import known_fields
from leastkey.sandbox.service_models import service_model
from leastkey.sandbox.services import ALL_SERVICES, BY_SIGNING_NAME
from leastkey.sandbox.state.accounts import DEFAULT_ACCOUNT
from leastkey.sandbox.sts import service as sts
from leastkey.sandbox.sts.tokens import limited
from leastkey.sandbox.trail.names import leaves_nothing
from leastkey.sandbox.trail.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leastkey.clock import Clock
    from leastkey.evaluate.request import Context
    from leastkey.sandbox.gate.authenticate import Verified
    from leastkey.sandbox.gate.wire import RawRequest
    from leastkey.sandbox.request import Caller, Denial, Operation
    from leastkey.sandbox.services import Service
    from leastkey.sandbox.state.backend import Moto
    from leastkey.sandbox.state.world import World
    from leastkey.sandbox.trail.seen import Observer

__all__ = ["Authorizer", "Gate"]

_LOG: Final = logging.getLogger(__name__)
_FORM_BYTES: Final = 4 * 1024 * 1024
_MESSAGE_BYTES: Final = 20 * 1024 * 1024
"""Bytes of a form, and of any message but S3's: more than AWS takes, little enough to read."""
_BREAKS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    StopIteration,
    TypeError,
    ValueError,
)
"""How moto breaks on parameters that it did not expect."""
_VERSIONS: Final = {
    "2010-03-31": "sns",
    "2010-05-08": "iam",
    "2011-06-15": "sts",
    "2014-10-31": "rds",
    "2015-12-01": "elasticloadbalancing",
    "2016-11-15": "ec2",
}


class Authorizer(Protocol):
    """What the gate asks about a verified request."""

    def operation(self, request: AwsRequest) -> Operation | Refusal:
        """Say what the request asks for."""
        ...

    def context(self, request: AwsRequest, caller: Caller, world: World) -> Context:
        """Give the condition keys every request has."""
        ...

    def before(self, request: AwsRequest, operation: Operation, world: World) -> Refusal | None:
        """Refuse what AWS refuses and moto would take."""
        ...

    def authorize(
        self, request: AwsRequest, operation: Operation, caller: Caller, world: World
    ) -> Denial | None:
        """Decide, and give the denial."""
        ...

    def answer(
        self, request: AwsRequest, operation: Operation, caller: Caller, world: World
    ) -> Response | None:
        """Answer in moto's place."""
        ...

    def acted_in(self, request: AwsRequest, operation: Operation) -> str:
        """Give the account that the operation acts in."""
        ...

    def after(
        self, request: AwsRequest, operation: Operation, caller: Caller, world: World, response: Response
    ) -> Response:
        """Mend moto's answer."""
        ...


class Gate:
    """Takes requests whose framing was checked, gives answers; never raises."""

    def __init__(
        self,
        world: World,
        moto: Moto,
        authorizer: Authorizer,
        clock: Clock,
        changed: Callable[[], None],
        clients: Clock | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.world = world
        self._moto = moto
        self._authorizer = authorizer
        self._clock = clock
        self._changed = changed
        self.obstacles = Obstacles(clock)
        self._authenticator = Authenticator(world, clock, clients)
        self._observer = observer

    def handle(self, raw: RawRequest) -> Response:
        """Answer a request."""
        request_id = str(uuid4())
        seen = Seen(request_id, self._clock.now(), decided=begin())
        service = None if _is_large(raw) else _guess(raw)
        head = raw.method == "HEAD"
        try:
            with self.lock:
                verified = self._let_in(raw, service)
                service, seen.caller = verified.service, verified.caller
                found = self._carried_out(raw, verified, seen)
        except Refused as error:
            service = error.service
            found = error.refusal
        except Exception as error:  # noqa: BLE001  # fail closed, whatever broke
            _log_frames(request_id, error)
            found = internal(service)
        response = refused(found, service, request_id, head=head) if isinstance(found, Refusal) else found
        _LOG.info("%s %s %d", service.name if service else "-", raw.method, response.status)
        answer = _with_ids(response, service, request_id)
        seen.service, seen.response = service, answer
        seen.refusal = found if isinstance(found, Refusal) else None
        if self._observer is not None:
            self._observer.saw(seen)
        return answer

    def _let_in(self, raw: RawRequest, guess: Service | None) -> Verified:
        if _is_large(raw):
            raise Refused(_too_large(), guess)
        return self._authenticator.authenticate(raw, guess)

    def _carried_out(self, raw: RawRequest, verified: Verified, seen: Seen) -> Response | Refusal:
        if not verified.service.is_s3 and len(verified.body) > _MESSAGE_BYTES:
            return _too_large()
        request = seen.request = self._request(raw, verified, seen.request_id)
        if request.service == "s3" and _has_digest(request):
            try:
                check_digests(request.headers, request.body)
            except PayloadError as error:
                return Refusal(400, "BadDigest", f"{error.text}.")
        caller, world = verified.caller, self.world
        operation = self._operation(request, caller)
        if isinstance(operation, Refusal):
            return operation
        request = seen.request = _without_strangers(request, operation)
        seen.operation = operation
        if request.service == "sts" and (operation.name in sts.OPEN or operation.name not in sts.BUILT):
            return self._of_sts(request, operation, caller)
        refusal = self._authorizer.before(request, operation, world)
        denial = self._authorizer.authorize(request, operation, caller, world)
        if denial is not None:  # what is wrong with a request is told to those who may make it
            return denied(denial, verified.service)
        if refusal is not None:
            return refusal
        if request.service == "sts":
            return self._of_sts(request, operation, caller)
        return self._changing(request, operation, caller)

    def _changing(self, request: AwsRequest, operation: Operation, caller: Caller) -> Response | Refusal:
        """Carry out what was authorized, unless a limit or a fault stands in between."""
        obstacle = self.obstacles.meet(request, operation.name)
        if obstacle.instead is not None:
            return obstacle.instead
        if not leaves_nothing(operation.name):  # said first: whatever fails half way, the snapshot is due
            self._changed()
        response = self._authorizer.answer(request, operation, caller, self.world)
        return obstacle.delivered(
            self._from_moto(request, operation, caller) if response is None else response
        )

    def _operation(self, request: AwsRequest, caller: Caller) -> Operation | Refusal:
        """Say what is asked for, or refuse what the caller's kind of credentials may never call."""
        operation = self._authorizer.operation(request)
        if isinstance(operation, Refusal):
            return operation
        return limited(operation.name, request.service, caller) or operation

    def _of_sts(self, request: AwsRequest, operation: Operation, caller: Caller) -> Response | Refusal:
        context = self._authorizer.context(request, caller, self.world)
        found = sts.answer(request, operation.name, caller, self.world, context)
        if operation.name in sts.MINTING and isinstance(found, Response):
            self._changed()
        if isinstance(found, Refusal):
            return found
        # What was minted and is not given, nobody knows.
        obstacle = self.obstacles.meet(request, operation.name)
        return obstacle.delivered(found) if obstacle.instead is None else obstacle.instead

    def _from_moto(self, request: AwsRequest, operation: Operation, caller: Caller) -> Response:
        owner = self._owner(request) if not request.account else request.account
        try:
            there = replace(request, account=self._authorizer.acted_in(request, operation))
            response = self._moto.call(there, operation, key_id=caller.key_id, owner=owner)
        except NotImplementedError:  # what moto raises for an operation that it lacks
            raise Refused(
                not_built(f"{request.service}:{operation.name}"), BY_SIGNING_NAME[request.signing_name]
            ) from None
        except ExpatError:
            words = (
                "The XML you provided was not well-formed or did not validate against our published schema"
            )
            raise Refused(
                Refusal(400, "MalformedXML", words), BY_SIGNING_NAME[request.signing_name]
            ) from None
        except Exception as error:
            if (
                not isinstance(error, _BREAKS) and type(error) is not Exception
            ):  # the bare class is moto's too
                raise
            _log_frames(request.request_id, error)
            raise Refused(_unreadable(request), BY_SIGNING_NAME[request.signing_name]) from None
        return self._authorizer.after(request, operation, caller, self.world, response)

    def _owner(self, request: AwsRequest) -> str:
        """Give the account an anonymous request reaches: the bucket's."""
        name = request.bucket_host or request.raw_path.lstrip("/").split("/", 1)[0]
        found = self.world.bucket(name)
        return DEFAULT_ACCOUNT if found is None else found[0]

    def _request(self, raw: RawRequest, verified: Verified, request_id: str) -> AwsRequest:
        service = verified.service
        headers = {**raw.headers, **verified.trailers}
        return AwsRequest(
            method=raw.method,
            raw_path=raw.path,
            raw_query=raw.query,
            headers=headers,
            body=verified.body,
            source_ip=raw.source_ip,
            secure=False,
            service=service.name,
            signing_name=service.signing_name,
            region=verified.region,
            request_id=request_id,
            form={} if service.is_s3 else _form(raw, verified.body),
            account=verified.caller.account,
            now=self._clock.now(),
            bucket_host=bucket_of(raw.headers.get("host", "")) if service.is_s3 else "",
        )


def _log_frames(request_id: str, error: Exception) -> None:
    """Log where it broke; not the words of the exception, which may quote the request."""
    _LOG.error(
        "request %s: %s\n%s", request_id, type(error).__name__, "".join(format_tb(error.__traceback__))
    )


def _unreadable(request: AwsRequest) -> Refusal:
    """Refuse a request that moto could not carry out."""
    code = {"s3": "InvalidRequest", "ec2": "InvalidParameterValue"}.get(request.service, "ValidationError")
    words = "A parameter is not what the operation takes, or the leastkey sandbox cannot carry it out; see its log for the request id."
    return Refusal(400, code, words)


def _form(raw: RawRequest, body: bytes) -> Mapping[str, list[str]]:
    """Give the parameters of the query protocols: the body's fields, or those of the query without the signature."""
    if is_form(raw.headers):
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    else:
        given = parse_qsl(raw.query, keep_blank_values=True)
        pairs = [(name, value) for name, value in given if not name.lower().startswith("x-amz-")]
    form: dict[str, list[str]] = {}
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def _is_large(raw: RawRequest) -> bool:
    """Say whether a form is larger than any that AWS takes."""
    return is_form(raw.headers) and len(raw.body) > _FORM_BYTES


def _too_large() -> Refusal:
    return Refusal(413, "RequestEntityTooLarge", "The request is larger than this service takes.")


def _without_strangers(request: AwsRequest, operation: Operation) -> AwsRequest:
    """Leave out the fields of a form that the operation has no parameter for: nobody reads them afterwards."""
    model = service_model(request.service)
    if model is None or model.protocol != operation.protocol or model.protocol not in ("query", "ec2"):
        return request
    return replace(request, form=known_fields(model, operation.name, request.form))


def _guess(raw: RawRequest) -> Service | None:
    """Name the service of an unsigned request, for the format of its refusal; only S3 takes one."""
    target = raw.headers.get("x-amz-target", "").rpartition(".")[0]
    if target:
        return next((service for service in ALL_SERVICES if service.target == target), None)
    form = _form(raw, raw.body if is_form(raw.headers) else b"")
    if "Action" in form or is_form(raw.headers):
        return BY_SIGNING_NAME.get(_VERSIONS.get(form.get("Version", [""])[0], ""))
    return BY_SIGNING_NAME["s3"]


def _has_digest(request: AwsRequest) -> bool:
    """Say whether digests in the headers speak of this body: not when an upload of parts is completed."""
    return request.method == "PUT" or "delete" in request.raw_query.split("&")


def _with_ids(response: Response, service: Service | None, request_id: str) -> Response:
    headers = list(response.headers)
    names = {name.lower() for name, _ in headers}
    ours = [
        ("x-amzn-RequestId", request_id),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    if service is not None and service.is_s3:
        ours += [("x-amz-request-id", request_id), ("x-amz-id-2", request_id)]
    return replace(response, headers=(*headers, *(each for each in ours if each[0].lower() not in names)))
