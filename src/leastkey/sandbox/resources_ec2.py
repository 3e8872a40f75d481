"""What EC2's operations need: each resource of the request by its ARN, with EC2's condition keys.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.iam.catalog import service_catalog
from leastkey.sandbox.arns import NEW, account_of, filled, resources, texts_by_name
from leastkey.sandbox.authorization import Authorization
from leastkey.sandbox.parameters import Parameters, listed, tags_in, text
from leastkey.sandbox.resources_iam import pass_role
from leastkey.sandbox.tags import request_tags, resource_tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.evaluate.request import Context
    from leastkey.iam.catalog import CatalogAction
    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.world import World

__all__ = ["authorizations"]

_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "key-pair": ("keyname",),
    "network-acl": ("networkaclid",),
    "placement-group": ("groupname",),
    "security-group": ("groupid",),
    "vpc-endpoint-service": ("serviceid",),
    "vpc-flow-log": ("flowlogid",),
}
"""Folded parameters that carry a resource's id under another name than the template's."""

_BY_PREFIX: Final = {
    "acl": "network-acl",
    "ami": "image",
    "cgw": "customer-gateway",
    "dopt": "dhcp-options",
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "key": "key-pair",
    "lt": "launch-template",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "pg": "placement-group",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "sir": "spot-instances-request",
    "snap": "snapshot",
    "subnet": "subnet",
    "tgw": "transit-gateway",
    "vgw": "vpn-gateway",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""Resource types by the head of an id, for CreateTags and DeleteTags."""

_NEW: Final = ("Create", "Allocate", "Copy", "Import", "Register", "Request", "Run")
"""Verbs that make resources whose ids are not known yet."""


def authorizations(
    operation: str, parameters: Parameters, request: AwsRequest, world: World
) -> tuple[Authorization, ...]:
    """Give what an EC2 operation needs."""
    entry = service_catalog("ec2").actions.get(operation.lower())
    if entry is None:
        return (Authorization(f"ec2:{operation}", "*", request.account, unresolved=True),)
    ask = _Ask(entry, parameters, request, world)
    if operation in ("CreateTags", "DeleteTags"):
        return ask.tagging()
    if operation == "RunInstances":
        needed = ask.run_instances()
    elif not entry.resource_types:
        needed = [Authorization(entry.full_name, "*", request.account, ask.context())]
    else:
        needed = ask.named()
    return (*needed, *ask.tags_on_create(), *ask.passed_role())


