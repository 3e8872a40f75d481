"""Policies on tables, queues, topics and secrets that AWS would not take: moto keeps any JSON.

Source: the API references' errors of SQS SetQueueAttributes, SNS SetTopicAttributes, Secrets Manager and DynamoDB
PutResourcePolicy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.iam.document import DocumentError, load_document
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text

if TYPE_CHECKING:
    from leastkey.sandbox.resolve.parameters import Parameters

__all__ = ["refusal"]

_QUEUE: Final = Refusal(400, "InvalidAttributeValue", "Invalid value for the parameter Policy.")
_TOPIC: Final = Refusal(400, "InvalidParameter", "Invalid parameter: Policy Error: null")
_SECRET: Final = Refusal(
    400, "MalformedPolicyDocumentException", "This resource policy contains a syntax error."
)
_TABLE: Final = Refusal(400, "ValidationException", "Invalid policy document: it cannot be read.")


def refusal(operation: str, given: Parameters) -> Refusal | None:
    """Refuse a policy that cannot be read."""
    match operation:
        case "CreateQueue" | "SetQueueAttributes":
            attributes = given.get("Attributes", given.get("Attribute"))
            return _fault(_attribute(attributes, "Policy"), _QUEUE)
        case "CreateTopic":
            return _fault(_attribute(given.get("Attributes"), "Policy"), _TOPIC)
        case "SetTopicAttributes" if text(given, "AttributeName") == "Policy":
            return _fault(text(given, "AttributeValue"), _TOPIC)
        case "PutResourcePolicy" if "Policy" in given:
            return _fault(text(given, "Policy"), _TABLE)
        case "PutResourcePolicy":
            return _fault(text(given, "ResourcePolicy"), _SECRET)
        case _:
            return None


def _attribute(attributes: Any, name: str) -> str | None:
    """Give one attribute from an object, or from the numbered pairs of a form."""
    found = attributes.get(name) if isinstance(attributes, dict) else None
    return found if isinstance(found, str) else None


def _fault(policy: str | None, wrong: Refusal) -> Refusal | None:
    if not policy:
        return None
    try:
        load_document(policy, "resource")
    except DocumentError:
        return wrong
    return None
