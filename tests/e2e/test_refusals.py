"""Inputs and surroundings that leastkey refuses: one clear error each, its exit code, and nothing half made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.home import SPEC, Home, assert_no_traceback, run
from tests.support.proxy import proxying
from tests.support.refusals import assert_refused, forget_sessions, writes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Aws

pytestmark = pytest.mark.slow

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
DENY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'


def changed(old: str, new: str) -> bytes:
    assert old in SPEC
    return SPEC.replace(old, new).encode()


BAD_SPECS: list[tuple[bytes, str, str]] = [
    (changed("region:", "regoin:"), "spec-invalid", "leastkey.yaml:3:1"),
    (changed("[list, read, write]", "{a: b}"), "spec-invalid", "leastkey.yaml:9:"),
    (SPEC.encode() + b"version: 1\n", "spec-invalid", "stands twice"),
    (changed("project: acme", "project: &a acme"), "spec-syntax", "anchor"),
    (changed("Nightly report job", "*a"), "spec-syntax", "leastkey.yaml:6:"),
    (changed("ec2:DescribeRegions", "ecc2:DescribeRegions"), "unknown-name", "did you mean `ec2`?"),
    (changed("ec2:DescribeRegions", "ec2:DescribeRegion"), "unknown-name", "did you mean"),
    (changed("[list, read, write]", "[list, raed]"), "unknown-name", "did you mean `read`?"),
    (changed("s3://acme-reports/nightly/", "arn:aws:s3::bad"), "spec-invalid", "is no ARN"),
    (changed("nightly-bot", '"nightly bot!"'), "spec-invalid", "is no user name"),
    (changed("nightly-bot", "n" * 65), "spec-invalid", "this has 65"),
    (
        SPEC.encode() + SPEC[SPEC.index("  nightly:") :].replace("nightly:", "other:").encode(),
        "name-clash",
        "want one user name",
    ),
    (b"a: " + b"[" * 5_000, "spec-syntax", "deeper than"),
    (SPEC.encode() + b"#" * 10_000_000, "spec-unreadable", "larger than 1 MiB"),
    (bytes(range(256)) * 8, "spec-unreadable", "not UTF-8"),
    (b"", "spec-invalid", "leastkey init"),
]


def test_a_bad_spec_is_refused_at_its_place_before_anybody_is_asked(home: Home) -> None:
    path = home.folder / "leastkey.yaml"
    for text, code, words in BAD_SPECS:
        path.write_bytes(text)
        assert_refused(home.leastkey("plan", admin=False), code, 2, words)
    assert_refused(home.leastkey("plan", "--spec", "none.yaml"), "spec-not-found", 2, "leastkey init")
    assert_refused(home.leastkey("plan", "--spec", "."), "spec-unreadable", 2)
    assert not home.state.exists()


def test_a_command_line_that_says_nothing_is_refused_with_the_nearest_name(home: Home) -> None:
    assert_refused(home.leastkey("destory"), "usage", 2, "leastkey destroy")
    assert_refused(home.leastkey("plan", "--exitcode"), "usage", 2, "--exit-code")
    assert_refused(home.leastkey("plan", "extra"), "usage", 2, "leastkey plan --help")
    assert_refused(home.leastkey("sandbox"), "usage", 2, "leastkey sandbox --help")
    assert_refused(home.leastkey("run"), "usage", 2, "leastkey run -- aws")


def test_without_an_administrator_of_the_right_account_iam_is_never_called(aws: Aws, home: Home) -> None:
    home.write_spec(SPEC.replace("region:", f'account: "{aws.new_account()}"\nregion:'))
    with proxying(aws.port) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        wrong = home.leastkey("apply", "--yes")
        assert_refused(wrong, "wrong-account", 3, "leastkey.yaml:3 says", "no IAM call was made")
        home.write_spec()
        nobody = home.leastkey("apply", "--yes", admin=False)
        assert_refused(nobody, "no-credentials", 3, "AWS_PROFILE (unset)")
        unknown = home.leastkey("apply", "--yes", "--admin-profile", "nobody", admin=False)
        assert_refused(unknown, "no-credentials", 3, "no AWS profile `nobody`")
        for name, value in (("AWS_SECRET_ACCESS_KEY", "x" * 40), ("AWS_ACCESS_KEY_ID", "AKIA" + "X" * 16)):
            wrong_key = Home(home.folder, home.admin | {name: value})
            bad = wrong_key.leastkey("apply", "--yes")
            assert_refused(bad, "bad-credentials", 3, "from       env", "nothing was changed")
        assert {seen.action for seen in proxy.seen} == {"GetCallerIdentity"}
    for endpoint, code, exit_code in (
        ("http://192.0.2.1:1", "foreign-endpoint", 3),
        ("not a url", "usage", 2),
        ("http://127.0.0.1:1", "no-answer", 4),
    ):
        assert_refused(home.leastkey("apply", "--yes", AWS_ENDPOINT_URL=endpoint), code, exit_code, endpoint)


def test_a_name_that_aws_does_not_have_is_told_as_that(home: Home) -> None:
    home.write_spec(changed("    used-by", "    boundary: {managed: PowerUserAces}\n    used-by").decode())
    unknown = home.leastkey("plan")
    assert_refused(
        unknown, "unknown-name", 2, "AWS keeps no policy `PowerUserAces`", "list-policies --scope AWS"
    )
    home.write_spec(changed("eu-west-1", "eu-wets-1").decode())
    slip = home.leastkey("plan")
    assert_refused(slip, "bad-credentials", 3, "Did you mean", "`region:` in the spec")


def test_without_a_vault_nothing_is_written_anywhere(aws: Aws, home: Home) -> None:
    home.write_spec()
    with proxying(aws.port) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        none = home.leastkey("apply", "--yes", LEASTKEY_VAULT="")
        assert_refused(none, "no-vault", 4, "--vault age-file", "LEASTKEY_VAULT")
        locked = home.leastkey("apply", "--yes", "--vault", "keyring")
        assert_refused(locked, "no-vault", 4, "none")
        assert_refused(home.leastkey("apply", "--yes", "--vault", "safe"), "unknown-name", 2, "age-file")
        nowhere = home.leastkey("apply", "--yes", "--vault", "age-file:/nowhere/at/all/id")
        assert_refused(nowhere, "io-failed", 5, "mkdir -p /nowhere/at/all")
        assert writes(proxy) == []
    assert not (home.folder / ".aws").exists()


def test_a_name_that_somebody_else_has_is_refused_and_a_free_one_is_offered(
    aws: Aws, account: str, home: Home
) -> None:
    iam = aws.client(account, "iam")
    iam.create_user(UserName="Nightly-Bot")
    home.write_spec()
    refused = home.leastkey("plan")
    assert_refused(refused, "entity-exists", 1, "`used-by: [{user: nightly-bot-2}]`", "leastkey.yaml:12:9")
    iam.delete_user(UserName="Nightly-Bot")
    iam.create_role(RoleName="acme-nightly", AssumeRolePolicyDocument=TRUST)
    assert_refused(home.leastkey("plan"), "entity-exists", 1, "`names: {role: acme-nightly-2}`")
    iam.delete_role(RoleName="acme-nightly")
    iam.create_policy(PolicyName="acme-nightly", PolicyDocument=DENY)
    assert_refused(home.leastkey("apply", "--yes"), "entity-exists", 1, "`names: {policy: acme-nightly-2}`")
    assert iam.list_users()["Users"] == []
    home.write_spec(SPEC.replace("    allow:", "    names: {policy: acme-nightly-2}\n    allow:"))
    assert home.leastkey("apply", "--yes").code == 0


def test_a_key_that_nobody_here_can_explain_is_never_touched(aws: Aws, account: str, home: Home) -> None:
    iam = aws.client(account, "iam")
    home.write_spec()
    assert home.leastkey("apply", "--yes").code == 0
    other = Home(home.folder / "other", home.admin)
    other.write_spec()
    assert_refused(other.leastkey("apply", "--yes"), "unknown-key", 1, "secret not here")
    stranger = iam.create_access_key(UserName="nightly-bot")["AccessKey"]["AccessKeyId"]
    full = other.leastkey("apply", "--yes")
    assert_refused(full, "key-limit", 1, "already has 2 access keys", stranger[-4:])
    assert len(iam.list_access_keys(UserName="nightly-bot")["AccessKeyMetadata"]) == 2
    assert home.leastkey("plan", "--exit-code").code == 0
    assert not (other.folder / ".aws").exists()


def test_a_profile_of_the_users_own_stays_as_it_is(aws: Aws, home: Home) -> None:
    home.write_spec()
    folder = home.folder / ".aws"
    folder.mkdir()
    config, credentials = folder / "config", folder / "credentials"
    with proxying(aws.port) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        config.write_text("[profile nightly]\nregion = eu-central-1\n")
        assert_refused(home.leastkey("apply", "--yes"), "profile-exists", 1, "--profile nightly-leastkey")
        assert config.read_text() == "[profile nightly]\nregion = eu-central-1\n"
        config.unlink()
        credentials.write_text("# mine\n[nightly]\naws_access_key_id = AKIAX\naws_secret_access_key = x\n")
        assert_refused(home.leastkey("apply", "--yes"), "profile-shadowed", 1, f"{credentials}:3")
        for name in ("a]b", "a\nb", "", " a", "\u202e"):
            unfit = home.leastkey("apply", "--yes", "--profile", name)
            assert_refused(unfit, "usage", 2, "cannot be the name of a profile")
        config.write_bytes(b"[profile nightly\nregion")
        assert_refused(home.leastkey("apply", "--yes"), "config-invalid", 1, str(config))
        assert writes(proxy) == []


def test_an_identity_of_ours_is_no_administrator(home: Home) -> None:
    home.write_spec()
    assert home.leastkey("apply", "--yes", "--profile", "default").code == 0
    assert_refused(home.leastkey("plan", admin=False), "own-profile", 3, "--admin-profile NAME")
    named = home.leastkey("plan", admin=False, AWS_PROFILE="default")
    assert_refused(named, "own-profile", 3, "profile `default`")
    session = home.leastkey("creds", admin=False).json
    worn = {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }
    assert_refused(
        Home(home.folder, home.admin | worn).leastkey("plan"), "own-profile", 3, "assumed-role/acme-nightly"
    )
    # The administrator's key in variables wins over a [default] of ours, here as in the AWS CLI.
    assert home.leastkey("plan", "--exit-code").code == 0
    assert home.leastkey("destroy", "--yes").code == 0


def test_places_that_are_not_safe_are_refused_before_the_first_write(
    aws: Aws, account: str, home: Home, tmp_path: Path
) -> None:
    home.write_spec()
    shared, spaced = tmp_path / "shared", tmp_path / "two words"
    shared.mkdir()
    shared.chmod(0o777)
    with proxying(aws.port) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        open_home = home.leastkey("apply", "--yes", LEASTKEY_HOME=str(shared))
        assert_refused(open_home, "unsafe-home", 1, f"chmod 700 {shared}")
        path = home.leastkey("apply", "--yes", LEASTKEY_HOME=str(spaced))
        assert_refused(path, "unsafe-path", 2, "LEASTKEY_HOME")
        file = home.leastkey("apply", "--yes", LEASTKEY_HOME=str(home.folder / "leastkey.yaml"))
        assert_refused(file, "io-failed", 5, "Not a directory")
        assert writes(proxy) == []
    home.admin = aws.variables(account)
    without = {name: value for name, value in home.environ.items() if name != "HOME"} | home.admin
    homeless = run(home.command("plan"), home.folder, without | {"LEASTKEY_VAULT": "age-file"}, 60)
    assert_refused(homeless, "usage", 2, "AWS_CONFIG_FILE")
    nowhere = {name: value for name, value in without.items() if name != "LEASTKEY_HOME"}
    assert_refused(run(home.command("plan"), home.folder, nowhere, 60), "usage", 2, "LEASTKEY_HOME")


def test_without_home_the_aws_files_can_be_named(aws: Aws, account: str, home: Home) -> None:
    home.write_spec()
    environ = {name: value for name, value in home.environ.items() if name != "HOME"} | {
        **aws.variables(account),
        "LEASTKEY_VAULT": "age-file",
        "AWS_CONFIG_FILE": str(home.folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home.folder / "credentials"),
    }
    for command in ("apply", "destroy"):
        ended = run(home.command(command, "--yes"), home.folder, environ, 60)
        assert ended.code == 0, ended.err


def test_a_question_without_a_terminal_names_the_flag(aws: Aws, home: Home) -> None:
    home.write_spec()
    with proxying(aws.port) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        for command in ("up", "apply"):
            assert_refused(home.leastkey(command), "usage", 2, "no terminal", "--yes")
        assert_refused(home.leastkey("apply", "deadbeef"), "plan-outdated", 1, "leastkey plan")
        assert writes(proxy) == []


IDENTITY = "  i{0}:\n    allow: [{{actions: [ec2:DescribeRegions]}}]\n    used-by: [{{user: u{0}}}]\n"


def test_a_plan_that_removes_most_of_a_project_wants_a_word(aws: Aws, account: str, home: Home) -> None:
    head = SPEC[: SPEC.index("  nightly:")]
    home.write_spec(head + "".join(IDENTITY.format(number) for number in range(3)))
    assert home.leastkey("apply", "--yes").code == 0
    home.write_spec(head + IDENTITY.format(0))
    assert_refused(home.leastkey("apply", "--yes"), "unsafe-plan", 1, "--allow-removals", "6 of the 9")
    iam = aws.client(account, "iam")
    assert len(iam.list_users()["Users"]) == 3
    assert home.leastkey("apply", "--yes", "--allow-removals").code == 0
    assert len(iam.list_users()["Users"]) == 1


def test_destroy_refuses_while_a_stranger_uses_what_is_ours(aws: Aws, account: str, home: Home) -> None:
    iam = aws.client(account, "iam")
    home.write_spec()
    empty = home.leastkey("destroy", "--yes")
    assert (empty.code, "already gone" in empty.out) == (0, True)
    assert home.leastkey("apply", "--yes").code == 0
    arn = f"arn:aws:iam::{account}:policy/leastkey/acme/acme-nightly"
    iam.create_user(UserName="stranger")
    iam.attach_user_policy(UserName="stranger", PolicyArn=arn)
    assert_refused(home.leastkey("destroy", "--yes"), "in-use", 1, "user/stranger", "nothing was changed")
    assert home.leastkey("plan", "--exit-code").code == 0
    assert_refused(home.leastkey("destroy"), "in-use", 1)
    iam.detach_user_policy(UserName="stranger", PolicyArn=arn)
    assert_refused(home.leastkey("destroy"), "usage", 2, "leastkey destroy --yes")
    assert home.leastkey("destroy", "--yes").code == 0


def test_credentials_that_cannot_be_had_say_that_nothing_was_started(aws: Aws, home: Home) -> None:
    home.write_spec()
    assert_refused(home.leastkey("creds", admin=False), "not-set-up", 4, "leastkey up")
    early = home.leastkey("run", "--", "touch", "started", admin=False)
    assert_refused(early, "not-set-up", 4, "touch was not started")
    with proxying(aws.port) as proxy:
        home.admin["AWS_ENDPOINT_URL"] = proxy.url
        assert home.leastkey("apply", "--yes").code == 0
    late = home.leastkey("run", "--", "touch", "started", admin=False)
    assert_refused(late, "no-answer", 4, "touch was not started")
    assert not (home.folder / "started").exists()
    tool = home.aws("sts", "get-caller-identity", "--profile", "nightly")
    assert tool.code != 0
    assert "leastkey: [no-answer]" in tool.err
    assert_no_traceback(tool)


def test_damaged_files_are_named_and_mended_by_what_the_error_says(home: Home) -> None:
    home.write_spec()
    assert home.leastkey("apply", "--yes").code == 0
    binding = next((home.state / "bindings").glob("*.json"))
    journal = next((home.state / "journal").glob("*.jsonl"))
    for path in (binding, home.state / "settings.json", journal):
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(b"{garbage\n")
        path.chmod(0o600)
        assert_refused(home.leastkey("plan"), "io-failed", 5, f"mv {path}")
        path.unlink() if before is None else path.write_bytes(before)
    identity, vault = home.state / "vault/identity.txt", home.state / "vault/vault.age"
    identity.chmod(0o644)
    forget_sessions(home)
    assert_refused(home.leastkey("creds"), "unsafe-file", 1, f"chmod 600 {identity}")
    identity.chmod(0o600)
    vault.write_bytes(b"garbage")
    damaged = home.leastkey("apply", "--yes")
    assert_refused(damaged, "vault-failed", 4, f"mv {vault} {vault}.damaged")
    vault.rename(f"{vault}.damaged")
    assert_refused(home.leastkey("creds"), "secret-missing", 4, "leastkey up")
    planned = home.leastkey("plan")
    assert "is lost" in planned.out
    assert home.leastkey("apply", "--yes").code == 0
    assert home.leastkey("creds").code == 0
    assert home.leastkey("plan", "--exit-code").code == 0


def test_a_secret_is_not_printed_at_a_terminal(home: Home) -> None:
    home.write_spec()
    ours, theirs = os.openpty()
    ended = subprocess.run(
        [sys.executable, "-m", "leastkey", "creds"],
        cwd=home.folder,
        env=home.environ,
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(theirs)
    os.close(ours)
    assert ended.returncode == 1
    assert b"error[terminal-secret]" in ended.stderr