class _Ask:
    """One EC2 request, while its authorizations are gathered."""

    def __init__(
        self, entry: CatalogAction, parameters: Parameters, request: AwsRequest, world: World
    ) -> None:
        self.entry = entry
        self.parameters = parameters
        self.request = request
        self.world = world
        self.kinds = service_catalog("ec2").resource_types

    def context(self) -> Context:
        """Give the keys that hold for every resource of the request."""
        found: dict[str, str | tuple[str, ...]] = {"ec2:Region": self.request.region}
        for key, name in (
            ("ec2:InstanceType", "InstanceType"),
            ("ec2:VolumeSize", "Size"),
            ("ec2:VolumeType", "VolumeType"),
        ):
            if text(self.parameters, name):
                found[key] = text(self.parameters, name)
        found.update(request_tags(self._all_tags()))
        return found

    def named(self) -> list[Authorization]:
        """Give the resources the parameters name, and those the operation is about to make."""
        named = texts_by_name(self.parameters)
        found: dict[str, tuple[str, ...]] = {
            name: resources(
                self.kinds[name],
                named,
                region=self.request.region,
                account=self.request.account,
                aliases=_ALIASES.get(name, ()),
            )
            for name in self.entry.resource_types
        }
        if self.entry.name.startswith(_NEW):
            made = (name for name in self.entry.required_types if not found[name])
            found.update({name: (self._arn(name, NEW),) for name in made})
        found.update({name: self._defaults(name) for name in self.entry.required_types if not found[name]})
        arns = tuple(dict.fromkeys(arn for each in found.values() for arn in each))
        if not arns or not all(found[name] for name in self.entry.required_types):
            return [
                Authorization(
                    self.entry.full_name, "*", self.request.account, self.context(), unresolved=True
                )
            ]
        return [self._on(arn) for arn in arns]

    def run_instances(self) -> list[Authorization]:
        """Give the resources of RunInstances: image, network, disks and the instance to be."""
        found = [self._arn("instance", NEW), self._arn("volume", NEW)]
        nics = list(_entries(self.parameters.get("NetworkInterface")))
        images = listed(self.parameters, "ImageId") or ("",)
        found += [self._arn("image", each or NEW) for each in images]
        if text(self.parameters, "KeyName"):
            found.append(self._arn("key-pair", text(self.parameters, "KeyName")))
        subnets = [*listed(self.parameters, "SubnetId"), *(text(nic, "SubnetId") for nic in nics)]
        groups = [
            *listed(self.parameters, "SecurityGroupId"),
            *(each for nic in nics for each in listed(nic, "SecurityGroupId")),
            *self._groups_by_name(),
        ]
        existing = [text(nic, "NetworkInterfaceId") for nic in nics if text(nic, "NetworkInterfaceId")]
        found += [self._arn("subnet", each) for each in subnets if each] or list(self._defaults("subnet"))
        found += [self._arn("security-group", each) for each in groups] or list(
            self._defaults("security-group")
        )
        found += [self._arn("network-interface", each) for each in existing or (NEW,)]
        found += [
            self._arn("snapshot", text(ebs, "SnapshotId"))
            for device in _entries(self.parameters.get("BlockDeviceMapping"))
            for ebs in _entries(device.get("Ebs"))
            if text(ebs, "SnapshotId")
        ]
        template = self.parameters.get("LaunchTemplate")
        if isinstance(template, dict):
            found.append(self._arn("launch-template", text(template, "LaunchTemplateId") or NEW))
        return [self._on(arn) for arn in dict.fromkeys(found)]

    def tagging(self) -> tuple[Authorization, ...]:
        """Give the resources whose tags are set or removed; the type shows in the id."""
        tags = tags_in(self.parameters.get("Tag"))
        context = {"ec2:Region": self.request.region, **request_tags(tags)}
        needed = []
        for each in listed(self.parameters, "ResourceId"):
            kind = _BY_PREFIX.get(each.partition("-")[0])
            if kind is None:
                return (
                    Authorization(self.entry.full_name, "*", self.request.account, context, unresolved=True),
                )
            needed.append(self._on(self._arn(kind, each)))
        return tuple(needed) or (
            Authorization(self.entry.full_name, "*", self.request.account, context, unresolved=True),
        )

    def tags_on_create(self) -> Iterator[Authorization]:
        """Give `ec2:CreateTags` for each kind of resource that is tagged while it is made."""
        for each in _entries(self.parameters.get("TagSpecification")):
            kind = self.kinds.get(text(each, "ResourceType"))
            tags = tags_in(each.get("Tag"))
            if not tags:
                continue
            context = {
                "ec2:Region": self.request.region,
                "ec2:CreateAction": self.entry.name,
                **request_tags(tags),
            }
            arn = "*" if kind is None else self._arn(kind.name, NEW)
            yield Authorization("ec2:CreateTags", arn, self.request.account, context, unresolved=kind is None)

    def passed_role(self) -> Iterator[Authorization]:
        """Give `iam:PassRole` for the roles in the instance profiles a request hands over."""
        if self.entry.name.startswith("CreateLaunchTemplate"):  # asked for when the template is used
            return
        for profile in (*_profiles(self.parameters), *_profiles(self._template())):
            name = text(profile, "Name") or text(profile, "Arn").rsplit("/", 1)[-1]
            known = self.world.iam(self.request.account).instance_profiles.get(name)
            roles = () if known is None else known.roles
            for role in roles:
                yield pass_role(role.arn, "ec2", self.world)
            if not roles:
                # A profile without a role hands nothing over, but nobody may use that to probe for names.
                yield Authorization("iam:PassRole", "*", self.request.account, unresolved=True)
        fleet = text(self.parameters, "IamFleetRole")
        if fleet:
            yield pass_role(fleet, "spotfleet", self.world)

    def _template(self) -> Any:
        """Give what the launch template of a request holds."""
        given = self.parameters.get("LaunchTemplate")
        if not isinstance(given, dict):
            return {}
        backend = self._backend()
        wanted = (text(given, "LaunchTemplateId"), text(given, "LaunchTemplateName"))
        known = (
            each
            for each in backend.launch_templates.values()
            if wanted[0] == each.id or wanted[1] == each.name
        )
        # Whichever version is meant: a role in any of them may be handed over.
        return [version.data for template in known for version in template.versions]

    def _on(self, arn: str) -> Authorization:
        resource = arn.rsplit("/", 1)[-1]
        tags = {str(key): str(value) for key, value in self._backend().tags.get(resource, {}).items()}
        context = {**self.context(), **resource_tags(tags, "ec2")}
        return Authorization(self.entry.full_name, arn, account_of(arn, self.request.account), context)

    def _all_tags(self) -> dict[str, str]:
        tags = tags_in(self.parameters.get("Tag"))
        for each in _entries(self.parameters.get("TagSpecification")):
            tags.update(tags_in(each.get("Tag")))
        return tags

    def _arn(self, kind: str, name: str) -> str:
        template = self.kinds[kind].arn
        place = template.rsplit("${", 1)[-1].rstrip("}")
        return filled(template, {place: name}, region=self.request.region, account=self.request.account)

    def _defaults(self, kind: str) -> tuple[str, ...]:
        """Give what EC2 takes where a request names none: the default subnets or the default security group."""
        backend = self._backend()
        match kind:
            case "subnet":
                found = [
                    subnet.id
                    for zone in backend.subnets.values()
                    for subnet in zone.values()
                    if str(subnet.default_for_az).lower() == "true"
                ]
                return tuple(self._arn(kind, each) for each in sorted(found)[:1])
            case "security-group":
                found = [
                    group.id
                    for vpc in backend.vpcs.values()
                    if str(vpc.is_default).lower() == "true"
                    for group in backend.groups.get(vpc.id, {}).values()
                    if group.name == "default"
                ]
                return tuple(self._arn(kind, each) for each in found)
            case _:
                return ()

    def _groups_by_name(self) -> list[str]:
        names = set(listed(self.parameters, "SecurityGroup"))
        return [
            group.id
            for groups in self._backend().groups.values()
            for group in groups.values()
            if group.name in names
        ]

    def _backend(self) -> Any:
        return self.world.backend("ec2", self.request.account, self.request.region)


def _profiles(value: Any) -> Iterator[Parameters]:
    """Give every instance profile below a value."""
    if isinstance(value, list):
        for each in value:
            yield from _profiles(each)
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "IamInstanceProfile" and isinstance(each, dict):
                yield each
            else:
                yield from _profiles(each)


def _entries(value: Any) -> list[Parameters]:
    """Give the objects in a list, or the one object."""
    if isinstance(value, dict):
        return [value]
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
