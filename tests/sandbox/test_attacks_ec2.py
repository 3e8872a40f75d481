"""EC2: roles handed over by side ways, and what a launch template hides."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, LocalSandbox, allow, deny

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IMAGE = "ami-12c6146b"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile"


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    iam = made.client("iam")
    for name in ("small", "big"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    yield made
    made.wipe()


def message(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == "UnauthorizedOperation", caught.value
    return str(caught.value.response["Error"]["Message"])


def template(sandbox: LocalSandbox, **data: Any) -> dict[str, str]:
    made = sandbox.client("ec2").create_launch_template(
        LaunchTemplateName="t", LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "t3.micro", **data}
    )
    return {"LaunchTemplateName": made["LaunchTemplate"]["LaunchTemplateName"]}


@pytest.mark.parametrize(
    "profile",
    [
        {"Name": "big"},
        {"Arn": f"{PROFILE}/big"},
        {"Name": "small", "Arn": f"{PROFILE}/big"},
        {"Name": "big", "Arn": f"{PROFILE}/small"},
        {"Arn": f"{PROFILE}/x/small"},
        {"Arn": "arn:aws:iam::999999999999:instance-profile/small"},
        {"Name": "none"},
    ],
)
@pytest.mark.parametrize("by", ["run", "spot", "associate", "replace"])
def test_a_profile_hands_over_its_role_however_it_is_named(
    sandbox: LocalSandbox, profile: dict[str, str], by: str
) -> None:
    allowed = (allow("ec2:*"), allow("iam:PassRole", on=f"{ROLE}/small"))
    ec2 = sandbox.client("ec2", sandbox.user("bob", *allowed))
    match by:
        case "run":
            found = message(
                ec2.run_instances, ImageId=IMAGE, MinCount=1, MaxCount=1, IamInstanceProfile=profile
            )
        case "spot":
            launch = {"ImageId": IMAGE, "IamInstanceProfile": profile}
            found = message(ec2.request_spot_instances, SpotPrice="1", LaunchSpecification=launch)
        case "associate":
            found = message(
                ec2.associate_iam_instance_profile,
                InstanceId="i-0123456789abcdef0",
                IamInstanceProfile=profile,
            )
        case _:
            found = message(
                ec2.replace_iam_instance_profile_association, AssociationId="a", IamInstanceProfile=profile
            )
    assert "iam:PassRole" in found


def fleet(kind: str, used: dict[str, str], **more: Any) -> dict[str, Any]:
    configs = [{"LaunchTemplateSpecification": {**used, "Version": "1"}}]
    if kind == "create_fleet":
        capacity = {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"}
        return {"LaunchTemplateConfigs": configs, "TargetCapacitySpecification": capacity}
    config = {"TargetCapacity": 1, "IamFleetRole": f"{ROLE}/small", "LaunchTemplateConfigs": configs, **more}
    return {"SpotFleetRequestConfig": config}


@pytest.mark.parametrize("call", ["create_fleet", "request_spot_fleet"])
def test_a_fleet_hands_over_the_roles_of_its_templates(sandbox: LocalSandbox, call: str) -> None:
    used = template(sandbox, IamInstanceProfile={"Name": "big"})
    ec2 = sandbox.client(
        "ec2", sandbox.user("bob", allow("ec2:*"), allow("iam:PassRole", on=f"{ROLE}/small"))
    )
    assert f"{ROLE}/big" in message(getattr(ec2, call), **fleet(call, used))


def test_the_role_of_a_fleet_or_of_a_flow_log_is_handed_over_too(sandbox: LocalSandbox) -> None:
    used = template(sandbox)
    ec2 = sandbox.client("ec2", sandbox.user("bob", allow("ec2:*")))
    assert f"{ROLE}/small" in message(ec2.request_spot_fleet, **fleet("request_spot_fleet", used))
    vpc = sandbox.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    logged = {"ResourceIds": [vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogGroupName": "g"}
    found = message(ec2.create_flow_logs, **logged, DeliverLogsPermissionArn=f"{ROLE}/big")
    assert f"{ROLE}/big" in found


@pytest.mark.parametrize(
    "kind", ["image", "key-pair", "security-group", "subnet", "type", "launch-template", "tags"]
)
def test_what_a_launch_template_holds_is_asked_like_what_a_request_says(
    sandbox: LocalSandbox, kind: str
) -> None:
    root = sandbox.client("ec2")
    group = root.create_security_group(GroupName="g", Description="d")["GroupId"]
    subnet = root.describe_subnets()["Subnets"][-1]["SubnetId"]
    root.create_key_pair(KeyName="k")
    tagged = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "a"}]}]
    used = template(
        sandbox,
        KeyName="k",
        SecurityGroupIds=[group],
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet}],
        TagSpecifications=tagged,
    )
    names = {
        "image": IMAGE,
        "key-pair": "k",
        "security-group": group,
        "subnet": subnet,
        "launch-template": "*",
    }
    refused = {
        "type": deny("ec2:RunInstances", when={"StringEquals": {"ec2:InstanceType": "t3.micro"}}),
        "tags": deny("ec2:CreateTags", when={"StringEquals": {"aws:RequestTag/team": "a"}}),
    }.get(kind) or deny("ec2:RunInstances", on=f"arn:aws:ec2:*:*:{kind}/{names[kind]}")
    launch = {"LaunchTemplate": used, "MinCount": 1, "MaxCount": 1}
    ec2 = sandbox.client("ec2", sandbox.user("bob", allow("ec2:*"), refused))
    assert "explicit deny" in message(ec2.run_instances, **launch)
    free = sandbox.client("ec2", sandbox.user("eve", allow("ec2:*")))
    assert free.run_instances(**launch)["Instances"]
