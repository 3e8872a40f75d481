"""Memory of the sandbox after 100,000 requests, allowed, denied and refused, beside its memory after the first 10,000."""

from __future__ import annotations

import os
from pathlib import Path

from bench_sandbox_cpu import ACCOUNT, Call, through
from measure import line

from leastkey.sandbox.server.process import Sandbox
from leastkey.sandbox.state.backend import prepare_environment

FIRST, ALL = 10_000, 100_000


def main() -> None:
    prepare_environment(os.environ)
    sandbox = Sandbox(None)
    sandbox.open()
    made = sandbox.key_of(ACCOUNT)
    root = (str(made["access_key_id"]), str(made["secret_access_key"]))
    calls = [
        through(sandbox, Call("sts", form={"Action": "GetCallerIdentity", "Version": "2011-06-15"}), root),
        through(
            sandbox, Call("iam", form={"Action": "GetUser", "Version": "2010-05-08", "UserName": "no"}), root
        ),
        through(sandbox, Call("s3", "GET", "/no-bucket/k"), root),
        through(
            sandbox,
            Call("sts", form={"Action": "GetCallerIdentity", "Version": "2011-06-15"}),
            (root[0], "x"),
        ),
    ]
    early = 0.0
    for number in range(ALL):
        calls[number % len(calls)]()
        if number == FIRST:
            early = _resident()
    late = _resident()
    line(
        "MiB of the sandbox after 100,000 requests", f"{late:.0f}", f"after 10,000 {early:.0f}", late / early
    )


def _resident() -> float:
    fields = dict(row.split(":", 1) for row in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


if __name__ == "__main__":
    main()
