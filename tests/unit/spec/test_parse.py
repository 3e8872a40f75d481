"""What a spec says, as values: every key, every shorthand, every default."""

from __future__ import annotations

import pytest
from tests.unit.spec.bad_specs import grants, identity, on, top, uses, when
from tests.unit.spec.test_faults import DOCUMENTS, read_document

from leastkey.evaluate.operators import OPERATORS as EVALUATED
from leastkey.iam.document import load_document
from leastkey.iam.statement import Condition
from leastkey.spec.conditions import OPERATORS
from leastkey.spec.model import (
    AccountUse,
    ActionsGrant,
    Boundary,
    DocumentGrant,
    Identity,
    Level,
    LevelGrant,
    ManagedGrant,
    Names,
    Place,
    ServiceUse,
    Spec,
    UserUse,
)
from leastkey.spec.parse import parse_spec

DESIGN = """\
version: 1
project: acme-reports            # owner mark; default: the folder's name (init writes it)
account: "011122223333"          # optional; refuse to run anywhere else
region: eu-west-1
output: table
target: sandbox
identities:
  automation:
    description: Nightly report job
    names: {role: automation_role, policy: AutomationPolicy}
    allow:
      - ec2: [list, read]
      - s3: [list, read, write]
        on: s3://acme-reports/nightly/
      - actions: [EC2:startinstances, ec2:StopInstances, "s3:Get*"]
        on: [arn:aws:ec2:*:*:instance/*, "arn:*:s3:::b/${aws:username}/a b/*"]
        when: {StringEquals: {aws:ResourceTag/team: [reports, "on"]}, Bool: {aws:SecureTransport: True}}
      - document: allow.json
      - managed: AmazonEC2ReadOnlyAccess
    deny:
      - s3: write
        on: "*"
    boundary: {document: allow.json}
    session: 1h30m
    used-by:
      - user: automation_user
      - service: ecs-tasks.amazonaws.com
      - account: 044455556666
        external-id: "0123"
"""


def place(line: int, column: int) -> Place:
    return Place("leastkey.yaml", line, column)


def parsed(text: str) -> Spec:
    return parse_spec(text, "leastkey.yaml", read_document)


def one(text: str) -> Identity:
    (found,) = parsed(text).identities
    return found


def test_every_key_of_the_format_arrives_as_a_value() -> None:
    allowed = load_document(DOCUMENTS["allow.json"], "identity")
    spec = parsed(DESIGN)
    assert (spec.project, spec.account, spec.account_place) == ("acme-reports", "011122223333", place(3, 10))
    assert (spec.region, spec.output, spec.target, spec.text) == ("eu-west-1", "table", "sandbox", DESIGN)
    assert spec.identities == (
        Identity(
            name="automation",
            description="Nightly report job",
            names=Names("automation_role", "AutomationPolicy"),
            allow=(
                LevelGrant("ec2", (Level.LIST, Level.READ), (), (), place(12, 9)),
                LevelGrant(
                    "s3",
                    (Level.LIST, Level.READ, Level.WRITE),
                    ("s3://acme-reports/nightly/",),
                    (),
                    place(13, 9),
                ),
                ActionsGrant(
                    ("ec2:StartInstances", "ec2:StopInstances", "s3:Get*"),
                    ("arn:aws:ec2:*:*:instance/*", "arn:*:s3:::b/${aws:username}/a b/*"),
                    (
                        Condition("StringEquals", "aws:ResourceTag/team", ("reports", "on")),
                        Condition("Bool", "aws:SecureTransport", ("true",)),
                    ),
                    place(15, 9),
                ),
                DocumentGrant("allow.json", allowed, place(18, 9)),
                ManagedGrant("AmazonEC2ReadOnlyAccess", place(19, 9)),
            ),
            deny=(LevelGrant("s3", (Level.WRITE,), (), (), place(21, 9)),),
            boundary=Boundary(None, DocumentGrant("allow.json", allowed, place(23, 15)), place(23, 15)),
            session_seconds=5_400,
            used_by=(
                UserUse("automation_user", place(26, 9)),
                ServiceUse("ecs-tasks", place(27, 9)),
                AccountUse("044455556666", "0123", place(28, 9)),  # type: ignore[arg-type]  # an id written out
            ),
            place=place(8, 3),
        ),
    )
    assert spec.identities[0].user == UserUse("automation_user", place(26, 9))


def test_what_is_left_out_has_a_default() -> None:
    text = "version: 1\nidentities: {bot: {allow: [ec2: list], used-by: [user]}}\n"
    spec = parse_spec(text, "f", read_document, default_project="_my.folder-2")
    assert (spec.project, spec.account, spec.account_place) == ("_my.folder-2", None, None)
    assert (spec.region, spec.output, spec.target) == ("us-east-1", "json", "aws")
    (bot,) = spec.identities
    assert (bot.names, bot.deny, bot.boundary, bot.session_seconds) == (Names(), (), None, 3_600)
    assert bot.used_by == (UserUse(None, Place("f", 2, 50)),)
    assert "bot" in bot.description


@pytest.mark.parametrize("account", ["012345678901", "'012345678901'", '"012345678901"'])
def test_an_account_keeps_its_leading_zero_with_and_without_quotes(account: str) -> None:
    assert parsed(top(f"account: {account}")).account == "012345678901"


