"""An AWS that answers as it is told, a clock that moves only when somebody waits, and a spec to prove."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from leastkey.compile.project import compile_project
from leastkey.iam.arn import AccountId
from leastkey.iam.document import parse_document
from leastkey.ports.aws import Answer
from leastkey.ports.people import Silent
from leastkey.spec.parse import parse_spec
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
    is_secure: bool = True,
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
        is_secure=is_secure,
    )


def row(report: Report, action: str, side: str | None = None) -> Row:
    return next(each for each in report.rows if each.action == action and side in (None, each.side))
