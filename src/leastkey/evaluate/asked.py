"""The request as the matchers read it: split and folded once, then asked by every statement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.evaluate.request import Context, Principal, Request

__all__ = ["Asked", "RequestError", "names_of"]

_NAMES: Final = re.compile(r"([^/:]*)(?:[/:][^/:]*)?")
_OF_AN_ACCOUNT: Final = frozenset({"user", "role", "session", "feduser", "root"})


class RequestError(ValueError):
    """A request that no policy can be asked about: a wildcard in it, a key given twice, no action, no account."""


class Asked:
    """One request, ready to be matched.

    `head` is the first five parts of the resource's ARN (None when it is no ARN), `tail` the sixth.
    `folded_resource` is the resource in lower case, None where letters beyond ASCII make that depend on their neighbours.
    `is_same_account` says whether caller and resource belong to one account. `values` is the context with lower-case
    keys. `has_boundary` is true when the caller has a permissions boundary.
    """

    __slots__ = (
        "_names",
        "account",
        "action",
        "folded_resource",
        "has_boundary",
        "head",
        "is_same_account",
        "principal",
        "resource",
        "service",
        "tail",
        "values",
    )

    def __init__(self, request: Request, *, has_boundary: bool) -> None:
        action, resource, principal = request.action.lower(), request.resource, request.principal
        self.action = action
        self.service, _colon, name = action.partition(":")
        if not self.service or not name or "*" in action or "?" in action:
            raise RequestError(f"`{request.action}` is no action: write `service:Action` without wildcards")
        if "*" in resource and resource != "*":
            raise RequestError(f"`{resource}` has a wildcard in it: name one resource, or `*` for none")
        self.resource = resource
        if resource == "*" and self.service == "s3":
            # AWS's own policies list buckets by it: see `all-buckets` in docs/explain/contested.md.
            resource = "arn:aws:s3:::*"
        parts = resource.split(":", 5)
        self.folded_resource = resource.lower() if resource.isascii() else None
        self.head: tuple[str, ...] | None = None
        self.tail = ""
        if len(parts) == 6 and parts[0] == "arn":
            self.tail = parts.pop()
            self.head = tuple(parts)
        self.principal: Principal = principal
        self.account = principal.account
        if not self.account and principal.type in _OF_AN_ACCOUNT:
            raise RequestError(f"a {principal.type} belongs to an account, and none is named")
        # A resource that names no account, as `*`, is asked for in the caller's own.
        self.is_same_account = (request.owner or self.account) == self.account
        self._names: tuple[str, str] | None = None
        self.values = _folded(request.context)
        self.has_boundary = has_boundary

    @property
    def names(self) -> tuple[str, str]:
        """The first name of the resource, and the first two as they stand (`names_of`)."""
        if self._names is None:
            self._names = names_of(self.tail)
        return self._names

    @property
    def has_upper(self) -> bool:
        """Say whether region or account of the resource's ARN hold capital letters."""
        return self.head is not None and self.head[3:] != tuple(map(str.lower, self.head[3:]))


def names_of(tail: str) -> tuple[str, str]:
    """Give the first name of an ARN's sixth part, and the first two: `acme` and `acme/x` of `acme/x/y`."""
    found = _NAMES.match(tail)
    return (found[1], found[0]) if found else ("", "")


def _folded(context: Context) -> dict[str, str | tuple[str, ...]]:
    values = {key.lower(): value for key, value in context.items()}
    if len(values) != len(context):
        raise RequestError("a condition key stands twice in the context, spelled in two ways")
    return values
