"""The contract for scripts: JSON everywhere, exit codes, plan ids, the remembered vault, and profiles that stand alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.home import SPEC, Home, assert_no_traceback
from tests.support.refusals import assert_refused, forget_sessions

if TYPE_CHECKING:
    from tests.e2e.conftest import Aws

pytestmark = pytest.mark.slow


def document(home: Home, *arguments: str, code: int = 0) -> Any:
    """Run a command with `--json` and give its one document."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    ended = home.leastkey(*arguments[:at], "--json", *arguments[at:])
    assert_no_traceback(ended)
    assert ended.code == code, ended.err
    found = ended.json
    assert found["version"] == 1
    if code in {0, 10}:
        assert found["command"] == " ".join(arguments[: 2 if arguments[0] == "sandbox" else 1])
    else:
        assert found["command"] == "error"
        assert found["error"]["exit_code"] == code
        assert found["error"]["remedy"]
    return found


def test_every_command_answers_with_one_json_document(home: Home) -> None:
    assert document(home, "init", "--identity", "nightly")["spec"] == "leastkey.yaml"
    assert document(home, "init", code=2)["error"]["code"] == "spec-exists"
    home.write_spec()
    assert document(home, "plan")["add"] == 6
    assert document(home, "plan", "--exit-code", code=10)["changes"][0]["sign"] == "+"
    assert document(home, "verify", code=4)["error"]["code"] == "not-set-up"
    up = document(home, "up", "--yes")
    assert (up["add"], up["verify"][0]["counts"]["ok"] > 10) == (6, True)
    assert document(home, "apply", "--yes")["changed"] == 0
    assert document(home, "verify")["identities"]
    # What `creds` prints is AWS's format, with `--json` or without.
    assert home.leastkey("creds", "--json").json["Version"] == 1
    assert document(home, "creds", "weekly", code=2)["error"]["code"] == "unknown-name"
    assert document(home, "run", "--", "no-such-program", code=5)["error"]["code"] == "child-failed"
    assert document(home, "run", code=2)["error"]["code"] == "usage"
    assert document(home, "destroy", code=2)["error"]["code"] == "usage"
    assert document(home, "destroy", "--yes")["remove"] == 6
    assert document(home, "destroy", "--yes")["remove"] == 0
    assert document(home, "sandbox", "status")["running"] is False
    assert document(home, "sandbox", "stop")["stopped"] is False
    assert document(home, "sandbox", "env", "--account", "1", code=2)["error"]["code"] == "usage"
    assert document(home, "help", "exit-codes")["text"]
    assert document(home, "help", "nonsense", code=2)["error"]["code"] == "unknown-name"
    assert document(home, "nonsense", code=2)["error"]["code"] == "usage"
    assert document(home, "plan", "--nonsense", code=2)["error"]["code"] == "usage"


def test_a_plan_is_carried_out_by_its_id_and_by_no_other(aws: Aws, account: str, home: Home) -> None:
    home.write_spec()
    plan = document(home, "plan")["plan"]
    assert document(home, "plan")["plan"] == plan
    assert home.leastkey("apply", plan).code == 0
    assert home.leastkey("plan", "--exit-code").code == 0
    assert_refused(home.leastkey("apply", plan), "plan-outdated", 1, "0 to add")

    home.write_spec(SPEC.replace(", ec2:DescribeInstances", ""))
    plan = document(home, "plan")["plan"]
    home.write_spec(SPEC.replace(", ec2:DescribeInstances", ", ec2:DescribeVpcs"))
    assert_refused(home.leastkey("apply", plan), "plan-outdated", 1, "nothing was changed")

    plan = document(home, "plan")["plan"]
    iam = aws.client(account, "iam")
    iam.detach_role_policy(
        RoleName="acme-nightly", PolicyArn=f"arn:aws:iam::{account}:policy/leastkey/acme/acme-nightly"
    )
    assert_refused(home.leastkey("apply", plan.upper()), "plan-outdated", 1, "leastkey plan")
    assert iam.list_attached_role_policies(RoleName="acme-nightly")["AttachedPolicies"] == []
    latest = document(home, "plan")["plan"].upper()
    assert_refused(home.leastkey("apply", latest[:7]), "plan-outdated", 1, "leastkey plan")
    assert home.leastkey("apply", latest[:8]).code == 0


