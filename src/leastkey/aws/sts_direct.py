"""AssumeRole with the standard library alone: what the credential helper uses, at a tenth of botocore's start-up.

TLS is required except on this computer. An answer is bounded, and no exception carries any part of it.
Source: STS API Reference, AssumeRole; AWS General Reference, "Create a signed AWS API request".
"""

from __future__ import annotations

import os
import pyexpat
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from leastkey.aws.http_post import Answer, AnswerError, Url, post
from leastkey.aws.sigv4 import canonical_request, sha256_hex, signature, signing_key, string_to_sign
from leastkey.clock import SystemClock
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import AccessKeyId, SessionCredentials
from leastkey.iam.endpoints import is_loopback, sts_endpoint
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext

    from leastkey.clock import Clock
    from leastkey.iam.arn import Arn
    from leastkey.iam.credentials import AccessKey
    from leastkey.ports.binding import Binding

__all__ = ["assume", "assume_role"]

CALL: Final = "sts:AssumeRole"
TRIES: Final = 3
_TYPE: Final = "application/x-www-form-urlencoded; charset=utf-8"
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""RFC 3986, "Unreserved Characters": all others are percent-encoded."""
_DATE: Final = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
"""RFC 9110, "Date/Time Formats": the one that is to be sent."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def assume_role(  # noqa: PLR0913  # one argument a fact of the call
    key: AccessKey,
    role: Arn,
    session_name: str,
    seconds: int,
    *,
    region: str,
    endpoint_url: str | None = None,
    policy: str | None = None,
    timeout: float = 6.0,
    clock: Clock | None = None,
    environ: Mapping[str, str] = os.environ,
) -> SessionCredentials:
    """Assume a role as the key's user, narrowed by a session policy where one is given. Raises AwsError; asked again when throttled or unanswered, which is harmless."""
    ticking = SystemClock() if clock is None else clock
    url = _endpoint(endpoint_url or sts_endpoint(region, role.partition))
    asked = {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": str(role),
        "RoleSessionName": session_name,
        "DurationSeconds": str(seconds),
    }
    body = _form(asked if policy is None else asked | {"Policy": policy})
    tries = 0
    while True:
        tries += 1
        try:
            answer = _post(url, body, _signed(key, url, body, region, ticking.now()), timeout, environ)
            return _session(answer)
        except AwsError as error:
            from leastkey.iam.refusals import is_throttled, is_unanswered

            again = is_unanswered(error) or is_throttled(error)
            if tries == TRIES or not again:
                raise
        ticking.sleep(0.4 * 2.0**tries)


def assume(
    key: AccessKey, binding: Binding, session_name: str, *, policy: str | None = None
) -> SessionCredentials:
    """Assume an identity's role as its binding says."""
    return assume_role(
        key,
        binding.role,
        session_name,
        binding.session_seconds,
        region=binding.region,
        endpoint_url=binding.endpoint_url,
        policy=policy,
    )


def _endpoint(url: str) -> Url:
    """Read an endpoint's URL. Without TLS only this computer is asked."""
    found = Url.parse(url)
    if found is not None and (
        found.scheme == "https" or (found.scheme == "http" and is_loopback(found.host))
    ):
        return found
    told = "a URL that cannot be read" if found is None else f"`{found.scheme}://{found.host}`"
    raise LeastkeyError(
        "foreign-endpoint",
        f"{told} is not asked for credentials: only this computer may be without TLS",
        state="no credentials were issued",
        remedy="use an https endpoint, then: leastkey up",
    )


def _form(fields: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={_encoded(value)}" for name, value in fields.items()).encode("ascii")


def _encoded(text: str) -> str:
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in text.encode())


def _signed(key: AccessKey, url: Url, body: bytes, region: str, now: datetime) -> dict[str, str]:
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": _TYPE, "host": url.authority, "x-amz-date": stamp}
    canonical = canonical_request("POST", url.path, "", headers, sorted(headers), sha256_hex(body))
    scope = f"{stamp[:8]}/{region}/sts/aws4_request"
    signed = signature(
        signing_key(key.secret, stamp[:8], region, "sts"), string_to_sign(stamp, scope, canonical)
    )
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key.id}/{scope}, SignedHeaders={';'.join(sorted(headers))}, "
        f"Signature={signed}"
    )
    return headers


