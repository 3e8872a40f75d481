"""The operator's policy names the calls that leastkey makes, all of them and no others, on what is the project's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.session import Session
from tests.unit.compile.specs import ACCOUNT

from leastkey.aws import iam as adapter
from leastkey.compile.names import Home
from leastkey.compile.operator_policy import operator_policy
from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request, Verdict
from leastkey.iam.endpoints import partition_at
from leastkey.spec.parse import parse_spec

if TYPE_CHECKING:
    from leastkey.iam.document import PolicyDocument

HOME = Home(ACCOUNT, "aws", "acme")
OPERATOR = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/operator", ACCOUNT)
EVERYTHING = """\
version: 1
identities:
  nightly:
    allow:
      - actions: [ec2:DescribeRegions]
      - managed: AmazonEC2ReadOnlyAccess
    boundary: {managed: PowerUserAccess}
    used-by: [user, service: ec2, github: {repository: acme/reports, environment: production}]
"""
USES = "user, service: ec2, github: {repository: acme/reports, environment: production}"
ON_THE_WAY = {"TagInstanceProfile", "TagOpenIDConnectProvider", "PassRole"}
"""AWS asks for these where an entity is made with tags, and where an instance profile takes a role."""


def policy(text: str = EVERYTHING) -> PolicyDocument:
    return operator_policy(parse_spec(text, "leastkey.yaml", lambda _: "", default_project="acme"), HOME)


def allowed(document: PolicyDocument) -> set[str]:
    actions = {action for each in document.statements for action in each.actions}
    return {action.removeprefix("iam:") for action in actions if action.startswith("iam:")}


def calls_of_the_adapter() -> set[str]:
    """Give the operations of IAM that the one adapter to it names."""
    text = Path(adapter.__file__).read_text()
    operations = set(Session().get_service_model("iam").operation_names)
    named = set(re.findall(r'"([A-Z][A-Za-z]+)"', text)) & operations
    tagged = {f"Tag{kind}" for kind, _ in adapter._TAGGED.values()}
    return named | tagged


def test_every_call_of_the_adapter_is_in_it_and_no_other() -> None:
    assert allowed(policy()) - ON_THE_WAY == calls_of_the_adapter()


@pytest.mark.parametrize(
    ("uses", "absent"),
    [
        ("user", {"PassRole", "CreateInstanceProfile", "CreateOpenIDConnectProvider"}),
        ("service: ec2", {"CreateUser", "CreateAccessKey", "RemoveUserFromGroup"}),
    ],
)
def test_what_a_spec_has_no_use_for_is_not_in_it(uses: str, absent: set[str]) -> None:
    found = allowed(policy(EVERYTHING.replace(USES, uses)))
    assert "CreateRole" in found
    assert not found & absent


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected"),
    [
        ("iam:CreateRole", "arn:aws:iam::111122223333:role/leastkey/acme/x", {}, True),
        ("iam:CreateRole", "arn:aws:iam::111122223333:role/x", {}, False),
        ("iam:CreateRole", "arn:aws:iam::111122223333:role/leastkey/acme-2/x", {}, False),
        ("iam:DeleteUser", "arn:aws:iam::111122223333:user/leastkey/other/x", {}, False),
        (
            "iam:AttachRolePolicy",
            "arn:aws:iam::111122223333:role/leastkey/acme/x",
            {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"},
            True,
        ),
        (
            "iam:AttachRolePolicy",
            "arn:aws:iam::111122223333:role/leastkey/acme/x",
            {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"},
            False,
        ),
        (
            "iam:PassRole",
            "arn:aws:iam::111122223333:role/leastkey/acme/x",
            {"iam:PassedToService": "ec2.amazonaws.com"},
            True,
        ),
        (
            "iam:PassRole",
            "arn:aws:iam::111122223333:role/leastkey/acme/x",
            {"iam:PassedToService": "lambda.amazonaws.com"},
            False,
        ),
    ],
)
def test_it_reaches_the_project_and_nothing_beside_it(
    action: str, resource: str, context: dict[str, str], *, expected: bool
) -> None:
    asked = Request(action, resource, OPERATOR, ACCOUNT, context)
    verdict = decide(asked, Policies(identity=(NamedDocument("operator", policy()),))).verdict
    assert (verdict is Verdict.ALLOWED) == expected


def test_the_names_of_another_partition_are_used_there() -> None:
    text = EVERYTHING.replace("version: 1", "version: 1\nregion: cn-north-1")
    read = parse_spec(text, "leastkey.yaml", lambda _: "", default_project="acme")
    there = operator_policy(read, Home(ACCOUNT, partition_at("cn-north-1"), "acme")).text()
    assert "arn:aws-cn:iam::" in there
    assert "ec2.amazonaws.com.cn" in there
    assert "arn:aws:" not in there
