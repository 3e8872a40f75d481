"""Who makes a request: Signature Version 4, verified against the keys and sessions that exist.

Nothing of an unverified request decides anything but which key to look up and which service's error format to use.
Source: IAM User Guide, "AWS Signature Version 4 for API requests"; S3 API Reference, "Authenticating Requests".
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from leastkey.aws.sigv4 import (
    UNSIGNED_PAYLOAD,
    canonical_query,
    canonical_request,
    sha256_hex,
    signature,
    signing_key,
    string_to_sign,
)
from leastkey.evaluate.request import Principal
from leastkey.iam.arn import root_arn
from leastkey.sandbox.gate.faults import Fault, Refused, refusal
from leastkey.sandbox.gate.old_signature import old_claim_of, old_signatures
from leastkey.sandbox.gate.payload import STREAMING, ChunkKey, PayloadError, unchunk
from leastkey.sandbox.gate.signed import ClaimError, canonical_paths, claim_of, pairs_of, parse_date
from leastkey.sandbox.request import Caller, Refusal, is_form
from leastkey.sandbox.services import BY_SIGNING_NAME, known_regions, stranger
from leastkey.sandbox.state.accounts import DEFAULT_REGION
from leastkey.sandbox.state.session_owner import caller_of
from leastkey.sandbox.state.world import PARTITION
from leastkey.sandbox.sts.service import UNSIGNED
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.clock import Clock
    from leastkey.sandbox.gate.old_signature import OldClaim
    from leastkey.sandbox.gate.signed import Claim
    from leastkey.sandbox.gate.wire import RawRequest
    from leastkey.sandbox.services import Service
    from leastkey.sandbox.state.world import World

__all__ = ["ANONYMOUS", "Authenticator", "Verified"]

ANONYMOUS: Final = Caller(Principal("anonymous", "", ""), "")


@dataclass(frozen=True, slots=True)
class Verified:
    """A verified request: who, for which service and region, the body without framing, and its trailers."""

    caller: Caller
    service: Service
    region: str
    body: bytes
    trailers: Mapping[str, str]


class Authenticator:
    """Verifies requests. `guess` names the service of an unsigned one, for the format of its refusal.

    `clients` tells the time that clients may sign with besides the clock's own.
    """

    def __init__(self, world: World, clock: Clock, clients: Clock | None = None) -> None:
        self._world = world
        self._clock = clock
        self._clients = clients or clock

    def authenticate(self, raw: RawRequest, guess: Service | None) -> Verified:
        """Give the verified request, anonymous only for S3. Raises Refused."""
        service = guess
        try:
            pairs = pairs_of(raw.query)
            claim = claim_of(raw, pairs)
            if claim is None:
                return self._by_old_url(raw, pairs, guess) or self._unsigned(raw, guess)
            service = BY_SIGNING_NAME.get(claim.service)
            if service is None:
                raise Refused(
                    Refusal(501, "NotImplemented", f"The leastkey sandbox has no service `{claim.service}`."),
                    stranger(is_form=is_form(raw.headers)),
                )
            _in_region(claim)
            caller, secret = self._owner(claim)
            self._in_time(claim, service)
            return self._verified(raw, pairs, claim, service, caller, secret)
        except ClaimError as error:
            raise Refused(refusal(error.fault, service, error.words), service) from None

    def _unsigned(self, raw: RawRequest, guess: Service | None) -> Verified:
        if guess is not None and guess.name == "sts" and _is_token_the_proof(raw):
            return Verified(ANONYMOUS, guess, DEFAULT_REGION, raw.body, {})
        if guess is None or not guess.is_s3:
            raise ClaimError(Fault.UNSIGNED)
        if raw.headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD) in STREAMING:
            raise ClaimError(Fault.UNSIGNED)
        return Verified(ANONYMOUS, guess, DEFAULT_REGION, raw.body, {})

    def _by_old_url(
        self, raw: RawRequest, pairs: list[tuple[str, str]], guess: Service | None
    ) -> Verified | None:
        """Verify a presigned URL of Signature Version 2; None where there is none, or another service than S3 is meant."""
        claim = old_claim_of(pairs) if guess is not None and guess.is_s3 else None
        if claim is None or guess is None:
            return None
        caller, secret = self._owner(claim)
        if self._clock.now() > claim.expires:
            raise ClaimError(Fault.EXPIRED_URL)
        given = claim.signature.encode()
        if not any(hmac.compare_digest(each, given) for each in old_signatures(raw, pairs, secret)):
            raise ClaimError(Fault.WRONG_SIGNATURE)
        if raw.headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD) != UNSIGNED_PAYLOAD:
            raise ClaimError(Fault.PAYLOAD)
        return Verified(caller, guess, DEFAULT_REGION, raw.body, {})

    def _owner(self, claim: Claim | OldClaim) -> tuple[Caller, Secret]:
        """Find the key's owner and secret; what it may do is not asked here."""
        root = self._world.accounts.root_of(claim.key_id)
        if root is not None:
            account, key = root
            principal = Principal("root", str(root_arn(PARTITION, account)), account)
            _without_token(claim)
            return Caller(principal, account, key_id=claim.key_id, user_id=account), key.secret
        found = self._world.user_of_key(claim.key_id)
        if found is None:
            return self._session(claim)
        account, user, moto_key = found
        if moto_key.status != "Active" or self._world.propagation.is_new(moto_key.create_date):
            raise ClaimError(Fault.UNKNOWN_KEY)
        _without_token(claim)
        principal = Principal("user", user.arn, account)
        caller = Caller(principal, account, key_id=claim.key_id, user_name=user.name, user_id=user.id)
        return caller, Secret(moto_key.secret_access_key)

    def _session(self, claim: Claim | OldClaim) -> tuple[Caller, Secret]:
        session = self._world.sessions.get(claim.key_id)
        if session is None:
            raise ClaimError(Fault.UNKNOWN_KEY)
        caller = caller_of(session, self._world)
        if caller is None:
            raise ClaimError(Fault.UNKNOWN_KEY)
        if Secret(claim.token or "") != session.token:  # compared in constant time
            raise ClaimError(Fault.WRONG_TOKEN)
        if session.expires <= self._clock.now():
            raise ClaimError(Fault.EXPIRED_SESSION)
        return caller, session.secret

    def _in_time(self, claim: Claim, service: Service) -> None:
        now, made = self._clock.now(), parse_date(claim.amz_date)
        leeway = timedelta(seconds=service.skew_seconds)
        if claim.expires is None and abs(made - self._clients.now()) <= leeway:
            return
        if made > now + leeway:
            raise ClaimError(Fault.SKEW, _early(claim.amz_date, now, service))
        if claim.expires is not None:
            if now > made + timedelta(seconds=claim.expires):
                raise ClaimError(Fault.EXPIRED_URL)
        elif made < now - leeway:
            raise ClaimError(Fault.SKEW, _late(claim.amz_date, now, service))

    def _verified(
        self,
        raw: RawRequest,
        pairs: list[tuple[str, str]],
        claim: Claim,
        service: Service,
        caller: Caller,
        secret: Secret,
    ) -> Verified:
        _covers(raw, claim)
        payload = _payload_hash(raw, claim, service)
        key = signing_key(secret, claim.date, claim.region, claim.service)
        query = canonical_query(
            pair for pair in pairs if pair[0] != "X-Amz-Signature" or claim.expires is None
        )
        expected = [
            signature(
                key,
                string_to_sign(
                    claim.amz_date,
                    claim.scope,
                    canonical_request(raw.method, path, query, raw.headers, claim.signed, payload),
                ),
            )
            for path in canonical_paths(raw.path, is_s3=service.is_s3)
        ]
        if not any([hmac.compare_digest(each, claim.signature) for each in expected]):  # noqa: C419  # each is compared, whichever matches
            raise ClaimError(Fault.WRONG_SIGNATURE)
        if payload not in STREAMING:
            return Verified(caller, service, claim.region, raw.body, {})
        chunks = ChunkKey(key, claim.amz_date, claim.scope, claim.signature)
        try:
            body, trailers = unchunk(
                payload, raw.body, raw.headers.get("x-amz-decoded-content-length", ""), chunks
            )
        except PayloadError as error:
            if error.kind == "signature":
                raise ClaimError(Fault.WRONG_SIGNATURE) from None
            raise Refused(
                Refusal(400, "IncompleteBody", f"The request body is malformed: {error.text}."), service
            ) from None
        return Verified(caller, service, claim.region, body, trailers)


