"""Decisions a second of the engine under a policy of 3 KB, beside the naive evaluator of the tests."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from measure import line
from tests.differential.naive import verdict

from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request
from leastkey.iam.document import parse_document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ACCOUNT = "111122223333"
USER = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT)
SECONDS = 4.0


def policy() -> dict[str, Any]:
    """Give a policy as a script's grows: a prefix a job, a few reads, one condition, one denial."""
    statements = [
        {
            "Sid": f"Job{number}",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:List*"],
            "Resource": [f"arn:aws:s3:::acme-{number}", f"arn:aws:s3:::acme-{number}/${{aws:username}}/*"],
        }
        for number in range(17)
    ]
    last: list[dict[str, object]] = [
        {
            "Effect": "Allow",
            "Action": ["ec2:Describe*", "ec2:StartInstances"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["reports", "ops"]}},
        },
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::*/archive/*"},
    ]
    return {"Version": "2012-10-17", "Statement": [*statements, *last]}


def requests() -> list[Request]:
    context = {"aws:username": "alice", "aws:PrincipalTag/team": "ops"}
    asked = [
        *(("s3:GetObject", f"arn:aws:s3:::acme-{number}/alice/report.csv") for number in range(17)),
        *(("s3:PutObject", f"arn:aws:s3:::acme-{number}/bob/report.csv") for number in range(17)),
        ("s3:GetObject", "arn:aws:s3:::acme-3/archive/x"),
        ("ec2:DescribeInstances", "*"),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x"),
    ]
    return [Request(action, resource, USER, ACCOUNT, context) for action, resource in asked]


def case(request: Request, document: dict[str, Any]) -> dict[str, Any]:
    """Write a request down as the naive evaluator reads it."""
    return {
        "request": {
            "action": request.action,
            "resource": {"arn": request.resource, "account": ACCOUNT},
            "principal": {"type": "user", "arn": USER.arn, "account": ACCOUNT},
            "context": dict(request.context),
        },
        "identity_policies": [{"name": "rules", "document": document}],
    }


def a_second(ask: Callable[[Any], object], asked: Sequence[Any]) -> float:
    for request in asked:
        ask(request)
    count, started = 0, perf_counter()
    while perf_counter() - started < SECONDS:
        for request in asked:
            ask(request)
        count += len(asked)
    return count / (perf_counter() - started)


def main() -> None:
    plain, asked = policy(), requests()
    document = parse_document(plain, "identity")
    policies = Policies(identity=(NamedDocument("rules", document),))
    cases = [case(each, plain) for each in asked]
    pairs = zip(asked, cases, strict=True)
    wrong = [each for each, written in pairs if decide(each, policies).verdict != verdict(written)]
    if wrong:
        raise SystemExit(f"the two evaluators part at {wrong[0]}")
    ours = a_second(lambda request: decide(request, policies, explain=False), asked)
    naive = a_second(verdict, cases)
    line(
        f"decisions a second, one core, policy of {document.characters():,} characters",
        f"{ours:,.0f}",
        f"naive evaluator of tests/differential {naive:,.0f}",
        ours / naive,
    )


if __name__ == "__main__":
    main()