def _post(
    url: Url, body: bytes, headers: dict[str, str], timeout: float, environ: Mapping[str, str]
) -> Answer:
    is_plain = url.scheme == "http"
    tls, proxy = (None, None) if is_plain else (_trust(environ), _proxy(url.host, environ))
    try:
        return post(url, headers, body, seconds=timeout, tls=tls, proxy=proxy)
    except AnswerError as error:
        raise AwsError(CALL, "", f"no usable answer from {url.host} ({error})", outcome="unknown") from None
    except OSError as error:
        # Only the kind of failure: the text may quote what was received.
        raise AwsError(CALL, "", f"no usable answer from {url.host} ({type(error).__name__})") from None


def _proxy(host: str, environ: Mapping[str, str]) -> Url | None:
    """Give the proxy that AWS's tools would use, or None. One that wants a password is left to them."""
    named = environ.get("HTTPS_PROXY") or environ.get("https_proxy") or ""
    excused = [part.strip() for part in (environ.get("NO_PROXY") or environ.get("no_proxy") or "").split(",")]
    if any(part == "*" or (part and f".{host}".endswith(f".{part.lstrip('.')}")) for part in excused):
        return None
    return Url.parse(named if "://" in named else f"http://{named}") if named else None


def _trust(environ: Mapping[str, str]) -> SSLContext:
    """Trust what AWS's tools trust: the bundle the user names, else the system's, else the one botocore ships."""
    import ssl  # not needed for this computer's own embedded AWS

    bundle = environ.get("AWS_CA_BUNDLE") or None
    if bundle is None:
        places = ssl.get_default_verify_paths()
        if not places.cafile and not places.capath:
            from importlib.util import find_spec

            found = find_spec("botocore")
            folders = () if found is None else found.submodule_search_locations or ()
            bundle = next((f"{folder}/cacert.pem" for folder in folders), None)
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError:
        raise LeastkeyError(
            "no-answer",
            f"the certificates in `{bundle}` cannot be read",
            state="no credentials were issued",
            remedy="set AWS_CA_BUNDLE to a file of certificates, or unset it",
        ) from None


def _session(answer: Answer) -> SessionCredentials:
    texts = _texts(answer.body)
    if answer.status != 200:
        raise _refusal(answer, texts)
    try:
        return SessionCredentials(
            id=AccessKeyId(texts["AccessKeyId"]),
            secret=Secret(texts["SecretAccessKey"]),
            token=Secret(texts["SessionToken"]),
            expiration=datetime.fromisoformat(texts["Expiration"]).astimezone(UTC),
        )
    except (KeyError, ValueError):
        raise AwsError(CALL, "", "the answer is not one of STS", status=200, outcome="unknown") from None


def _refusal(answer: Answer, texts: Mapping[str, str]) -> AwsError:
    from leastkey.aws.scrub import scrubbed

    return AwsError(
        CALL,
        texts.get("Code", ""),
        scrubbed(texts.get("Message", f"HTTP status {answer.status}")),
        status=answer.status,
        outcome="unknown" if answer.status >= 500 else "refused",
        server_time=_time(answer.fields.get("date", "")),
    )


def _texts(body: bytes) -> dict[str, str]:
    """Give the text of each element of an XML answer, by its name; none of what is no XML."""
    if b"<!" in body:  # no document type, no entities: AWS sends none
        return {}
    texts: dict[str, str] = {}
    last = ""

    def start(name: str, _: object) -> None:
        nonlocal last
        last = name.rsplit("}", 1)[-1]
        texts[last] = ""

    def end(_: str) -> None:
        nonlocal last
        last = ""

    def character(data: str) -> None:
        if last:
            texts[last] += data

    parser = pyexpat.ParserCreate("utf-8", "}")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = character
    try:
        parser.Parse(body, True)  # it takes no name for this: the whole document is here
    except pyexpat.ExpatError:
        return {}
    return texts


def _time(date: str) -> datetime | None:
    found = _DATE.fullmatch(date)
    if found is None:
        return None
    day, month, year, hour, minute, second = found.groups()
    try:
        return datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
