"""What leaves the command line when something is wrong: an error of ours, never a traceback, never a secret."""

from __future__ import annotations

import sys
from typing import NoReturn

import pytest

from leastkey.cli import main
from leastkey.errors import KINDS

MARKER = "AKIA-marker-in-an-exception"


def test_a_bug_is_told_by_its_place_and_without_its_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> NoReturn:
        raise ValueError(MARKER)

    monkeypatch.setattr(main.cli, "main", broken)
    assert main.run(["plan"]) == KINDS["internal"].exit
    said = capsys.readouterr()
    assert "error[internal]: a bug in leastkey: ValueError at " in said.err
    assert "cli/main.py:" in said.err
    assert MARKER not in said.out + said.err
    assert "Traceback" not in said.err


def test_a_stop_by_the_user_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(main.cli, "main", stopped)
    assert main.run(["plan"]) == KINDS["interrupted"].exit
    assert "error[interrupted]" in capsys.readouterr().err


def test_a_file_that_fails_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: object, **__: object) -> NoReturn:
        raise OSError(28, "No space left on device", "/somewhere")

    monkeypatch.setattr(main.cli, "main", failing)
    assert main.run(["plan"]) == KINDS["io-failed"].exit
    said = capsys.readouterr().err
    assert "a file failed: No space left on device" in said
    assert "/somewhere" in said


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        (["plann"], "`plann` is no command"),
        (["plan", "--jsn"], "no such option '--jsn'"),
        (["sandbox"], "`leastkey sandbox` needs to be told what to do"),
        (["help", "nothing-we-know"], "nothing-we-know"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_an_error_of_usage(
    typed: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(typed) == KINDS["usage"].exit
    said = capsys.readouterr()
    assert what in said.err
    assert said.out == ""


def test_a_session_is_not_printed_at_a_terminal_unasked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main.run(["creds", "nightly"]) == KINDS["terminal-secret"].exit
    said = capsys.readouterr()
    assert "error[terminal-secret]: this prints a secret" in said.err
    assert said.out == ""


@pytest.mark.parametrize("topic", [*main.COMMANDS, "key-limit", "exit-codes", "errors", "words", "spec"])
def test_help_on_a_topic_is_data(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["help", topic]) == 0
    said = capsys.readouterr()
    assert len(said.out) > 40
    assert said.err == ""
