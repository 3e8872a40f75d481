"""moto, in process: it keeps the resources and takes no decision.

Every request moto sees is built anew from what the gate has verified, in one form a protocol: one place for the
action, an allow list of headers, the account and region from the verified scope. A client cannot speak to moto.
"""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, unquote_to_bytes, urlencode

from leastkey.sandbox.request import Response, is_form
from leastkey.sandbox.service_models import service_model
from leastkey.sandbox.services import BY_SIGNING_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableMapping

    from leastkey.sandbox.request import AwsRequest, Operation
    from leastkey.sandbox.services import Service

__all__ = ["Moto", "prepare_environment"]

_ALL: Final = "1000000"
"""More entries than any list of IAM holds: moto would stop at a hundred."""
_NO_KEY: Final = "AKIA0000000000000000"
_FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
_S3_NAMES: Final = frozenset(
    {"range", "cache-control", "expires", "content-md5", "content-disposition", "content-language"}
)
_S3_OURS: Final = frozenset(
    {"x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer", "x-amz-security-token"}
)
_DROPPED: Final = frozenset({"connection", "transfer-encoding", "content-length", "date", "keep-alive"})


def prepare_environment(environ: MutableMapping[str, str]) -> None:
    """Set what moto reads when it is imported, and take away what would bend it or botocore."""
    for name in [name for name in environ if name.startswith(("AWS_", "MOTO_", "S3_"))]:
        del environ[name]
    environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    environ["AWS_CONFIG_FILE"] = environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    environ["AWS_EC2_METADATA_DISABLED"] = "true"


