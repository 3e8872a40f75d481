"""AssumeRole with the standard library alone: what the credential helper uses, at a tenth of botocore's start-up.

TLS is required except on this computer. An answer is bounded, and no exception carries any part of it.
Source: STS API Reference, AssumeRole; AWS General Reference, "Create a signed AWS API request".
"""

from __future__ import annotations

import http.client
import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

from leastkey.aws.scrub import scrubbed
from leastkey.aws.sigv4 import canonical_request, sha256_hex, signature, signing_key, string_to_sign
from leastkey.clock import SystemClock
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import AccessKeyId, SessionCredentials
from leastkey.iam.endpoints import is_loopback, sts_endpoint
from leastkey.iam.refusals import is_throttled, is_unanswered
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.clock import Clock
    from leastkey.iam.arn import Arn
    from leastkey.iam.credentials import AccessKey
    from leastkey.ports.local import Binding

__all__ = ["assume", "assume_role"]

CALL: Final = "sts:AssumeRole"
MOST_BYTES: Final = 65_536
TRIES: Final = 3
_TYPE: Final = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    server_time: datetime | None


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
    url = endpoint_url or sts_endpoint(region, role.partition)
    asked = {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": str(role),
        "RoleSessionName": session_name,
        "DurationSeconds": str(seconds),
    }
    body = urlencode(asked if policy is None else asked | {"Policy": policy}).encode()
    tries = 0
    while True:
        tries += 1
        try:
            answer = _post(url, body, _signed(key, url, body, region, ticking.now()), timeout, environ)
            return _session(answer)
        except AwsError as error:
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


def _signed(key: AccessKey, url: str, body: bytes, region: str, now: datetime) -> dict[str, str]:
    parts = urlsplit(url)
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": _TYPE, "host": parts.netloc.rsplit("@", 1)[-1], "x-amz-date": stamp}
    canonical = canonical_request("POST", parts.path or "/", "", headers, sorted(headers), sha256_hex(body))
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
    url: str, body: bytes, headers: dict[str, str], timeout: float, environ: Mapping[str, str]
) -> _Answer:
    connection = _connection(url, timeout, environ)
    try:
        connection.request("POST", urlsplit(url).path or "/", body=body, headers=headers)
        with connection.getresponse() as response:
            status, date = response.status, response.headers.get("date")
            data = response.read(MOST_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        # Only the kind of failure: the text may quote what was received.
        raise AwsError(
            CALL, "", f"no usable answer from {urlsplit(url).hostname} ({type(error).__name__})"
        ) from None
    finally:
        connection.close()
    if len(data) > MOST_BYTES:
        raise AwsError(CALL, "", "the answer is too long", status=status, outcome="unknown")
    return _Answer(status, data, _time(date))


def _connection(url: str, timeout: float, environ: Mapping[str, str]) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http" and is_loopback(host):
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)
    if parts.scheme != "https":
        raise LeastkeyError(
            "foreign-endpoint",
            f"`{parts.scheme}://{host}` is not asked for credentials: only this computer may be without TLS",
            state="no credentials were issued",
            remedy="use an https endpoint, then: leastkey up",
        )
    context = _trust(environ)
    proxy = urlsplit(_proxy(host, environ))
    if not proxy.hostname:
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)
    tunnel = http.client.HTTPSConnection(proxy.hostname, proxy.port, timeout=timeout, context=context)
    tunnel.set_tunnel(host, parts.port or 443)
    return tunnel


def _proxy(host: str, environ: Mapping[str, str]) -> str:
    """Give the proxy that AWS's tools would use, or the empty text. One that wants a password is left to them."""
    named = environ.get("HTTPS_PROXY") or environ.get("https_proxy") or ""
    excused = [part.strip() for part in (environ.get("NO_PROXY") or environ.get("no_proxy") or "").split(",")]
    if any(part == "*" or (part and f".{host}".endswith(f".{part.lstrip('.')}")) for part in excused):
        return ""
    return named if "://" in named or not named else f"http://{named}"


def _trust(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Trust what AWS's tools trust: the bundle the user names, else the system's, else the one botocore ships."""
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


def _session(answer: _Answer) -> SessionCredentials:
    root = _parsed(answer)
    if answer.status != 200:
        raise _refusal(answer, root)
    texts = {} if root is None else {_tag(each): each.text or "" for each in root.iter()}
    try:
        return SessionCredentials(
            id=AccessKeyId(texts["AccessKeyId"]),
            secret=Secret(texts["SecretAccessKey"]),
            token=Secret(texts["SessionToken"]),
            expiration=datetime.fromisoformat(texts["Expiration"]).astimezone(UTC),
        )
    except (KeyError, ValueError):
        raise AwsError(CALL, "", "the answer is not one of STS", status=200, outcome="unknown") from None


def _refusal(answer: _Answer, root: ET.Element | None) -> AwsError:
    texts = {} if root is None else {_tag(each): each.text or "" for each in root.iter()}
    return AwsError(
        CALL,
        texts.get("Code", ""),
        scrubbed(texts.get("Message", f"HTTP status {answer.status}")),
        status=answer.status,
        outcome="unknown" if answer.status >= 500 else "refused",
        server_time=answer.server_time,
    )


def _parsed(answer: _Answer) -> ET.Element | None:
    if b"<!" in answer.body:  # no document type, no entities: AWS sends none
        return None
    try:
        return ET.fromstring(answer.body)  # noqa: S314  # bounded above, and without a document type
    except ET.ParseError:
        return None


def _tag(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _time(date: str | None) -> datetime | None:
    try:
        return None if date is None else parsedate_to_datetime(date)
    except ValueError:
        return None
