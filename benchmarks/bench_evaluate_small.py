"""Cases of 3 KB parsed, compiled and evaluated a second, none twice, beside the npm peer."""

from __future__ import annotations

import tempfile
from pathlib import Path

from evaluate_cases import beside_the_peer, small
from measure import line


def main() -> None:
    lines = [small(number) for number in range(100)]
    with tempfile.TemporaryDirectory() as work:
        ours, peer = beside_the_peer(lines, Path(work))
    line(
        f"cold decisions a CPU second, a case of {len(lines[0]):,} bytes and 4 statements",
        f"{ours:,.0f}",
        f"@cloud-copilot/iam-simulate 0.1.173 on node {peer:,.0f}",
        ours / peer,
    )


if __name__ == "__main__":
    main()
