"""`leastkey sandbox why` and `events` as people and programs read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from leastkey.cli.commands.sandbox import status
from leastkey.cli.sandbox.why import events, why
from leastkey.errors import LeastkeyError
from leastkey.sandbox.server.runfile import RunInfo
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CALL: dict[str, Any] = {
    "request_id": "r-1",
    "time": "2026-01-02T03:04:05Z",
    "who": "arn:aws:iam::111122223333:user/ann",
    "service": "s3",
    "operation": "GetObject",
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/x",
    "verdict": "denied",
    "status": 403,
    "code": "AccessDenied",
    "message": "no",
    "questions": [
        {
            "action": "s3:GetObject",
            "resource": "arn:aws:s3:::b/x",
            "verdict": "ImplicitlyDenied",
            "decided_by": "identity",
            "layers": {"identity": "implicit deny", "boundary": "not applicable"},
            "because": [
                {
                    "layer": "identity",
                    "policy": "p",
                    "statement": 0,
                    "sid": "One",
                    "effect": "Allow",
                    "failed": "resource",
                    "asked": "arn:aws:s3:::b/x",
                    "pattern": "arn:aws:s3:::b/y",
                }
            ]
            * 7,
        }
    ],
}


def answering(monkeypatch: pytest.MonkeyPatch, answer: Mapping[str, Any]) -> None:
    from leastkey.sandbox.server import lifecycle

    monkeypatch.setattr(lifecycle, "control", lambda *_, **__: answer)


def said(command: Any, *arguments: str) -> str:
    return str(CliRunner().invoke(command, arguments, catch_exceptions=False).stdout)


def test_a_denial_shows_the_element_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"call": CALL})
    assert said(why, "r-1").splitlines()[:9] == [
        "denied   s3:GetObject arn:aws:s3:::b/x",
        "  who      arn:aws:iam::111122223333:user/ann",
        "  when     2026-01-02T03:04:05Z, request r-1",
        "  answer   403 AccessDenied: no",
        "deny (implicit): s3:GetObject on arn:aws:s3:::b/x",
        "  identity implicit deny  <- decided",
        "  identity p, statement 1 (One): action matches, resource does not:",
        "    arn:aws:s3:::b/y",
        "                   ^",
    ]
    assert "  1 more match the action and not the rest" in said(why, "r-1")
    assert json.loads(said(why, "r-1", "--json"))["questions"] == CALL["questions"]


def test_an_allowed_call_shows_the_statement_that_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = {"layer": "identity", "policy": "a/p", "statement": 1, "sid": None, "effect": "Allow"}
    question = {**CALL["questions"][0], "verdict": "Allowed", "because": [reason]}
    answering(monkeypatch, {"call": {**CALL, "verdict": "allowed", "code": "", "questions": [question]}})
    lines = said(why, "last").splitlines()
    assert "  identity p, statement 2 allows it" in lines
    assert not any("answer" in line for line in lines)
    answering(monkeypatch, {"call": {**CALL, "questions": []}})
    assert said(why, "last").splitlines()[-1] == "  No policy was asked."


def test_an_unknown_request_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"call": None})
    with pytest.raises(LeastkeyError) as error:
        said(why, "nope")
    assert error.value.code == "unknown-name"


def test_events_are_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"events": [CALL]})
    line = "2026-01-02T03:04:05Z  denied   user/ann  s3:GetObject  arn:aws:s3:::b/x  r-1\n"
    assert said(events, "--denied") == line
    answering(monkeypatch, {"events": []})
    assert said(events) == "No calls yet.\n"


def test_status_tells_what_is_not_on_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from leastkey.sandbox.server import lifecycle

    run = RunInfo(1, 2, 3, Secret("t"), datetime(2026, 1, 2, tzinfo=UTC), vault="age-file", version="1")
    for trouble in ("", "the trail's events are not on disk: OSError"):
        found = lifecycle.Status(tmp_path, run, trouble=trouble)
        monkeypatch.setattr(lifecycle, "status", lambda _, found=found: found)
        assert (f"Trouble   {trouble}" in said(status)) is bool(trouble)
        assert json.loads(said(status, "--json"))["trouble"] == (trouble or None)
