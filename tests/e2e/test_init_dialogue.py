"""`leastkey init` at a terminal of its own, and against an account that answers."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest
from tests.support.home import ROOT, assert_no_traceback
from tests.support.terminal import CTRL_C, CTRL_D, Terminal

if TYPE_CHECKING:
    from tests.e2e.conftest import Aws
    from tests.support.home import Home

SPEC = "leastkey.yaml"
TUTORIAL = ROOT / "docs/tutorial.md"


def terminal(home: Home, *arguments: str, columns: int = 80, admin: bool = False) -> Terminal:
    variables = home.environ | {"LEASTKEY_VAULT": "age-file"} | (home.admin if admin else {})
    return Terminal(home.command("init", *arguments), home.folder, variables, columns=columns)


def test_the_dialogue_of_the_tutorial_is_what_a_terminal_shows(home: Home) -> None:
    (block,) = re.findall(r"```text\n(\$ leastkey init.*?)```", TUTORIAL.read_text(), re.DOTALL)
    promised = [line.rstrip() for line in block.splitlines()[1:]]
    home.folder = home.folder / "acme-reports"
    home.folder.mkdir()
    variables = home.environ | {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    person = Terminal(home.command("init", "--sandbox"), home.folder, variables)
    for line in promised:
        if line.startswith("? "):
            question = person.until_question()
            assert line.startswith(question.rstrip())
            person.press(line.removeprefix(question.rstrip()).strip().encode() + b"\n")
    assert person.end() == 0
    assert [line.rstrip() for line in person.text.splitlines()] == promised


def test_a_person_answers_and_the_command_that_is_shown_writes_the_same_file(
    home: Home, aws: Aws, account: str
) -> None:
    aws.client(account, "iam").create_account_alias(AccountAlias="acme-dev")
    person = terminal(home, "--project", "acme", admin=True)
    for answer in ("nightly", "s3 list; ec2:DescribeInstance", "acme/x", "s3://acme/it's/", "", "ec2"):
        person.type(answer)
    assert person.end() == 0
    text = person.text
    assert f"account {account} (acme-dev)" in text
    assert "from AWS_ACCESS_KEY_ID" in text
    assert "from AWS_DEFAULT_REGION" in text
    assert "did you mean `ec2:DescribeInstances`?" in text
    assert "`acme/x` is no ARN" in text
    assert text.endswith("Next: leastkey up\nNo AWS account at hand: leastkey up --sandbox\n")
    written = (home.folder / SPEC).read_text()
    assert f'account: "{account}"' in written

    shown = text.partition("questions:\n")[2].partition("Wrote ")[0].replace("\\\n", "")
    again = home.leastkey(*shlex.split(shown)[1:], "--spec", "other.yaml", admin=False)
    assert again.code == 0, again.err
    assert (home.folder / "other.yaml").read_text() == written


@pytest.mark.parametrize(
    ("key", "code", "says"),
    [
        (CTRL_C, 130, "error[interrupted]: stopped by you"),
        (CTRL_D, 1, "error[declined]: the input ended before the question was answered"),
    ],
)
def test_a_person_who_leaves_leaves_nothing_behind(home: Home, key: bytes, code: int, says: str) -> None:
    person = terminal(home, "--color", "never", columns=40)
    person.type("not a name")
    person.type("nightly")
    assert person.until_question().startswith("? What does it call in AWS [ec2:DescribeRegions]")
    person.press(key)
    assert person.end() == code
    told = " ".join(person.text.split())
    assert says in told
    assert "state nothing was written" in told
    assert "Traceback" not in person.text
    assert home.files() == []


def test_bytes_that_are_no_text_are_asked_for_again(home: Home) -> None:
    home.admin = {"PYTHONIOENCODING": "utf-8:strict"}  # as in most locales, unlike in C
    person = terminal(home, "--sandbox", admin=True)
    person.until_question()
    person.press(b"\xff\xfe\n")
    person.until_question()
    assert "not UTF-8" in person.text
    for answer in ("", "", "", ""):
        person.type(answer)
    assert person.end() == 0
    assert "123456789012" in person.text
    assert "target: sandbox" in (home.folder / SPEC).read_text()
    assert not home.state.exists()


def test_a_file_that_is_there_is_refused_before_the_first_question(home: Home) -> None:
    home.write_spec("mine\n")
    person = terminal(home)
    assert person.end() == 2
    assert "spec-exists" in person.text
    assert "Found" not in person.text


@pytest.mark.parametrize("arguments", [("--yes",), ("--json",), ("--allow", "ec2 list")], ids=" ".join)
def test_who_says_enough_is_asked_nothing_even_at_a_terminal(home: Home, arguments: tuple[str, ...]) -> None:
    person = terminal(home, *arguments)
    assert person.end() == 0
    assert "? " not in person.text
    assert "Region    us-east-1, the default: no setting names one" in person.text


def test_without_a_terminal_nothing_is_asked_and_no_call_is_made(home: Home) -> None:
    ended = home.leastkey("init", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert_no_traceback(ended)
    assert (ended.code, ended.err) == (0, "Region    us-east-1, from AWS_DEFAULT_REGION\n")


def test_a_region_that_may_be_a_slip_is_taken_with_a_warning(home: Home) -> None:
    ended = home.leastkey("init", "--region", "eu-wets-1", admin=False)
    assert ended.code == 0
    assert "warning   `eu-wets-1` is no region leastkey knows; it is taken as it is. Did you\n" in ended.err
    assert "mean `eu-west-1`?" in ended.err
    assert "region: eu-wets-1" in (home.folder / SPEC).read_text()
