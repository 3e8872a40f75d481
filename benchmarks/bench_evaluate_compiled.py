"""Decisions a second under ten compiled policies of 6 KB, beside the naive evaluator of the tests, which only parses once."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

from evaluate_cases import a_second, heavy
from measure import line
from tests.differential.naive import verdict

from leastkey.evaluate import Compiled
from leastkey.evaluate.cases import read_case


def main() -> None:
    plain = json.loads(heavy(0))
    case = read_case(plain)
    compiled = Compiled(case.policies)
    names = [
        f"arn:aws:s3:::acme-reports-0-{policy}-{index}/a.csv"
        for policy in range(10)
        for index in range(0, 31, 3)
    ]
    requests = [replace(case.request, resource=name) for name in names]
    written = [
        {**plain, "request": {**plain["request"], "resource": {**plain["request"]["resource"], "arn": name}}}
        for name in names
    ]
    if [compiled.verdict(each) for each in requests] != [verdict(each) for each in written]:
        raise SystemExit("the two evaluators part")
    ours = a_second([partial(compiled.verdict, each) for each in requests])
    naive = a_second([partial(verdict, each) for each in written[:20]])
    line(
        "decisions a CPU second under ten compiled policies of 6 KB, 310 statements",
        f"{ours:,.0f}",
        f"naive evaluator of tests/differential {naive:,.0f}",
        ours / naive,
    )


if __name__ == "__main__":
    main()
