"""IAM as one administrator, through botocore: one method a call, reads repeated, writes asked once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from leastkey.aws import parse
from leastkey.aws.door import server_time
from leastkey.errors import AwsError
from leastkey.iam.arn import Arn
from leastkey.iam.credentials import AccessKey, AccessKeyId
from leastkey.plan.seen import SeenProvider
from leastkey.ports.aws import CredentialReport, Details, KeyList, KeyUse
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.aws.door import Door
    from leastkey.clock import Clock
    from leastkey.iam.document import PolicyDocument
    from leastkey.plan.seen import SeenGroup, SeenInstanceProfile, SeenPolicy, SeenRole, SeenUser
    from leastkey.ports.aws import TagMap, Untold

__all__ = ["AwsIam"]

PAGE: Final = 1_000
REPORT_SECONDS: Final = 60
REPORT_IN_PROGRESS: Final = "ReportInProgress"
REPORT_NOT_READY: Final = frozenset({"ReportNotPresent", REPORT_IN_PROGRESS, "ReportExpired"})

TaggedKind = Literal["user", "role", "policy"]


class AwsIam:
    """Implements `ports.aws.Iam`."""

    def __init__(self, client: Any, door: Door, clock: Clock) -> None:
        self._client = client
        self._door = door
        self._clock = clock

    def _read(self, operation: str, **parameters: object) -> Any:
        return self._door.ask(self._client, operation, parameters, repeat="read")

    def _write(self, operation: str, **parameters: object) -> Any:
        return self._door.ask(self._client, operation, parameters)

    # Reading

    def account_authorization_details(self) -> Details:
        """Read users, groups, roles and customer policies: one request a page of 1,000 entities."""
        filters = ["User", "Role", "LocalManagedPolicy", "Group"]
        users: list[SeenUser] = []
        roles: list[SeenRole] = []
        policies: list[SeenPolicy] = []
        groups: list[SeenGroup] = []
        pages = 0
        more: dict[str, object] = {}
        while True:
            answer = self._read("GetAccountAuthorizationDetails", Filter=filters, MaxItems=PAGE, **more)
            pages += 1
            users.extend(map(parse.user, answer.get("UserDetailList", ())))
            roles.extend(map(parse.role, answer.get("RoleDetailList", ())))
            policies.extend(map(parse.policy, answer.get("Policies", ())))
            groups.extend(map(parse.group, answer.get("GroupDetailList", ())))
            if not answer.get("IsTruncated"):
                return Details(tuple(users), tuple(roles), tuple(policies), pages, tuple(groups))
            more = {"Marker": answer["Marker"]}

    def account_alias(self) -> str | None:
        """Give the account's alias."""
        aliases = self._read("ListAccountAliases")["AccountAliases"]
        return str(aliases[0]) if aliases else None

    def account_summary(self) -> Mapping[str, int]:
        """Give usage and quotas by AWS's own names."""
        return {
            str(name): int(value) for name, value in self._read("GetAccountSummary")["SummaryMap"].items()
        }

    def credential_report(self) -> CredentialReport:
        """Have the report made and read it: two requests, more while AWS is still making it."""
        deadline = self._clock.monotonic() + REPORT_SECONDS
        self._read("GenerateCredentialReport")
        while True:
            # Asked for at once, whatever state AWS named: a small account's report is there by now.
            try:
                answer = self._read("GetCredentialReport")
                return CredentialReport(answer["GeneratedTime"], parse.report_rows(answer["Content"]))
            except AwsError as error:
                if error.code not in REPORT_NOT_READY or self._clock.monotonic() > deadline:
                    raise
                is_lost = error.code != REPORT_IN_PROGRESS
            self._clock.sleep(1)
            if is_lost:
                self._read("GenerateCredentialReport")

    def managed_policy(self, arn: Arn) -> PolicyDocument:
        """Read the document in force of a managed policy: two requests."""
        version = self._read("GetPolicy", PolicyArn=str(arn))["Policy"]["DefaultVersionId"]
        answer = self._read("GetPolicyVersion", PolicyArn=str(arn), VersionId=version)
        document = parse.document(answer["PolicyVersion"]["Document"], "identity")
        if document is None:
            raise AwsError("iam:GetPolicyVersion", "", f"the document of {arn} cannot be read")
        return document

    def get_user(self, name: str) -> SeenUser:
        """Read a user with its tags, without policies and keys."""
        return parse.user(self._read("GetUser", UserName=name)["User"])

    def get_role(self, name: str) -> SeenRole:
        """Read a role with its trust and tags, without policies."""
        return parse.role(self._read("GetRole", RoleName=name)["Role"])

    def get_policy(self, arn: Arn) -> tuple[SeenPolicy, TagMap]:
        """Read a customer policy with its document in force and its tags: two requests."""
        raw = self._read("GetPolicy", PolicyArn=str(arn))["Policy"]
        answer = self._read("GetPolicyVersion", PolicyArn=str(arn), VersionId=raw["DefaultVersionId"])
        return parse.policy(raw, [answer["PolicyVersion"]]), parse.tags(raw.get("Tags"))

    def tags_of(self, kind: Untold, name_or_arn: str) -> TagMap:
        """Give the tags that neither the dump nor a list shows: one request."""
        if kind == "policy":
            return parse.tags(self._read("GetPolicy", PolicyArn=name_or_arn)["Policy"].get("Tags"))
        answer = self._read("GetInstanceProfile", InstanceProfileName=name_or_arn)
        return parse.tags(answer["InstanceProfile"].get("Tags"))

    def list_instance_profiles(self, path: str) -> tuple[SeenInstanceProfile, ...]:
        """List the instance profiles below a path, those without a role too."""
        found: list[SeenInstanceProfile] = []
        more: dict[str, object] = {}
        while True:
            answer = self._read("ListInstanceProfiles", PathPrefix=path, MaxItems=PAGE, **more)
            found.extend(map(parse.instance_profile, answer["InstanceProfiles"]))
            if not answer.get("IsTruncated"):
                return tuple(found)
            more = {"Marker": answer["Marker"]}

    def list_oidc_providers(self) -> tuple[Arn, ...]:
        """List the account's OpenID Connect providers."""
        answer = self._read("ListOpenIDConnectProviders")
        return tuple(Arn.parse(each["Arn"]) for each in answer["OpenIDConnectProviderList"])

    def get_oidc_provider(self, arn: Arn) -> SeenProvider:
        """Read a provider with its audiences and tags."""
        answer = self._read("GetOpenIDConnectProvider", OpenIDConnectProviderArn=str(arn))
        return SeenProvider(arn, tuple(answer.get("ClientIDList", ())), parse.tags(answer.get("Tags")))

    def list_access_keys(self, user: str) -> KeyList:
        """List a user's keys."""
        answer = self._read("ListAccessKeys", UserName=user)
        keys = tuple(map(parse.access_key, answer["AccessKeyMetadata"]))
        return KeyList(keys, server_time(answer) or self._clock.now())

    def access_key_last_used(self, key: AccessKeyId) -> KeyUse:
        """Say when a key was last used."""
        raw = self._read("GetAccessKeyLastUsed", AccessKeyId=key).get("AccessKeyLastUsed", {})
        when = raw.get("LastUsedDate")
        return KeyUse(
            when.astimezone(UTC) if isinstance(when, datetime) else None,
            None if when is None else raw.get("ServiceName"),
            None if when is None else raw.get("Region"),
        )

    # Users

    def create_user(self, name: str, path: str, tags: TagMap) -> SeenUser:
        """Create a user with its tags."""
        raw = self._write("CreateUser", UserName=name, Path=path, Tags=_tag_list(tags))["User"]
        return parse.user(raw)

    def put_user_policy(self, user: str, name: str, document: PolicyDocument) -> None:
        """Set an inline policy of a user."""
        self._write("PutUserPolicy", UserName=user, PolicyName=name, PolicyDocument=document.text())

    def delete_user_policy(self, user: str, name: str) -> None:
        """Delete an inline policy of a user."""
        self._write("DeleteUserPolicy", UserName=user, PolicyName=name)

    def detach_user_policy(self, user: str, policy: Arn) -> None:
        """Detach a managed policy from a user."""
        self._write("DetachUserPolicy", UserName=user, PolicyArn=str(policy))

    def remove_user_from_group(self, user: str, group: str) -> None:
        """Take a user out of a group."""
        self._write("RemoveUserFromGroup", UserName=user, GroupName=group)

    def delete_user(self, user: str) -> None:
        """Delete a user that has nothing left."""
        self._write("DeleteUser", UserName=user)

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
        """Create a role with its trust policy, boundary and tags."""
        parameters: dict[str, object] = {"PermissionsBoundary": str(boundary)} if boundary else {}
        answer = self._write(
            "CreateRole",
            RoleName=name,
            Path=path,
            AssumeRolePolicyDocument=trust.text(),
            Description=description,
            MaxSessionDuration=max_session_seconds,
            Tags=_tag_list(tags),
            **parameters,
        )
        return parse.role(answer["Role"])

    def update_assume_role_policy(self, role: str, trust: PolicyDocument) -> None:
        """Replace a role's trust policy."""
        self._write("UpdateAssumeRolePolicy", RoleName=role, PolicyDocument=trust.text())

    def update_role(self, role: str, *, description: str, max_session_seconds: int) -> None:
        """Set a role's description and longest session."""
        self._write(
            "UpdateRole", RoleName=role, Description=description, MaxSessionDuration=max_session_seconds
        )

    def put_role_permissions_boundary(self, role: str, boundary: Arn) -> None:
        """Set a role's permissions boundary."""
        self._write("PutRolePermissionsBoundary", RoleName=role, PermissionsBoundary=str(boundary))

    def delete_role_permissions_boundary(self, role: str) -> None:
        """Remove a role's permissions boundary."""
        self._write("DeleteRolePermissionsBoundary", RoleName=role)

    def attach_role_policy(self, role: str, policy: Arn) -> None:
        """Attach a managed policy."""
        self._write("AttachRolePolicy", RoleName=role, PolicyArn=str(policy))

    def detach_role_policy(self, role: str, policy: Arn) -> None:
        """Detach a managed policy."""
        self._write("DetachRolePolicy", RoleName=role, PolicyArn=str(policy))

    def put_role_policy(self, role: str, name: str, document: PolicyDocument) -> None:
        """Set an inline policy of a role."""
        self._write("PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=document.text())

    def delete_role_policy(self, role: str, name: str) -> None:
        """Delete an inline policy of a role."""
        self._write("DeleteRolePolicy", RoleName=role, PolicyName=name)

    def delete_role(self, role: str) -> None:
        """Delete a role that has nothing attached."""
        self._write("DeleteRole", RoleName=role)

    # Policies

    def create_policy(
        self, name: str, path: str, document: PolicyDocument, *, description: str, tags: TagMap
    ) -> Arn:
        """Create a customer managed policy."""
        answer = self._write(
            "CreatePolicy",
            PolicyName=name,
            Path=path,
            PolicyDocument=document.text(),
            Description=description,
            Tags=_tag_list(tags),
        )
        return Arn.parse(answer["Policy"]["Arn"])

    def create_policy_version(self, arn: Arn, document: PolicyDocument) -> str:
        """Add a version and make it the default; gives its id."""
        answer = self._write(
            "CreatePolicyVersion", PolicyArn=str(arn), PolicyDocument=document.text(), SetAsDefault=True
        )
        return str(answer["PolicyVersion"]["VersionId"])

    def delete_policy_version(self, arn: Arn, version: str) -> None:
        """Delete a version that is not the default."""
        self._write("DeletePolicyVersion", PolicyArn=str(arn), VersionId=version)

    def delete_policy(self, arn: Arn) -> None:
        """Delete a policy that is attached nowhere and has one version."""
        self._write("DeletePolicy", PolicyArn=str(arn))

    # Tags and instance profiles

    def tag(self, kind: TaggedKind, name_or_arn: str, tags: TagMap) -> None:
        """Set tags."""
        operation, parameter = _TAGGED[kind]
        self._write(f"Tag{operation}", **{parameter: name_or_arn}, Tags=_tag_list(tags))

    def create_instance_profile(self, name: str, path: str, tags: TagMap) -> None:
        """Create an instance profile without a role."""
        self._write("CreateInstanceProfile", InstanceProfileName=name, Path=path, Tags=_tag_list(tags))

    def add_role_to_instance_profile(self, profile: str, role: str) -> None:
        """Put the role into the instance profile."""
        self._write("AddRoleToInstanceProfile", InstanceProfileName=profile, RoleName=role)

    def remove_role_from_instance_profile(self, profile: str, role: str) -> None:
        """Take the role out of the instance profile."""
        self._write("RemoveRoleFromInstanceProfile", InstanceProfileName=profile, RoleName=role)

    def delete_instance_profile(self, profile: str) -> None:
        """Delete an instance profile without a role."""
        self._write("DeleteInstanceProfile", InstanceProfileName=profile)

    # OpenID Connect providers

    def create_oidc_provider(self, issuer: str, audiences: tuple[str, ...], tags: TagMap) -> Arn:
        """Create the account's provider for an issuer."""
        answer = self._write(
            "CreateOpenIDConnectProvider", Url=issuer, ClientIDList=list(audiences), Tags=_tag_list(tags)
        )
        return Arn.parse(answer["OpenIDConnectProviderArn"])

    def add_oidc_audience(self, arn: Arn, audience: str) -> None:
        """Let a provider take tokens made for one more audience."""
        self._write(
            "AddClientIDToOpenIDConnectProvider", OpenIDConnectProviderArn=str(arn), ClientID=audience
        )

    def delete_oidc_provider(self, arn: Arn) -> None:
        """Delete a provider, whatever trusts it."""
        self._write("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=str(arn))

    # Access keys

    def create_access_key(self, user: str) -> AccessKey:
        """Create a key: exactly one attempt, never repeated. AwsError.outcome says whether one may exist."""
        raw = self._door.ask(self._client, "CreateAccessKey", {"UserName": user}, repeat="never")["AccessKey"]
        return AccessKey(AccessKeyId(raw["AccessKeyId"]), Secret(raw["SecretAccessKey"]))

    def update_access_key(self, user: str, key: AccessKeyId, status: Literal["Active", "Inactive"]) -> None:
        """Switch a key on or off."""
        self._write("UpdateAccessKey", UserName=user, AccessKeyId=key, Status=status)

    def delete_access_key(self, user: str, key: AccessKeyId) -> None:
        """Delete a key, for ever."""
        self._write("DeleteAccessKey", UserName=user, AccessKeyId=key)


_TAGGED: Final[dict[TaggedKind, tuple[str, str]]] = {
    "user": ("User", "UserName"),
    "role": ("Role", "RoleName"),
    "policy": ("Policy", "PolicyArn"),
}


def _tag_list(tags: TagMap) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