class Moto:
    """moto's applications, one a service, made when first needed. The gate calls it under its lock."""

    def __init__(self) -> None:
        self._apps: dict[str, Any] = {}

    def warm(self, *services: str) -> None:
        """Make applications ahead of the first request."""
        for service in services:
            self._app(service)

    def call(self, request: AwsRequest, operation: Operation, *, key_id: str, owner: str) -> Response:
        """Have moto carry a request out. `owner` is the account whose state an anonymous caller reaches."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            del exc_info
            started.append((status, headers))

        chunks = self._app(request.service)(_environ(request, operation, key_id, owner), start_response)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        said, headers = started[-1]
        status = int(said[:3])
        if operation.protocol == "json" and 400 <= status < 500:
            status = 400  # the JSON services tell their errors apart by name alone
        return _response(request.method, status, headers, body)

    def _app(self, service: str) -> Any:
        app = self._apps.get(service)
        if app is None:
            from moto.moto_server.werkzeug_app import create_backend_app

            app = self._apps[service] = create_backend_app(service)  # type: ignore[arg-type]  # moto takes a literal of all its services; ours are some of them
        return app


def _response(method: str, status: int, headers: list[tuple[str, str]], body: bytes) -> Response:
    kept = [
        (name, value)
        for name, value in headers
        if name.lower() not in _DROPPED and not name.lower().startswith("access-control-")
    ]
    if method == "HEAD":  # the length of what GET would give
        kept += [(name, value) for name, value in headers if name.lower() == "content-length"][:1]
        body = b""
    return Response(status, tuple(kept), body)


def _environ(request: AwsRequest, operation: Operation, key_id: str, owner: str) -> dict[str, Any]:
    service = BY_SIGNING_NAME[request.signing_name]
    if service.is_s3:
        method, path, query, headers, body = request.method, *_s3(request)
    elif operation.protocol in ("query", "ec2"):
        fields = [(name, value) for name, values in request.form.items() for value in values]
        if request.service == "iam":  # pages are cut afterwards, from the whole
            fields = [each for each in fields if each[0] not in ("Marker", "MaxItems")]
            fields.append(("MaxItems", _ALL))
        method, path, query, headers, body = (
            "POST",
            "/",
            "",
            {"content-type": _FORM},
            urlencode(fields).encode(),
        )
    elif operation.protocol.startswith("rest-"):
        method, path, query, headers, body = request.method, *_rest(request, operation)
    else:
        method, path, query, headers, body = (
            "POST",
            "/",
            "",
            _json_headers(request, service),
            _json_body(request.body),
        )
    headers["x-moto-account-id"] = request.account or owner
    headers["authorization"] = _authorization(request, key_id or _NO_KEY)
    environ = _wsgi(method, path, query, body)
    environ["HTTP_HOST"] = "127.0.0.1" if service.is_s3 else request.headers.get("host", "127.0.0.1")
    _put_headers(environ, headers.items())
    return environ


def _wsgi(method: str, path: str, query: str, body: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": f"{path}?{query}" if query else path,
        "REQUEST_URI": f"{path}?{query}" if query else path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _put_headers(environ: dict[str, Any], headers: Iterable[tuple[str, str]]) -> None:
    preserved: dict[str, str] = {}
    for name, value in headers:
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        environ[key] = value
        if "_" in name:
            preserved[key] = name
    environ["moto.preserved_header_names"] = preserved


def _authorization(request: AwsRequest, key: str) -> str:
    """Say to moto who calls and where; it reads key id and region from here and verifies nothing."""
    date = request.now.strftime("%Y%m%d")
    scope = f"{date}/{request.region}/{request.signing_name}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=host, Signature={'0' * 64}"


def _json_headers(request: AwsRequest, service: Service) -> dict[str, str]:
    return {
        "content-type": f"application/x-amz-json-{service.json_version}",
        "x-amz-target": request.headers.get("x-amz-target", ""),
    }


def _json_body(body: bytes) -> bytes:
    r"""Write `&` as `\u0026`: it stands in JSON texts only, and moto would read `&Action=` as a parameter."""
    return body.replace(b"&", b"\\u0026")


def _rest(request: AwsRequest, operation: Operation) -> tuple[str, str, dict[str, str], bytes]:
    """Give path, query, headers and body of a REST operation: of the headers those that are its parameters."""
    members = service_model(request.service)
    named = () if members is None else members.members(operation.name).values()
    wires = {str(each.get("locationName", "")).lower() for each in named if each.get("location") == "header"}
    headers = {name: value for name, value in request.headers.items() if name in wires}
    is_json = operation.protocol == "rest-json"
    headers["content-type"] = "application/json" if is_json else "application/xml"
    body = _of_members(request, operation) if is_json else request.body
    return request.raw_path, "&".join(_without_auth(request.raw_query)), headers, body


def _of_members(request: AwsRequest, operation: Operation) -> bytes:
    """Give a JSON body without the fields that are no parameters there: moto would read some before the path."""
    model = service_model(request.service)
    if model is None or not request.body:
        return b""
    known = model.in_body(operation.name)
    return _json_body(
        json.dumps(
            {name: value for name, value in json.loads(request.body).items() if name in known}
        ).encode()
    )


def _s3(request: AwsRequest) -> tuple[str, str, dict[str, str], bytes]:
    path = f"/{request.bucket_host}{request.raw_path}" if request.bucket_host else request.raw_path
    return path, "&".join(_without_auth(request.raw_query)), _s3_headers(request.headers), request.body


_OLD_SIGNATURE: Final = frozenset({"awsaccesskeyid", "expires", "signature", "content-md5", "content-type"})
"""Parameters of a presigned URL of Signature Version 2."""


def _without_auth(query: str) -> Iterator[str]:
    for part in query.split("&") if query else ():
        name = unquote(part.partition("=")[0]).lower()
        if name in _OLD_SIGNATURE:
            continue
        if not name.startswith("x-amz-") or name in ("x-amz-checksum-mode", "x-amz-tagging"):
            yield part


def _s3_headers(given: Mapping[str, str]) -> dict[str, str]:
    headers = {
        name: value
        for name, value in given.items()
        if name in _S3_NAMES or (name.startswith(("x-amz-", "if-")) and name not in _S3_OURS)
    }
    kind = given.get("content-type", "")
    # moto would read form fields as sub-resources of the request: no body of S3 is a form here.
    headers["content-type"] = (
        "binary/octet-stream" if is_form(given) or kind.lower().startswith("multipart/") else kind
    )
    codings = [each.strip() for each in given.get("content-encoding", "").split(",")]
    kept = ",".join(each for each in codings if each and each != "aws-chunked")
    if kept:
        headers["content-encoding"] = kept
    return {name: value for name, value in headers.items() if value or name != "content-type"}
