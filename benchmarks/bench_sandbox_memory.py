"""Memory of the sandbox after 100,000 requests, allowed, denied and refused, beside its memory after the first 10,000.

Two requests in ten go on to moto, whose own time would be most of it: what could grow with each is the gate's and the trail's.
"""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter

from bench_sandbox_cpu import ACCOUNT, between, through
from measure import line
from tests.sandbox.wires import Call, Key, query

from leastkey.sandbox.server.process import Sandbox
from leastkey.sandbox.state.backend import prepare_environment

FIRST, ALL = 10_000, 100_000
SIGNED = 1_000
"""A signature is good for so many requests: on a busy computer all of them take longer than it lasts."""


def main() -> None:
    prepare_environment(os.environ)
    sandbox = Sandbox(None)
    sandbox.open()
    made = sandbox.key_of(ACCOUNT)
    root = Key(str(made["access_key_id"]), str(made["secret_access_key"]))

    def iam(action: str) -> str:
        call = query("iam", action, "2010-05-08", UserName="u")
        return bytes(through(sandbox, call, root)().body).decode()

    iam("CreateUser")
    answer = iam("CreateAccessKey")
    user = Key(between(answer, "AccessKeyId"), between(answer, "SecretAccessKey"))
    who, get = query("sts", "GetCallerIdentity", "2011-06-15"), Call("s3", "GET", "/no-bucket/k")
    asked = (
        (query("iam", "GetUser", "2010-05-08", UserName="u"), root, 200),
        *[(who, root, 200), (who, user, 200)] * 2,
        *[(query("iam", "ListUsers", "2010-05-08"), user, 403)] * 2,
        *[(who, Key(root.id, "wrong"), 403), (who, Key("AKIA" + "A" * 16, "wrong"), 403)],
        (get, root, 404),
    )
    early, started = 0.0, perf_counter()
    for number in range(ALL):
        if number % SIGNED == 0:
            calls = [(through(sandbox, call, key), status) for call, key, status in asked]
        call, status = calls[number % len(calls)]
        if call().status != status:
            raise SystemExit(f"request {number} was not answered with {status}")
        if number == FIRST:
            early = _resident()
    late = _resident()
    line(
        f"MiB of the sandbox after 100,000 requests in {perf_counter() - started:.0f} s",
        f"{late:.0f}",
        f"after 10,000 {early:.0f}",
        late / early,
    )


def _resident() -> float:
    fields = dict(row.split(":", 1) for row in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


if __name__ == "__main__":
    main()
