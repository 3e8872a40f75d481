"""Settings for AWS's tools that botocore cannot use, as our error. They name no secret: regions, modes, numbers, URLs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from botocore import exceptions

from leastkey.aws.scrub import scrubbed
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["refused_setting", "unreadable_file", "usable_settings"]


@contextlib.contextmanager
def usable_settings() -> Iterator[None]:
    """Let the block read settings. Raises LeastkeyError `usage` for one that botocore refuses."""
    try:
        yield
    except (exceptions.BotoCoreError, ValueError) as error:
        raise refused_setting(error) from None


def refused_setting(error: Exception) -> LeastkeyError:
    """Give the error for a setting that botocore refuses, in its words."""
    return LeastkeyError(
        "usage",
        "a setting for AWS's tools has a value that they do not take",
        why=(scrubbed(str(error)), "from a variable that begins with AWS_, or from ~/.aws/config"),
        state="nothing was changed, no call was made",
        remedy="look for it: `env | grep ^AWS_`",
    )


def unreadable_file(error: exceptions.ConfigParseError) -> LeastkeyError:
    """Give the error for a file in which botocore finds nothing."""
    path = str(error.kwargs.get("path", "an AWS configuration file"))
    return LeastkeyError(
        "config-invalid",
        f"`{path}` cannot be read",
        why="botocore finds no sections and settings in it",
        remedy=f"put it right by hand, then run the same command again: `{path}`",
    )
