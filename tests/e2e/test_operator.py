"""The policy that `leastkey bootstrap-policy` prints is enough for every command, and the sandbox saw no call beyond it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.home import SPEC, Home

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Aws

pytestmark = pytest.mark.slow
CHANGED = SPEC.replace("ec2:DescribeInstances", "ec2:DescribeVpcs").replace(
    "    used-by:", "    boundary: {managed: PowerUserAccess}\n    session: 2h\n    used-by:"
)


def operator(aws: Aws, account: str, policy: dict[str, Any]) -> dict[str, str]:
    """Make a user who may do what the policy says; give the variables of its key."""
    iam = aws.client(account, "iam")
    iam.create_user(UserName="operator")
    arn = iam.create_policy(PolicyName="operator", PolicyDocument=json.dumps(policy))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="operator", PolicyArn=arn)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.mark.parametrize(
    "used_by",
    ["user: nightly-bot", "service: ec2", "github: {repository: acme/reports, environment: production}"],
)
def test_with_exactly_that_policy_a_project_lives_its_whole_life(
    tmp_path: Path, aws: Aws, account: str, used_by: str
) -> None:
    spec, changed = (text.replace("user: nightly-bot", used_by) for text in (SPEC, CHANGED))
    home = Home(tmp_path, {"AWS_ENDPOINT_URL": aws.endpoint_url})
    home.write_spec(changed)  # its policy holds all that the other's does, and the boundary
    printed = home.leastkey("bootstrap-policy", "--account", account, "--json").json
    home.admin |= operator(aws, account, printed["policy"])
    for text, words in LIFE:
        home.write_spec(changed if text == "changed" else spec)
        ended = home.leastkey(*words)
        assert ended.code == 0, f"{words}\n{ended.out}\n{ended.err}"


LIFE = [
    ("spec", ("plan",)),
    ("spec", ("up", "--yes")),
    ("spec", ("up", "--yes")),
    ("changed", ("up", "--yes")),
    ("spec", ("up", "--yes")),
    ("spec", ("verify",)),
    ("spec", ("status",)),
    ("spec", ("revoke", "nightly", "--yes")),
    ("spec", ("revoke", "nightly", "--restore", "--yes")),
    ("spec", ("destroy", "--yes")),
]


def test_the_operator_of_one_project_is_refused_another(tmp_path: Path, aws: Aws, account: str) -> None:
    home = Home(tmp_path, {"AWS_ENDPOINT_URL": aws.endpoint_url})
    home.write_spec()
    printed = home.leastkey("bootstrap-policy", "--account", account, "--json").json
    home.admin |= operator(aws, account, printed["policy"])
    assert home.leastkey("plan").code == 0
    home.write_spec(SPEC.replace("project: acme", "project: other").replace("nightly-bot", "other-bot"))
    refused = home.leastkey("up", "--yes")
    assert refused.code == 5
    assert "error[access-denied]" in refused.err
    assert not [
        role
        for role in aws.client(account, "iam").list_roles()["Roles"]
        if role["Path"].startswith("/leastkey/")
    ]
