"""A sandbox for the length of a benchmark, fresh accounts in it, and a HOME to run leastkey in."""

from __future__ import annotations

import contextlib
import itertools
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measure import BIN, Spent, cpu_of_process, spent

from leastkey.sandbox.server import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCOUNTS = itertools.count(500_000_000_001)
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Place:
    """A running sandbox."""

    folder: Path
    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def new_account(self) -> str:
        return str(next(_ACCOUNTS))

    def sandbox_cpu(self) -> float:
        return cpu_of_process(self.pid)

    def leastkey(self, account: str, url: str, *command: str) -> Spent:
        """Run leastkey as a user does, start-up and all."""
        home = self.folder / account
        home.mkdir(exist_ok=True)
        environ = self._environ(account, url, home) | {"LEASTKEY_VAULT": "age-file"}
        spec = f"--spec={self.folder / 'leastkey.yaml'}"
        return spent([str(BIN / "leastkey"), *command, spec], environ)

    def boto3(self, account: str, url: str, what: str, count: int) -> Spent:
        """Run the plain script, start-up and all."""
        command = [sys.executable, str(HERE / "boto3_script.py"), what, str(count), account]
        return spent(command, self._environ(account, url, self.folder))

    def write_spec(self, count: int) -> None:
        head = "version: 1\nproject: acme\nregion: eu-west-1\nidentities:\n"
        jobs = (
            f"  job-{number}:\n"
            f"    allow:\n"
            f"      - actions: [ec2:DescribeRegions]\n"
            f"      - s3: [read]\n"
            f"        on: s3://acme-{number}/\n"
            f"    used-by: [user]\n"
            for number in range(count)
        )
        (self.folder / "leastkey.yaml").write_text(head + "".join(jobs))

    def _environ(self, account: str, url: str, home: Path) -> dict[str, str]:
        root = lifecycle.env(account, self.folder / "sandbox")
        return {
            "HOME": str(home),
            "LEASTKEY_HOME": str(home / "state"),
            "PATH": f"{BIN}:/usr/bin:/bin",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": root.access_key_id,
            "AWS_SECRET_ACCESS_KEY": root.secret.reveal(),
            "AWS_DEFAULT_REGION": root.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextlib.contextmanager
def sandbox() -> Iterator[Place]:
    """Run a sandbox that keeps nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = lifecycle.start(folder / "sandbox")
        try:
            yield Place(folder, run.port, run.pid)
        finally:
            lifecycle.stop(folder / "sandbox")
