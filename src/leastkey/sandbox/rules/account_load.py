"""Putting a checked account into the sandbox: all of it or nothing, and only where nothing is yet."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from leastkey.sandbox.rules.iam_answers import set_boundary
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.sandbox.rules.account_document import Account, Entity, Policy
    from leastkey.sandbox.rules.account_extras import Bucket, Profile, Provider
    from leastkey.sandbox.rules.account_fields import Tags
    from leastkey.sandbox.state.world import World

__all__ = ["held", "load_account"]


def held(world: World, account: str) -> list[str]:
    """Say what an account holds, in words such as `2 users`; nothing where it is empty."""
    if not world.accounts.has(account):
        return []
    iam = world.iam(account)
    own = [arn for arn in iam.managed_policies if not arn.startswith(f"arn:{PARTITION}:iam::aws:")]
    found = {
        "users": iam.users,
        "groups": iam.groups,
        "roles": iam.roles,
        "policies": own,
        "instance profiles": iam.instance_profiles,
        "OIDC providers": iam.open_id_providers,
        "SAML providers": iam.saml_providers,
        "MFA devices": iam.virtual_mfa_devices,
        "server certificates": iam.certificates,
        "buckets": world.backend("s3", account).buckets,
    }
    return [f"{len(things)} {name}" for name, things in found.items() if things]


def load_account(world: World, account: Account) -> None:
    """Make everything. The caller holds the gate's lock and has seen that the account holds nothing. Raises ValueError."""
    taken = [bucket.name for bucket in account.extras.buckets if world.bucket(bucket.name) is not None]
    if taken:
        raise ValueError(f"bucket `{taken[0]}` belongs to another account of the sandbox")
    _, is_new = world.accounts.ensure(account.id)
    try:
        _Loader(world, account).load()
    except BaseException:
        _undo(world, account)
        if is_new:
            world.accounts.drop(account.id)
        raise


def _undo(world: World, account: Account) -> None:
    from moto.s3.models import s3_backends

    world.forget(account.id)
    buckets = world.backend("s3", account.id).buckets
    for bucket in account.extras.buckets:
        buckets.pop(bucket.name, None)
        s3_backends.bucket_accounts.pop(bucket.name, None)


class _Loader:
    def __init__(self, world: World, account: Account) -> None:
        self._world = world
        self._account = account
        self._iam = world.iam(account.id)
        self._models: Any = import_module("moto.iam.models")  # its classes are annotated as abstract

    def load(self) -> None:
        """Make policies first, then who has them, then who is in which group."""
        extras = self._account.extras
        for policy in self._account.policies:
            self._policy(policy)
        for group in self._account.of("Group"):
            self._group(group)
        for user in self._account.of("User"):
            self._user(user)
        for role in self._account.of("Role"):
            self._role(role)
        for profile in extras.profiles:
            self._profile(profile, [])
        for provider in extras.providers:
            self._provider(provider)
        for bucket in extras.buckets:
            self._bucket(bucket)
        self._iam.account_aliases = list(extras.aliases)

    def _policy(self, policy: Policy) -> None:
        owner = policy.arn.split(":")[4]
        tags = self._account.extras.policy_tags.get(policy.arn, ())
        made = self._models.ManagedPolicy(
            policy.name,
            account_id=owner,
            region=PARTITION,
            description=policy.description,
            path=policy.path,
            create_date=_naive(policy.created),
            update_date=_naive(policy.updated),
            tags={each["Key"].lower(): each for each in _pairs(tags)},
        )
        made.id = policy.id
        made.versions = [
            self._models.PolicyVersion(policy.arn, each.text, each.is_default, each.id, _naive(each.created))
            for each in policy.versions
        ]
        made.default_version_id = next(each.id for each in policy.versions if each.is_default)
        made.next_version_num = max(int(each.id[1:]) for each in policy.versions) + 1
        self._iam.managed_policies[policy.arn] = made

    def _group(self, group: Entity) -> None:
        made = self._models.Group(self._account.id, PARTITION, group.name, group.path)
        self._filled(made, group)
        self._iam.groups[group.name] = made

    def _user(self, user: Entity) -> None:
        made = self._models.User(self._account.id, PARTITION, user.name, user.path)
        self._filled(made, user)
        self._iam.users[user.name] = made
        self._iam.tagger.tag_resource(made.arn, _pairs(user.tags))
        if user.boundary:
            set_boundary(made, user.boundary)
        for name in user.groups:
            self._iam.groups[name].users.append(made)

    def _role(self, role: Entity) -> None:
        settings = self._account.extras.roles.get(role.name)
        service = role.path.split("/")[2] if role.path.startswith("/aws-service-role/") else None
        made = self._models.Role(
            account_id=self._account.id,
            partition=PARTITION,
            role_id=role.id,
            name=role.name,
            assume_role_policy_document=role.trust,
            path=role.path,
            permissions_boundary=role.boundary or None,
            description=settings.description if settings else "",
            tags=_pairs(role.tags),
            max_session_duration=str(settings.max_session_seconds if settings else 3_600),
            linked_service=service,
        )
        self._filled(made, role)
        if role.last_used is not None:
            made.last_used, made.last_used_region = role.last_used
        self._iam.roles[role.id] = made
        for profile in role.profiles:
            self._profile(profile, [made])

    def _filled(self, made: Any, entity: Entity) -> None:
        made.id = entity.id
        made.create_date = _naive(entity.created)
        made.policies = dict(entity.inline)
        for arn in entity.attached:
            self._iam.managed_policies[arn].attach_to(made)

    def _profile(self, profile: Profile, roles: list[Any]) -> None:
        made = self._models.InstanceProfile(
            self._account.id, PARTITION, profile.id, profile.name, profile.path, roles, _pairs(profile.tags)
        )
        made.create_date = _naive(profile.created)
        self._iam.instance_profiles[profile.name] = made

    def _provider(self, provider: Provider) -> None:
        tags = {each["Key"].lower(): each for each in _pairs(provider.tags)}
        made = self._models.OpenIDConnectProvider(
            self._account.id,
            PARTITION,
            f"https://{provider.url}",
            list(provider.thumbprints),
            list(provider.client_ids),
            tags,
        )
        made.create_date = _naive(provider.created)
        self._iam.open_id_providers[made.arn] = made

    def _bucket(self, bucket: Bucket) -> None:
        from moto.s3.models import PublicAccessBlock

        made = self._world.backend("s3", self._account.id).create_bucket(bucket.name, bucket.region)
        made.policy = bucket.policy.encode() or None
        made.public_access_block = PublicAccessBlock(*bucket.blocks) if bucket.blocks else None


def _naive(time: datetime) -> datetime:
    """Give a time as moto keeps it: in UTC and without saying so."""
    return time.replace(tzinfo=None)


def _pairs(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags]
