"""The request as the matchers read it: split and folded once, then asked by every statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.evaluate.request import Context, Principal, Request

__all__ = ["Asked", "RequestError"]

_OF_AN_ACCOUNT: Final = frozenset({"user", "role", "session", "feduser", "root"})


class RequestError(ValueError):
    """A request that no policy can be asked about: a wildcard in it, a key given twice, no action, no account."""


class Asked:
    """One request, ready to be matched.

    `head` is the first five parts of the resource's ARN (None when it is no ARN), `tail` the sixth.
    `values` is the context with lower-case keys. `has_boundary` is true when the caller has a permissions boundary.
    """

    __slots__ = (
        "account",
        "action",
        "has_boundary",
        "has_upper",
        "head",
        "owner",
        "principal",
        "resource",
        "service",
        "tail",
        "values",
    )

    def __init__(self, request: Request, *, has_boundary: bool) -> None:
        self.action = request.action.lower()
        self.service, colon, name = self.action.partition(":")
        if not self.service or not colon or not name or "*" in self.action or "?" in self.action:
            raise RequestError(f"`{request.action}` is no action: write `service:Action` without wildcards")
        self.resource = request.resource
        if "*" in self.resource and self.resource != "*":
            raise RequestError(
                f"`{request.resource}` has a wildcard in it: name one resource, or `*` for none"
            )
        parts = self.resource.split(":", 5)
        self.head = tuple(parts[:5]) if len(parts) == 6 and parts[0] == "arn" else None
        self.tail = parts[5] if self.head else ""
        self.has_upper = self.head is not None and parts[3] + parts[4] != (parts[3] + parts[4]).lower()
        if request.principal.type in _OF_AN_ACCOUNT and not request.principal.account:
            raise RequestError(f"a {request.principal.type} belongs to an account, and none is named")
        self.principal: Principal = request.principal
        self.account = request.principal.account
        # A resource without an owner (`*`) is asked for in the caller's own account.
        self.owner = request.resource_account or self.account
        self.values = _folded(request.context)
        self.has_boundary = has_boundary

    @property
    def is_same_account(self) -> bool:
        """Say whether caller and resource belong to one account."""
        return self.account == self.owner


def _folded(context: Context) -> dict[str, str | tuple[str, ...]]:
    values = {key.lower(): value for key, value in context.items()}
    if len(values) != len(context):
        raise RequestError("a condition key stands twice in the context, spelled in two ways")
    return values
