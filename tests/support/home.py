"""A user's computer and account for end-to-end tests: a HOME of its own, the real command line as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
WATCH = Path(__file__).parent / "watch"
"""A folder whose sitecustomize holds every Python program to this computer."""

SPEC = """\
version: 1
project: acme
region: eu-west-1
identities:
  nightly:
    description: Nightly report job
    allow:
      - actions: [ec2:DescribeRegions, ec2:DescribeInstances]
      - s3: [list, read, write]
        on: s3://acme-reports/nightly/
    used-by:
      - user: nightly-bot
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class Home:
    """A folder that is HOME, the working folder, and the place of LEASTKEY_HOME; plus the administrator's variables."""

    folder: Path
    admin: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "LEASTKEY_HOME": str(self.state),
            "PATH": f"{BIN}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "PYTHONPATH": str(WATCH),
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
        }

    def write_spec(self, text: str = SPEC, name: str = "leastkey.yaml") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "leastkey", *arguments]

    def leastkey(self, *arguments: str, admin: bool = True, timeout: float = 120, **variables: str) -> Ended:
        """Run leastkey as the administrator; the vault is an age file."""
        environ = self.environ | {"LEASTKEY_VAULT": "age-file"} | (self.admin if admin else {}) | variables
        return run(self.command(*arguments), self.folder, environ, timeout)

    def aws(self, *arguments: str, **variables: str) -> Ended:
        """Run the AWS CLI as a script would: no variable but HOME tells it anything."""
        return run([str(BIN / "aws"), *arguments], self.folder, self.environ | variables, 60)

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


def run(command: list[str], folder: Path, environ: dict[str, str], timeout: float) -> Ended:
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        capture_output=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def assert_no_traceback(ended: Ended) -> None:
    assert "Traceback" not in ended.out + ended.err, ended.err


def owner_only(path: Path) -> bool:
    return path.stat().st_mode & 0o077 == 0
