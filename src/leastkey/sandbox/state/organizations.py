"""The organization an account is in: which service and resource control policies bind it, and its condition keys.

moto keeps organizations and enforces nothing.
Source: AWS Organizations User Guide, "Service control policies", "Resource control policies", "SCP evaluation".
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, Literal

from leastkey.evaluate.request import NamedDocument

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.evaluate.request import Context
    from leastkey.iam.document import DocumentKind, PolicyDocument

    Parse = Callable[[str, DocumentKind], PolicyDocument]

__all__ = ["control_policies", "dump_members", "load_members", "organization", "organization_keys"]

_KINDS: Final[dict[str, DocumentKind]] = {
    "SERVICE_CONTROL_POLICY": "identity",
    "RESOURCE_CONTROL_POLICY": "resource",
}


def organization(account: str) -> Any | None:
    """Give moto's backend of the management account of the organization that an account is in."""
    backends = _backends()
    if backends is None:
        return None
    manager = backends.master_accounts.get(account, (account, ""))[0]
    if manager not in backends:
        return None
    found = backends[manager]["aws"]
    return found if found.org is not None else None


def control_policies(
    account: str, kind: Literal["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"], parse: Parse
) -> tuple[tuple[NamedDocument, ...], ...]:
    """Give the policies at each level above an account and on it, outermost first.

    None bind the management account, and none of a type that is not enabled in the root.
    """
    found = organization(account)
    if found is None or account == found.org.master_account_id:
        return ()
    path = _path(found, account)
    enabled = {each["Type"] for root in path[:1] for each in root.policy_types}
    if kind not in enabled:
        return ()
    return tuple(
        tuple(
            NamedDocument(str(policy.name), parse(policy.content, _KINDS[kind]))
            for policy in level.attached_policies
            if policy.type == kind
        )
        for level in path
    )


def organization_keys(account: str, whose: Literal["Principal", "Resource"]) -> Context:
    """Give `aws:PrincipalOrgID` and its paths, or those of a resource's account."""
    found = organization(account) if account else None
    if found is None:
        return {}
    above = "/".join(each.id for each in _path(found, account)[:-1])
    path = f"{found.org.id}/{above}/"
    return {f"aws:{whose}OrgID": found.org.id, f"aws:{whose}OrgPaths": (path,)}


def _path(found: Any, account: str) -> list[Any]:
    """Give root, organizational units and account, in this order."""
    own = next(each for each in found.accounts if each.id == account)
    path = [own]
    units = {unit.id: unit for unit in found.ou}
    while (above := units.get(getattr(path[0], "parent_id", None))) is not None:
        path.insert(0, above)
    return path


def dump_members() -> dict[str, tuple[str, str]]:
    """Give which account is managed by which, for the snapshot."""
    backends = _backends()
    return {} if backends is None else dict(backends.master_accounts)


def load_members(members: dict[str, tuple[str, str]]) -> None:
    """Take over the members of a snapshot, in place of what is here."""
    if members:
        import moto.organizations.models  # noqa: F401  # it makes the table that is filled here
    backends = _backends()
    if backends is not None:
        backends.master_accounts.clear()
        backends.master_accounts.update(members)


def _backends() -> Any | None:
    """Give moto's organizations, None as long as nobody has asked for one."""
    module = sys.modules.get("moto.organizations.models")
    return None if module is None else module.organizations_backends
