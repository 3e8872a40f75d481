"""What a decision costs under a compiled policy of 1,000 statements, beside one of 10."""

from __future__ import annotations

from functools import partial

from evaluate_cases import ACCOUNT, a_second
from measure import line

from leastkey.evaluate import Compiled, NamedDocument, Policies, Principal, Request
from leastkey.iam.document import parse_document

ALICE = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT)


def rate(statements: int) -> float:
    """Give decisions a CPU second where each statement allows the same actions on a bucket of its own."""
    document = parse_document(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:Put*"],
                    "Resource": f"arn:aws:s3:::acme-{number}/*",
                    "Condition": {"StringLike": {"aws:PrincipalTag/team": "rep*"}},
                }
                for number in range(statements)
            ],
        },
        "identity",
    )
    compiled = Compiled(Policies(identity=(NamedDocument("rules", document),)))
    context = {"aws:PrincipalTag/team": "reports"}
    places = [round(part * (statements - 1) / 9) for part in range(10)]
    asked = [
        Request("s3:GetObject", f"arn:aws:s3:::acme-{place}/a.csv", ALICE, ACCOUNT, context)
        for place in places
    ]
    if not all(compiled.decide(each).is_allowed for each in asked):
        raise SystemExit("a statement is not found")
    return a_second([partial(compiled.verdict, each) for each in asked])


def main() -> None:
    few, many = rate(10), rate(1_000)
    line(
        "microseconds of CPU a decision under a policy of 1,000 statements",
        f"{1e6 / many:.1f}",
        f"the same under 10 statements {1e6 / few:.1f}",
        few / many,
    )


if __name__ == "__main__":
    main()
