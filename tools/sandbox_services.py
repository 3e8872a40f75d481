"""The page that says how each operation of the sandbox's services is judged, made from what the gate asks."""

from __future__ import annotations

import importlib
import textwrap
from datetime import UTC, datetime
from typing import Any

from leastkey.iam.catalog import service_catalog
from leastkey.sandbox.request import AwsRequest, Operation, Refusal
from leastkey.sandbox.resolve import s3_operation
from leastkey.sandbox.resolve.resources_other import action_of, is_split
from leastkey.sandbox.rules.unbuilt import unbuilt
from leastkey.sandbox.service_models import ServiceModel, service_model
from leastkey.sandbox.services import ALL_SERVICES, Service
from leastkey.sandbox.sts.service import BUILT

__all__ = ["services_page"]

INTRO = """\
Each call is put to the engine before anything happens. What an operation is asked about:

- **resources**: its action on the ARNs that the request names. Where a request names none that can be told, `*` is asked instead, the
  denial says so, and a Deny that speaks of certain resources refuses it.
- **`*`**: its action has no resource types in the Service Authorization Reference.
- **refused**: nobody could say what it needs permission for, or it would act outside what is judged. The answer is NotImplemented.

Where policies ask for a condition key of a service that AWS has for the action and the sandbox has not, nobody gets through whom it
could keep out; the denial names the key.

What is not listed is answered with NotImplemented. Other services are refused as a whole: CloudFormation among them, which would make
resources of others in its own name. A parameter that names a KMS key is refused where nobody could ask whether the caller may use it.
"""
MODULES = {"lambda": "awslambda"}
NOTES = {
    "ecr": "A `registryId` is refused, and so are policies of repositories: no such policy is read.",
    "events": "`PutTargets` takes functions, which nobody runs; other targets would be acted on unasked.",
    "kms": "Grants allow what they name, under their encryption context; a grant that lets others make or retire grants does not count for that.",
    "lambda": "Nothing runs: `Invoke` answers `InvocationType` `DryRun` alone, which says whether the caller may. Code comes as a ZIP file in the "
    "request; layers, images, buckets and VPCs are refused.",
    "rds": "Copies, restored resources and replicas are refused.",
    "sns": "`Subscribe` takes the protocols `email`, `email-json` and `sms`; others would call an address or another service.",
    "ssm": "`KeyId` of `PutParameter` is refused, and so are references to secrets.",
}


def services_page() -> str:
    """Give the body of the page."""
    parts = [INTRO]
    for service in sorted(ALL_SERVICES, key=lambda each: each.name):
        parts.append(f"## {service.name}\n")
        groups: dict[str, list[str]] = {"resources": [], "`*`": [], "refused": []}
        model = service_model(service.name)
        if model is None:
            raise SystemExit(f"no model of {service.name}")
        for name in sorted(model.operations):
            judged = _judged(service, model, name)
            if judged:
                groups[judged].append(name)
        for title, names in groups.items():
            if names:
                text = f"**{title}** ({len(names)}): {', '.join(names)}."
                parts.append(textwrap.fill(text, 120, break_long_words=False) + "\n")
        if service.name in NOTES:
            parts.append(NOTES[service.name] + "\n")
    return "\n".join(parts)


def _judged(service: Service, model: ServiceModel, name: str) -> str:
    """Say how an operation is judged, "" where there is none."""
    if service.name == "sts":
        return "" if name not in BUILT else "resources" if name.startswith("Assume") else "`*`"
    if service.is_s3:
        return ("`*`" if name == "ListBuckets" else "resources") if _is_of_s3(model, name) else ""
    if not _has(service.name, name):
        return ""
    if name != "Subscribe" and unbuilt(_request(service.name), Operation(name, model.protocol)):
        return "refused"
    if is_split(service.name, name):
        return "resources"
    action = action_of(service.name, name) or service_catalog(model.prefix).actions.get(name.lower())
    return "resources" if action is not None and action.resource_types else "`*`"


def _has(service: str, operation: str) -> bool:
    """Say whether moto answers an operation. IAM's are listed whole: some are answered in moto's place."""
    if service == "iam":
        return True
    from moto.core.responses import BaseResponse
    from moto.core.utils import camelcase_to_underscores

    module: Any = importlib.import_module(f"moto.{MODULES.get(service, service)}.responses")
    method = camelcase_to_underscores(operation)
    classes = [each for each in vars(module).values() if isinstance(each, type)]
    return any(issubclass(each, BaseResponse) and hasattr(each, method) for each in classes)


def _is_of_s3(model: ServiceModel, name: str) -> bool:
    """Say whether S3's path and query lead to an operation."""
    http = model.operations[name]["http"]
    path, _, query = http["requestUri"].partition("?")
    path = path.replace("{Bucket}", "bucket").replace("{Key+}", "key")
    headers = {"x-amz-copy-source": "/bucket/key"} if "Copy" in name else {}
    if "Part" in name and name.startswith("Upload"):
        query = "partNumber=1&uploadId=u"
    if name in ("AbortMultipartUpload", "CompleteMultipartUpload", "ListParts"):
        query = "uploadId=u"
    request = _request("s3", http["method"], path or "/", query, headers)
    found = s3_operation.operation(request)
    return not isinstance(found, Refusal) and found.name == name


def _request(  # a request that says nothing
    service: str,
    method: str = "POST",
    path: str = "/",
    query: str = "",
    headers: dict[str, str] | None = None,
) -> AwsRequest:
    return AwsRequest(
        method=method,
        raw_path=path,
        raw_query=query,
        headers=headers or {},
        body=b"",
        source_ip="127.0.0.1",
        secure=False,
        service=service,
        signing_name=service,
        region="us-east-1",
        request_id="-",
        form={},
        account="111122223333",
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
