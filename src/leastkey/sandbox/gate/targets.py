"""Which operations a setting is about: one such as `iam:CreateAccessKey`, or all of a service, `iam:*`."""

from __future__ import annotations

from leastkey.sandbox.service_models import service_model
from leastkey.sandbox.services import BY_SIGNING_NAME

__all__ = ["covers", "known_target"]


def known_target(text: str) -> str:
    """Give a target that names what exists here, by botocore's models. Raises ValueError, whose text is for people."""
    name, colon, operation = text.partition(":")
    service = BY_SIGNING_NAME.get(name)
    model = service_model(service.name) if service is not None else None
    if not colon or model is None:
        raise ValueError(f"`{text}` names no service of the sandbox; `iam:CreateAccessKey` and `iam:*` do")
    if operation != "*" and operation not in model.operations:
        raise ValueError(
            f"`{name}` has no operation `{operation}`; names are as in the API, letter by letter"
        )
    return text


def covers(target: str, service: str, operation: str) -> bool:
    """Say whether a target is about an operation of a service, named as it is signed for."""
    return target in (f"{service}:{operation}", f"{service}:*")
