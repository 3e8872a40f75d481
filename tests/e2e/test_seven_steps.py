"""The seven steps, from a spec to an answered and a refused call, with the tools scripts use."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.support.home import BIN, ROOT, Home, assert_no_traceback, owner_only
from tests.support.proxy import proxying

if TYPE_CHECKING:
    from tests.e2e.conftest import Aws

pytestmark = pytest.mark.slow


def test_the_tutorials_own_scenario(aws: Aws, account: str, home: Home) -> None:
    home.write_spec((ROOT / "examples/automation/leastkey.yaml").read_text())
    first = home.leastkey("up", "--yes")
    assert_no_traceback(first)
    assert first.code == 0, first.out + first.err
    assert "warning" in first.out
    assert "better: " in first.out

    iam = aws.client(account, "iam")
    assert iam.get_role(RoleName="automation_role")["Role"]["Path"].startswith("/leastkey/")
    assert iam.get_user(UserName="automation_user")["User"]["Path"].startswith("/leastkey/")

    answered = home.aws("ec2", "describe-regions", "--profile", "automation")
    assert answered.code == 0, answered.err
    assert len(json.loads(answered.out)["Regions"]) > 10
    refused = home.aws("iam", "list-users", "--profile", "automation")
    assert refused.code != 0
    assert "AccessDenied" in refused.err

    again = home.leastkey("up", "--yes")
    assert again.code == 0
    assert "Already as described: 0 to add, 0 to change, 0 to remove." in again.out


BOTO3 = """
import boto3, botocore
session = boto3.Session(profile_name="nightly")
print(len(session.client("ec2").describe_regions()["Regions"]))
try:
    session.client("iam").list_users()
