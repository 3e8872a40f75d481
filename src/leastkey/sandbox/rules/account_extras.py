"""What an account has beside its authorization details: the key `Leastkey` of an exported file.

Settings of roles, tags of policies, instance profiles without a role, OIDC providers, buckets with their policies,
aliases. Nothing in it is a secret. What is not known there is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.sandbox.rules.account_fields import Fields, Tags

__all__ = [
    "BLOCKS",
    "FORMAT",
    "Bucket",
    "Extras",
    "Profile",
    "Provider",
    "RoleSettings",
    "profile_of",
    "read_extras",
]

FORMAT: Final = 1
BLOCKS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
"""Block Public Access, in the order in which moto takes it."""
_HOUR: Final = 3_600
_URL: Final = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~/-]*)?", re.ASCII)
_THUMBPRINT: Final = re.compile(r"[0-9A-Fa-f]{40}", re.ASCII)
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]", re.ASCII)
_ALIAS: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Profile:
    """An instance profile."""

    name: str
    path: str
    id: str
    created: datetime
    tags: Tags


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """What a role has beside its details."""

    description: str
    max_session_seconds: int


@dataclass(frozen=True, slots=True)
class Provider:
    """An OIDC provider; `url` has no scheme, as GetOpenIDConnectProvider gives it."""

    url: str
    client_ids: tuple[str, ...]
    thumbprints: tuple[str, ...]
    created: datetime
    tags: Tags


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, its policy and its Block Public Access; no objects."""

    name: str
    region: str
    policy: str
    blocks: tuple[bool, ...]
    """Empty when the bucket has no such setting."""


@dataclass(frozen=True, slots=True)
class Extras:
    """The key `Leastkey`."""

    account: str
    roles: Mapping[str, RoleSettings]
    policy_tags: Mapping[str, Tags]
    profiles: tuple[Profile, ...]
    providers: tuple[Provider, ...]
    buckets: tuple[Bucket, ...]
    aliases: tuple[str, ...]


def read_extras(fields: Fields) -> Extras:
    """Read the key `Leastkey`; an empty object is a file of AWS's. Raises ValueError."""
    fields.number("Format", FORMAT, FORMAT, FORMAT)
    result = Extras(
        fields.text("Account", ""),
        dict(_role(each) for each in fields.objects("Roles")),
        dict(_policy(each) for each in fields.objects("Policies")),
        tuple(profile_of(each) for each in fields.objects("InstanceProfiles")),
        tuple(_provider(each) for each in fields.objects("OpenIDConnectProviders")),
        tuple(_bucket(each) for each in fields.objects("Buckets")),
        fields.texts("AccountAliases"),
    )
    fields.strict()
    if len(result.aliases) > 1 or not all(_ALIAS.fullmatch(each) for each in result.aliases):
        raise fields.fault("an account has one alias at most, of 3 to 63 small letters, digits and hyphens")
    for each in ([one.url for one in result.providers], [one.name for one in result.buckets]):
        if len(set(each)) != len(each):
            raise fields.fault("a provider or bucket stands twice")
    return result


def profile_of(fields: Fields) -> Profile:
    """Read an instance profile; the role it stands in is its role."""
    name, path = fields.name("InstanceProfileName", "instance profile"), fields.path()
    fields.drop("Arn", "Roles")
    created = fields.time("CreateDate")
    result = Profile(name, path, fields.id("InstanceProfileId"), created, fields.tags())
    fields.close("InstanceProfile")
    return result


def _role(fields: Fields) -> tuple[str, RoleSettings]:
    name = fields.name("RoleName", "role")
    most = fields.number("MaxSessionDuration", _HOUR, 12 * _HOUR, _HOUR)
    settings = RoleSettings(fields.description(), most)
    fields.strict()
    return name, settings


def _policy(fields: Fields) -> tuple[str, Tags]:
    found = fields.text("Arn"), fields.tags()
    fields.strict()
    return found


def _provider(fields: Fields) -> Provider:
    url, clients, prints = fields.text("Url"), fields.texts("ClientIDList"), fields.texts("ThumbprintList")
    if not _URL.fullmatch(url) or len(url) > 247:
        raise fields.fault(f"`{url[:80]}` is no address of a provider, written without https://")
    if len(clients) > 100 or not all(1 <= len(each) <= 255 for each in clients):
        raise fields.fault("a provider has up to 100 client ids of 1 to 255 characters")
    if len(prints) > 5 or not all(_THUMBPRINT.fullmatch(each) for each in prints):
        raise fields.fault("a provider has up to 5 thumbprints of 40 hexadecimal digits")
    result = Provider(url, clients, prints, fields.time("CreateDate"), fields.tags())
    fields.strict()
    return result


def _bucket(fields: Fields) -> Bucket:
    name, region = fields.text("Name"), fields.text("Region", "us-east-1")
    if not _BUCKET.fullmatch(name) or not _REGION.fullmatch(region):
        raise fields.fault(f"`{name[:80]}` is no bucket, or `{region[:40]}` no region")
    policy = fields.document("Policy", "resource") if fields.has("Policy") else ""
    blocks: tuple[bool, ...] = ()
    if fields.has("PublicAccessBlock"):
        block = fields.object("PublicAccessBlock")
        blocks = tuple(block.flag(each) for each in BLOCKS)
        block.strict()
    fields.strict()
    return Bucket(name, region, policy, blocks)