def _is_token_the_proof(raw: RawRequest) -> bool:
    """Say whether a request asks for what an identity provider's token is the proof for."""
    fields = raw.body.decode("utf-8", "replace") if is_form(raw.headers) else raw.query
    actions = [value for name, value in parse_qsl(fields) if name == "Action"]
    return len(actions) == 1 and actions[0] in UNSIGNED


def _in_region(claim: Claim) -> None:
    if claim.region not in known_regions():
        raise ClaimError(Fault.SCOPE, f"Credential should be scoped to a valid region, not '{claim.region}'.")


def _without_token(claim: Claim | OldClaim) -> None:
    """Refuse a session token beside a long-lived key."""
    if claim.token is not None:
        raise ClaimError(Fault.WRONG_TOKEN)


def _covers(raw: RawRequest, claim: Claim) -> None:
    """Refuse a signature that leaves out what could change the request's meaning, or names what is not there."""
    if any(name not in raw.headers for name in claim.signed):
        raise ClaimError(Fault.WRONG_SIGNATURE)
    free = {"x-amz-content-sha256"} if claim.expires is not None else set()
    names = (name for name in raw.headers if name.startswith("x-amz-"))
    if any(name not in claim.signed and name not in free for name in names):
        raise ClaimError(
            Fault.WRONG_SIGNATURE, "There were headers present in the request which were not signed"
        )


def _payload_hash(raw: RawRequest, claim: Claim, service: Service) -> str:
    """Give the hash that stands in the canonical request, after comparing it with the body."""
    given = raw.headers.get("x-amz-content-sha256")
    if claim.expires is not None and service.is_s3:
        if given is not None and given != UNSIGNED_PAYLOAD:
            raise ClaimError(Fault.PAYLOAD)
        return UNSIGNED_PAYLOAD
    if given is None:
        if service.is_s3:
            raise Refused(
                Refusal(
                    400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"
                ),
                service,
            )
        return sha256_hex(raw.body)
    if service.is_s3 and (given == UNSIGNED_PAYLOAD or given in STREAMING):
        return given
    if not hmac.compare_digest(given, sha256_hex(raw.body)):
        raise ClaimError(Fault.PAYLOAD)
    return given


def _late(amz_date: str, now: datetime, service: Service) -> str:
    limit = now - timedelta(seconds=service.skew_seconds)
    return _skew(
        service, f"Signature expired: {amz_date} is now earlier than {_stamp(limit)} ({_stamp(now)} - "
    )


def _early(amz_date: str, now: datetime, service: Service) -> str:
    limit = now + timedelta(seconds=service.skew_seconds)
    return _skew(
        service,
        f"Signature not yet current: {amz_date} is still later than {_stamp(limit)} ({_stamp(now)} + ",
    )


def _skew(service: Service, text: str) -> str:
    return "" if service.is_s3 else f"{text}{service.skew_seconds // 60} min.)"


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")
