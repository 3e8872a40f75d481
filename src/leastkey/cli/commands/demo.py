"""`leastkey demo`: the seven steps in an embedded AWS, with the real AWS CLI as the script."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from leastkey.cli.options import output_options
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.demo.stage import Outcome, Stage
    from leastkey.cli.show import Show

__all__ = ["command"]

_PICTURE = """\
  script -> profile -> key -> user nightly-bot -wears-> role -may-> EC2 regions
            a command  vault  may do one thing          1 hour      an S3 prefix"""

_FORBIDDEN: Final = {
    (
        "s3",
        "cp",
        "report.txt",
        "s3://acme-reports/weekly/report.txt",
    ): "s3 cp report.txt s3://acme-reports/weekly/",
    ("ec2", "terminate-instances", "--instance-ids", "i-0123456789abcdef0"): "ec2 terminate-instances ...",
    ("iam", "list-users"): "iam list-users",
}
"""What the demo's script may not do, and how the story calls it."""


@click.command("demo", epilog="Example: leastkey demo")
@output_options
def command(show: Show) -> None:
    """Watch all seven steps in an embedded AWS that enforces IAM: no account needed, nothing is left behind."""
    from leastkey.cli.demo.stage import stage
    from leastkey.sandbox.server.lifecycle import require_packages

    require_packages()

    started = time.monotonic()
    with stage() as here:
        acts = _play(show, here)
    seconds = time.monotonic() - started
    show.document("demo", {"acts": acts, "seconds": round(seconds, 1)})
    show.data()
    show.data(f"Nothing is left behind ({seconds:.0f} s). Your turn:")
    if shutil.which("leastkey") is None:
        show.data(f'  export PATH={shlex.quote(str(Path(sys.argv[0]).absolute().parent))}:"$PATH"')
    show.data("  leastkey init --sandbox     describe your own script, still without an account")
    show.data("  leastkey up                 do all seven steps for it")
    show.data("  leastkey help steps         what each step is for")


def _play(show: Show, here: Stage) -> list[dict[str, str]]:
    acts: list[dict[str, str]] = []

    def act(step: str, what: str, result: str, width: int = 48) -> None:
        acts.append({"step": step, "what": what, "result": result})
        show.data(f"{step:<5}{what:<{width}} {result}".rstrip())

    show.data(f"Sandbox   {here.root.endpoint_url}, account {here.root.account}, nothing goes to AWS")
    show.data("Enforced  signatures, expiry; identity, boundary, session, bucket, trust policy")
    show.data()
    show.data("0    the spec, one file without a secret: leastkey.yaml")
    for line in (here.folder / "leastkey.yaml").read_text().splitlines()[5:]:
        show.data(f"       {line}")
    show.data()
    _make_bucket(here)
    done = here.leastkey("up", "--yes")
    for change in done["changes"]:
        act(str(change["step"]), f"{change['noun']} {change['name']}", change["note"], width=30)
    show.data()
    show.data(_PICTURE)
    show.data()
    _use(here, act)
    _proof(done["verify"], act)
    _stolen_key(here, act)
    _rotation(here, act)
    here.leastkey("destroy", "--yes")
    act("", "leastkey destroy --yes", "all gone, the key first")
    return acts


def _make_bucket(here: Stage) -> None:
    """Make the bucket the script writes to, as the account's owner would have."""
    from leastkey.cli.demo.stage import BUCKET
    from leastkey.cli.sandbox.door import connect_root

    location = {"LocationConstraint": "eu-west-1"}
    answer = (
        connect_root(here.root, "eu-west-1")
        .own_calls()
        .call("s3", "CreateBucket", {"Bucket": BUCKET, "CreateBucketConfiguration": location})
    )
    if answer.code:
        raise LeastkeyError("sandbox-failed", f"the bucket could not be made: {answer.code}")


def _use(here: Stage, act: Any) -> None:
    regions = _succeeded(here.aws("ec2", "describe-regions"), "ec2 describe-regions")
    act("7", "aws ec2 describe-regions", f"{len(json.loads(regions)['Regions'])} regions")
    report = here.folder / "report.txt"
    report.write_text("42 instances, all well\n")
    target = "s3://acme-reports/nightly/report.txt"
    _succeeded(here.aws("s3", "cp", "report.txt", target), "s3 cp, up")
    _succeeded(here.aws("s3", "cp", target, "back.txt"), "s3 cp, down")
    if report.read_bytes() != (here.folder / "back.txt").read_bytes():
        raise LeastkeyError("sandbox-failed", "S3 gave back another file than it was given")
    act("7", "aws s3 cp report.txt s3://acme-reports/nightly/", "up, down, identical")
    for words, shown in _FORBIDDEN.items():
        act("", f"aws {shown}", _denied(here.aws(*words), shown))


def _proof(reports: list[Any], act: Any) -> None:
    for report in reports:
        counts = report["counts"]
        act("7", "leastkey verify, two judges", f"{counts['ok']} of {counts['total']} as expected")


def _stolen_key(here: Stage, act: Any) -> None:
    """Show what the long-lived key is worth to who steals it, without its role."""
    from leastkey.cli.demo.thief import try_key_alone

    act("", "the stolen-key test: the key without its role", try_key_alone(here))


def _rotation(here: Stage, act: Any) -> None:
    """Replace the key; the profile goes on, the old key is refused."""
    from leastkey.cli.demo.thief import key_in_use, try_old_key

    old = key_in_use(here)
    here.leastkey("rotate", "--yes")
    _succeeded(here.aws("ec2", "describe-regions"), "ec2 describe-regions")
    act("", "leastkey rotate, then the same command", "works")
    act("", "the old key", try_old_key(here, old))


def _succeeded(ended: Outcome, what: str) -> str:
    if ended.code != 0:
        raise LeastkeyError(
            "sandbox-failed", f"`aws {what}` failed", why=tuple(ended.err.strip().splitlines()[-4:])
        )
    return ended.out


def _denied(ended: Outcome, what: str) -> str:
    """Give AWS's refusal in short. A call that was let through, or failed for another reason, ends the demo."""
    if ended.code == 0 or not any(word in ended.err for word in ("AccessDenied", "UnauthorizedOperation")):
        raise LeastkeyError(
            "sandbox-failed",
            f"`aws {what}` should have been refused",
            why=tuple(ended.err.strip().splitlines()[-4:]),
        )
    return "denied: nothing allows it"
