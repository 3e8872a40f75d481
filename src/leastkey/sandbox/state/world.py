"""A read-only view over moto's state: who exists in which account, and which documents bear on them.

Nothing here changes moto. Documents are parsed once and kept by their text.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.request import NamedDocument
from leastkey.iam.arn import AccountId
from leastkey.iam.document import PolicyDocument, load_document
from leastkey.sandbox.state.issuers import Issuers
from leastkey.sandbox.state.organizations import control_policies
from leastkey.sandbox.state.propagation import Propagation
from leastkey.sandbox.state.seals import Seals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from leastkey.iam.document import DocumentKind
    from leastkey.sandbox.request import Caller
    from leastkey.sandbox.state.accounts import Accounts
    from leastkey.sandbox.state.sessions import Sessions

__all__ = ["PARTITION", "World", "document"]

PARTITION: Final = "aws"
"""The sandbox has the commercial regions only."""

_NOTHING: Final = PolicyDocument(())
_ROOTS: Final = (
    NamedDocument(
        "what root may do",
        load_document(
            '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
            "identity",
        ),
    ),
)


@lru_cache(maxsize=4096)
def document(text: str, kind: DocumentKind) -> PolicyDocument:
    """Parse a stored document. Raises DocumentError, and the gate then refuses the request: it fails closed."""
    return load_document(text, kind)


class World:
    """What the gate, our STS and the authorizer may read."""

    def __init__(self, accounts: Accounts, sessions: Sessions) -> None:
        self.accounts = accounts
        self.sessions = sessions
        self.propagation = Propagation()
        self.permits_shared_oidc = False
        """Takes trust policies that AWS refuses: those that let in everybody at a shared identity provider."""
        self.issuers = Issuers()
        self.seals = Seals()

    def backend(self, service: str, account: str, region: str = PARTITION) -> Any:
        """Give moto's backend of an account: by partition for global services (iam, s3), else by region."""
        from moto.backends import get_backend

        return get_backend(service)[account][region]  # type: ignore[call-overload]  # a closed set of literals there

    def iam(self, account: str) -> Any:
        """Give moto's IAM of an account."""
        return self.backend("iam", account)

    def forget(self, account: str) -> None:
        """Drop an account's IAM, once the account is gone."""
        from moto.backends import get_backend

        del get_backend("iam")[account]

    def user(self, account: str, name: str) -> Any | None:
        """Give a user by its name (letter case ignored, as IAM does)."""
        users: Mapping[str, Any] = self.iam(account).users
        found = users.get(name)
        if found is not None:
            return found
        wanted = name.lower()
        return next((user for user in users.values() if user.name.lower() == wanted), None)

    def role(self, account: str, name: str) -> Any | None:
        """Give a role by its name (letter case ignored, as IAM does)."""
        wanted = name.lower()
        return next((role for role in self.iam(account).roles.values() if role.name.lower() == wanted), None)

    def role_by_arn(self, arn: str) -> Any | None:
        """Give the role an ARN names; path and letter case of the name count, as in AssumeRole."""
        parts = arn.split(":", 5)
        if (
            len(parts) != 6
            or parts[:3] != ["arn", PARTITION, "iam"]
            or parts[3]
            or not self.accounts.has(parts[4])
        ):
            return None
        return next((role for role in self.iam(parts[4]).roles.values() if role.arn == arn), None)

    def user_of_key(self, key_id: str) -> tuple[AccountId, Any, Any] | None:
        """Give account, user and moto's key for a user's access key, inactive ones too."""
        for account in self.accounts.all():
            key = self.iam(account).access_keys.get(key_id)
            user = None if key is None or key.user_name is None else self.user(account, key.user_name)
            # The user's own list decides: moto may leave a deleted user's key in the account's index.
            if user is not None and any(each is key for each in user.access_keys):
                return account, user, key
        return None

    def identity_policies(self, caller: Caller) -> tuple[NamedDocument, ...]:
        """Give inline, attached and group policies of the caller's user, or of the role behind its session."""
        if caller.role_name:
            role = self.role(caller.account, caller.role_name)
            return () if role is None else self._of_entity(role)
        if caller.principal.type == "feduser" and not caller.user_name:
            return _ROOTS  # root made it: the session policy alone narrows
        user = self.user(caller.account, caller.user_name) if caller.user_name else None
        if user is None:
            return ()
        groups = [group for group in self.iam(caller.account).groups.values() if user in group.users]
        return self._of_entity(user) + tuple(each for group in groups for each in self._of_entity(group))

    def boundaries(self, caller: Caller) -> tuple[NamedDocument, ...]:
        """Give the permissions boundary of the user or role; one whose policy is gone allows nothing."""
        entity = self._entity(caller)
        arn = getattr(entity, "permissions_boundary_arn", None)
        if not arn:
            return ()
        return (NamedDocument(arn, self.managed_document(caller.account, arn) or _NOTHING),)

    def scps(self, account: str) -> tuple[tuple[NamedDocument, ...], ...]:
        """Give the levels of service control policies that bind an account."""
        return control_policies(account, "SERVICE_CONTROL_POLICY", document)

    def rcps(self, account: str) -> tuple[tuple[NamedDocument, ...], ...]:
        """Give the levels of resource control policies that bind an account's resources."""
        return control_policies(account, "RESOURCE_CONTROL_POLICY", document)

    def tags(self, caller: Caller) -> Mapping[str, str]:
        """Give `aws:PrincipalTag` values: tags of the user or role, session tags winning."""
        entity = self._entity(caller)
        return {**_tags(getattr(entity, "tags", None)), **caller.tags}

    def managed_document(self, account: str, arn: str) -> PolicyDocument | None:
        """Give the version in force of a managed policy, AWS's or the account's own."""
        policy = self.iam(account).managed_policies.get(arn)
        return None if policy is None else document(_in_force(policy), "identity")

    def trust(self, role: Any) -> NamedDocument:
        """Give a role's trust policy."""
        text = role.assume_role_policy_document
        return NamedDocument(f"trust policy of {role.name}", document(text, "trust") if text else _NOTHING)

    def bucket(self, name: str) -> tuple[AccountId, Any] | None:
        """Give a bucket with the account that owns it."""
        from moto.s3.models import s3_backends

        owner = s3_backends.bucket_accounts.get(name)
        if owner is None:
            return None
        account = AccountId(owner[1])
        found = self.backend("s3", account).buckets.get(name)
        return None if found is None else (account, found)

    def bucket_policy(self, name: str) -> NamedDocument | None:
        """Give a bucket's policy."""
        found = self.bucket(name)
        text = None if found is None else found[1].policy
        if not text:
            return None
        return NamedDocument(
            f"bucket policy of {name}",
            document(text.decode() if isinstance(text, bytes) else str(text), "resource"),
        )

    def keys(self, account: str) -> list[Any]:
        """Give the KMS keys of an account in every region."""
        from moto.core.base_backend import BackendDict

        in_use = getattr(BackendDict, "_instances")  # noqa: B009  # moto's own list; none of KMS, then no keys
        accounts = [each[account] for each in in_use if each.service_name == "kms" and account in each]
        return [key for each in accounts for region in each.values() for key in region.keys.values()]

    def _entity(self, caller: Caller) -> Any | None:
        if caller.role_name:
            return self.role(caller.account, caller.role_name)
        return self.user(caller.account, caller.user_name) if caller.user_name else None

    def policies_change(self, account: str, kind: str, name: str) -> None:
        """Say that policies of a `User`, `Role` or `Group` change now: they count once the change has spread."""
        match kind:
            case "User":
                entity = self.user(account, name)
            case "Role":
                entity = self.role(account, name)
            case _:
                entity = self.iam(account).groups.get(name)
        if entity is not None and self.propagation.delay:
            self.propagation.keep(entity.id, self._own_policies(entity))

    def _of_entity(self, entity: Any) -> tuple[NamedDocument, ...]:
        former = self.propagation.former(entity.id)
        return self._own_policies(entity) if former is None else former

    def _own_policies(self, entity: Any) -> tuple[NamedDocument, ...]:
        inline = [NamedDocument(name, document(text, "identity")) for name, text in entity.policies.items()]
        attached = [
            NamedDocument(policy.name, document(_in_force(policy), "identity"))
            for policy in entity.managed_policies.values()
        ]
        return (*inline, *attached)


def _in_force(policy: Any) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)


def _tags(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or ()}
