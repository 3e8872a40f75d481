"""Finding entities of the fake account, and the refusals that every call shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tests.fakes.account import Account, refused

from leastkey.iam import limits
from leastkey.iam.arn import Arn
from leastkey.iam.document import DocumentError, parse_document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.account import InstanceProfile, Key, Policy, Role, User

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.iam.document import DocumentKind, PolicyDocument
    from leastkey.iam.statement import Statement
    from leastkey.plan.seen import SeenProvider

T = TypeVar("T")

AWS_MANAGED = parse_document(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}},
    "identity",
)


class Lookup:
    """What every IAM call needs."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def _on_role(self, call: str, role: str, act: Callable[[Role], None]) -> None:
        self.account.ask(f"iam:{call}", lambda: act(self._role(call, role)))

    def _user(self, call: str, name: str) -> User:
        return self._get(call, self.account.users, name)

    def _role(self, call: str, name: str) -> Role:
        return self._get(call, self.account.roles, name)

    def _profile(self, call: str, name: str) -> InstanceProfile:
        return self._get(call, self.account.profiles, name)

    def _policy(self, call: str, arn: Arn) -> Policy:
        policy = self._get(call, self.account.policies, arn.name)
        if self.account.arn(f"policy{policy.path}{policy.name}") != arn:
            raise refused(f"iam:{call}", "NoSuchEntity")
        return policy

    def _provider(self, call: str, arn: Arn) -> SeenProvider:
        found = self.account.providers.get(arn)
        if found is None:
            raise refused(f"iam:{call}", "NoSuchEntity")
        return found

    def in_force(self, call: str, arn: Arn) -> PolicyDocument:
        """Give the document in force of a policy of the account, or of the one policy of AWS that is known here."""
        if arn.account == "aws" and arn.name == "AmazonEC2ReadOnlyAccess":
            return AWS_MANAGED
        policy = self._policy(call, arn)
        return next(each.document for each in policy.versions if each.id == policy.default)

    def _key(self, call: str, user: str, key: AccessKeyId) -> Key:
        found = self._get(call, self.account.keys, key, fold=False)
        if found.user.lower() != user.lower():
            raise refused(f"iam:{call}", "NoSuchEntity")
        return found

    def _tags(self, kind: str, name: str) -> dict[str, str]:
        if kind == "user":
            return self._user("TagUser", name).tags
        return (
            self._role("TagRole", name).tags
            if kind == "role"
            else self._policy("TagPolicy", Arn.parse(name)).tags
        )

    def _attachable(self, call: str, arn: Arn) -> None:
        if arn.account != "aws":
            self._policy(call, arn)

    def _well_formed(self, call: str, document: PolicyDocument, kind: DocumentKind, quota: int) -> None:
        try:
            parse_document(document.to_json(), kind)
        except DocumentError as error:
            raise refused(f"iam:{call}", "MalformedPolicyDocument", str(error)) from None
        named = (each for statement in document.statements for each in self._named(statement))
        unknown = next((each for each in named if not self._is_there(each)), None)
        if unknown is not None:
            words = f'Invalid principal in policy: "AWS":"{unknown}"'
            raise refused(f"iam:{call}", "MalformedPolicyDocument", words)
        if document.characters() > quota:
            raise refused(f"iam:{call}", "LimitExceeded")

    def _managed(self, call: str, document: PolicyDocument) -> None:
        self._well_formed(call, document, "identity", limits.MANAGED_POLICY_CHARACTERS)

    def _trust(self, call: str, document: PolicyDocument) -> None:
        self._well_formed(call, document, "trust", limits.TRUST_POLICY_CHARACTERS)

    @staticmethod
    def _named(statement: Statement) -> tuple[str, ...]:
        return () if statement.principal is None else statement.principal.aws

    def _is_there(self, principal: str) -> bool:
        """Say whether a principal of this account exists; others are believed."""
        if not principal.startswith(f"arn:aws:iam::{self.account.id}:"):
            return True
        arn = Arn.parse(principal)
        kind = arn.resource.split("/")[0]
        if kind == "user":
            return arn.name.lower() in self.account.users
        return kind != "role" or arn.name.lower() in self.account.roles

    @staticmethod
    def _get(call: str, where: Mapping[str, T], name: str, *, fold: bool = True) -> T:
        found = where.get(name.lower() if fold else name)
        if found is None:
            raise refused(f"iam:{call}", "NoSuchEntity")
        return found

    @staticmethod
    def _free(call: str, name: str, where: Mapping[str, object], quota: int) -> None:
        if name.lower() in where:
            raise refused(f"iam:{call}", "EntityAlreadyExists")
        if len(where) >= quota:
            raise refused(f"iam:{call}", "LimitExceeded")

    @staticmethod
    def _clear(call: str, *dependants: object) -> None:
        if any(dependants):
            raise refused(f"iam:{call}", "DeleteConflict")

    @staticmethod
    def _take(call: str, where: dict[str, PolicyDocument], name: str) -> None:
        if where.pop(name, None) is None:
            raise refused(f"iam:{call}", "NoSuchEntity")

    @staticmethod
    def _drop(call: str, where: list[Arn] | list[str], what: Arn | str) -> None:
        if what not in where:
            raise refused(f"iam:{call}", "NoSuchEntity")
        where.remove(what)  # type: ignore[arg-type]  # it was found in the list
