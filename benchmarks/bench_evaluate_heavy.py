"""Cases of ten policies of 6 KB parsed, compiled and evaluated a second, none twice, beside the npm peer."""

from __future__ import annotations

import tempfile
from pathlib import Path

from evaluate_cases import beside_the_peer, heavy
from measure import line


def main() -> None:
    lines = [heavy(number) for number in range(20)]
    with tempfile.TemporaryDirectory() as work:
        ours, peer = beside_the_peer(lines, Path(work))
    line(
        f"cold decisions a CPU second, ten policies of {len(lines[0]) // 10:,} bytes, 310 statements",
        f"{ours:,.0f}",
        f"@cloud-copilot/iam-simulate 0.1.173 on node {peer:,.0f}",
        ours / peer,
    )


if __name__ == "__main__":
    main()
