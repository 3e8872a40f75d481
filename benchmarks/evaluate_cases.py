"""What the benchmarks of the engine ask: cases in the neutral format, no two with the same policies."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from measure import ROOT, line

from leastkey.evaluate import decide
from leastkey.evaluate.cases import read_case
from leastkey.iam.document import load_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ACCOUNT = "111122223333"
ALICE = {"type": "user", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice", "account": ACCOUNT}
SECONDS = 4.0
PEER = ROOT / "benchmarks" / "peer"

_DESCRIBED = ("Instances", "Regions", "Images", "Volumes", "Subnets", "Vpcs", "KeyPairs", "Addresses", "Tags")
_SERVICES = ("s3", "ec2", "dynamodb", "sqs", "sns", "kms", "lambda", "logs")


def small(number: int) -> str:
    """Give a case of 3.2 KB: four statements with many patterns, a variable, a set operator, a network."""
    tables = [f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t{number}-{index}" for index in range(19)]
    folders = [f"arn:aws:s3:::acme-{number}-{index}/${{aws:username}}/*" for index in range(20)]
    statements = [
        _allow(
            [f"ec2:Describe{each}" for each in _DESCRIBED],
            "*",
            {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}},
        ),
        _allow(["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], folders),
        _allow(
            ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"],
            tables,
            {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["${aws:username}*"]}},
        ),
        {
            **_allow(
                ["s3:*"], "arn:aws:s3:::*/archive/*", {"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}}
            ),
            "Effect": "Deny",
        },
    ]
    key = ("alice/a.csv", "bob/a.csv", "archive/a.csv")[number % 3]
    return _case(number, "s3:GetObject", f"arn:aws:s3:::acme-{number}-{number % 20}/{key}", [statements])


def heavy(number: int) -> str:
    """Give a case of ten policies of 5.9 KB and 31 statements each."""
    policies = [[_one(number, policy, index) for index in range(31)] for policy in range(10)]
    folder = f"arn:aws:s3:::acme-reports-{number}-{number % 10}-{number % 5 * 3}"
    return _case(number, "s3:GetObject", f"{folder}/a.csv", policies)


def _one(number: int, policy: int, index: int) -> dict[str, Any]:
    name = f"acme-reports-{number}-{policy}-{index}"
    first, second = (_SERVICES[(index + more) % 8] for more in (0, 1))
    actions = ["s3:GetObject", "s3:PutObject"] if index % 3 == 0 else [f"{first}:Get*", f"{second}:List*"]
    condition = {"StringEquals": {"aws:PrincipalTag/team": ["reports", "ops"]}} if index % 4 == 0 else None
    return _allow(actions, [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"], condition)


def _allow(
    actions: list[str], resources: str | list[str], condition: dict[str, Any] | None = None
) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return found if condition is None else {**found, "Condition": condition}


def _case(number: int, action: str, resource: str, policies: list[list[dict[str, Any]]]) -> str:
    context = {"aws:username": "alice", "aws:PrincipalTag/team": "ops", "aws:SourceIp": "192.0.2.7"}
    documents = [
        {
            "Version": "2012-10-17",
            "Statement": [{"Sid": f"S{index}", **each} for index, each in enumerate(statements)],
        }
        for statements in policies
    ]
    request = {
        "action": action,
        "resource": {"arn": resource, "account": ACCOUNT},
        "principal": ALICE,
        "context": context,
    }
    named = [{"name": f"p{index}", "document": each} for index, each in enumerate(documents)]
    return json.dumps({"id": str(number), "request": request, "identity_policies": named})


def cold(line: str) -> str:
    """Parse, compile and evaluate one line."""
    case = read_case(load_json(line))
    return decide(case.request, case.policies, explain=False).verdict


def a_second(asked: Sequence[Callable[[], object]]) -> float:
    """Give how many a CPU second are answered, each in turn."""
    for ask in asked:
        ask()
    count, started = 0, process_time()
    while process_time() - started < SECONDS:
        for ask in asked:
            ask()
        count += len(asked)
    return count / (process_time() - started)


def print_beside_the_peer(figure: str, lines: Sequence[str]) -> None:
    """Measure and print how many of these lines a CPU second are answered from the start, none twice."""
    with tempfile.TemporaryDirectory() as work:
        ours, peer = _beside_the_peer(lines, Path(work))
    reference = f"@cloud-copilot/iam-simulate 0.1.173 on node {peer:,.0f}"
    line(f"cold decisions a CPU second, {figure}", f"{ours:,.0f}", reference, ours / peer)


def _beside_the_peer(lines: Sequence[str], work: Path) -> tuple[float, float]:
    """Give how many of these lines a CPU second leastkey and the peer answer; both must answer alike.

    The peer is the npm package @cloud-copilot/iam-simulate, run by node as a process of its own.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        sys.exit("this figure needs node and npm")
    if not (PEER / "node_modules" / ".package-lock.json").exists():
        install = [npm, "ci", "--ignore-scripts", "--loglevel", "error"]
        subprocess.run(install, cwd=PEER, check=True, stdout=sys.stderr)
    file = work / "cases.jsonl"
    file.write_text("\n".join(lines))
    ours = a_second([partial(cold, each) for each in lines])
    command = [node, str(PEER / "simulate.mjs"), str(file), str(SECONDS)]
    peer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if peer["verdicts"] != [cold(each) for each in lines]:
        sys.exit("the two evaluators part")
    return ours, float(peer["rate"])
