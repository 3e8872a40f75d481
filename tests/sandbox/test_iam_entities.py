"""Shared identity providers, service-linked roles, words of refused documents, and the quotas that are left."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from tests.sandbox.test_sts_tokens import one_time_code
from tests.support.sandbox_client import ACCOUNT, LocalSandbox, allow

from leastkey.sandbox.server.commands import control_commands
from leastkey.sandbox.server.process import Sandbox
from leastkey.sandbox.server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Place

GITHUB = "token.actions.githubusercontent.com"
DOCUMENT = json.dumps(allow("s3:GetObject"))


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


@pytest.fixture
def iam(sandbox: LocalSandbox) -> Any:
    return sandbox.client("iam")


def refused(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def web_trust(provider: str, condition: dict[str, Any] | None = None) -> str:
    entry: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{provider}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    if condition is not None:
        entry["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}},
        {"StringLike": {f"{GITHUB}:sub": "*"}},
        {"StringLike": {f"{GITHUB}:sub": ["repo:acme/app:*", "*"]}},
        {"Null": {f"{GITHUB}:sub": "false"}},
        {"StringNotEquals": {f"{GITHUB}:sub": "repo:acme/app:*"}},
    ],
)
def test_a_shared_provider_is_not_trusted_without_its_claim(
    iam: Any, condition: dict[str, Any] | None
) -> None:
    """IAM User Guide, "Identity-provider controls for shared OIDC providers"."""
    bad = web_trust(GITHUB, condition)
    good = web_trust(GITHUB, {"StringLike": {f"{GITHUB}:sub": "repo:acme/app:*"}})
    code, words = refused(iam.create_role, RoleName="r", AssumeRolePolicyDocument=bad)
    assert (code, f"{GITHUB}:sub" in words) == ("MalformedPolicyDocument", True)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=good)
    assert refused(iam.update_assume_role_policy, RoleName="r", PolicyDocument=bad)[0] == code
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=good)


def test_a_private_provider_needs_no_claim(iam: Any) -> None:
    """IAM User Guide, "Identity-provider controls for shared OIDC providers": private providers."""
    iam.create_role(RoleName="own", AssumeRolePolicyDocument=web_trust("issuer.example"))


def test_the_switch_stands_at_the_control_door_and_takes_two_words(sandbox: LocalSandbox, iam: Any) -> None:
    """IAM User Guide, "Identity-provider controls for shared OIDC providers": older roles stay as they are."""
    whole = Sandbox(None)
    whole.settings = Settings(sandbox.world, whole.clock, whole.gate.obstacles)
    command = control_commands(whole, [], Event())["shared-oidc"]
    assert (
        command({"set": "off"})
        == command({})
        == {"error": "trust in a shared OIDC provider is `permit` or `refuse`"}
    )
    given = {"RoleName": "gitlab", "AssumeRolePolicyDocument": web_trust("gitlab.com")}
    assert refused(iam.create_role, **given)[0] == "MalformedPolicyDocument"
    assert command({"set": "permit"}) == {"shared_oidc": "permit"}
    iam.create_role(**given)
    assert command({"set": "refuse"}) == {"shared_oidc": "refuse"}
    update = {"RoleName": "gitlab", "PolicyDocument": web_trust("gitlab.com")}
    assert refused(iam.update_assume_role_policy, **update)[0] == "MalformedPolicyDocument"
    iam.get_role(RoleName="gitlab")


def test_a_service_linked_role_is_changed_by_its_service_alone(iam: Any) -> None:
    """IAM User Guide, "Create a service-linked role"."""
    made = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")["Role"]
    name = {"RoleName": made["RoleName"]}
    trust = json.dumps(made["AssumeRolePolicyDocument"])
    iam.create_role(RoleName="plain", AssumeRolePolicyDocument=trust)
    calls: tuple[tuple[Any, dict[str, Any]], ...] = (
        (iam.put_role_policy, {"PolicyName": "p", "PolicyDocument": DOCUMENT}),
        (iam.attach_role_policy, {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        (iam.detach_role_policy, {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        (iam.update_assume_role_policy, {"PolicyDocument": trust}),
        (iam.delete_role_policy, {"PolicyName": "p"}),
        (iam.delete_role, {}),
    )
    for call, more in calls:
        assert refused(call, **name, **more)[0] == "UnmodifiableEntity"
        call(RoleName="plain", **more)
    iam.delete_service_linked_role(**name)
    assert refused(iam.get_role, **name)[0] == "NoSuchEntity"


def test_a_user_is_in_ten_groups_at_most(iam: Any) -> None:
    """IAM User Guide, "IAM and AWS STS quotas"."""
    iam.create_user(UserName="bob")
    for number in range(11):
        iam.create_group(GroupName=f"g{number}")
    for number in (*range(10), 0):
        iam.add_user_to_group(UserName="bob", GroupName=f"g{number}")
    assert refused(iam.add_user_to_group, UserName="bob", GroupName="g10")[0] == "LimitExceeded"
    iam.remove_user_from_group(UserName="bob", GroupName="g0")
    iam.add_user_to_group(UserName="bob", GroupName="g10")


def test_what_hangs_on_a_profile_or_a_device_keeps_it(sandbox: LocalSandbox, iam: Any) -> None:
    """IAM API Reference, DeleteInstanceProfile, AddRoleToInstanceProfile, DeleteVirtualMFADevice."""
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            },
        }
    )
    for name in ("r", "s"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    assert (
        refused(iam.add_role_to_instance_profile, InstanceProfileName="i", RoleName="s")[0] == "LimitExceeded"
    )
    assert refused(iam.delete_instance_profile, InstanceProfileName="i")[0] == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName="i", RoleName="r")
    iam.delete_instance_profile(InstanceProfileName="i")
    iam.create_user(UserName="bob")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="d")["VirtualMFADevice"]
    serial, place = made["SerialNumber"], cast("Place", sandbox)
    iam.enable_mfa_device(
        UserName="bob",
        SerialNumber=serial,
        AuthenticationCode1=one_time_code(made["Base32StringSeed"], place, -1),
        AuthenticationCode2=one_time_code(made["Base32StringSeed"], place),
    )
    assert refused(iam.delete_virtual_mfa_device, SerialNumber=serial)[0] == "DeleteConflict"
    iam.deactivate_mfa_device(UserName="bob", SerialNumber=serial)
    iam.delete_virtual_mfa_device(SerialNumber=serial)


def _with(**changed: Any) -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **changed}
    kept = {key: value for key, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (_with(Action=None), "Policy statement must contain actions."),
        (_with(Resource=None), "Policy statement must contain resources."),
        (_with(Principal="*"), "Policy document should not specify a principal."),
        (_with(Sid="a b"), "must be alpha-numeric"),
        (_with(Action="GetObject"), "must be prefaced by a vendor"),
        (_with(Resource="b"), 'must be in ARN format or "*"'),
        (_with(Nonsense="x"), "Syntax errors in policy."),
        ("{", "Syntax errors in policy."),
        (DOCUMENT.replace("2012-10-17", "2008-10-17"), "must be version 2012-10-17 or greater"),
        (DOCUMENT.replace('"Version": "2012-10-17", ', ""), "must be version 2012-10-17 or greater"),
    ],
)
def test_a_broken_document_is_refused_in_awss_words(iam: Any, document: str, words: str) -> None:
    """IAM User Guide, "Grammar of the IAM JSON policy language"."""
    code, said = refused(iam.create_policy, PolicyName="p", PolicyDocument=document)
    assert code == "MalformedPolicyDocument"
    assert words in said
    iam.create_policy(PolicyName="p", PolicyDocument=_with(Sid="Ab1"))


def test_a_trust_policy_has_a_principal_and_no_resource(iam: Any) -> None:
    """IAM User Guide, "Grammar of the IAM JSON policy language"."""
    good = {"Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}, "Resource": None}
    create = iam.create_role
    with_resource = _with(**{**good, "Resource": "*"})
    without = _with(**{**good, "Principal": None})
    words = refused(create, RoleName="r", AssumeRolePolicyDocument=with_resource)
    assert words == ("MalformedPolicyDocument", "Has prohibited field Resource")
    words = refused(create, RoleName="r", AssumeRolePolicyDocument=without)
    assert words == ("MalformedPolicyDocument", "Missing required field Principal")
    create(RoleName="r", AssumeRolePolicyDocument=_with(**good))