@pytest.mark.parametrize("text", ["\ufeff{}", "---\n{}", "{}\n...\n", "# first\r\n{}", "{}  # last"])
def test_the_frame_of_a_file_does_not_matter(text: str) -> None:
    body = "{version: 1, identities: {a: {allow: [s3: [list]], used-by: [user]}}}"
    assert len(parsed(text.replace("{}", body)).identities) == 1


def test_lines_end_as_on_any_system() -> None:
    for ending in ("\n", "\r\n", "\r"):
        spec = parsed(DESIGN.replace("\n", ending))
        assert spec.identities[0].place == place(8, 3)


@pytest.mark.parametrize(
    ("written", "seconds"), [("15m", 900), ("900s", 900), ("12h", 43_200), ("90m", 5_400), ("1h0m30s", 3_630)]
)
def test_a_session_is_read_in_hours_minutes_and_seconds(written: str, seconds: int) -> None:
    assert one(identity(f"    session: {written}")).session_seconds == seconds


@pytest.mark.parametrize("region", ["us-gov-west-1", "eusc-de-east-1", "mx-central-1", "ap-northeast-99"])
def test_a_region_of_the_right_form_is_taken_even_when_it_is_new(region: str) -> None:
    assert parsed(top(f"region: {region}")).region == region


def test_a_description_may_run_over_lines_and_use_latin_letters() -> None:
    assert one(identity("    description: |\n      Größe\n      zählen\n")).description == "Größe\nzählen"


@pytest.mark.parametrize(
    "resource",
    [
        "s3://abc/",
        "s3://a.b-c/x/",
        "s3://acme/one object.csv",
        "s3://acme/logs-*",
        "arn:aws-us-gov:s3:::b",
        "arn:aws:iam::aws:policy/x",
        "arn:aws:kms:*:11112222*:key/*",
        "arn:${aws:Partition}:s3:::b/*",
    ],
)
def test_a_resource_stays_as_written(resource: str) -> None:
    (grant,) = one(on(f'"{resource}"')).allow
    assert isinstance(grant, LevelGrant)
    assert grant.on == (resource,)


def test_a_bucket_can_limit_actions_when_one_of_them_is_of_s3() -> None:
    (grant,) = one(on("s3://abc/x/", "actions: [kms:Decrypt, s3:getobject]")).allow
    assert isinstance(grant, ActionsGrant)
    assert (grant.actions, grant.on) == (("kms:Decrypt", "s3:GetObject"), ("s3://abc/x/",))


@pytest.mark.parametrize(
    "name",
    [
        "AdministratorAccess",
        "job-function/ViewOnlyAccess",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws-cn:iam::aws:policy/job-function/ViewOnlyAccess",
    ],
)
def test_a_managed_policy_is_named_with_or_without_path_or_by_arn(name: str) -> None:
    (grant,) = one(grants(f"      - managed: {name}")).allow
    assert grant == ManagedGrant(name, place(5, 9))
    assert one(identity(f"    boundary: {{managed: {name}}}")).boundary == Boundary(name, None, place(4, 15))


def test_a_document_that_denies_may_stand_under_deny() -> None:
    (grant,) = one(identity("    deny: [document: deny.json]")).deny
    assert isinstance(grant, DocumentGrant)
    assert grant.document.statements[0].effect == "Deny"


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("{NumericLessThan: {s3:max-keys: 10}}", ("10",)),
        ("{DateGreaterThan: {aws:CurrentTime: 2026-12-31T00:00:00Z}}", ("2026-12-31T00:00:00Z",)),
        (
            "{IpAddress: {aws:SourceIp: [203.0.113.0/24, '2001:db8::/32']}}",
            ("203.0.113.0/24", "2001:db8::/32"),
        ),
        ("{ArnLike: {aws:PrincipalArn: arn:aws:iam::*:role/x}}", ("arn:aws:iam::*:role/x",)),
        ("{Null: {aws:TokenIssueTime: false}}", ("false",)),
        ('{NumericEquals: {s3:max-keys: "${aws:PrincipalTag/n}"}}', ("${aws:PrincipalTag/n}",)),
        ("{'ForAllValues:StringLikeIfExists': {aws:TagKeys: [a*, null-ish]}}", ("a*", "null-ish")),
        ("{StringEquals: {aws:PrincipalTag/x: 'null'}}", ("null",)),
    ],
)
def test_a_condition_value_its_operator_can_meet_is_taken(written: str, values: tuple[str, ...]) -> None:
    (grant,) = one(when(written)).allow
    assert isinstance(grant, LevelGrant)
    assert grant.when[0].values == values


def test_the_operators_a_spec_takes_are_those_the_engine_judges() -> None:
    plain = {name.rpartition(":")[2].removesuffix("IfExists").lower() for name in OPERATORS}
    assert plain == set(EVALUATED) | {"null"}


def test_several_workloads_share_one_identity() -> None:
    used_by = one(uses("      - user\n      - service: ec2\n      - service: lambda")).used_by
    assert used_by == (
        UserUse(None, place(6, 9)),
        ServiceUse("ec2", place(7, 9)),
        ServiceUse("lambda", place(8, 9)),
    )
