"""CPU of the warm helper, beside the AWS CLI that runs it and asks AWS nothing: `aws configure list`.

`aws configure export-credentials`, which would print them, is in version 2 of the AWS CLI only; ours is version 1.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from measure import BIN, line, medians
from warm_home import warm_helper

RUNS = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        helper, _ = warm_helper(Path(folder))
        config = Path(folder, ".aws/config")
        config.parent.mkdir()
        config.write_text(f"[profile nightly]\nregion = eu-west-1\ncredential_process = {' '.join(helper)}\n")
        cli = [str(BIN / "aws"), "configure", "list", "--profile", "nightly"]
        environ = {"HOME": folder, "AWS_EC2_METADATA_DISABLED": "true"}
        ours, theirs = medians([helper, cli], environ, RUNS)
    line(
        f"warm helper, CPU, median of {RUNS}",
        f"{ours.cpu * 1000:.1f} ms (wall {ours.wall * 1000:.0f} ms)",
        f"aws configure list with that profile {theirs.cpu * 1000:.0f} ms (wall {theirs.wall * 1000:.0f} ms)",
        ours.cpu / theirs.cpu,
    )


if __name__ == "__main__":
    main()
