"""Seconds from `leastkey sandbox start` to the first answer to a signed call, beside moto's own server; nothing kept."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from measure import BIN, line

RUNS = 5
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = "application/x-www-form-urlencoded"


def main() -> None:
    ours, moto = [], []
    for _ in range(RUNS):
        ours.append(_sandbox())
        moto.append(_moto())
    line(
        "seconds from start to the first answer, median of 5",
        f"{median(ours):.2f}",
        f"moto's own server {median(moto):.2f}",
        median(ours) / median(moto),
    )


def _sandbox() -> float:
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "HOME": folder, "LEASTKEY_HOME": f"{folder}/leastkey"}
        command = str(BIN / "leastkey")
        started = perf_counter()
        subprocess.run(
            [command, "sandbox", "start", "--ephemeral"], env=environ, check=True, stdout=subprocess.DEVNULL
        )
        said = subprocess.run(
            [command, "sandbox", "env"], env=environ, check=True, capture_output=True, text=True
        ).stdout
        given = dict(row.removeprefix("export ").split("=", 1) for row in said.splitlines() if "=" in row)
        _first_answer(given["AWS_ENDPOINT_URL"], given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
        taken = perf_counter() - started
        subprocess.run([command, "sandbox", "stop"], env=environ, check=True, stdout=subprocess.DEVNULL)
    return taken


def _moto() -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parent,
    )
    try:
        _first_answer(f"http://127.0.0.1:{port}", "AKIAAAAAAAAAAAAAAAAA", "secret")
        return perf_counter() - started
    finally:
        server.terminate()
        server.wait()


def _first_answer(url: str, key_id: str, secret: str) -> None:
    """Ask until somebody answers."""
    request = AWSRequest("POST", url, {"Content-Type": FORM}, BODY)
    SigV4Auth(Credentials(key_id, secret), "sts", "us-east-1").add_auth(request)
    while True:
        with suppress(URLError, ConnectionError):
            try:
                asked = Request(url, BODY, dict(request.headers.items()))  # noqa: S310  # this computer only
                with urlopen(asked, timeout=10) as answer:  # noqa: S310  # this computer only
                    if answer.status == 200:
                        return
            except HTTPError as error:
                raise SystemExit(f"refused: {error.read()!r}") from None
        sleep(0.01)


if __name__ == "__main__":
    main()
