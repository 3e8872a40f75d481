"""A text from a file that the command line names, or from stdin."""

from __future__ import annotations

import sys
from pathlib import Path

from leastkey.errors import LeastkeyError

__all__ = ["given_text"]


def given_text(file: str, most: int) -> str:
    """Read a text of at most so many bytes; - is stdin. Raises LeastkeyError `usage`."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(most + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(most + 1)
        if len(data) > most:
            raise LeastkeyError("usage", f"`{file}` is larger than {most // 2**20} MiB")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise LeastkeyError(
            "usage", f"`{file}` cannot be read", why=str(error.strerror), remedy="FILE, or - for stdin"
        ) from None
    except UnicodeDecodeError:
        raise LeastkeyError("usage", f"`{file}` is no text in UTF-8") from None
