"""The stage of `leastkey demo`: a HOME of its own, a sandbox of its own, clean variables, and their end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.sandbox.server.lifecycle import SandboxEnv

__all__ = ["BUCKET", "Outcome", "Stage", "stage"]

BUCKET: Final = "acme-reports"
PROFILE: Final = "nightly-sandbox"
SPEC: Final = """\
version: 1
project: acme-reports
region: eu-west-1
target: sandbox
identities:
  nightly:
    description: Nightly report job
    allow:
      - actions: [ec2:DescribeRegions, ec2:DescribeInstances]
      - s3: [list, read, write]
        on: s3://acme-reports/nightly/
    session: 1h
    used-by:
      - user: nightly-bot
"""
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Stage:
    """The folder the story plays in, and the sandbox's root."""

    folder: Path
    environ: dict[str, str]
    aws_cli: str
    root: SandboxEnv

    @property
    def state(self) -> Path:
        """The state folder of leastkey in the story."""
        return self.folder / "state"

    def leastkey(self, *arguments: str) -> Any:
        """Run a leastkey command and give its JSON document. Raises LeastkeyError when it failed."""
        ended = self._run([sys.executable, "-m", "leastkey", *arguments, "--json"])
        if ended.code != 0:
            raise LeastkeyError(
                "sandbox-failed",
                f"`leastkey {' '.join(arguments)}` ended with exit code {ended.code}",
                why=tuple(ended.err.strip().splitlines()[-8:]),
                remedy="leastkey demo",
            )
        return json.loads(ended.out)

    def aws(self, *arguments: str) -> Outcome:
        """Run the AWS CLI with the profile leastkey wrote."""
        return self._run([self.aws_cli, *arguments, "--profile", PROFILE])

    def _run(self, command: list[str]) -> Outcome:
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Outcome(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def stage() -> Iterator[Stage]:
    """Set the stage and strike it again, whatever happens in between."""
    from leastkey.sandbox.server import lifecycle

    aws_cli = _aws_cli()
    folder = Path(tempfile.mkdtemp(prefix="leastkey-demo-"))
    try:
        environ = _environ(folder, aws_cli)
        sandbox = folder / "state" / "sandbox"
        sandbox.parent.mkdir(mode=0o700)
        lifecycle.start(sandbox)
        try:
            (folder / "leastkey.yaml").write_text(SPEC)
            yield Stage(folder, environ, aws_cli, lifecycle.env(None, sandbox))
        finally:
            lifecycle.stop(sandbox)
    finally:
        shutil.rmtree(folder)


def _environ(folder: Path, aws_cli: str) -> dict[str, str]:
    """Give the variables of the story: the user's own, without those that speak of AWS or of us."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "LEASTKEY_", "BOTO", "XDG_", "PYTHON"))
    }
    return kept | {
        "HOME": str(folder),
        "LEASTKEY_HOME": str(folder / "state"),
        "AWS_PAGER": "",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": os.pathsep.join([str(Path(aws_cli).parent), os.environ.get("PATH", os.defpath)]),
    }


def _aws_cli() -> str:
    """Find the AWS CLI: the one installed beside this interpreter, else the one on PATH."""
    beside = Path(sys.executable).parent / "aws"
    found = str(beside) if beside.exists() else shutil.which("aws")
    if found is None:
        raise LeastkeyError(
            "child-failed",
            "the demo runs the real AWS CLI, and there is none",
            why=f"looked in  {beside.parent} and PATH",
            remedy="python -m pip install 'leastkey[demo,sandbox]'",
        )
    return found
