"""The engine and the naive evaluator side by side. As a program: `make differential SEED=7 N=100000`.

It prints what was compared, and the first case on which the two part, made as small as it will go, on one line.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.differential.generate import generate
from tests.differential.naive import verdict

from leastkey.evaluate.cases import answer_line, read_case
from leastkey.evaluate.decide import decide

if TYPE_CHECKING:
    from collections.abc import Iterator

Object = dict[str, Any]
KEPT = ("id", "request", "action", "resource", "principal", "context", "arn", "account", "type", "Effect")


def agrees(case: Object) -> bool:
    """Tell whether both give one verdict. The engine leaves its explanation out, as it does where it has to be quick."""
    read = read_case(case)
    return decide(read.request, read.policies, explain=False).verdict == verdict(case)


def answered(case: Object) -> Object:
    return answer_line(json.dumps(case))[0]


def is_difference(case: Object) -> bool:
    """Tell whether they part where the engine names no question that AWS leaves open."""
    answer = answered(case)
    return "verdict" in answer and not answer.get("undocumented") and answer["verdict"] != verdict(case)


def smaller(value: Any) -> Iterator[Any]:
    """Give the value with one thing left out, for each thing that can be."""
    if isinstance(value, dict):
        for key, part in value.items():
            rest = {other: value[other] for other in value if other != key}
            yield from [] if key in KEPT else [rest]
            yield from ({**value, key: each} for each in smaller(part))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield value[:index] + value[index + 1 :]
            yield from ([*value[:index], each, *value[index + 1 :]] for each in smaller(part))


def smallest(case: Object) -> Object:
    """Leave out of a differing case whatever it differs without."""
    for less in smaller(case):
        if is_difference(less):
            return smallest(less)
    return case


def told(case: Object) -> str:
    """Write a difference down: the case on one line, both verdicts, and why the engine decides as it does."""
    case = smallest(case)
    answer = answered(case)
    lines = (
        f"{case['id']}: naive says {verdict(case)}, the engine {answer['verdict']}",
        json.dumps(case),
        f"layers: {json.dumps(answer['layers'])}",
        f"because: {json.dumps(answer['because'])}",
    )
    return "\n".join(lines)


def main() -> int:
    parser = ArgumentParser(description="compare the engine with the naive evaluator")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=50_000)
    asked = parser.parse_args()
    decided: Counter[str] = Counter()
    opened: Counter[str] = Counter()
    for number in range(asked.cases):
        case = generate(asked.seed, number)
        read = read_case(case)
        decision = decide(read.request, read.policies)
        if decision.undocumented:
            opened.update((*decision.undocumented, "in all"))
            continue
        if decision.verdict != verdict(case):
            sys.stdout.write(f"{told(case)}\n")
            return 1
        decided[f"{decision.verdict}  {decision.decided_by}"] += 1
        decided[f"{decision.verdict}  in all"] += 1
    for name, count in sorted(decided.items()):
        sys.stdout.write(f"{count:9,}  {name}\n")
    for name, count in sorted(opened.items()):
        sys.stdout.write(f"{count:9,}  not compared: {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
