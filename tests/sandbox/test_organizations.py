"""Service and resource control policies, bound to accounts through AWS Organizations.

Source: AWS Organizations User Guide, "SCP evaluation", "RCP evaluation"; IAM User Guide, "Policy evaluation logic".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, LocalSandbox, allow, deny

from leastkey.iam.arn import AccountId
from leastkey.sandbox.server.snapshot import dump, load
from leastkey.sandbox.state.organizations import organization

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STRANGER = AccountId("777788889999")
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    made.client("organizations").create_organization(FeatureSet="ALL")
    yield made
    made.wipe()


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def root_of(sandbox: LocalSandbox, *kinds: str) -> str:
    client = sandbox.client("organizations")
    root = client.list_roots()["Roots"][0]["Id"]
    for kind in kinds:
        client.enable_policy_type(RootId=root, PolicyType=kind)
    return str(root)


def member(sandbox: LocalSandbox, name: str = "m") -> tuple[str, Any]:
    """A member account, and a session of the role by which its managers reach it."""
    made = sandbox.client("organizations").create_account(AccountName=name, Email=f"{name}@example.com")
    account = made["CreateAccountStatus"]["AccountId"]
    key = sandbox.user(f"manager-{name}", allow("sts:AssumeRole"))
    arn = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    answer = sandbox.client("sts", key).assume_role(RoleArn=arn, RoleSessionName="in")
    return account, answer["Credentials"]


def policy(sandbox: LocalSandbox, kind: str, document: dict[str, Any], *targets: str) -> str:
    client = sandbox.client("organizations")
    made = client.create_policy(Name=f"p{kind}", Description="d", Type=kind, Content=json.dumps(document))
    name = str(made["Policy"]["PolicySummary"]["Id"])
    for target in targets:
        client.attach_policy(PolicyId=name, TargetId=target)
    return name


def test_a_deny_on_the_root_binds_members_and_not_the_management_account(sandbox: LocalSandbox) -> None:
    root = root_of(sandbox, SCP)
    _, session = member(sandbox)
    iam = sandbox.client("iam", session)
    iam.list_users()
    policy(sandbox, SCP, deny("iam:ListUsers"), root)
    assert refusal(iam.list_users)[1].endswith("with an explicit deny in a service control policy")
    iam.list_roles()
    sandbox.client("iam").list_users()


def test_each_level_must_allow(sandbox: LocalSandbox) -> None:
    root = root_of(sandbox, SCP)
    client = sandbox.client("organizations")
    unit = client.create_organizational_unit(ParentId=root, Name="u")["OrganizationalUnit"]["Id"]
    account, session = member(sandbox)
    client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    policy(sandbox, SCP, allow("iam:ListRoles"), unit)
    iam = sandbox.client("iam", session)
    iam.list_users()
    client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    iam.list_roles()
    words = "because no service control policy allows the iam:ListUsers action"
    assert refusal(iam.list_users)[1].endswith(words)
    client.move_account(AccountId=account, SourceParentId=unit, DestinationParentId=root)
    iam.list_users()


def test_a_policy_type_that_is_not_enabled_binds_nobody(sandbox: LocalSandbox) -> None:
    root = root_of(sandbox)
    account, session = member(sandbox)
    policy(sandbox, SCP, deny("iam:*"), account)
    iam = sandbox.client("iam", session)
    iam.list_users()
    sandbox.client("organizations").enable_policy_type(RootId=root, PolicyType=SCP)
    assert refusal(iam.list_users)[0] == "AccessDenied"


def test_even_the_members_root_user_is_bound(sandbox: LocalSandbox) -> None:
    root = root_of(sandbox, SCP)
    account, _ = member(sandbox)
    mine = sandbox.client("iam", sandbox.root(AccountId(account)))
    mine.list_users()
    policy(sandbox, SCP, deny("iam:ListUsers"), root)
    assert refusal(mine.list_users)[1].endswith("with an explicit deny in a service control policy")


def test_a_resource_control_policy_binds_the_resources_and_names_itself(sandbox: LocalSandbox) -> None:
    root = root_of(sandbox, RCP)
    _, session = member(sandbox)
    s3 = sandbox.client("s3", session)
    s3.create_bucket(Bucket="members")
    sandbox.client("s3").create_bucket(Bucket="managers")
    s3.list_objects_v2(Bucket="members")
    document = deny("s3:ListBucket")
    document["Statement"][0]["Principal"] = "*"
    policy(sandbox, RCP, document, root)
    message = refusal(s3.list_objects_v2, Bucket="members")[1]
    assert message.endswith("with an explicit deny in a resource control policy")
    sandbox.client("s3").list_objects_v2(Bucket="managers")


def test_trust_in_an_organization_takes_its_accounts_alone(sandbox: LocalSandbox) -> None:
    # IAM User Guide, "AWS global condition context keys", aws:PrincipalOrgID, aws:PrincipalOrgPaths
    root = root_of(sandbox)
    client = sandbox.client("organizations")
    name = client.describe_organization()["Organization"]["Id"]
    _, session = member(sandbox)
    bucket = sandbox.client("s3")
    bucket.create_bucket(Bucket="shared")
    bucket.delete_public_access_block(Bucket="shared")
    when = {
        "StringEquals": {"aws:PrincipalOrgID": name},
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{name}/{root}/*"},
    }
    document = allow("s3:ListBucket", on="arn:aws:s3:::shared", when=when)
    document["Statement"][0]["Principal"] = "*"
    bucket.put_bucket_policy(Bucket="shared", Policy=json.dumps(document))
    sandbox.client("s3", session).list_objects_v2(Bucket="shared")
    stranger = sandbox.user("bob", allow("s3:*"), account=STRANGER)
    assert refusal(sandbox.client("s3", stranger).list_objects_v2, Bucket="shared")[0] == "AccessDenied"


def test_only_the_management_account_manages(sandbox: LocalSandbox) -> None:
    # AWS Organizations API Reference, "Common Errors"
    _, session = member(sandbox)
    theirs = sandbox.client("organizations", session)
    assert theirs.describe_organization()["Organization"]["MasterAccountId"] == ACCOUNT
    assert refusal(theirs.list_accounts)[0] == "AccessDeniedException"
    alone = sandbox.client("organizations", sandbox.root(STRANGER))
    assert refusal(alone.list_accounts)[0] == "AWSOrganizationsNotInUseException"


def test_what_would_leave_a_level_without_a_readable_policy_is_refused(sandbox: LocalSandbox) -> None:
    # AWS Organizations API Reference, CreatePolicy, DetachPolicy, DeleteOrganizationalUnit
    root = root_of(sandbox, SCP)
    client = sandbox.client("organizations")
    broken = {"Name": "b", "Description": "", "Type": SCP, "Content": "{"}
    assert refusal(client.create_policy, **broken)[0] == "MalformedPolicyDocumentException"
    mine = policy(sandbox, SCP, deny("iam:*"))
    assert refusal(client.update_policy, PolicyId=mine, Content="{")[0] == "MalformedPolicyDocumentException"
    assert refusal(client.detach_policy, PolicyId=mine, TargetId=root)[0] == "PolicyNotAttachedException"
    last = {"PolicyId": "p-FullAWSAccess", "TargetId": root}
    assert refusal(client.detach_policy, **last)[0] == "ConstraintViolationException"
    assert refusal(client.delete_policy, PolicyId="p-FullAWSAccess")[0] == "ConstraintViolationException"
    unit = client.create_organizational_unit(ParentId=root, Name="u")["OrganizationalUnit"]["Id"]
    nameless = {"OrganizationalUnitId": unit}
    assert refusal(client.update_organizational_unit, **nameless)[0] == "InvalidInputException"
    account, _ = member(sandbox)
    client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    delete = client.delete_organizational_unit
    assert refusal(delete, OrganizationalUnitId=unit)[0] == "OrganizationalUnitNotEmptyException"
    client.attach_policy(PolicyId=mine, TargetId=root)
    client.detach_policy(**last)


def test_members_are_still_members_after_a_restart(sandbox: LocalSandbox) -> None:
    root = root_of(sandbox, SCP)
    account, session = member(sandbox)
    policy(sandbox, SCP, deny("iam:*"), root)
    load(sandbox.world, dump(sandbox.world))
    found = organization(account)
    assert found is not None
    assert refusal(sandbox.client("iam", session).list_users)[0] == "AccessDenied"
