"""IAM in memory, behind `ports.aws`: names ignore case, quotas and conflicts are refused as AWS refuses them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from tests.fakes import shown
from tests.fakes.account import InstanceProfile, Key, Policy, Role, User, Version, refused
from tests.fakes.lookup import Lookup

from leastkey.iam.arn import Arn
from leastkey.iam.credentials import AccessKey, AccessKeyId
from leastkey.iam.limits import USER_INLINE_CHARACTERS
from leastkey.plan.seen import (
    SeenAccessKey,
    SeenInstanceProfile,
    SeenPolicy,
    SeenProvider,
    SeenRole,
    SeenUser,
)
from leastkey.ports.aws import CredentialReport, Details, KeyList, KeyUse, TagMap, UserReport
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.iam.document import PolicyDocument
    from leastkey.ports.aws import Untold

PAGE = 1_000
ROLE_INLINE_CHARACTERS = 10_240


class FakeIam(Lookup):
    """Implements `ports.aws.Iam`."""

    # Reading

    def account_authorization_details(self) -> Details:
        account = self.account
        pages = max(1, -(-account.entities() // PAGE))
        for _ in range(pages - 1):
            account.ask("iam:GetAccountAuthorizationDetails", lambda: None)
        return account.ask(
            "iam:GetAccountAuthorizationDetails",
            lambda: Details(
                tuple(shown.user(account, user) for user in account.users.values()),
                tuple(shown.role(account, role) for role in account.roles.values()),
                tuple(shown.policy(account, policy) for policy in account.policies.values()),
                pages,
                tuple(shown.group(group) for group in account.groups.values()),
            ),
        )

    def account_alias(self) -> str | None:
        return self.account.ask("iam:ListAccountAliases", lambda: self.account.alias)

    def account_summary(self) -> Mapping[str, int]:
        account = self.account
        return account.ask(
            "iam:GetAccountSummary",
            lambda: {
                **account.quotas,
                "Users": len(account.users),
                "Roles": len(account.roles),
                "Policies": len(account.policies),
                "InstanceProfiles": len(account.profiles),
            },
        )

    def credential_report(self) -> CredentialReport:
        account = self.account
        account.ask("iam:GenerateCredentialReport", lambda: None)
        return account.ask(
            "iam:GetCredentialReport",
            lambda: CredentialReport(
                account.clock.now() - account.report_age,
                {
                    name: UserReport(shown.key_reports(account, user), has_password=False)
                    for name, user in account.users.items()
                },
            ),
        )

    def managed_policy(self, arn: Arn) -> PolicyDocument:
        self.account.ask("iam:GetPolicy", lambda: self.in_force("GetPolicy", arn))
        return self.account.ask("iam:GetPolicyVersion", lambda: self.in_force("GetPolicyVersion", arn))

    def get_user(self, name: str) -> SeenUser:
        return self.account.ask(
            "iam:GetUser", lambda: shown.user(self.account, self._user("GetUser", name), bare=True)
        )

    def get_role(self, name: str) -> SeenRole:
        return self.account.ask(
            "iam:GetRole", lambda: shown.role(self.account, self._role("GetRole", name), bare=True)
        )

    def get_policy(self, arn: Arn) -> tuple[SeenPolicy, TagMap]:
        self.account.ask("iam:GetPolicyVersion", lambda: self._policy("GetPolicyVersion", arn))

        def read() -> tuple[SeenPolicy, TagMap]:
            policy = self._policy("GetPolicy", arn)
            return shown.policy(self.account, policy), dict(policy.tags)

        return self.account.ask("iam:GetPolicy", read)

    def tags_of(self, kind: Untold, name_or_arn: str) -> TagMap:
        if kind == "policy":
            arn = Arn.parse(name_or_arn)
            return self.account.ask("iam:GetPolicy", lambda: dict(self._policy("GetPolicy", arn).tags))
        return self.account.ask(
            "iam:GetInstanceProfile", lambda: dict(self._profile("GetInstanceProfile", name_or_arn).tags)
        )

    def list_instance_profiles(self, path: str) -> tuple[SeenInstanceProfile, ...]:
        account = self.account
        return account.ask(
            "iam:ListInstanceProfiles",
            lambda: tuple(
                shown.instance_profile(account, profile)
                for profile in account.profiles.values()
                if profile.path.startswith(path)
            ),
        )

    def list_oidc_providers(self) -> tuple[Arn, ...]:
        account = self.account
        return account.ask("iam:ListOpenIDConnectProviders", lambda: tuple(account.providers))

    def get_oidc_provider(self, arn: Arn) -> SeenProvider:
        return self.account.ask(
            "iam:GetOpenIDConnectProvider", lambda: self._provider("GetOpenIDConnectProvider", arn)
        )

    def list_access_keys(self, user: str) -> KeyList:
        account = self.account

        def read() -> KeyList:
            name = self._user("ListAccessKeys", user).name
            mine = (key for key in account.keys.values() if key.user == name)
            return KeyList(
                tuple(SeenAccessKey(key.id, key.status, key.created) for key in mine), account.clock.now()
            )

        return account.ask("iam:ListAccessKeys", read)

    def access_key_last_used(self, key: AccessKeyId) -> KeyUse:
        def read() -> KeyUse:
            found = self.account.keys.get(key)
            if found is None:
                raise refused("iam:GetAccessKeyLastUsed", "AccessDenied")
            return KeyUse(found.last_used, found.service, found.region)

        return self.account.ask("iam:GetAccessKeyLastUsed", read)

    # Users

    def create_user(self, name: str, path: str, tags: TagMap) -> SeenUser:
        account = self.account

        def act() -> SeenUser:
            self._free("CreateUser", name, account.users, account.quotas["UsersQuota"])
            user = User(name, path, account.next_id("AIDA"), account.clock.now(), dict(tags))
            account.users[name.lower()] = user
            return shown.user(account, user)

        return account.ask("iam:CreateUser", act)

    def put_user_policy(self, user: str, name: str, document: PolicyDocument) -> None:
        def act() -> None:
            inline = self._user("PutUserPolicy", user).inline
            others = sum(each.characters() for other, each in inline.items() if other != name)
            self._well_formed("PutUserPolicy", document, "identity", USER_INLINE_CHARACTERS - others)
            inline[name] = document

        self.account.ask("iam:PutUserPolicy", act)

    def delete_user_policy(self, user: str, name: str) -> None:
        self.account.ask(
            "iam:DeleteUserPolicy",
            lambda: self._take("DeleteUserPolicy", self._user("DeleteUserPolicy", user).inline, name),
        )

    def detach_user_policy(self, user: str, policy: Arn) -> None:
        self.account.ask(
            "iam:DetachUserPolicy",
            lambda: self._drop("DetachUserPolicy", self._user("DetachUserPolicy", user).attached, policy),
        )

    def remove_user_from_group(self, user: str, group: str) -> None:
        self.account.ask(
            "iam:RemoveUserFromGroup",
            lambda: self._drop("RemoveUserFromGroup", self._user("RemoveUserFromGroup", user).groups, group),
        )

    def delete_user(self, user: str) -> None:
        def act() -> None:
            found = self._user("DeleteUser", user)
            keys = [key for key in self.account.keys.values() if key.user == found.name]
            self._clear("DeleteUser", found.inline, found.attached, found.groups, keys)
            del self.account.users[user.lower()]

        self.account.ask("iam:DeleteUser", act)

    # Roles

    def create_role(
        self,
        name: str,
        path: str,
        trust: PolicyDocument,
        *,
        description: str,
        max_session_seconds: int,
        boundary: Arn | None,
        tags: TagMap,
    ) -> SeenRole:
        account = self.account

        def act() -> SeenRole:
            self._free("CreateRole", name, account.roles, account.quotas["RolesQuota"])
            self._trust("CreateRole", trust)
            if boundary is not None:
                self._attachable("CreateRole", boundary)
            role = Role(
                name,
                path,
                account.next_id("AROA"),
                account.clock.now(),
                dict(tags),
                trust,
                description,
                max_session_seconds,
                boundary,
            )
            account.roles[name.lower()] = role
            return shown.role(account, role)

        return account.ask("iam:CreateRole", act)

    def update_assume_role_policy(self, role: str, trust: PolicyDocument) -> None:
        def act(found: Role) -> None:
            self._trust("UpdateAssumeRolePolicy", trust)
            found.trust = trust

        self._on_role("UpdateAssumeRolePolicy", role, act)

    def update_role(self, role: str, *, description: str, max_session_seconds: int) -> None:
        def act(found: Role) -> None:
            found.description, found.max_session_seconds = description, max_session_seconds

        self._on_role("UpdateRole", role, act)

    def put_role_permissions_boundary(self, role: str, boundary: Arn) -> None:
        def act(found: Role) -> None:
            self._attachable("PutRolePermissionsBoundary", boundary)
            found.boundary = boundary

        self._on_role("PutRolePermissionsBoundary", role, act)

    def delete_role_permissions_boundary(self, role: str) -> None:
        self._on_role("DeleteRolePermissionsBoundary", role, lambda found: setattr(found, "boundary", None))

    def attach_role_policy(self, role: str, policy: Arn) -> None:
        def act(found: Role) -> None:
            self._attachable("AttachRolePolicy", policy)
            if policy in found.attached:
                return
            if len(found.attached) >= self.account.quotas["AttachedPoliciesPerRoleQuota"]:
                raise refused("iam:AttachRolePolicy", "LimitExceeded")
            found.attached.append(policy)

        self._on_role("AttachRolePolicy", role, act)

    def detach_role_policy(self, role: str, policy: Arn) -> None:
        self._on_role(
            "DetachRolePolicy", role, lambda found: self._drop("DetachRolePolicy", found.attached, policy)
        )

    def put_role_policy(self, role: str, name: str, document: PolicyDocument) -> None:
        def act(found: Role) -> None:
            others = sum(each.characters() for other, each in found.inline.items() if other != name)
            self._well_formed("PutRolePolicy", document, "identity", ROLE_INLINE_CHARACTERS - others)
            found.inline[name] = document

        self._on_role("PutRolePolicy", role, act)

    def delete_role_policy(self, role: str, name: str) -> None:
        self._on_role(
            "DeleteRolePolicy", role, lambda found: self._take("DeleteRolePolicy", found.inline, name)
        )

    def delete_role(self, role: str) -> None:
        def act(found: Role) -> None:
            wearing = [each for each in self.account.profiles.values() if each.role == found.name]
            self._clear("DeleteRole", found.inline, found.attached, wearing)
            del self.account.roles[role.lower()]

        self._on_role("DeleteRole", role, act)

    # Policies

    def create_policy(
        self, name: str, path: str, document: PolicyDocument, *, description: str, tags: TagMap
    ) -> Arn:
        account = self.account

        def act() -> Arn:
            self._free("CreatePolicy", name, account.policies, account.quotas["PoliciesQuota"])
            self._managed("CreatePolicy", document)
            version = Version("v1", account.clock.now(), document)
            account.policies[name.lower()] = Policy(name, path, dict(tags), description, [version], "v1")
            return account.arn(f"policy{path}{name}")

        return account.ask("iam:CreatePolicy", act)

    def create_policy_version(self, arn: Arn, document: PolicyDocument) -> str:
        def act() -> str:
            policy = self._policy("CreatePolicyVersion", arn)
            self._managed("CreatePolicyVersion", document)
            if len(policy.versions) >= 5:
                raise refused("iam:CreatePolicyVersion", "LimitExceeded")
            policy.numbers += 1
            policy.default = f"v{policy.numbers}"
            policy.versions.append(Version(policy.default, self.account.clock.now(), document))
            return policy.default

        return self.account.ask("iam:CreatePolicyVersion", act)

    def delete_policy_version(self, arn: Arn, version: str) -> None:
        def act() -> None:
            policy = self._policy("DeletePolicyVersion", arn)
            found = next((each for each in policy.versions if each.id == version), None)
            if found is None:
                raise refused("iam:DeletePolicyVersion", "NoSuchEntity")
            if version == policy.default:
                raise refused("iam:DeletePolicyVersion", "DeleteConflict")
            policy.versions.remove(found)

        self.account.ask("iam:DeletePolicyVersion", act)

    def delete_policy(self, arn: Arn) -> None:
        def act() -> None:
            policy = self._policy("DeletePolicy", arn)
            holders = shown.holders(self.account, arn)
            limited = [role for role in self.account.roles.values() if role.boundary == arn]
            self._clear("DeletePolicy", holders, limited, policy.versions[1:])
            del self.account.policies[policy.name.lower()]

        self.account.ask("iam:DeletePolicy", act)

    def tag(self, kind: Literal["user", "role", "policy"], name_or_arn: str, tags: TagMap) -> None:
        self.account.ask(f"iam:Tag{kind.capitalize()}", lambda: self._tags(kind, name_or_arn).update(tags))

    # Instance profiles

    def create_instance_profile(self, name: str, path: str, tags: TagMap) -> None:
        def act() -> None:
            quota = self.account.quotas["InstanceProfilesQuota"]
            self._free("CreateInstanceProfile", name, self.account.profiles, quota)
            self.account.profiles[name.lower()] = InstanceProfile(name, path, dict(tags))

        self.account.ask("iam:CreateInstanceProfile", act)

    def add_role_to_instance_profile(self, profile: str, role: str) -> None:
        def act() -> None:
            found = self._profile("AddRoleToInstanceProfile", profile)
            if found.role:
                raise refused("iam:AddRoleToInstanceProfile", "LimitExceeded")
            found.role = self._role("AddRoleToInstanceProfile", role).name

        self.account.ask("iam:AddRoleToInstanceProfile", act)

    def remove_role_from_instance_profile(self, profile: str, role: str) -> None:
        def act() -> None:
            found = self._profile("RemoveRoleFromInstanceProfile", profile)
            if found.role != role:
                raise refused("iam:RemoveRoleFromInstanceProfile", "NoSuchEntity")
            found.role = ""

        self.account.ask("iam:RemoveRoleFromInstanceProfile", act)

    def delete_instance_profile(self, profile: str) -> None:
        def act() -> None:
            self._clear("DeleteInstanceProfile", self._profile("DeleteInstanceProfile", profile).role)
            del self.account.profiles[profile.lower()]

        self.account.ask("iam:DeleteInstanceProfile", act)

    # OpenID Connect providers

    def create_oidc_provider(self, issuer: str, audiences: tuple[str, ...], tags: TagMap) -> Arn:
        def act() -> Arn:
            arn = self.account.arn(f"oidc-provider/{issuer.removeprefix('https://')}")
            if arn in self.account.providers:
                raise refused("iam:CreateOpenIDConnectProvider", "EntityAlreadyExists")
            self.account.providers[arn] = SeenProvider(arn, audiences, dict(tags))
            return arn

        return self.account.ask("iam:CreateOpenIDConnectProvider", act)

    def add_oidc_audience(self, arn: Arn, audience: str) -> None:
        def act() -> None:
            there = self._provider("AddClientIDToOpenIDConnectProvider", arn)
            more = tuple(dict.fromkeys((*there.audiences, audience)))
            self.account.providers[arn] = replace(there, audiences=more)

        self.account.ask("iam:AddClientIDToOpenIDConnectProvider", act)

    def delete_oidc_provider(self, arn: Arn) -> None:
        self.account.ask("iam:DeleteOpenIDConnectProvider", lambda: self.account.providers.pop(arn, None))

    # Keys

    def create_access_key(self, user: str) -> AccessKey:
        account = self.account

        def act() -> AccessKey:
            name = self._user("CreateAccessKey", user).name
            if sum(key.user == name for key in account.keys.values()) >= 2:
                raise refused("iam:CreateAccessKey", "LimitExceeded")
            made = AccessKey(AccessKeyId(account.next_id("AKIA")), Secret(account.next_id("secret")))
            account.keys[made.id] = Key(made.id, made.secret, name, account.clock.now())
            return made

        return account.ask("iam:CreateAccessKey", act)

    def update_access_key(self, user: str, key: AccessKeyId, status: Literal["Active", "Inactive"]) -> None:
        self.account.ask(
            "iam:UpdateAccessKey",
            lambda: setattr(self._key("UpdateAccessKey", user, key), "status", status),
        )

    def delete_access_key(self, user: str, key: AccessKeyId) -> None:
        def act() -> None:
            del self.account.keys[self._key("DeleteAccessKey", user, key).id]

        self.account.ask("iam:DeleteAccessKey", act)
