"""Parameters that an IAM operation cannot do without.

Source: IAM API Reference, "Required: Yes" of each operation's parameters; "Common Errors", ValidationError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.service_models import service_model

if TYPE_CHECKING:
    from leastkey.sandbox.resolve.parameters import Parameters

__all__ = ["required_fault"]


def required_fault(operation: str, parameters: Parameters) -> Refusal | None:
    """Name the parameters that are missing, in AWS's words."""
    model = service_model("iam")
    shape = None if model is None else model.operations[operation].get("input")
    if model is None or shape is None:
        return None
    missing = [name for name in model.shapes[shape["shape"]].get("required", ()) if name not in parameters]
    if not missing:
        return None
    faults = "; ".join(
        f"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
        for name in missing
    )
    many = "s" if len(missing) > 1 else ""
    return Refusal(400, "ValidationError", f"{len(missing)} validation error{many} detected: {faults}")
