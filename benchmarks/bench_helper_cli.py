"""CPU of the warm helper, beside the AWS CLI that runs it: `aws configure export-credentials` of version 2.

Where no version 2 is installed, version 1 runs `aws configure list`, which asks for the credentials too and prints less.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from measure import BIN, line, medians
from warm_home import warm_helper

RUNS = 15
INSTALLED = ("/usr/bin/aws", "/usr/local/bin/aws")
PROFILE = ("--profile", "nightly")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        helper, _ = warm_helper(Path(folder))
        config = Path(folder, ".aws/config")
        config.parent.mkdir()
        config.write_text(f"[profile nightly]\nregion = eu-west-1\ncredential_process = {' '.join(helper)}\n")
        environ = {"HOME": folder, "AWS_EC2_METADATA_DISABLED": "true"}
        cli = next(
            ([aws, "configure", "export-credentials"] for aws in INSTALLED if _is_version_2(aws)),
            [str(BIN / "aws"), "configure", "list"],
        )
        ours, theirs = medians([helper, [*cli, *PROFILE]], environ, RUNS)
    line(
        f"warm helper, CPU, median of {RUNS}",
        f"{ours.cpu * 1000:.1f} ms (wall {ours.wall * 1000:.0f} ms)",
        f"{' '.join(['aws', *cli[1:]])} with that profile {theirs.cpu * 1000:.0f} ms (wall {theirs.wall * 1000:.0f} ms)",
        ours.cpu / theirs.cpu,
    )


def _is_version_2(aws: str) -> bool:
    if not Path(aws).exists():
        return False
    said = subprocess.run([aws, "--version"], capture_output=True, text=True, check=True).stdout
    return said.startswith("aws-cli/2.")


if __name__ == "__main__":
    main()
