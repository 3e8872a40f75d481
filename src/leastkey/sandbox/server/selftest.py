"""Before it serves, the sandbox proves that it refuses: one good signature, one bad, one denied call.

The three go through the real gate, as an account and a user that are gone again afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.aws.sigv4 import (
    ALGORITHM,
    canonical_request,
    sha256_hex,
    signature,
    signing_key,
    string_to_sign,
)
from leastkey.iam.arn import AccountId
from leastkey.sandbox.gate.wire import RawRequest
from leastkey.secret import Secret

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.sandbox.gate.gate import Gate

__all__ = ["WHO", "enforces", "signed"]

_ACCOUNT: Final = AccountId("000000000000")
WHO: Final = b"Action=GetCallerIdentity&Version=2011-06-15"
"""The call that everybody may make."""
_USERS: Final = b"Action=ListUsers&Version=2010-05-08"


def enforces(gate: Gate, now: datetime) -> tuple[str, ...]:
    """Try the three calls, and give what went wrong; nothing when the sandbox enforces what it says."""
    world = gate.world
    with gate.lock:
        root, _ = world.accounts.ensure(_ACCOUNT)
        user = world.iam(_ACCOUNT).create_user("us-east-1", "self-test")
        key = world.iam(_ACCOUNT).create_access_key(user.name)
    try:
        wrong = Secret("A" * 40)
        tries = (
            ("a good signature", "sts", WHO, root.id, root.secret, 200, b"GetCallerIdentityResult"),
            ("a bad signature", "sts", WHO, root.id, wrong, 403, b"SignatureDoesNotMatch"),
            (
                "a denied call",
                "iam",
                _USERS,
                key.access_key_id,
                Secret(key.secret_access_key),
                403,
                b"AccessDenied",
            ),
        )
        return tuple(
            f"{name} was answered with {answer.status}"
            for name, service, body, key_id, secret, status, word in tries
            if (answer := gate.handle(signed(service, body, key_id, secret, now))).status != status
            or word not in answer.body
        )
    finally:
        with gate.lock:
            world.accounts.drop(_ACCOUNT)
            world.forget(_ACCOUNT)


def signed(
    service: str, body: bytes, key_id: str, secret: Secret, now: datetime, token: Secret | None = None
) -> RawRequest:
    """Give a call of a query service as its client would send it."""
    amz_date = now.strftime("%Y%m%dT%H%M%SZ")
    date, scope = amz_date[:8], f"{amz_date[:8]}/us-east-1/{service}/aws4_request"
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "host": "127.0.0.1",
        "x-amz-date": amz_date,
    }
    if token is not None:
        headers |= _of_session(token)
    names = tuple(headers)
    canonical = canonical_request("POST", "/", "", headers, names, sha256_hex(body))
    signed = signature(
        signing_key(secret, date, "us-east-1", service), string_to_sign(amz_date, scope, canonical)
    )
    headers["authorization"] = (
        f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={';'.join(names)}, Signature={signed}"
    )
    return RawRequest("POST", "/", "", headers, body, "127.0.0.1", {})


def _of_session(token: Secret) -> dict[str, str]:
    return {"x-amz-security-token": token.reveal()}
