"""Dispatch: `leastkey creds` goes straight to the credential helper where it can; all else is the command line."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave with its exit code."""
    from leastkey.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
