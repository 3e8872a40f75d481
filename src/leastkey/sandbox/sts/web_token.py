"""A JSON Web Token: read, and verified against its issuer's key.

Source: STS API Reference, AssumeRoleWithWebIdentity; RFC 7515, RFC 7518, RFC 7519; IAM User Guide, "Create an OpenID
Connect (OIDC) identity provider in IAM" (algorithms and claims that AWS asks for).
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.sts.answers import NoError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WebToken", "bad_token", "check_signature", "check_times", "read_token"]

_HASHES: Final = {"256": "SHA256", "384": "SHA384", "512": "SHA512"}
_CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512", *_CURVES})
_RSA_BITS: Final = 2048
_LATEST: Final = 4_102_444_800
"""The year 2100: a later time is no time."""


@dataclass(frozen=True, slots=True)
class WebToken:
    """A token in its three parts, nothing of it verified yet."""

    algorithm: str
    key_id: str | None
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    def text(self, claim: str) -> str:
        """Give a claim that is a text, "" for any other."""
        value = self.claims.get(claim)
        return value if isinstance(value, str) else ""


def bad_token(words: str) -> NoError:
    """Give the refusal of a token that does not prove what it says."""
    return NoError(Refusal(400, "InvalidIdentityToken", words))


def read_token(text: str) -> WebToken:
    """Take a token apart. Raises NoError."""
    try:
        first, second, third = text.split(".")
        head, claims = (json.loads(_decoded(part), parse_constant=_no_number) for part in (first, second))
        signature = _decoded(third)
    except (ValueError, RecursionError):
        raise bad_token(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        ) from None
    if not isinstance(head, dict) or not isinstance(claims, dict) or "crit" in head:
        raise bad_token("The ID Token provided is not a valid JWT.")
    algorithm, key_id = head.get("alg"), head.get("kid")
    if algorithm not in _ALGORITHMS:
        raise bad_token("The algorithm of the token's signature is not one that AWS verifies.")
    if key_id is not None and not isinstance(key_id, str):
        raise bad_token("The ID Token provided is not a valid JWT.")
    return WebToken(str(algorithm), key_id, claims, f"{first}.{second}".encode(), signature)


def check_signature(token: WebToken, key: Mapping[str, Any]) -> None:
    """Verify the signature with a public key of a JWKS, for whose kind the algorithm must be. Raises NoError."""
    from cryptography.exceptions import InvalidSignature

    if key.get("alg") not in (None, token.algorithm) or key.get("use") not in (None, "sig"):
        raise bad_token("The issuer's key is not one for this algorithm.")
    try:
        if token.algorithm.startswith("RS"):
            _check_rsa(token, key)
        else:
            _check_curve(token, key)
    except (InvalidSignature, ValueError, KeyError, TypeError):
        raise bad_token("The signature of the token does not match the issuer's key.") from None


def check_times(token: WebToken, now: datetime) -> None:
    """Check that the token has begun, and has not ended. Raises NoError."""
    ends, issued = _time(token, "exp"), _time(token, "iat")
    if ends is None or issued is None:
        raise bad_token("Missing a required claim: exp and iat are numbers of seconds.")
    if now >= ends:
        words = f"Token expired: current date/time {int(now.timestamp())} must be before the expiration date/time {int(ends.timestamp())}"
        raise NoError(Refusal(400, "ExpiredTokenException", words))
    begins = _time(token, "nbf")
    if issued > now or (begins is not None and begins > now) or ("nbf" in token.claims and begins is None):
        raise bad_token("The token is not valid yet.")


def _time(token: WebToken, claim: str) -> datetime | None:
    value = token.claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)


def _check_rsa(token: WebToken, key: Mapping[str, Any]) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    if key["kty"] != "RSA":
        raise ValueError("no RSA key")
    public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
    if public.key_size < _RSA_BITS:
        raise ValueError("a short key")
    digest = getattr(hashes, _HASHES[token.algorithm[2:]])()
    public.verify(token.signature, token.signed, padding.PKCS1v15(), digest)


def _check_curve(token: WebToken, key: Mapping[str, Any]) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if key["kty"] != "EC" or key["crv"] != _CURVES[token.algorithm]:
        raise ValueError("no key of this curve")
    curve: ec.EllipticCurve
    match key["crv"]:
        case "P-256":
            curve = ec.SECP256R1()
        case "P-384":
            curve = ec.SECP384R1()
        case _:
            curve = ec.SECP521R1()
    public = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), curve).public_key()
    size = (curve.key_size + 7) // 8
    if len(token.signature) != 2 * size:
        raise ValueError("not two numbers")
    halves = (token.signature[:size], token.signature[size:])
    signature = encode_dss_signature(*(int.from_bytes(half, "big") for half in halves))
    digest = getattr(hashes, _HASHES[token.algorithm[2:]])()
    public.verify(signature, token.signed, ec.ECDSA(digest))


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text), "big")


def _decoded(text: str) -> bytes:
    if not text.isascii() or not text.replace("-", "a").replace("_", "a").isalnum():
        raise ValueError("not base64url")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _no_number(name: str) -> float:
    raise ValueError(name)
