"""The proof, against an AWS that answers as it is told."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest

from leastkey.compile.project import compile_project
from leastkey.errors import AwsError, Exit
from leastkey.iam.arn import AccountId
from leastkey.iam.document import parse_document
from leastkey.ports.aws import Answer
from leastkey.ports.people import Silent
from leastkey.spec.parse import parse_spec
from leastkey.verify.calls import CHECK_KEY
from leastkey.verify.run import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leastkey.compile.wanted import Wanted
    from leastkey.iam.document import PolicyDocument
    from leastkey.ports.aws import Calls
    from leastkey.verify.report import Report, Row

ACCOUNT = AccountId("111122223333")
HEAD = """
version: 1
project: acme
region: eu-west-1
target: aws
identities:
  nightly:
    used-by: [{user: nightly-bot}]
"""
USUAL = """
    allow:
      - actions: [ec2:DescribeRegions]
      - s3: [list, read, write]
        on: s3://acme-reports/nightly/
"""
MANAGED = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
READ_ONLY = parse_document(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}},
    "identity",
)
REFUSED = {"ec2": "UnauthorizedOperation"}
AFTER = {
    ("s3", "PutObject"): Answer(412, "PreconditionFailed", ""),
    ("s3", "GetObject"): Answer(404, "NoSuchKey", ""),
    ("iam", "CreateUser"): Answer(409, "EntityAlreadyExists", ""),
    ("iam", "AttachRolePolicy"): Answer(404, "NoSuchEntity", ""),
}


def wanted(lines: str = USUAL, documents: Mapping[str, str] | None = None) -> Wanted:
    spec = parse_spec(HEAD + lines, "leastkey.yaml", lambda path: (documents or {})[path])
    return compile_project(spec, ACCOUNT, "aws")


class Aws:
    """Answers calls: those of `allowed` as AWS does after it authorized them, all others with a refusal."""

    def __init__(
        self, *allowed: str, more: Mapping[str, Answer | Callable[[], Answer]] | None = None
    ) -> None:
        self.allowed = set(allowed)
        self.more = dict(more or {})
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self._lock = Lock()

    def call(self, service: str, operation: str, parameters: Mapping[str, object]) -> Answer:
        with self._lock:
            name = f"{service}:{operation}"
            self.asked.append((name, parameters))
            key = str(parameters.get("Key", parameters.get("Prefix", "")))
            for known in (f"{name} {key}".strip(), name):
                found = self.more.get(known)
                if found is not None:
                    return found if isinstance(found, Answer) else found()
                if known in self.allowed:
                    return self._carried_out(service, operation, parameters)
            return Answer(
                403, REFUSED.get(service, "AccessDenied"), f"not authorized to perform: {_action(name)}"
            )

    @staticmethod
    def _carried_out(service: str, operation: str, parameters: Mapping[str, object]) -> Answer:
        if parameters.get("DryRun"):
            return Answer(412, "DryRunOperation", "")
        return AFTER.get((service, operation), Answer(200, "", ""))


def _action(name: str) -> str:
    return {"s3:ListBuckets": "s3:ListAllMyBuckets", "s3:ListObjectsV2": "s3:ListBucket"}.get(name, name)


class Clock:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def now(self) -> datetime:
        return datetime(2025, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return sum(self.waited)

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


USUAL_GRANTS = (
    "ec2:DescribeRegions",
    "s3:PutObject nightly/.leastkey-check",
    "s3:GetObject nightly/.leastkey-check",
)


def prove(
    calls: Calls | None,
    project: Wanted | None = None,
    *,
    managed: Mapping[str, PolicyDocument] | None = None,
    clock: Clock | None = None,
    settling: bool = False,
) -> Report:
    project = project or wanted()
    return verify(
        project.identities[0],
        project,
        managed or {},
        calls,
        clock=clock or Clock(),
        progress=Silent(),
        settling=settling,
    )


def row(report: Report, action: str, side: str | None = None) -> Row:
    return next(each for each in report.rows if each.action == action and side in (None, each.side))


def test_all_as_described() -> None:
    report = prove(Aws(*USUAL_GRANTS))
    assert report.exit_code == Exit.OK
    assert {each.status for each in report.rows} == {"ok"}
    assert [each.action for each in report.rows if each.side == "allowed"] == [
        "ec2:DescribeRegions",
        "s3:PutObject",
    ]
    assert sum(each.side == "denied" for each in report.rows) == 12
    assert report.counts["agree"] == report.counts["total"] == 14


def test_no_probe_changes_anything_even_where_everything_is_allowed() -> None:
    aws = Aws()
    prove(aws)
    for name, parameters in aws.asked:
        service, operation = name.split(":")
        harmless = (
            (service == "ec2" and parameters["DryRun"] is True)
            or operation.startswith(("List", "Get"))
            or (
                operation == "PutObject" and "IfMatch" in parameters and parameters["Key"].endswith(CHECK_KEY)
            )
            or (operation == "CreateUser" and parameters["UserName"] == "nightly-bot")
            or (operation == "AttachRolePolicy" and parameters["RoleName"] == "leastkey-check-absent")
            or operation == "AssumeRole"
        )
        assert harmless, name


def test_something_allowed_that_must_be_denied_wins() -> None:
    report = prove(Aws("ec2:DescribeRegions", "iam:ListUsers"))
    assert row(report, "iam:ListUsers").status == "NO"
    assert row(report, "s3:PutObject", "allowed").status == "NO"
    assert report.exit_code == Exit.ALLOWED_TOO_MUCH


@pytest.mark.parametrize(
    ("granted", "action"),
    [
        ("iam:CreateUser", "iam:CreateUser"),
        ("s3:GetObject .leastkey-check", "s3:GetObject"),
        ("ec2:CreateVpc", "ec2:CreateVpc"),
    ],
)
def test_a_rejection_after_authorization_means_allowed(granted: str, action: str) -> None:
    report = prove(Aws(*USUAL_GRANTS, granted))
    assert row(report, action, "denied").status == "NO"
    assert report.exit_code == Exit.ALLOWED_TOO_MUCH


def test_something_denied_that_must_be_allowed() -> None:
    report = prove(Aws("s3:PutObject nightly/.leastkey-check"))
    assert row(report, "ec2:DescribeRegions").status == "NO"
    assert report.exit_code == Exit.DENIED_TOO_MUCH


def test_an_answer_nobody_foresaw_breaks_the_probe() -> None:
    report = prove(
        Aws(*USUAL_GRANTS, more={"iam:ListUsers": Answer(400, "ExpiredToken", "the token is expired")})
    )
    assert row(report, "iam:ListUsers").status == "broken"
    assert report.exit_code == Exit.UNPROVED


def test_a_403_without_a_body_is_a_denial() -> None:
    report = prove(Aws(*USUAL_GRANTS, more={"iam:ListUsers": Answer(403, "", "")}))
    assert (row(report, "iam:ListUsers").status, row(report, "iam:ListUsers").aws) == ("ok", "403")


def test_an_error_without_a_code_is_none() -> None:
    report = prove(Aws(*USUAL_GRANTS, more={"iam:ListUsers": Answer(500, "", "")}))
    assert (row(report, "iam:ListUsers").status, row(report, "iam:ListUsers").aws) == ("broken", "500")


def test_aws_own_words_are_shown() -> None:
    report = prove(Aws(*USUAL_GRANTS))
    assert row(report, "s3:PutObject", "allowed").aws == "412, nothing written"
    assert row(report, "ec2:DescribeRegions").aws == "DryRunOperation"
    assert row(report, "ec2:TerminateInstances").aws == "UnauthorizedOperation"
    read = wanted(USUAL.replace("[list, read, write]", "[read]"))
    assert row(prove(Aws(*USUAL_GRANTS), read), "s3:GetObject", "allowed").aws == "NoSuchKey"


def test_a_grant_on_instances_is_tried_on_an_instance() -> None:
    project = wanted(
        "    allow:\n      - actions: [ec2:StopInstances]\n        on: arn:aws:ec2:eu-west-1:*:instance/*\n"
    )
    line = row(prove(Aws("ec2:StopInstances"), project), "ec2:StopInstances")
    assert (line.status, line.resource) == (
        "ok",
        "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0",
    )


def test_a_wrong_signature_is_no_denial() -> None:
    report = prove(Aws(*USUAL_GRANTS, more={"iam:ListUsers": Answer(403, "SignatureDoesNotMatch", "")}))
    assert row(report, "iam:ListUsers").status == "broken"


def test_no_answer_breaks_the_probe() -> None:
    def silent() -> Answer:
        raise AwsError("iam:ListUsers", "", "no connection", outcome="unknown")

    report = prove(Aws(*USUAL_GRANTS, more={"iam:ListUsers": silent}))
    assert row(report, "iam:ListUsers").status == "broken"
    assert report.exit_code == Exit.UNPROVED


def test_an_endpoint_that_ignores_if_match_is_told() -> None:
    written = {"s3:PutObject nightly/.leastkey-check": Answer(200, "", "")}
    report = prove(Aws(*USUAL_GRANTS, more=written))
    assert row(report, "s3:PutObject", "allowed").status == "broken"
    assert report.exit_code == Exit.UNPROVED
    report = prove(Aws(*USUAL_GRANTS, more={"s3:PutObject .leastkey-check": Answer(200, "", "")}))
    assert report.exit_code == Exit.ALLOWED_TOO_MUCH


def test_judges_that_disagree_prove_nothing() -> None:
    bounded = wanted(USUAL + "    boundary: {document: b.json}\n", {"b.json": READ_ONLY.text()})
    report = prove(Aws(*USUAL_GRANTS), bounded)
    assert (row(report, "s3:PutObject", "allowed").engine, row(report, "s3:PutObject", "allowed").status) == (
        "deny",
        "disagree",
    )
    assert report.exit_code == Exit.UNPROVED


def test_a_bucket_that_is_not_there_is_no_failure() -> None:
    missing = Answer(404, "NoSuchBucket", "")
    names = (
        "PutObject nightly/.leastkey-check",
        "GetObject nightly/.leastkey-check",
        "ListObjectsV2 nightly/",
    )
    aws = Aws("ec2:DescribeRegions", more={f"s3:{name}": missing for name in names})
    report = prove(aws)
    assert row(report, "s3:PutObject", "allowed").status == "engine-only"
    assert report.exit_code == Exit.OK


def test_a_hidden_404_is_left_to_the_next_target_and_then_to_the_engine() -> None:
    bare = Answer(403, "AccessDenied", "Access Denied")
    objects = {f"s3:{name} nightly/.leastkey-check": bare for name in ("PutObject", "GetObject")}
    listed = prove(Aws("ec2:DescribeRegions", "s3:ListObjectsV2 nightly/", more=objects))
    assert row(listed, "s3:ListBucket", "allowed").status == "ok"
    no_list = wanted(USUAL.replace("[list, read, write]", "[read]"))
    report = prove(Aws("ec2:DescribeRegions", more=objects), no_list)
    assert row(report, "s3:GetObject", "allowed").status == "engine-only"
    assert report.exit_code == Exit.OK
    named = Answer(403, "AccessDenied", "User x is not authorized to perform: s3:GetObject on resource")
    report = prove(Aws("ec2:DescribeRegions", more={"s3:GetObject nightly/.leastkey-check": named}), no_list)
    assert report.exit_code == Exit.DENIED_TOO_MUCH


def test_with_the_whole_bucket_listed_a_403_is_a_403() -> None:
    project = wanted(USUAL.replace("s3://acme-reports/nightly/", "s3://acme-reports/"))
    bare = {
        f"s3:{name} .leastkey-check": Answer(403, "AccessDenied", "Access Denied")
        for name in ("PutObject", "GetObject")
    }
    report = prove(Aws("ec2:DescribeRegions", "s3:ListObjectsV2", more=bare), project)
    assert report.exit_code == Exit.DENIED_TOO_MUCH


def test_right_after_a_change_a_missing_grant_is_asked_for_again_and_a_denial_is_not() -> None:
    answers = [Answer(403, "UnauthorizedOperation", "")] * 3 + [Answer(412, "DryRunOperation", "")] * 9
    aws = Aws(*USUAL_GRANTS, more={"ec2:DescribeRegions": lambda: answers.pop(0)})
    clock = Clock()
    report = prove(aws, clock=clock, settling=True)
    assert report.exit_code == Exit.OK
    assert clock.waited == [1, 2, 4]
    names = [name for name, _ in aws.asked]
    assert names.count("ec2:DescribeRegions") == 4
    assert names.count("iam:ListUsers") == 1
    assert names.index("iam:ListUsers") > max(
        i for i, name in enumerate(names) if name == "ec2:DescribeRegions"
    )


def test_waiting_ends_after_a_minute() -> None:
    clock = Clock()
    report = prove(Aws(*USUAL_GRANTS[1:]), clock=clock, settling=True)
    assert report.exit_code == Exit.DENIED_TOO_MUCH
    assert sum(clock.waited) == 60


def test_without_a_change_nothing_is_asked_twice() -> None:
    clock, aws = Clock(), Aws()
    prove(aws, clock=clock)
    assert clock.waited == []
    assert len({(name, str(sorted(parameters.items()))) for name, parameters in aws.asked}) == len(aws.asked)


def test_what_the_spec_grants_is_never_expected_to_be_denied() -> None:
    project = wanted("    allow:\n      - iam: full\n      - s3: full\n")
    report = prove(Aws("iam:ListUsers", "s3:ListBuckets"), project)
    denied = {each.action.split(":")[0] for each in report.rows if each.side == "denied"}
    assert denied == {"ec2", "sts"}
    assert report.exit_code == Exit.OK


def test_each_deny_line_is_proved() -> None:
    project = wanted(
        USUAL + "    deny:\n      - s3: [write]\n        on: s3://acme-reports/nightly/archive/\n"
    )
    report = prove(Aws(*USUAL_GRANTS), project)
    (line,) = [each for each in report.rows if "archive" in each.resource]
    assert (line.side, line.action, line.status) == ("denied", "s3:PutObject", "ok")
    report = prove(Aws(*USUAL_GRANTS, "s3:PutObject nightly/archive/.leastkey-check"), project)
    assert report.exit_code == Exit.ALLOWED_TOO_MUCH


def test_a_managed_policy_nobody_read_is_not_judged() -> None:
    project = wanted(USUAL + "      - managed: AmazonEC2ReadOnlyAccess\n")
    report = prove(Aws(*USUAL_GRANTS), project)
    assert [each.status for each in report.rows] == ["ok", "ok", "not-judged"]
    assert row(report, "ec2:DescribeRegions").engine == "not judged"
    assert report.exit_code == Exit.OK


def test_a_managed_policy_that_was_read_has_its_probe() -> None:
    project = wanted("    allow:\n      - managed: AmazonEC2ReadOnlyAccess\n")
    report = prove(Aws("ec2:DescribeRegions"), project, managed={MANAGED: READ_ONLY})
    assert row(report, "ec2:DescribeRegions").status == "ok"
    assert "ec2:DescribeInstances" not in {each.action for each in report.rows}
    assert prove(Aws(), project, managed={MANAGED: READ_ONLY}).exit_code == Exit.DENIED_TOO_MUCH


@pytest.mark.parametrize(
    "condition",
    [
        "StringEquals: {aws:ResourceTag/team: reports}",
        "StringLike: {aws:ResourceTag/team: 'r*'}",
        "NumericLessThan: {ec2:VolumeSize: '10'}",
        "DateGreaterThan: {aws:CurrentTime: '2031-01-01T00:00:00Z'}",
        "IpAddress: {aws:SourceIp: 203.0.113.0/24}",
        "Bool: {aws:MultiFactorAuthPresent: 'true'}",
        "StringEquals: {aws:RequestedRegion: us-east-1}",
        "'ForAnyValue:StringEquals': {aws:TagKeys: team}",
        "'Null': {ec2:Owner: 'false'}",
        "'Null': {aws:SecureTransport: 'true'}",
        "NumericGreaterThanEquals: {ec2:VolumeSize: '10'}",
        "StringNotEquals: {aws:RequestedRegion: eu-west-1}",
    ],
)
def test_a_condition_no_call_can_meet_is_assumed_and_shown(condition: str) -> None:
    project = wanted(f"    allow:\n      - actions: [ec2:StopInstances]\n        when: {{{condition}}}\n")
    report = prove(Aws(), project)
    (line,) = [each for each in report.rows if each.side == "allowed"]
    assert (line.status, line.engine) == ("engine-only", "allow")
    assert line.note.startswith("assumed to hold: ")
    assert report.exit_code == Exit.OK


def test_a_condition_that_every_call_meets_is_proved() -> None:
    project = wanted(
        "    allow:\n      - actions: [ec2:StopInstances]\n        when: {StringEquals: {aws:RequestedRegion: eu-west-1}}\n"
    )
    assert row(prove(Aws("ec2:StopInstances"), project), "ec2:StopInstances").status == "ok"


def test_a_condition_only_aws_can_check_leaves_the_verdict_to_aws() -> None:
    deny: Any = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    }
    document = parse_document({"Version": "2012-10-17", "Statement": deny}, "identity").text()
    project = wanted(USUAL + "    deny:\n      - document: d.json\n", {"d.json": document})
    report = prove(Aws(*USUAL_GRANTS), project)
    regions = row(report, "ec2:DescribeRegions", "allowed")
    assert (regions.engine, regions.status) == ("open", "ok")
    assert prove(Aws(), project).exit_code == Exit.DENIED_TOO_MUCH


def test_a_grant_without_a_harmless_call_is_judged_by_the_engine_alone() -> None:
    project = wanted(
        "    allow:\n      - actions: [sqs:SendMessage]\n        on: arn:aws:sqs:eu-west-1:111122223333:jobs\n"
    )
    report = prove(Aws(), project)
    line = row(report, "sqs:SendMessage")
    assert (line.status, line.engine, line.aws) == ("engine-only", "allow", "-")
    assert report.exit_code == Exit.OK


def test_a_role_that_only_a_service_wears_is_judged_by_the_engine_alone() -> None:
    report = prove(None)
    assert {each.status for each in report.rows} == {"engine-only"}
    assert report.exit_code == Exit.OK


def test_a_call_the_endpoint_does_not_have_is_left_to_the_engine() -> None:
    report = prove(Aws(*USUAL_GRANTS, more={"iam:ListUsers": Answer(501, "NotImplemented", "")}))
    assert row(report, "iam:ListUsers").status == "engine-only"
    assert report.exit_code == Exit.OK


def test_a_refusal_for_want_of_another_action_decides_nothing() -> None:
    other = Answer(403, "AccessDenied", "x is not authorized to perform: s3:ListBucket on resource y")
    report = prove(Aws(*USUAL_GRANTS, more={"s3:GetObject .leastkey-check": other}))
    line = row(report, "s3:GetObject", "denied")
    assert (line.status, line.note) == ("engine-only", "AWS asked for s3:ListBucket")


def test_a_condition_that_cannot_even_be_assumed_is_not_judged() -> None:
    condition = "StringEquals: {aws:ResourceTag/owner: '${aws:username}'}"
    project = wanted(f"    allow:\n      - actions: [ec2:StopInstances]\n        when: {{{condition}}}\n")
    (line,) = [each for each in prove(Aws(), project).rows if each.side == "allowed"]
    assert (line.status, line.engine) == ("not-judged", "open")


def test_a_denial_that_rests_on_undocumented_semantics_is_not_asserted() -> None:
    statement = '{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret"}'
    text = f'{{"Version": "2012-10-17", "Statement": {statement}}}'
    project = wanted(USUAL + "      - document: d.json\n", {"d.json": text})
    report = prove(Aws(*USUAL_GRANTS), project)
    assert "s3:ListAllMyBuckets" not in {each.action for each in report.rows}


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::acme-*/*"},
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": ["arn:aws:s3:::acme-reports/${aws:userid}/*"],
        },
        {"Effect": "Allow", "Action": "acme:Get*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-reports/a?c"},
        {"Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:*:*:secret"},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:eu-west-1:111122223333:key/1"},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::444455556666:role/other"},
    ],
)
def test_a_raw_document_never_fails_a_proof_that_aws_confirms(statement: dict[str, Any]) -> None:
    text = parse_document({"Version": "2012-10-17", "Statement": statement}, "identity").text()
    project = wanted("    allow:\n      - document: d.json\n", {"d.json": text})
    granted = ["s3:ListBuckets"] if "NotAction" in statement else ["s3:GetObject axc"]
    report = prove(Aws(*granted), project)
    assert report.exit_code == Exit.OK, report.lines(verbose=True)
    assert (
        not {each.action for each in report.rows if each.side == "denied"} & {"s3:PutObject"}
        or statement["Action"] != "*"
    )


def test_the_bucket_of_a_document_has_its_denials_too() -> None:
    statement: Any = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-reports/nightly/*",
    }
    text = parse_document({"Version": "2012-10-17", "Statement": statement}, "identity").text()
    project = wanted("    allow:\n      - document: d.json\n", {"d.json": text})
    report = prove(Aws("s3:GetObject nightly/.leastkey-check"), project)
    denied = [(each.action, each.shown) for each in report.rows if each.side == "denied"]
    assert denied[:2] == [("s3:GetObject", ".leastkey-check"), ("s3:PutObject", ".leastkey-check")]


def test_another_identitys_role_is_the_one_that_is_tried() -> None:
    project = wanted(USUAL + "  weekly:\n    used-by: [user]\n    allow:\n      - ec2: [list]\n")
    report = prove(Aws(*USUAL_GRANTS), project)
    assert row(report, "sts:AssumeRole").resource == str(project.identities[1].role.arn)


def test_people_see_counts_and_what_is_wrong() -> None:
    report = prove(Aws(*USUAL_GRANTS, "iam:ListUsers"))
    assert report.lines(verbose=False) == (
        "Two judges: our engine (offline) and AWS (real calls that change nothing)",
        "  must be allowed    2 of 2 ok",
        "  must be denied    11 of 12 NO",
        "  NO   iam:ListUsers                             deny     200",
        "13 of 14 as expected, judges agree on 13.   (leastkey verify shows each)",
    )
    assert all(len(line) <= 80 for line in report.lines(verbose=True))
    assert report.to_json()["exit_code"] == 11
