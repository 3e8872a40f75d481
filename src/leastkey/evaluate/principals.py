"""Principal and NotPrincipal: whom a statement of a resource or trust policy speaks of, and how strong its grant is.

Source: IAM User Guide, "AWS JSON policy elements: Principal", "NotPrincipal", and "Policy evaluation logic",
"Evaluating identity-based policies with resource-based policies".
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.truth import Truth, contested, negated

if TYPE_CHECKING:
    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.request import Principal
    from leastkey.iam.statement import Effect, Principals

__all__ = ["ALONE", "DELEGATES", "LIMITED", "NO_GRANT", "Grant", "named", "spared"]


class Grant(IntEnum):
    """How much an Allow of a resource policy does by itself, in the caller's own account."""

    NONE = 0
    DELEGATES = 1
    """It names the account: an identity policy must allow too."""
    LIMITED = 2
    """It names the role (or the user behind a federated session): boundary and session policy must allow."""
    ALONE = 3
    """It names the caller: only an explicit deny limits it."""


NO_GRANT: Final = Grant.NONE
DELEGATES: Final = Grant.DELEGATES
LIMITED: Final = Grant.LIMITED
ALONE: Final = Grant.ALONE
"""The members by themselves: to read one from its class costs a call in Python 3.11."""


_ROOT_CROSS_ACCOUNT: Final = contested("root-cross-account")
_CANONICAL: Final = contested("canonical-user")
_NOT_PRINCIPAL_ALLOW: Final = contested("not-principal-allow")
_NOT_PRINCIPAL_ROLE: Final = contested("not-principal-role")
_WITHOUT_BOUNDARY: Final = frozenset({"root", "service", "anonymous", "federated"})
_EVERY_SERVICE: Final = contested("every-service")


def named(principals: Principals, asked: Asked) -> tuple[Truth, Grant]:
    """Say whether a Principal element names the caller, and how strongly."""
    if principals.anyone or "*" in principals.aws:
        return True, ALONE
    principal = asked.principal
    if principal.type == "service":
        return _listed(principal.arn, principals.service)
    if principal.type == "federated":
        return _listed(principal.arn, principals.federated)
    if principal.type == "anonymous":
        vouched = asked.service == "sts" and any(_vouches(entry, asked) for entry in principals.federated)
        return vouched, ALONE if vouched else NO_GRANT
    strongest = max((_strength(entry, principal) for entry in principals.aws), default=NO_GRANT)
    if strongest is DELEGATES and principal.type == "root" and not asked.is_same_account:
        return _ROOT_CROSS_ACCOUNT, strongest
    if strongest is NO_GRANT and principals.canonical_user:
        # A canonical user id stands for an account, but a request does not say for which.
        return _CANONICAL, DELEGATES
    return strongest is not NO_GRANT, strongest


def spared(principals: Principals, asked: Asked, effect: Effect) -> Truth:
    """Say whether a statement with this NotPrincipal element speaks of the caller."""
    if effect == "Allow":
        return _NOT_PRINCIPAL_ALLOW
    if principals.anyone or "*" in principals.aws:
        # A principal with a permissions boundary is always denied.
        return asked.has_boundary and asked.principal.type not in _WITHOUT_BOUNDARY
    principal = asked.principal
    if principal.type in ("service", "federated"):
        return negated(named(principals, asked)[0])
    account = any(_is_account(entry, principal) for entry in principals.aws)
    if principal.type == "root":
        return not account
    exact = principal.arn in principals.aws
    role = principal.type not in ("session", "role") or any(
        _is_role(entry, principal) for entry in principals.aws
    )
    if account and exact and role:
        return asked.has_boundary
    return _NOT_PRINCIPAL_ROLE if principal.type in ("session", "role") and role else True


def _listed(value: str, values: tuple[str, ...]) -> tuple[Truth, Grant]:
    if value in values:
        return True, ALONE
    # No page lists a star for every service or every identity provider.
    return (_EVERY_SERVICE, ALONE) if "*" in values else (False, NO_GRANT)


def _vouches(entry: str, asked: Asked) -> bool:
    """Say whether an identity provider vouches for an unsigned call of STS: by name, else by the claims that are its own.

    Claims are keys that begin with the provider's name, or with `saml`.
    """
    provider = asked.values.get("aws:federatedprovider")
    if provider is not None:
        return entry == provider
    name = "saml" if ":saml-provider/" in entry else entry.rpartition(":oidc-provider/")[2].lower()
    return any(key.startswith(f"{name}:") for key in asked.values)


def _strength(entry: str, principal: Principal) -> Grant:
    if _is_account(entry, principal):
        return DELEGATES
    if principal.type == "root":
        return NO_GRANT
    if principal.type in ("session", "role") and _is_role(entry, principal):
        return LIMITED
    if entry == principal.arn:
        return ALONE
    if entry == principal.role_arn or _is_user_behind(entry, principal):
        return LIMITED
    return NO_GRANT


def _is_account(entry: str, principal: Principal) -> bool:
    if entry == principal.account:
        return True
    return entry == f"arn:{_partition(principal.arn)}:iam::{principal.account}:root"


def _is_user_behind(entry: str, principal: Principal) -> bool:
    """Compare account and name where only the session is known: its ARN is based on the user that was federated."""
    if principal.type != "feduser" or principal.role_arn:
        return False
    start = f"arn:{_partition(principal.arn)}:iam::{principal.account}:user/"
    return entry.startswith(start) and entry.rsplit("/", 1)[-1] == principal.arn.rpartition("/")[2]


def _is_role(entry: str, principal: Principal) -> bool:
    """Compare account and role name: the ARN of a session carries no path."""
    role = _role_of(entry)
    return role is not None and role == _role_behind(principal)


def _role_behind(principal: Principal) -> tuple[str, str, str] | None:
    if principal.type == "role":
        return _role_of(principal.arn)
    parts = principal.arn.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("assumed-role/"):
        return None
    return parts[1], parts[4], parts[5].split("/")[1]


def _role_of(arn: str) -> tuple[str, str, str] | None:
    """Give partition, account and name of the role an ARN names."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        return None
    return parts[1], parts[4], parts[5].rsplit("/", 1)[-1]


def _partition(arn: str) -> str:
    return arn.split(":", 2)[1] if arn.startswith("arn:") else ""
