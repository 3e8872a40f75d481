"""`init --from-user` and `--from-role`: what was made by hand is read, a spec replaces it, and nothing of it is changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.home import Home, assert_no_traceback

from leastkey.cli.read_spec import default_project

if TYPE_CHECKING:
    from tests.e2e.conftest import Aws

pytestmark = pytest.mark.slow

READS = {
    "Effect": "Allow",
    "Action": ["iam:Get*", "iam:List*", "iam:GenerateCredentialReport"],
    "Resource": "*",
}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def reader(aws: Aws, account: str) -> dict[str, str]:
    """Give the variables of somebody who may read IAM and do nothing else."""
    iam = aws.client(account, "iam")
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=policy(READS))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    return {
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def everything(aws: Aws, account: str) -> Any:
    """Give all that IAM holds, but for when keys were last used."""
    iam = aws.client(account, "iam")
    found = iam.get_account_authorization_details()
    users = [user["UserName"] for user in found["UserDetailList"]]
    keys = {user: iam.list_access_keys(UserName=user)["AccessKeyMetadata"] for user in users}
    return {name: found[name] for name in found if name.endswith("List") or name == "Policies"}, keys


def make_by_hand(aws: Aws, account: str) -> str:
    """Make the tutorial's user, with a pasted policy, a group and a boundary; give its key."""
    iam = aws.client(account, "iam")
    iam.create_user(UserName="automation_user", Tags=[{"Key": "team", "Value": "reports"}])
    iam.attach_user_policy(
        UserName="automation_user", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2FullAccess"
    )
    pasted = policy(
        allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::acme-reports/${aws:username}/*"),
        {"Effect": "Deny", "NotAction": ["ec2:*", "s3:*", "sqs:*", "sts:*"], "Resource": "*"},
    )
    iam.put_user_policy(UserName="automation_user", PolicyName="pasted", PolicyDocument=pasted)
    iam.create_group(GroupName="devs")
    iam.put_group_policy(GroupName="devs", PolicyName="queues", PolicyDocument=policy(allow("sqs:*")))
    iam.add_user_to_group(GroupName="devs", UserName="automation_user")
    fence = iam.create_policy(PolicyName="fence", PolicyDocument=policy(allow(["ec2:*", "s3:*", "sqs:*"])))
    iam.put_user_permissions_boundary(UserName="automation_user", PermissionsBoundary=fence["Policy"]["Arn"])
    return str(iam.create_access_key(UserName="automation_user")["AccessKey"]["AccessKeyId"])


def test_a_hand_made_user_is_replaced_beside_itself(aws: Aws, account: str, home: Home) -> None:
    key = make_by_hand(aws, account)
    as_reader = Home(home.folder, reader(aws, account))
    before = everything(aws, account)
    ended = as_reader.leastkey("init", "--from-user", "automation_user", "--project", "acme", "--json")
    assert_no_traceback(ended)
    assert ended.code == 0, ended.err
    assert everything(aws, account) == before

    found = ended.json
    assert found["proof"]["same"] is True
    assert found["proof"]["questions"] > 50
    assert (found["project"], found["identity"]) == ("acme", "automation")
    assert found["documents"] == ["policies/pasted.json", "policies/fence.json"]
    assert found["from"]["groups"] == ["devs"]
    assert [each["last_four"] for each in found["from"]["keys"]] == [key[-4:]]
    written = (home.folder / "leastkey.yaml").read_text()
    assert "acme-reports/automation_user/" in written
    assert key not in ended.out + ended.err + written

    again = home.leastkey("init", "--from-user", "automation_user")
    assert again.code == 2
    assert "spec-exists" in again.err

    old = everything(aws, account)[0]["UserDetailList"][0]
    up = home.leastkey("up", "--yes")
    assert up.code == 0, up.out + up.err
    assert everything(aws, account)[0]["UserDetailList"][0] == old
    answered = home.leastkey("run", "--", "aws", "ec2", "describe-regions", "--query", "length(Regions)")
    assert answered.code == 0, answered.err
    refused = home.leastkey("run", "--", "aws", "iam", "list-users")
    assert "AccessDenied" in refused.err


def test_a_lambda_role_becomes_a_spec_that_plans_without_a_key(aws: Aws, account: str, home: Home) -> None:
    iam = aws.client(account, "iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="report-role", AssumeRolePolicyDocument=policy(trust), MaxSessionDuration=7_200)
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="report-role", PolicyArn=basic)
    before = everything(aws, account)
    ended = home.leastkey("init", "--from-role", "REPORT-ROLE")
    assert ended.code == 0, ended.err
    assert everything(aws, account) == before
    text = (home.folder / "leastkey.yaml").read_text()
    assert "- managed: service-role/AWSLambdaBasicExecutionRole" in text
    assert "session: 2h" in text
    assert "- service: lambda" in text
    assert "aws lambda update-function-configuration --function-name FUNCTION --role arn:aws:iam" in ended.out
    assert "Same      as before; AWS's own policies stay attached as they are" in ended.out
    planned = home.leastkey("plan", "--json")
    assert planned.code == 0, planned.err
    assert not any(change["sign"] != "+" for change in planned.json["changes"])


def refusal(home: Home, *arguments: str, code: int, admin: bool = True) -> dict[str, Any]:
    ended = home.leastkey("init", *arguments, "--json", admin=admin)
    assert_no_traceback(ended)
    assert ended.code == code, ended.out + ended.err
    assert not (home.folder / "other.yaml").exists()
    error: dict[str, Any] = ended.json["error"]
    assert error["remedy"]
    return error


def test_what_cannot_be_done_is_refused_with_a_way_out(aws: Aws, account: str, home: Home) -> None:
    spec = ("--spec", "other.yaml")
    both = refusal(home, *spec, "--from-user", "a", "--from-role", "b", code=2)
    assert both["code"] == "usage"
    for more in (("--allow", "s3:GetObject"), ("--user", "x"), ("--service", "ec2")):
        assert refusal(home, *spec, "--from-user", "a", *more, code=2)["code"] == "usage"
    assert refusal(home, *spec, "--admin-profile", "a", code=2)["code"] == "usage"
    sandbox = refusal(home, *spec, "--from-user", "a", "--sandbox", "--admin-profile", "x", code=2)
    assert sandbox["code"] == "usage"
    assert refusal(home, *spec, "--from-user", "a", admin=False, code=3)["code"] == "no-credentials"
    assert (
        refusal(home, *spec, "--from-user", "a", "--account", "111122223333", code=3)["code"]
        == "wrong-account"
    )
    slip = refusal(home, *spec, "--from-user", "nobody", "--region", "eu-wets-1", code=2)
    assert slip["what"] == "the account has no user `nobody`"  # read in a region that is there
    assert refusal(home, *spec, "--from-user", "root", code=1)["code"] == "not-replaceable"
    nobody = Home(home.folder, reader(aws, account))
    aws.client(account, "iam").delete_user_policy(UserName="reader", PolicyName="reads")
    denied = refusal(nobody, *spec, "--from-user", "a", code=5)
    assert denied["what"] == "AWS refused `iam:GetAccountAuthorizationDetails`"

    # A file that is there is seen before AWS is asked: here nobody could be.
    home.write_spec()
    assert refusal(home, "--from-user", "a", admin=False, code=2)["code"] == "spec-exists"
    assert home.leastkey("up", "--yes").code == 0
    ours = refusal(home, *spec, "--from-user", "nightly-bot", code=1)
    assert ours["what"] == "the user `nightly-bot` belongs to the leastkey project `acme` already"
    home.write_spec("identities:\n", "beside.yaml")  # of the folder's project
    beside = home.leastkey("init", *spec, "--from-user", "reader", "--region", "eu-wets-1")
    assert beside.err.startswith("warning   `eu-wets-1` is no region leastkey knows")
    assert (
        f"project: {default_project(home.folder / 'other.yaml')}-2\n"
        in (home.folder / "other.yaml").read_text()
    )
    (home.folder / "other.yaml").unlink()
    joined = refusal(home, *spec, "--from-user", "reader", "--project", "acme", code=1)
    assert joined["code"] == "entity-exists"


def test_a_document_that_is_there_is_never_written_over(aws: Aws, account: str, home: Home) -> None:
    make_by_hand(aws, account)
    mine = home.write_spec("mine", "policies/fence.json")
    error = refusal(home, "--spec", "other.yaml", "--from-user", "automation_user", code=2)
    assert error["what"] == "`policies/fence.json` is there already"
    assert mine.read_text() == "mine"
    assert [path.name for path in mine.parent.iterdir()] == ["fence.json"]
