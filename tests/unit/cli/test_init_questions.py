"""What `leastkey init` asks, in which order, and what it makes of the answers."""

from __future__ import annotations

import io

import pytest
from tests.fakes.prompter import scripted

from leastkey.cli.ask import TerminalPrompter
from leastkey.cli.init.found import Flags, Found, Value, found_lines
from leastkey.cli.init.questions import ask_for_spec
from leastkey.cli.show import Show
from leastkey.errors import LeastkeyError
from leastkey.spec.starter import Starter

NO_FLAGS = Flags(
    spec="leastkey.yaml",
    project=None,
    identity=None,
    allow=(),
    region=None,
    output="json",
    account=None,
    user=None,
    service=None,
    sandbox=False,
)


def flags(**given: object) -> Flags:
    return Flags(**{**{name: getattr(NO_FLAGS, name) for name in Flags.__slots__}, **given})


def found(account: str = "111122223333", project: str = "acme-reports") -> Found:
    return Found(
        account=Value(account, "from profile `admin`"),
        alias="acme-dev" if account else "",
        region=Value("eu-west-1", "from profile `admin` in ~/.aws/config"),
        vault=Value("keyring, open", "GNOME Keyring, the best store on this computer"),
        vault_to_name="",
        project=Value(project, "the folder's name"),
    )


def test_enter_takes_every_default_and_each_is_shown_in_its_question() -> None:
    person = scripted("", "", "", "")
    answers = ask_for_spec(person, NO_FLAGS, found())
    assert answers == Starter(
        project="acme-reports",
        identity="acme-reports",
        allow=("ec2:DescribeRegions",),
        region="eu-west-1",
        account="111122223333",
    )
    assert person.asked == [
        ("What is the script called", "acme-reports"),
        ("What does it call in AWS", "ec2:DescribeRegions"),
        ("Anything else", "no more"),
        ("Where does it run", "this computer"),
    ]


def test_levels_of_s3_without_a_place_lead_to_one_more_question() -> None:
    person = scripted(
        "nightly",
        "s3 list,read; ec2:DescribeInstances; s3 write on s3://b2b/x/",
        "acme/n",
        "s3://acme/n/",
        "",
        "lambda",
    )
    answers = ask_for_spec(person, NO_FLAGS, found())
    assert answers.allow == (
        "s3 list,read on s3://acme/n/",
        "ec2:DescribeInstances",
        "s3 write on s3://b2b/x/",
    )
    assert answers.service == "lambda"
    assert "`acme/n` is no ARN" in person.told
    assert ("Which prefix, for `s3 list,read`", None) in person.asked
    assert "--allow 's3 list,read on PLACE'" in person.flags


def test_every_bucket_has_to_be_said_and_said_once_it_is_no_question() -> None:
    assert ask_for_spec(scripted("", "s3 list", "*", "", ""), NO_FLAGS, found()).allow == ("s3 list on *",)
    assert ask_for_spec(scripted("", "s3 list on *", "", ""), NO_FLAGS, found()).allow == ("s3 list on *",)


def test_an_answer_that_cannot_be_used_is_explained_asked_again_and_loses_nothing() -> None:
    person = scripted(
        *("bad name", "nightly"),
        *("ec2:DescribeInstance; s4 read; ec2:DescribeRegions", "ec2 raed", "no"),
        *("lambada", "github actions", "ECS"),
    )
    answers = ask_for_spec(person, NO_FLAGS, found())
    assert (answers.identity, answers.allow, answers.service) == (
        "nightly",
        ("ec2:DescribeRegions",),
        "ecs-tasks",
    )
    told = "\n".join(person.told)
    for words in (
        "`bad name` cannot be an identity's name",
        "did you mean `ec2:DescribeInstances`?",
        "`s4` is no AWS service",
        "`raed` is no access level",
        "did you mean `read`?",
        "did you mean `lambda`?",
        "`github actions` needs no key: put what `leastkey help keyless` shows",
    ):
        assert words in told


def test_what_a_flag_says_is_not_asked() -> None:
    person = scripted("ec2 list", "")
    answers = ask_for_spec(person, flags(identity="nightly", user="bot", sandbox=True), found())
    assert [question for question, _ in person.asked] == ["What does it call in AWS", "Anything else"]
    assert (answers.identity, answers.user, answers.target) == ("nightly", "bot", "sandbox")
    assert answers.account is None  # the embedded AWS's number would refuse the real account later


@pytest.mark.parametrize("given", [{"account": "1"}, {"identity": "a b"}, {"service": "s4"}, {"output": "x"}])
def test_a_flag_that_cannot_be_used_is_refused_before_anybody_answers(given: dict[str, str]) -> None:
    person = scripted()
    account = given.get("account", "")
    with pytest.raises(LeastkeyError) as caught:
        ask_for_spec(person, flags(**given), found(account))
    assert caught.value.code in {"spec-invalid", "unknown-name"}
    assert person.asked == []


def test_a_folder_that_cannot_name_the_project_or_the_script_leaves_the_question_without_a_default() -> None:
    person = scripted("-", "p", "", "", "", "")
    assert ask_for_spec(person, NO_FLAGS, found(project="")).project == "p"
    assert person.asked[0] == ("What is the project called", None)
    person = scripted("x", "", "", "")
    assert ask_for_spec(person, NO_FLAGS, found(project="default")).identity == "x"
    assert person.asked[0] == ("What is the script called", None)


def test_what_was_found_stands_beside_its_source_within_80_columns() -> None:
    assert found_lines(found()) == [
        "Found     account 111122223333 (acme-dev)  from profile `admin`",
        "          region  eu-west-1                from profile `admin` in ~/.aws/config",
        "          vault   keyring, open            GNOME Keyring, the best store on this",
        "                                           computer",
        "          project acme-reports             the folder's name",
    ]
    long = found_lines(found(project="p" * 64))
    assert max(map(len, long)) <= 90
    assert found_lines(found(account=""))[0].startswith("Found     account not found")
    narrow = found_lines(found(), 40)
    assert max(map(len, narrow)) <= 48  # the head and one word
    assert {line.index(line.strip()) for line in narrow[1:] if line[10] == " "} == {18}


class Typed(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_a_question_is_an_error_that_names_the_flag(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("x\n"))
    prompter = TerminalPrompter(Show(io.StringIO(), io.StringIO()), yes=True)
    with pytest.raises(LeastkeyError) as caught:
        prompter.ask("Which prefix", default=None, flag="--allow GRANT")
    assert caught.value.code == "usage"
    assert caught.value.remedy == ("to answer it: `--allow GRANT`",)


def test_a_question_without_a_default_takes_no_empty_line_and_ends_with_the_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", Typed("\n  here \n"))
    err = io.StringIO()
    prompter = TerminalPrompter(Show(io.StringIO(), err), yes=False)
    assert prompter.ask("Which\x1b prefix", default=None, flag="--x") == "here"
    assert err.getvalue().count("? Which\\x1b prefix ") == 2
    assert "no default" in err.getvalue()
    with pytest.raises(LeastkeyError) as caught:
        prompter.ask("Which", default="y", flag="--x")
    assert (caught.value.code, caught.value.state) == ("declined", "nothing was written")
