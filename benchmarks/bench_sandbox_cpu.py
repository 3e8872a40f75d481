"""CPU of a request through the sandbox's gate beside the same request to moto alone, in one process, turn by turn.

The caller is one of 500 users with a policy, a group and a boundary. Moto verifies and authorizes nothing here.
"""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, datetime
from statistics import median
from time import thread_time
from typing import TYPE_CHECKING, Any

from measure import line
from tests.sandbox.wires import Call, Key, query

from leastkey.iam.arn import AccountId
from leastkey.sandbox.gate.wire import RawRequest
from leastkey.sandbox.server.process import Sandbox
from leastkey.sandbox.state.backend import prepare_environment

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = AccountId("123456789012")
USERS, PAIRS = 500, 200
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["iam:Get*", "iam:List*", "ec2:Describe*", "s3:*"],
                "Resource": "*",
            },
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalTag/team": "none"}},
            },
        ],
    }
)


CALLS = {
    "sts GetCallerIdentity": query("sts", "GetCallerIdentity", "2011-06-15"),
    "iam GetUser": query("iam", "GetUser", "2010-05-08", UserName="u7"),
    "ec2 DescribeRegions": query("ec2", "DescribeRegions", "2016-11-15"),
    "s3 GetObject, 1 KB": Call("s3", "GET", "/bench-bucket/k"),
}


def main() -> None:
    prepare_environment(os.environ)
    sandbox = Sandbox(None)
    sandbox.open()
    made = sandbox.key_of(ACCOUNT)
    root = Key(str(made["access_key_id"]), str(made["secret_access_key"]))
    key = _filled(sandbox, root)
    plain = _moto()
    ratios = []
    for name, call in CALLS.items():
        ours, moto = _measured(sandbox, plain, call, key)
        ratios.append(ours / moto)
        line(
            f"CPU of {name} through the gate, {USERS} users",
            f"{ours:.2f} ms",
            f"moto alone {moto:.2f} ms",
            ours / moto,
        )
    line("the same, middle of the four", f"{median(ratios):.2f} x", "moto alone", median(ratios))


def _filled(sandbox: Sandbox, root: Key) -> Key:
    """Make the users; give the key of the last."""

    def iam(action: str, **given: str) -> bytes:
        return bytes(through(sandbox, query("iam", action, "2010-05-08", **given), root)().body)

    iam("CreateGroup", GroupName="all")
    iam("PutGroupPolicy", GroupName="all", PolicyName="p", PolicyDocument=POLICY)
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/limit"
    iam("CreatePolicy", PolicyName="limit", PolicyDocument=POLICY)
    for number in range(USERS):
        iam("CreateUser", UserName=f"u{number}", PermissionsBoundary=boundary)
        iam("AddUserToGroup", UserName=f"u{number}", GroupName="all")
        iam("PutUserPolicy", UserName=f"u{number}", PolicyName="p", PolicyDocument=POLICY)
        answer = iam("CreateAccessKey", UserName=f"u{number}").decode()
    for call in (Call("s3", "PUT", "/bench-bucket"), Call("s3", "PUT", "/bench-bucket/k", body=b"x" * 1024)):
        through(sandbox, call, root)()
    return Key(between(answer, "AccessKeyId"), between(answer, "SecretAccessKey"))


def between(text: str, tag: str) -> str:
    return text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]


def through(sandbox: Sandbox, call: Call, key: Key) -> Callable[[], Any]:
    """Give the call, signed once, as a question to the gate."""
    headers = dict(call.signed(key))
    raw = RawRequest(
        call.method,
        call.path,
        "",
        {name.lower(): value for name, value in headers.items()},
        call.body,
        "127.0.0.1",
        {name.lower(): name for name in headers},
    )
    return lambda: sandbox.gate.handle(raw)


def _moto() -> Callable[..., Any]:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    found: Callable[..., Any] = DomainDispatcherApplication(create_backend_app)
    return found


def _alone(plain: Callable[..., Any], call: Call, key: Key) -> Callable[[], int]:
    """Ask moto as its own server would."""
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in call.signed(key)}
    base = {
        **headers,
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": call.path,
        "QUERY_STRING": "",
        "RAW_URI": call.path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "4566",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(call.body)),
        "CONTENT_TYPE": call.headers.get("Content-Type", ""),
        "HTTP_X_MOTO_ACCOUNT_ID": str(ACCOUNT),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }

    def ask() -> int:
        status: list[str] = []
        chunks = plain({**base, "wsgi.input": io.BytesIO(call.body)}, lambda said, *_: status.append(said))
        b"".join(chunks)
        return int(status[0][:3])

    return ask


def _measured(sandbox: Sandbox, plain: Callable[..., Any], call: Call, key: Key) -> tuple[float, float]:
    """Give the median milliseconds of CPU of both, asked in turns; both must answer."""
    ours, alone = through(sandbox, call, key), _alone(plain, call, key)
    if ours().status != 200 or alone() != 200:
        raise SystemExit(f"no answer to {call} at {datetime.now(UTC)}")
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(PAIRS):
        for ask, times in zip((ours, alone), spent, strict=True):
            started = thread_time()
            ask()
            times.append(thread_time() - started)
    return median(spent[0]) * 1000, median(spent[1]) * 1000


if __name__ == "__main__":
    main()