def test_the_vault_that_was_named_is_remembered(home: Home) -> None:
    identity = home.folder / "identity.txt"
    vault = f"age-file:{identity}"
    home.write_spec()
    assert_refused(home.leastkey("plan", LEASTKEY_VAULT=""), "no-vault", 4)
    assert home.leastkey("apply", "--yes", LEASTKEY_VAULT=vault).code == 0
    assert identity.stat().st_mode & 0o077 == 0
    forget_sessions(home)
    assert home.leastkey("creds", admin=False, LEASTKEY_VAULT="").code == 0
    assert home.leastkey("plan", "--exit-code", LEASTKEY_VAULT="").code == 0
    # Another choice is for new keys; the key in use stays where it lies.
    assert home.leastkey("apply", "--yes", "--vault", "age-file", LEASTKEY_VAULT="").code == 0
    forget_sessions(home)
    assert home.leastkey("creds", admin=False, LEASTKEY_VAULT="").code == 0
    assert home.leastkey("destroy", "--yes", LEASTKEY_VAULT="").code == 0


def test_a_profile_works_alone_and_is_repaired_when_its_helper_is_gone(aws: Aws, home: Home) -> None:
    home.write_spec()
    assert home.leastkey("apply", "--yes").code == 0
    config = home.folder / ".aws/config"
    written = config.read_text()
    assert f"endpoint_url = {aws.endpoint_url}\n" in written
    assert "region = eu-west-1\n" in written
    assert home.aws("sts", "get-caller-identity", "--profile", "nightly").code == 0
    for command in (("creds",), ("run", "--", "true"), ("plan",), ("apply", "--yes")):
        stale = written.replace(f"= {sys.executable} ", "= /gone/bin/python ")
        assert stale != written
        config.write_text(stale)
        assert home.leastkey(*command).code == 0
        assert config.read_text() == written, command
    config.write_text(written.replace("/src/leastkey/credential_process.py", "/gone/credential_process.py"))
    assert home.aws("sts", "get-caller-identity", "--profile", "nightly").code != 0
    assert home.leastkey("verify").code == 0
    assert config.read_text() == written
    assert home.aws("sts", "get-caller-identity", "--profile", "nightly").code == 0


def test_the_sandbox_is_started_again_for_whoever_needs_it(home: Home) -> None:
    home.write_spec(SPEC.replace("region:", "target: sandbox\nregion:"))
    try:
        up = home.leastkey("up", "--yes", admin=False, LEASTKEY_VAULT="")
        assert up.code == 0, up.err
        assert "nothing goes to AWS" in up.err
        assert home.leastkey("sandbox", "stop").code == 0
        forget_sessions(home)
        profile = next(line[9:-1] for line in (home.folder / ".aws/config").read_text().split("\n") if line)
        asleep = home.aws("sts", "get-caller-identity", "--profile", profile)
        assert (asleep.code != 0, "leastkey: [no-answer]" in asleep.err) == (True, True)
        assert "leastkey sandbox start" in asleep.err
        assert home.leastkey("run", "--", "aws", "ec2", "describe-regions", admin=False).code == 0
        assert home.aws("sts", "get-caller-identity", "--profile", profile).code == 0
        assert home.leastkey("plan", "--exit-code", admin=False, LEASTKEY_VAULT="").code == 0
        assert home.leastkey("destroy", "--yes", admin=False, LEASTKEY_VAULT="").code == 0
    finally:
        home.leastkey("sandbox", "stop")


def test_run_gives_the_exit_code_of_what_it_ran(home: Home) -> None:
    home.write_spec()
    assert home.leastkey("apply", "--yes").code == 0
    assert home.leastkey("run", "--", "sh", "-c", "exit 3").code == 3
    assert home.leastkey("run", "--", "sh", "-c", "kill -TERM $$").code == 143
    assert_refused(home.leastkey("run", "weekly", "--", "true"), "unknown-name", 2, "true was not started")
