"""An account leaves the sandbox as a file and comes back the same; a file of a real account is loaded whole or not at all.

Sources: IAM API Reference, GetAccountAuthorizationDetails; AWS CLI Command Reference, get-account-authorization-details.
"""

from __future__ import annotations

import copy
import json
import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError
from tests.sandbox.wires import Key
from tests.support.home import BIN, ROOT

from leastkey.sandbox.rules import account_load
from leastkey.sandbox.server import control
from leastkey.sandbox.server.commands import control_commands
from leastkey.sandbox.server.control import Control, ask
from leastkey.sandbox.server.snapshot import dump, load
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.sandbox.conftest import Place

    Ask = Callable[..., dict[str, Any]]

REAL = "210987654321"
EC2_READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
NEW_ONE = "arn:aws:iam::aws:policy/service-role/NewerThanTheSandbox"


def allow(*actions: str, resource: str = "*", effect: str = "Allow") -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": list(actions), "Resource": resource}],
    }


def trust(service: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def real_account(account: str = REAL) -> dict[str, Any]:
    """What the AWS CLI prints of an account: a policy of two versions, a boundary, a group, a role with a profile."""
    text = (ROOT / "examples/account/details.json").read_text().replace("111122223333", account)
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture
def at_door(place: Place) -> Ask:
    known = control_commands(place.sandbox, [], threading.Event())

    def asked(command: str, **given: str) -> Mapping[str, object]:
        return known[command](given)

    return asked  # type: ignore[return-value]  # the tests look into the answers


def account_of(place: Place) -> str:
    """Give an account id the sandbox has not seen: beside the test's own."""
    return str(int(place.account) + 500_000_000_000)


def root(place: Place, at_door: Ask, account: str) -> Key:
    made = at_door("env", account=account)
    return Key(made["access_key_id"], made["secret_access_key"])


def by_name(file: dict[str, Any]) -> dict[str, Any]:
    """Put AWS's policies and lists in one order; leave out what the AWS CLI does not print."""
    file = {name: value for name, value in file.items() if name != "Leastkey"}
    return {name: sorted(value, key=lambda each: each["Arn"]) for name, value in file.items()}


def test_the_file_of_a_real_account_binds_its_users_and_roles(place: Place, at_door: Ask) -> None:
    account = account_of(place)
    found = at_door("import", body=json.dumps(real_account(account)))
    assert found["loaded"] == {
        "users": 1, "groups": 1, "roles": 1, "policies": 2, "oidc_providers": 0, "buckets": 0,
    }  # fmt: skip
    assert found["not_loaded"] == []
    owner = root(place, at_door, account)
    iam = place.client("iam", owner)
    made = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = Key(made["AccessKeyId"], made["SecretAccessKey"])
    assert place.client("iam", ann).list_users()["Users"][0]["UserId"] == "AIDAEXAMPLEEXAMPLE001"
    with pytest.raises(
        ClientError, match="no permissions boundary allows"
    ):  # the group does, the boundary does not
        place.client("ec2", ann).describe_vpcs()
    role = f"arn:aws:iam::{account}:role/deploy"
    given = place.client("sts", ann).assume_role(RoleArn=role, RoleSessionName="s1")["Credentials"]
    session = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    place.client("s3", session).list_buckets()
    place.client("ec2", session).describe_vpcs()
    with pytest.raises(ClientError, match="AccessDenied"):  # v1 would allow it: v2 is the default
        place.client("iam", session).list_users()
    answer = iam.simulate_principal_policy(
        PolicySourceArn=role, ActionNames=["s3:ListAllMyBuckets", "s3:GetObject"]
    )
    assert [each["EvalDecision"] for each in answer["EvaluationResults"]] == ["allowed", "implicitDeny"]
    assert iam.create_policy_version(
        PolicyArn=f"arn:aws:iam::{account}:policy/deploy", PolicyDocument=json.dumps(allow("s3:*"))
    )["PolicyVersion"]["VersionId"] == "v3"  # fmt: skip


def test_what_was_imported_is_exported_the_same(place: Place, at_door: Ask) -> None:
    account = account_of(place)
    file = real_account(account)
    at_door("import", body=json.dumps(file))
    first = at_door("export", account=account)["file"]
    in_file = {each["Arn"] for each in file["Policies"]}
    own = {**first, "Policies": [each for each in first["Policies"] if each["Arn"] in in_file]}
    assert by_name(own) == by_name(file)
    assert {each["Arn"] for each in first["Policies"]} - in_file == {EC2_READ_ONLY}


def test_everything_the_sandbox_keeps_of_an_account_goes_round(place: Place, at_door: Ask) -> None:
    iam, s3, bucket = place.client("iam"), place.client("s3"), f"round-{place.account}"
    place.user("bob", json.dumps(allow("s3:*")))
    iam.create_role(
        RoleName="r", AssumeRolePolicyDocument=json.dumps(trust("ec2.amazonaws.com")),
        MaxSessionDuration=7200, Description="as long as it takes", Tags=[{"Key": "k", "Value": "v"}],
    )  # fmt: skip
    iam.create_policy(
        PolicyName="own",
        PolicyDocument=json.dumps(allow("s3:*")),
        Description="d",
        Tags=[{"Key": "K", "Value": "v"}],
    )
    iam.create_instance_profile(InstanceProfileName="alone", Tags=[{"Key": "k", "Value": "v"}])
    iam.create_open_id_connect_provider(
        Url="https://issuer.example/path", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
    )
    iam.create_account_alias(AccountAlias=f"alias-{place.account}")
    s3.create_bucket(Bucket=bucket)
    policy = allow("s3:DeleteObject", resource=f"arn:aws:s3:::{bucket}/*", effect="Deny")
    policy["Statement"][0]["Principal"] = "*"
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    first = at_door("export", account=place.account)["file"]
    assert "AKIA" not in json.dumps(first)
    with place.sandbox.gate.lock:
        account_load._undo(place.sandbox.world, account_load_account(first))
    at_door("import", body=json.dumps(first))
    assert at_door("export", account=place.account)["file"] == first
    assert (
        s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"]
        is True
    )
    assert iam.get_role(RoleName="r")["Role"]["MaxSessionDuration"] == 7200
    with place.sandbox.gate.lock:
        load(place.sandbox.world, dump(place.sandbox.world))
    assert at_door("export", account=place.account)["file"] == first


def account_load_account(file: dict[str, Any]) -> Any:
    from leastkey.sandbox.rules.account_document import read_account
    from leastkey.sandbox.state.managed import aws_managed

    return read_account(json.dumps(file), "", aws_managed())


def test_what_the_aws_cli_prints_is_what_it_takes(place: Place, at_door: Ask) -> None:
    account = account_of(place)
    at_door("import", body=json.dumps(real_account(account)))
    key = root(place, at_door, account)
    environ = {
        "PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "AWS_ENDPOINT_URL": place.url,
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret,
    }  # fmt: skip
    command = [sys.executable, str(BIN / "aws"), "iam", "get-account-authorization-details"]
    printed = subprocess.run(command, env=environ, capture_output=True, check=True, text=True).stdout
    with place.sandbox.gate.lock:
        account_load._undo(place.sandbox.world, account_load_account(json.loads(printed)))
    assert at_door("import", body=printed)["not_loaded"] == []
    again = subprocess.run(command, env=environ, capture_output=True, check=True, text=True).stdout
    assert by_name(json.loads(again)) == by_name(json.loads(printed))


def test_documents_may_be_url_encoded_as_the_api_gives_them(place: Place, at_door: Ask) -> None:
    account = account_of(place)
    file = real_account(account)
    role = file["RoleDetailList"][0]
    role["AssumeRolePolicyDocument"] = quote(json.dumps(role["AssumeRolePolicyDocument"]))
    file["UserDetailList"][0]["UserPolicyList"][0]["PolicyDocument"] = json.dumps(allow("sts:AssumeRole"))
    at_door("import", body=json.dumps(file))
    assert (
        by_name(at_door("export", account=account)["file"])["RoleDetailList"]
        == real_account(account)["RoleDetailList"]
    )


def test_aws_policies_unknown_here_come_from_the_file_or_are_reported(place: Place, at_door: Ask) -> None:
    account = account_of(place)
    file = real_account(account)
    role = file["RoleDetailList"][0]
    role["AttachedManagedPolicies"].append({"PolicyName": "NewerThanTheSandbox", "PolicyArn": NEW_ONE})
    role["SomethingNew"] = 1
    without = at_door("import", body=json.dumps(file))
    assert without["not_loaded"] == [
        "Role.SomethingNew of 1",
        f"{NEW_ONE}, attached to role `deploy`: its text is not known",
    ]
    other = str(int(account) + 100_000_000_000)
    file = json.loads(json.dumps(file).replace(account, other))
    file["Policies"].append(
        {
            **file["Policies"][1], "Arn": NEW_ONE, "Path": "/service-role/", "PolicyName": "NewerThanTheSandbox",
            "PolicyId": "ANPAEXAMPLEEXAMPLE009",
        }
    )  # fmt: skip
    assert at_door("import", body=json.dumps(file))["not_loaded"] == ["Role.SomethingNew of 1"]
    attached = place.client("iam", root(place, at_door, other)).list_attached_role_policies(RoleName="deploy")
    assert NEW_ONE in {each["PolicyArn"] for each in attached["AttachedPolicies"]}


def broken(change: Callable[[dict[str, Any]], Any], account: str) -> str:
    file = copy.deepcopy(real_account(account))
    change(file)
    return json.dumps(file)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda file: file["UserDetailList"][0]["GroupList"].append("gone"), "group `gone` is not in the file"),
        (lambda file: file["Policies"].pop(), "policy/edge is not in the file"),
        (lambda file: file.update(NextToken="x"), "one page of several"),
        (lambda file: file.update(Extra=1), "`Extra` is unknown"),
        (lambda file: file["RoleDetailList"].append(file["RoleDetailList"][0]), "stands twice"),
        (lambda file: file["RoleDetailList"][0].update(Arn="arn:aws-cn:iam::1:role/deploy"), "no ARN of IAM"),
        (lambda file: file["RoleDetailList"][0].update(RoleName="a b"), "a role name is made of"),
        (lambda file: file["RoleDetailList"][0].update(Path="x"), "path is invalid"),
        (lambda file: file["RoleDetailList"][0].update(RoleName="other"), "is not the ARN of role/other"),
        (lambda file: file["RoleDetailList"][0].update(CreateDate="once"), "`CreateDate` is no date"),
        (lambda file: file["RoleDetailList"][0].pop("RoleId"), "`RoleId` is missing"),
        (lambda file: file["RoleDetailList"][0].update(AssumeRolePolicyDocument="{"), "no policy AWS takes"),
        (lambda file: file["Policies"][0].update(DefaultVersionId="v1"), "default version `v1`"),
        (lambda file: file["Policies"][0]["PolicyVersionList"][1].update(VersionId="v2"), "a version stands twice"),
        (lambda file: file["Policies"][0]["PolicyVersionList"][1].update(VersionId="2"), "no version, such as v1"),
        (lambda file: file["UserDetailList"][0].update(Tags=[{"Key": "a" * 129, "Value": ""}]), "1 to 128"),
        (lambda file: file["UserDetailList"][0].update(Tags=[{"Key": str(n), "Value": ""} for n in range(51)]), "51 tags"),
        (lambda file: file.update(Leastkey={"Roles": [{"RoleName": "gone"}]}), "speaks of `gone`"),
        (lambda file: file.update(Leastkey={"Format": 2}), "`Format` is no whole number"),
        (lambda file: file.update(Leastkey={"Account": "444455556666"}), "not of 444455556666"),
        (lambda file: file.update(Leastkey={"Keys": []}), "`Keys` is unknown"),
        (lambda file: file.update(Leastkey={"Buckets": [{"Name": "A"}]}), "`A` is no bucket"),
        (lambda file: file.update(Leastkey={"OpenIDConnectProviders": [{"Url": "https://x"}]}), "without https://"),
        (lambda file: file.update(Leastkey={"AccountAliases": ["a", "b"]}), "one alias"),
        (lambda file: file.update(UserDetailList={}), "`UserDetailList` is no list"),
        (lambda file: file.update(UserDetailList=[1]), "is no object"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_anywhere_changes_nothing(
    place: Place, at_door: Ask, change: Callable[[dict[str, Any]], Any], words: str
) -> None:
    account = account_of(place)
    answer = at_door("import", body=broken(change, account))
    assert words in answer["error"]
    assert not place.sandbox.world.accounts.has(account)


def test_another_account_none_at_all_and_no_json_are_refused(place: Place, at_door: Ask) -> None:
    file = json.dumps(real_account())
    assert "are of account 210987654321" in at_door("import", body=file, account="111122223333")["error"]
    assert "twelve digits" in at_door("import", body=file, account="1")["error"]
    assert "name it with --account" in at_door("import", body="{}")["error"]
    assert "line 2" in at_door("import", body="{\n[")["error"]
    other = json.dumps(real_account() | {"Leastkey": {"Account": "444455556666"}})
    assert "is of account 444455556666" in at_door("import", body=other, account=REAL)["error"]
    two = file.replace(f"{REAL}:group/devs", "111122223333:group/devs")
    assert "several accounts" in at_door("import", body=two)["error"]
    assert "no account" in at_door("export", account=REAL)["error"]
    empty = account_of(place)
    assert at_door("import", body="{}", account=empty)["account"] == empty


def test_an_account_that_holds_something_is_left_as_it_is(place: Place, at_door: Ask) -> None:
    place.user("there")
    before = at_door("export", account=place.account)["file"]
    refused = at_door("import", body=json.dumps(real_account(place.account)))["error"]
    assert "is not empty, it holds 1 users" in refused
    assert "leastkey sandbox reset" in refused
    assert at_door("export", account=place.account)["file"] == before
    place.client("s3").create_bucket(Bucket=f"mine-{place.account}")
    account = account_of(place)
    file = real_account(account) | {"Leastkey": {"Buckets": [{"Name": f"mine-{place.account}"}]}}
    assert "belongs to another account" in at_door("import", body=json.dumps(file))["error"]
    assert not place.sandbox.world.accounts.has(account)


def test_a_load_that_breaks_off_leaves_nothing(
    place: Place, at_door: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, bucket = account_of(place), f"half-{place.account}"
    file = real_account(account) | {"Leastkey": {"Buckets": [{"Name": bucket}], "AccountAliases": ["abc"]}}

    root(place, at_door, account)
    before = at_door("export", account=account)["file"]
    whole = account_load._Loader._bucket

    def fail(loader: Any, made: Any) -> None:
        whole(loader, made)
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(account_load._Loader, "_bucket", fail)
        with pytest.raises(MemoryError):
            at_door("import", body=json.dumps(file))
    assert at_door("export", account=account)["file"] == before
    assert place.sandbox.world.bucket(bucket) is None
    assert at_door("import", body=json.dumps(file))["loaded"]["buckets"] == 1
    assert place.sandbox.world.bucket(bucket) is not None


def test_a_body_is_read_for_the_token_alone_and_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_BODY_BYTES", 100_000)
    got: list[str] = []
    token = Secret("right")

    def take(given: Mapping[str, str]) -> dict[str, object]:
        got.append(given["body"])
        return {"taken": len(given["body"])}

    with Control(token, {"take": take}) as door:
        door.run()
        assert ask(door.port, token, "take", body="x" * 90_000) == {"taken": 90_000}
        assert ask(door.port, Secret("wrong"), "take", body="x" * 90_000) is None
        assert len(got) == 1
        for announced in ("100001", "-1", "x"):
            found = ask(door.port, token, "take", body_bytes=announced)
            assert found is not None
            assert "error" in found
        line = json.dumps({"token": "right", "command": "take", "body_bytes": "9"}).encode()
        with socket.create_connection(("127.0.0.1", door.port), timeout=10) as half:
            half.sendall(line + b"\nabc")
            half.shutdown(socket.SHUT_WR)
            assert b"error" in half.makefile("rb").readline()
        door.shutdown()
    assert len(got) == 1


def test_the_commands_carry_a_file_out_and_in(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from leastkey.cli.sandbox.account import export_account, import_account
    from leastkey.sandbox.server import lifecycle

    known = control_commands(place.sandbox, [], threading.Event())
    monkeypatch.setattr(lifecycle, "control", lambda command, _folder, **given: known[command](given))
    account, file = account_of(place), tmp_path / "account.json"
    file.write_text(json.dumps(real_account(account)))
    runner = CliRunner()
    said = runner.invoke(import_account, [str(file)], catch_exceptions=False).output
    assert said.startswith(f"Account {account}: 1 users, 1 groups, 1 roles, 2 policies\n")
    printed = runner.invoke(export_account, ["--account", account], catch_exceptions=False).stdout
    other = str(int(account) + 200_000_000_000)
    piped = runner.invoke(
        import_account, ["-", "--json"], input=printed.replace(account, other), catch_exceptions=False
    )
    assert json.loads(piped.stdout)["account"] == other
    file.write_bytes(b"\xff")
    for name in (str(file), str(tmp_path / "none")):
        assert "usage" in str(runner.invoke(import_account, [name]).exception)
