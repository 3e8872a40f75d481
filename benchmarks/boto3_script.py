"""What a careful person writes with boto3: one identity after the other, one call after the other.

`create COUNT ACCOUNT` makes user, role, policy, attachment, inline policy and key; `check COUNT ACCOUNT` reads each of them
back, as a script must that is to change nothing the second time.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3

PATH = "/leastkey/acme/"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def create(iam: Any, name: str, account: str, tags: list[dict[str, str]]) -> None:
    user = f"arn:aws:iam::{account}:user{PATH}{name}"
    trust = document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": user}},
        }
    )
    rules = document(
        {"Effect": "Allow", "Action": "ec2:DescribeRegions", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:GetObject*", "Resource": f"arn:aws:s3:::{name}/*"},
    )
    iam.create_user(UserName=name, Path=PATH, Tags=tags)
    role = iam.create_role(RoleName=name, Path=PATH, AssumeRolePolicyDocument=trust, Tags=tags)["Role"]["Arn"]
    policy = iam.create_policy(PolicyName=name, Path=PATH, PolicyDocument=rules)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    assume = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role})
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=assume)
    iam.create_access_key(UserName=name)


def check(iam: Any, name: str, account: str) -> None:
    policy = f"arn:aws:iam::{account}:policy{PATH}{name}"
    iam.get_user(UserName=name)
    iam.get_role(RoleName=name)
    version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
    iam.get_policy_version(PolicyArn=policy, VersionId=version)
    iam.list_attached_role_policies(RoleName=name)
    (inline,) = iam.list_user_policies(UserName=name)["PolicyNames"]
    iam.get_user_policy(UserName=name, PolicyName=inline)
    iam.list_access_keys(UserName=name)


def main() -> None:
    what, count, account = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    iam = boto3.client("iam")
    for number in range(count):
        if what == "create":
            create(iam, f"acme-job-{number}", account, [{"Key": "leastkey:project", "Value": "acme"}])
        else:
            check(iam, f"acme-job-{number}", account)


if __name__ == "__main__":
    main()
