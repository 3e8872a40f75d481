"""Pages of the list calls, cut from moto's whole answers: MaxItems, Marker and IsTruncated, and PathPrefix where moto forgets it.

Source: IAM API Reference; pages hold 100 entries unless the request says otherwise, 1,000 at most.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text
from leastkey.sandbox.rules.iam_xml import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.sandbox.request import Response
    from leastkey.sandbox.resolve.parameters import Parameters

__all__ = ["PAGED", "page_fault", "page_of", "paged"]

_DEFAULT: Final = 100
_MOST: Final = 1_000
_Entry = TypeVar("_Entry")

_ONE_LIST: Final = {
    "ListAccessKeys": "AccessKeyMetadata",
    "ListAccountAliases": "AccountAliases",
    "ListGroupPolicies": "PolicyNames",
    "ListGroups": "Groups",
    "ListGroupsForUser": "Groups",
    "ListInstanceProfiles": "InstanceProfiles",
    "ListInstanceProfilesForRole": "InstanceProfiles",
    "ListMFADevices": "MFADevices",
    "ListPolicyVersions": "Versions",
    "ListRolePolicies": "PolicyNames",
    "ListSSHPublicKeys": "SSHPublicKeys",
    "ListSigningCertificates": "Certificates",
    "ListUserPolicies": "PolicyNames",
    "ListUserTags": "Tags",
    "ListUsers": "Users",
    "GetGroup": "Users",
    "ListAttachedGroupPolicies": "AttachedPolicies",
    "ListAttachedRolePolicies": "AttachedPolicies",
    "ListAttachedUserPolicies": "AttachedPolicies",
    "ListOpenIDConnectProviderTags": "Tags",
    "ListPolicies": "Policies",
    "ListPolicyTags": "Tags",
    "ListRoleTags": "Tags",
    "ListRoles": "Roles",
    "ListServerCertificates": "ServerCertificateMetadataList",
    "ListVirtualMFADevices": "VirtualMFADevices",
}
PAGED: Final = {
    **{operation: (name,) for operation, name in _ONE_LIST.items()},
    "ListEntitiesForPolicy": ("PolicyGroups", "PolicyUsers", "PolicyRoles"),
}
"""List calls, and the elements that hold their entries. moto gives each whole: it is never told of pages."""

_BY_PATH: Final = frozenset({"ListGroups", "ListInstanceProfiles"})
"""List calls whose PathPrefix moto ignores."""


def page_of(entries: Sequence[_Entry], marker: str, most: str) -> tuple[Sequence[_Entry], str] | Refusal:
    """Give a page and the marker of the next, "" on the last. A marker is good for one page and one order."""
    size = _DEFAULT if not most else int(most) if most.isascii() and most.isdigit() else 0
    if not 1 <= size <= _MOST:
        return _invalid(f"Value '{most}' at 'maxItems' must be between 1 and {_MOST}")
    start = _offset(marker)
    if start is None or start > len(entries):
        return _invalid("Invalid Marker.")
    end = start + size
    return entries[start:end], _marker(end) if end < len(entries) else ""


def page_fault(operation: str, parameters: Parameters) -> Refusal | None:
    """Say that a page cannot be asked for like this."""
    if operation not in PAGED:
        return None
    most, marker = text(parameters, "MaxItems"), text(parameters, "Marker")
    start = _offset(marker)
    found = page_of([None] * (start or 0), marker, most)
    return found if isinstance(found, Refusal) else None


def paged(operation: str, parameters: Parameters, response: Response) -> Response:
    """Cut moto's whole answer down to the page asked for."""
    names = PAGED.get(operation)
    if names is None or response.status != 200:
        return response
    ET.register_namespace("", NAMESPACE)
    root = ET.fromstring(response.body)  # noqa: S314  # moto's own answer
    result = next((each for each in root if each.tag.endswith("Result")), None)
    if result is None:
        return response
    space = result.tag.rpartition("}")[0]
    prefix = f"{space}}}" if space else ""
    lists = [found for name in names if (found := result.find(f"{prefix}{name}")) is not None]
    members = [(held, each) for held in lists for each in held]
    if operation in _BY_PATH:
        path = text(parameters, "PathPrefix")
        members = [pair for pair in members if pair[1].findtext(f"{prefix}Path", "").startswith(path)]
    page = page_of(members, text(parameters, "Marker"), text(parameters, "MaxItems"))
    if isinstance(page, Refusal):
        return response
    shown, marker = page
    for held in lists:
        held[:] = [each for of, each in shown if of is held]
    for old in ("IsTruncated", "Marker"):
        for each in result.findall(f"{prefix}{old}"):
            result.remove(each)
    ET.SubElement(result, f"{prefix}IsTruncated").text = "true" if marker else "false"
    if marker:
        ET.SubElement(result, f"{prefix}Marker").text = marker
    return replace(response, body=ET.tostring(root, encoding="utf-8"))


def _marker(offset: int) -> str:
    return urlsafe_b64encode(f"page:{offset}".encode()).decode()


def _offset(marker: str) -> int | None:
    if not marker:
        return 0
    try:
        word, _, offset = urlsafe_b64decode(marker.encode()).decode().partition(":")
    except ValueError:
        return None
    return int(offset) if word == "page" and offset.isascii() and offset.isdigit() else None


def _invalid(words: str) -> Refusal:
    return Refusal(400, "ValidationError", f"1 validation error detected: {words}")
