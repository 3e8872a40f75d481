"""A proof changes nothing on any spec, and says `ok` only for what it proved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.verify.told import ACCOUNT, HEAD, Aws, Clock, prove, wanted

from leastkey.compile.project import compile_project
from leastkey.errors import Exit, LeastkeyError
from leastkey.ports.people import Silent
from leastkey.spec.parse import parse_spec
from leastkey.verify.calls import ABSENT, CHECK_KEY
from leastkey.verify.report import Report, Row
from leastkey.verify.run import verify

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIONS = (
    "*",
    "s3:*",
    "s3:Put*",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteBucket",
    "s3:?etObject",
    "iam:*",
    "iam:DeleteUser",
    "iam:CreateAccessKey",
    "ec2:*",
    "ec2:Terminate*",
    "ec2:RunInstances",
    "kms:ScheduleKeyDeletion",
    "lambda:InvokeFunction",
    "sqs:PurgeQueue",
    "sts:AssumeRole",
)
PLACES = (
    None,
    "'*'",
    "arn:aws:s3:::acme-reports/*",
    "arn:aws:s3:::acme-reports/report.csv",
    "arn:aws:s3:::acme-reports/report-?.csv",
    "arn:aws:s3:::acme-reports",
    "s3://acme-reports/nightly/",
)
LINES = st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from(PLACES)), min_size=1, max_size=3)


def is_harmless(name: str, parameters: Mapping[str, Any], *, honours: bool) -> bool:
    service, operation = name.split(":")
    if service == "ec2":
        return parameters["DryRun"] is True
    match operation:
        case "PutObject":
            is_ours = CHECK_KEY in parameters["Key"]
            return (
                parameters["IfMatch"] == '"leastkey-check"'
                and parameters["Body"] == b""
                and (is_ours or honours)
            )
        case "CreateUser":
            return bool(parameters["UserName"] == "nightly-bot")
        case "AttachRolePolicy":
            return bool(parameters["RoleName"] == ABSENT)
        case _:
            return operation == "AssumeRole" or operation.startswith(("List", "Get", "Describe"))


def _yaml(lines: list[tuple[str, str | None]]) -> str:
    return "".join(
        f"      - actions: ['{action}']\n" + (f"        on: {place}\n" if place else "")
        for action, place in lines
    )


@settings(deadline=None, max_examples=60)
@given(allow=LINES, deny=st.none() | LINES, honours=st.booleans())
def test_no_spec_makes_a_probe_that_could_change_anything(
    allow: list[tuple[str, str | None]], deny: list[tuple[str, str | None]] | None, *, honours: bool
) -> None:
    text = f"{HEAD}    allow:\n{_yaml(allow)}" + (f"    deny:\n{_yaml(deny)}" if deny else "")
    try:
        project = compile_project(parse_spec(text, "leastkey.yaml", lambda path: path), ACCOUNT, "aws")
    except LeastkeyError:
        return
    aws = Aws()
    verify(
        project.identities[0],
        project,
        {},
        aws,
        clock=Clock(),
        progress=Silent(),
        honours_conditions=honours,
    )
    for name, parameters in aws.asked:
        assert is_harmless(name, parameters, honours=honours), (name, parameters)


def test_the_role_that_must_not_exist_cannot_be_made_in_advance() -> None:
    """Else who may make a role of that name waits for a proof, by a role that may do too much, to attach to it."""
    assert re.fullmatch(r"leastkey-check-absent-[0-9a-f]{16}", ABSENT)
    aws = Aws()
    prove(aws)
    assert {parameters["RoleName"] for name, parameters in aws.asked if name == "iam:AttachRolePolicy"} == {
        ABSENT
    }


def test_an_object_of_the_users_is_not_written_to_where_if_match_may_be_ignored() -> None:
    lines = "    allow:\n      - actions: [s3:PutObject]\n        on: arn:aws:s3:::acme-reports/report.csv\n"
    for honours in (True, False):
        aws = Aws("s3:PutObject report.csv")
        project = wanted(lines)
        report = verify(
            project.identities[0],
            project,
            {},
            aws,
            clock=Clock(),
            progress=Silent(),
            honours_conditions=honours,
        )
        keys = {parameters["Key"] for name, parameters in aws.asked if name == "s3:PutObject"}
        assert ("report.csv" in keys) is honours
        line = next(row for row in report.rows if row.shown == "report.csv" and row.action == "s3:PutObject")
        assert line.status == ("ok" if honours else "engine-only")


@pytest.mark.parametrize("rows", [0, 3])
def test_a_proof_in_which_nothing_was_proved_is_none(rows: int) -> None:
    row = Row("allowed", "a line", "", "", "-", "-", "not-judged")
    assert Report("nightly", (row,) * rows).exit_code is Exit.UNPROVED
