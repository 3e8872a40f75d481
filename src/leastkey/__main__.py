"""Run as `leastkey` or `python -m leastkey`: the command line, with its exit code."""

from __future__ import annotations

import sys

__all__ = ["main"]

INTERRUPTED = 130


def main() -> None:
    """Run the command line and leave with its exit code. Ctrl-C while Python still loads it shows no traceback either."""
    try:
        from leastkey.disk.hardening import harden

        harden()
        from leastkey.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