except botocore.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
"""


def test_boto3_with_the_profile(home: Home) -> None:
    home.write_spec()
    assert home.leastkey("up", "--yes").code == 0
    ended = subprocess.run(
        [sys.executable, "-c", BOTO3],
        env=home.environ,
        cwd=home.folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    regions, code = ended.stdout.split()
    assert int(regions) > 10
    assert code == "AccessDenied"


def test_a_grant_of_one_prefix_is_one_prefix(aws: Aws, account: str, home: Home) -> None:
    s3 = aws.client(account, "s3")
    s3.create_bucket(Bucket=f"reports-{account}")
    spec = home.write_spec()
    spec.write_text(spec.read_text().replace("acme-reports", f"reports-{account}"))
    ended = home.leastkey("up", "--yes", "--json")
    assert ended.code == 0, ended.err
    (report,) = ended.json["verify"]
    assert report["counts"]["ok"] == report["counts"]["total"] >= 12
    (home.folder / "big").write_bytes(b"0123456789abcdef" * 600_000)
    url = f"s3://reports-{account}/nightly/big"
    assert home.aws("s3", "cp", "big", url, "--profile", "nightly").code == 0
    assert home.aws("s3", "cp", url, "back", "--profile", "nightly").code == 0
    assert (home.folder / "back").read_bytes() == (home.folder / "big").read_bytes()
    listed = home.aws("s3", "ls", f"s3://reports-{account}/nightly/", "--profile", "nightly")
    assert listed.out.split()[-1] == "big"
    for refused in (
        ("s3", "cp", "big", f"s3://reports-{account}/weekly/big"),
        ("s3", "ls", f"s3://reports-{account}/"),
        ("s3", "ls"),
    ):
        assert "AccessDenied" in home.aws(*refused, "--profile", "nightly").err


def test_destroy_leaves_nothing(aws: Aws, account: str, home: Home) -> None:
    config = home.folder / ".aws/config"
    config.parent.mkdir()
    config.write_text("# mine\n[profile other]\nregion = eu-central-1\n")
    home.write_spec()
    assert home.leastkey("up", "--yes").code == 0
    assert home.aws("sts", "get-caller-identity", "--profile", "nightly").code == 0
    gone = home.leastkey("destroy", "--yes")
    assert gone.code == 0, gone.err
    iam = aws.client(account, "iam")
    assert iam.list_users()["Users"] == []
    assert iam.list_roles()["Roles"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert config.read_text() == "# mine\n[profile other]\nregion = eu-central-1\n"
    assert [path.name for path in config.parent.iterdir()] == ["config"]
    left = {path.parent.name for path in home.files() if home.state in path.parents}
    assert left <= {"journal", "vault", "state", "sessions"}
    assert home.leastkey("run", "--", "true", admin=False).code == 4
    assert home.leastkey("destroy", "--yes").code == 0


def test_eight_cold_calls_mint_one_session(aws: Aws, account: str, home: Home) -> None:
    home.write_spec()
    with proxying(aws.port) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        assert home.leastkey("apply", "--yes").code == 0
        before = len(proxy.seen)
        with ThreadPoolExecutor(8) as pool:
            ended = list(pool.map(lambda _: home.leastkey("creds", admin=False), range(8)))
        assert [each.code for each in ended] == [0] * 8
        assert len({each.json["SessionToken"] for each in ended}) == 1
        assert [seen.action for seen in proxy.seen[before:]] == ["AssumeRole"]


def test_run_gives_the_child_the_session_and_nothing_else_of_aws(home: Home) -> None:
    home.write_spec()
    assert home.leastkey("up", "--yes").code == 0
    shown = home.leastkey(
        "run", "--", sys.executable, "-c", "import os,json;print(json.dumps(dict(os.environ)))"
    )
    child = json.loads(shown.out)
    assert child["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert child["AWS_ACCESS_KEY_ID"] != home.admin["AWS_ACCESS_KEY_ID"]
    assert home.admin["AWS_SECRET_ACCESS_KEY"] not in shown.out
    assert not [name for name in child if name.startswith("LEASTKEY")]
    who = home.leastkey("run", "--", "aws", "sts", "get-caller-identity")
    assert ":assumed-role/acme-nightly/" in who.json["Arn"]
    assert home.leastkey("run", "nightly", "--", "sh", "-c", "exit 9").code == 9
    assert home.leastkey("run", "--", "no-such-program").code == 5


def test_an_instance_profile_needs_no_key(aws: Aws, account: str, home: Home) -> None:
    home.write_spec((ROOT / "examples/instance-profile/leastkey.yaml").read_text())
    ended = home.leastkey("up", "--yes")
    assert ended.code == 0, ended.out + ended.err
    iam = aws.client(account, "iam")
    assert iam.list_users()["Users"] == []
    (profile,) = iam.list_instance_profiles()["InstanceProfiles"]
    assert len(profile["Roles"]) == 1
    assert not (home.folder / ".aws").exists()
    assert "Already as described" in home.leastkey("up", "--yes").out
    assert home.leastkey("destroy", "--yes").code == 0
    assert iam.list_roles()["Roles"] == []
    assert iam.list_instance_profiles()["InstanceProfiles"] == []


@pytest.mark.parametrize("mask", ["000", "077"])
def test_no_file_of_ours_is_open_to_others(mask: str, home: Home) -> None:
    home.write_spec()
    environ = home.environ | home.admin | {"LEASTKEY_VAULT": "age-file"}
    subprocess.run(
        ["sh", "-c", f"umask {mask}; exec '{sys.executable}' -m leastkey up --yes"],
        cwd=home.folder,
        env=environ,
        check=True,
        capture_output=True,
        timeout=60,
    )
    made = [
        path for path in home.folder.rglob("*") if home.state in (path, *path.parents) or ".aws" in path.parts
    ]
    assert [str(path) for path in made if not owner_only(path)] == []


def test_the_secret_is_nowhere_but_in_the_vault(aws: Aws, account: str, home: Home) -> None:
    del account
    home.write_spec()
    outputs = [home.leastkey("up", "--yes", "-v"), home.leastkey("verify", "--json"), home.leastkey("plan")]
    session = home.leastkey("creds", admin=False).json
    show = (
        "import sys;from pathlib import Path;from leastkey.vault.choose import open_vault;"
        "from leastkey.disk.vault_files import VaultFiles;v=open_vault('age-file',VaultFiles(Path(sys.argv[1])));"
        "print(*[v.get(e).reveal() for e in v.entries()])"
    )
    (secret,) = subprocess.run(
        [str(BIN / "python"), "-c", show, str(home.state)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(secret) == 40
    outputs.append(home.leastkey("destroy", "--yes"))
    for ended in outputs:
        for hidden in (secret, session["SecretAccessKey"], session["SessionToken"]):
            assert hidden not in ended.out + ended.err
    for path in home.files():
        data = path.read_bytes()
        assert secret.encode() not in data, path
