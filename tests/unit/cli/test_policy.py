"""`leastkey policy simulate`: one request by hand, many by the line, and what is refused."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from leastkey.cli.main import run

CASES = Path(__file__).parents[3] / "cases"
READER = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/${aws:username}/*"},
        {"Sid": "Ec2", "Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"},
    ],
}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("reader.json").write_text(json.dumps(READER), encoding="utf-8")


def simulate(*words: str) -> int:
    return run(["policy", "simulate", *words])


ONE = ("--policy", "reader.json", "--action", "s3:GetObject", "--resource", "arn:aws:s3:::acme/ann/x")


def test_a_verdict_with_the_statement_that_decided(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(*ONE, "--context", "aws:username=ann") == 0
    assert capsys.readouterr().out.splitlines() == [
        "allow",
        "  decided by identity",
        "  Allow by reader.json, statement 1",
    ]


def test_a_denial_with_what_each_statement_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(*ONE) == 0
    out = capsys.readouterr().out
    assert out.startswith("deny (implicit)\n  decided by identity\n")
    assert "statement 1 resource does not match: arn:aws:s3:::acme/${aws:username}/*" in " ".join(out.split())
    assert "statement 2 Ec2  action does not match" in out


@pytest.mark.parametrize(
    ("words", "document", "verdict", "by"),
    [
        (("--boundary", "more.json"), "allow-ec2", "ImplicitlyDenied", "boundary"),
        (("--session-policy", "more.json"), "allow-ec2", "ImplicitlyDenied", "session"),
        (("--scp", "more.json"), "allow-ec2", "ImplicitlyDenied", "scps"),
        (("--scp", "more.json"), "deny-all", "ExplicitlyDenied", "scps"),
        (("--resource-policy", "more.json"), "deny-everyone", "ExplicitlyDenied", "resource"),
        (("--rcp", "more.json"), "deny-everyone", "ExplicitlyDenied", "rcps"),
        (("--endpoint-policy", "more.json"), "deny-everyone", "ExplicitlyDenied", "endpoint"),
        (("--endpoint-policy", "more.json"), "allow-everyone-ec2", "ImplicitlyDenied", "endpoint"),
        (("--resource-account", "444455556666"), "allow-ec2", "ImplicitlyDenied", "resource"),
    ],
)
def test_every_layer_counts(
    words: tuple[str, ...], document: str, verdict: str, by: str, capsys: pytest.CaptureFixture[str]
) -> None:
    documents: dict[str, dict[str, Any]] = {
        "allow-ec2": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
        "deny-all": {"Effect": "Deny", "Action": "*", "Resource": "*"},
        "allow-everyone-ec2": {"Effect": "Allow", "Principal": "*", "Action": "ec2:*", "Resource": "*"},
        "deny-everyone": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"},
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [documents[document]]})
    Path("more.json").write_text(text, encoding="utf-8")
    assert simulate(*ONE, "--context", "aws:username=ann", *words, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["decided_by"]) == (verdict, by)


@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        ("cloudtrail.amazonaws.com", "allow"),
        ("ec2.amazonaws.com", "deny (implicit)"),
        ("anonymous", "deny (implicit)"),
        ("arn:aws:sts::111122223333:federated-user/ann", "deny (implicit)"),
        ("arn:aws:iam::111122223333:root", "allow"),
    ],
)
def test_whoever_asks_can_be_named(who: str, verdict: str, capsys: pytest.CaptureFixture[str]) -> None:
    log = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:*",
        "Resource": "*",
    }
    Path("bucket.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": log}), encoding="utf-8")
    asked = (
        "--action",
        "s3:PutObject",
        "--resource",
        "arn:aws:s3:::acme/x",
        "--resource-policy",
        "bucket.json",
    )
    assert simulate(*asked, "--principal", who) == 0
    assert capsys.readouterr().out.splitlines()[0] == verdict


def test_where_several_layers_count_each_one_s_answer_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    Path("more.json").write_text(
        json.dumps({"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}), encoding="utf-8"
    )
    assert (
        simulate(*ONE, "--context", "aws:username=ann", "--boundary", "more.json", "--scp", "reader.json")
        == 0
    )
    assert "  layers: scps allows, identity allows, boundary implicit deny" in capsys.readouterr().out


def test_a_trust_policy_is_asked_about_who_may_wear_the_role(capsys: pytest.CaptureFixture[str]) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:user/ann"},
        "Action": "sts:AssumeRole",
    }
    Path("trust.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": trust}), encoding="utf-8")
    words = (
        "--action",
        "sts:AssumeRole",
        "--resource",
        "arn:aws:iam::111122223333:role/r",
        "--resource-policy",
        "trust.json",
    )
    for who, expected in (("ann", "allow"), ("bob", "deny (implicit)")):
        assert simulate(*words, "--principal", f"arn:aws:iam::111122223333:user/{who}") == 0
        assert capsys.readouterr().out.splitlines()[0] == expected


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "nothing is asked"),
        (("--cases", "c.jsonl", "--action", "s3:GetObject"), "do not go with it"),
        (("--cases", "c.jsonl", "--resource", "arn:aws:s3:::acme/x"), "do not go with it"),
        (("--cases", "none.jsonl"), "cannot be read"),
        (("--action", "s3:GetObject", "--policy", "none.json"), "cannot be read"),
        (("--action", "s3:GetObject", "--context", "x"), "KEY=VALUE"),
        (("--action", "s3:GetObject", "--principal", "ann"), "names no user"),
        (("--action", "s3"), "is no action"),
        *(
            ((*ONE[:2], "--action", action, "--principal", "anonymous", "--fill-context"), "is no action")
            for action in ("s3", ":", "\0")
        ),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(
    words: tuple[str, ...], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(*words) == 2
    assert what in " ".join(capsys.readouterr().err.split())


def test_a_malformed_policy_is_named_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.json").write_text(
        '{"Version": "2012-10-17",\n "Statement": {"Effect": "allow"}}', encoding="utf-8"
    )
    assert simulate("--policy", "bad.json", "--action", "s3:GetObject") == 2
    assert "bad.json:2:16 MalformedPolicyDocument: Effect is" in " ".join(capsys.readouterr().err.split())


def test_cases_are_answered_line_by_line_and_a_broken_one_does_not_stop_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [case for file in sorted(CASES.glob("*.json")) for case in json.loads(file.read_text())]
    lines = [json.dumps(case) for case in cases]
    assert simulate("--cases", _written("good.jsonl", lines)) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["id"] for each in found] == [case["id"] for case in cases]
    assert [each["verdict"] for each in found] == [case["expect"]["verdict"] for case in cases]
    no_action = json.dumps({**cases[0], "request": {**cases[0]["request"], "action": "s3"}})
    broken = [lines[0], "{", "", no_action, lines[1]]
    for options in ((), ("--fill-context", "--missing")):
        stdin = io.TextIOWrapper(io.BytesIO("\n".join(broken).encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        assert simulate("--cases", "-", *options) == 2
        answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert ["error" in each for each in answers] == [False, True, True, False]


def _written(name: str, lines: list[str]) -> str:
    Path(name).write_text("\n".join(lines), encoding="utf-8")
    return name


def test_what_a_case_is_called_steers_no_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "cases").write_text(json.dumps({"id": "a\x9b31m\u202e\x7f\ud800"}) + "\n")
    assert simulate("--cases", "cases") == 2
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x7f" not in out
    assert json.loads(out)["id"] == "a\x9b31m\u202e\x7f\ud800"


def test_a_case_that_is_not_utf8_is_an_error_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("cases.jsonl").write_bytes(b'{"id": "\xff"}\n')
    assert simulate("--cases", "cases.jsonl") == 2
    assert json.loads(capsys.readouterr().out)["error"] == {"code": "not-json", "what": "not UTF-8 at byte 8"}


ANN = ("--principal", "arn:aws:iam::111122223333:user/ann")
GUARDED = {
    "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
                "StringNotEqualsIfExists": {"aws:PrincipalTag/team": "ops", "aws:SourceIdentity": "x"},
            },
        },
    ]
}


def flat(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_the_context_is_filled_in_on_request_and_the_reader_sees_with_what(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert simulate(*ONE, *ANN, "--fill-context") == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "  Allow by reader.json, statement 1",
        "  filled in: aws:username is ann",
    ]
    assert simulate(*ONE, *ANN, "--fill-context", "--json", "--context", "AWS:UserName=bob") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "ImplicitlyDenied"
    assert "aws:username" not in found["filled"]
    assert found["filled"]["aws:PrincipalArn"] == ANN[1]


def test_absent_keys_are_named_with_why_and_with_what_would_turn_the_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert simulate(*ONE) == 0
    assert "absent: aws:username: `ann` would allow it" in flat(capsys)
    Path("guarded.json").write_text(json.dumps(GUARDED), encoding="utf-8")
    words = ("--policy", "guarded.json", "--action", "ec2:RunInstances", *ANN, "--fill-context")
    assert simulate(*words) == 0
    out = flat(capsys)
    assert "absent: aws:MultiFactorAuthPresent: whether the credentials" in out
    assert "is not known; `true` would allow it" in out
    assert "absent: aws:PrincipalTag/team: the caller's tags are not known; `ops` would allow it" in out
    assert "absent: aws:SourceIdentity: only sessions of a role that was given a source identity" in out


def test_cases_are_filled_in_and_lacks_named_only_on_request(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    principal = {"type": "user", "arn": ANN[1], "account": "111122223333", "tags": {"team": "dev"}}
    request = {"action": "ec2:RunInstances", "resource": {"arn": "*"}, "principal": principal, "context": {}}
    case = {"id": "1", "request": request, "identity_policies": [{"name": "g", "document": GUARDED}]}
    full = {
        **case,
        "identity_policies": [{"name": "all", "document": {"Statement": GUARDED["Statement"][0]}}],
    }
    file = tmp_path / "cases.jsonl"
    file.write_text(f"{json.dumps(case)}\n{json.dumps(full)}\n", encoding="utf-8")

    def answers(*options: str) -> list[dict[str, Any]]:
        assert simulate("--cases", str(file), *options) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    plain = answers()
    assert not {"filled", "unknown", "absent", "missing"} & (plain[0].keys() | plain[1].keys())
    first, second = answers("--fill-context", "--missing")
    assert first["verdict"] == "ExplicitlyDenied"
    assert (first["filled"]["aws:username"], first["filled"]["aws:PrincipalTag/team"]) == ("ann", "dev")
    assert [note["key"] for note in first["unknown"]] == ["aws:MultiFactorAuthPresent"]
    assert [note["key"] for note in first["absent"]] == ["aws:SourceIdentity"]
    assert first["missing"][0] == {
        "key": "aws:MultiFactorAuthPresent",
        "asks": "value",
        "value": "true",
        "verdict": "Allowed",
    }
    assert (second["unknown"], "missing" in second) == ([], False)


@pytest.mark.parametrize("tags", [["team"], {"team": 1}, "team"], ids=str)
def test_tags_of_a_case_are_texts_by_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tags: Any
) -> None:
    principal = {"type": "user", "arn": ANN[1], "account": "111122223333", "tags": tags}
    request = {"action": "s3:GetObject", "resource": "*", "principal": principal}
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps({"id": "1", "request": request}), encoding="utf-8")
    assert simulate("--cases", str(file), "--fill-context") == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "invalid-case"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*ONE, "--fill-context"), "none is named"),
        ((*ONE, "--missing"), "goes with `--cases`"),
    ],
)
def test_an_option_that_would_say_nothing_true_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert simulate(*words) == 2
    assert says in capsys.readouterr().err


def test_a_sid_of_two_lines_forges_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("s3:GetObject", "s3:PutObject"):
        statement = {"Sid": "one\nallow", "Effect": "Allow", "Action": action, "Resource": "*"}
        Path("forged.json").write_text(json.dumps({"Statement": [statement]}), encoding="utf-8")
        assert simulate("--policy", "forged.json", "--action", "s3:GetObject") == 0
        lines = capsys.readouterr().out.splitlines()
        assert any("statement 1 one allow" in line for line in lines)
        assert "allow" not in lines[1:]
