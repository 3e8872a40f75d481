"""What EC2's operations need: each resource of the request by its ARN, with EC2's condition keys.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.iam.catalog import service_catalog
from leastkey.sandbox.resolve.arns import NEW, account_of, filled, resources, texts_by_name
from leastkey.sandbox.resolve.authorization import Authorization
from leastkey.sandbox.resolve.parameters import Parameters, listed, tags_in, text, walk
from leastkey.sandbox.resolve.resources_iam import pass_role
from leastkey.sandbox.resolve.tags import request_tags, resource_tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.evaluate.request import Context
    from leastkey.iam.catalog import CatalogAction
    from leastkey.sandbox.request import AwsRequest
    from leastkey.sandbox.state.world import World

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

_ROLES: Final = {
    "DeliverCrossAccountRole": "vpc-flow-logs",
    "DeliverLogsPermissionArn": "vpc-flow-logs",
    "IamFleetRole": "spotfleet",
}
"""Parameters that hand a role over, and the service they hand it to."""

_ABOUT_TEMPLATES: Final = (
    "CreateLaunchTemplate",
    "DeleteLaunchTemplate",
    "DescribeLaunchTemplate",
    "GetLaunchTemplate",
    "ModifyLaunchTemplate",
)
"""Operations on launch templates themselves: nothing is launched by them."""

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
            values = self._given(name)
            if values:
                found[key] = values if len(values) > 1 else values[0]
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
        launched = [self.parameters, *self._templates()]
        nics = [nic for each in launched for nic in _entries(_one(each, "NetworkInterface"))]
        found += [self._arn("image", each) for each in self._given("ImageId") or (NEW,)]
        found += [self._arn("key-pair", each) for each in self._given("KeyName")]
        subnets = [*self._given("SubnetId"), *(text(nic, "SubnetId") for nic in nics)]
        groups = [
            *(group for each in launched for group in _texts(each, "SecurityGroupId")),
            *(group for nic in nics for group in (*_texts(nic, "SecurityGroupId"), *_texts(nic, "Group"))),
            *self._groups_by_name(launched),
        ]
        existing = [text(nic, "NetworkInterfaceId") for nic in nics if text(nic, "NetworkInterfaceId")]
        found += [self._arn("subnet", each) for each in subnets if each] or list(self._defaults("subnet"))
        found += [self._arn("security-group", each) for each in groups] or list(
            self._defaults("security-group")
        )
        found += [self._arn("network-interface", each) for each in existing or (NEW,)]
        found += [
            self._arn("snapshot", text(ebs, "SnapshotId"))
            for each in launched
            for device in _entries(_one(each, "BlockDeviceMapping"))
            for ebs in _entries(device.get("Ebs"))
            if text(ebs, "SnapshotId")
        ]
        if isinstance(self.parameters.get("LaunchTemplate"), dict):
            ids = [each.id for each in self._templates_used()] or [NEW]
            found += [self._arn("launch-template", each) for each in ids]
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
        for each in self._tag_specifications():
            kind = self.kinds.get(text(each, "ResourceType"))
            tags = tags_in(_one(each, "Tag"))
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
        for profile in (*_profiles(self.parameters), *_profiles(self._templates())):
            roles = self._roles_of(profile)
            for role in roles:
                yield pass_role(role.arn, "ec2", self.world)
            if not roles:
                # A profile without a role hands nothing over, but nobody may use that to probe for names.
                yield Authorization("iam:PassRole", "*", self.request.account, unresolved=True)
        for name, value in walk(self.parameters):
            if name in _ROLES and value:
                yield pass_role(value, _ROLES[name], self.world)

    def _roles_of(self, profile: Parameters) -> list[Any]:
        """Give the roles of an instance profile, be it named by its name, its ARN or both."""
        known = self.world.iam(self.request.account).instance_profiles.values()
        wanted = (text(profile, "Name"), text(profile, "Arn"))
        return [
            role for each in known if each.name == wanted[0] or each.arn == wanted[1] for role in each.roles
        ]

    def _templates(self) -> list[Parameters]:
        """Give what the launch templates of a request hold, whichever version is meant."""
        return [version.data for each in self._templates_used() for version in each.versions]

    def _templates_used(self) -> list[Any]:
        """Give the launch templates a request launches from, wherever in it they are named."""
        if self.entry.name.startswith(_ABOUT_TEMPLATES):
            return []
        wanted = {
            value
            for name, value in walk(self.parameters)
            if name in ("LaunchTemplateId", "LaunchTemplateName")
        }
        if not wanted:
            return []
        known = self._backend().launch_templates.values()
        return [each for each in known if each.id in wanted or each.name in wanted]

    def _given(self, name: str) -> tuple[str, ...]:
        """Give a parameter's values: the request's own, else those of its launch templates."""
        own = listed(self.parameters, name)
        return own or tuple(
            dict.fromkeys(value for each in self._templates() for value in listed(each, name))
        )

    def _tag_specifications(self) -> list[Parameters]:
        return [
            specification
            for each in (self.parameters, *self._templates())
            for specification in _entries(_one(each, "TagSpecification"))
        ]

    def _on(self, arn: str) -> Authorization:
        resource = arn.rsplit("/", 1)[-1]
        tags = {str(key): str(value) for key, value in self._backend().tags.get(resource, {}).items()}
        context = {**self.context(), **resource_tags(tags, "ec2")}
        return Authorization(self.entry.full_name, arn, account_of(arn, self.request.account), context)

    def _all_tags(self) -> dict[str, str]:
        tags = tags_in(self.parameters.get("Tag"))
        for each in self._tag_specifications():
            tags.update(tags_in(_one(each, "Tag")))
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

    def _groups_by_name(self, launched: list[Parameters]) -> list[str]:
        names = {name for each in launched for name in _texts(each, "SecurityGroup")}
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


def _one(given: Parameters, name: str) -> Any:
    """Give a list by its name on the wire, or by the plural that launch templates are kept under."""
    return given.get(name, given.get(f"{name}s"))


def _texts(given: Parameters, name: str) -> tuple[str, ...]:
    return (*listed(given, name), *listed(given, f"{name}s"))


def _entries(value: Any) -> list[Parameters]:
    """Give the objects in a list, or the one object."""
    if isinstance(value, dict):
        return [value]
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
