"""Files: the state folder's modes, AWS's two files, and keys that lie in the clear."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leastkey.disk.aws_config import AwsProfiles
from leastkey.disk.modes import close_to_others, open_places
from leastkey.disk.plain_keys import known_files, plain_keys
from leastkey.doctor.finding import Finding
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.doctor.finding import Surroundings

__all__ = ["aws_files", "keys_in_the_clear", "state_folder"]


def state_folder(around: Surroundings) -> Iterator[Finding]:
    """Look at owner and mode of all that lies in the state folder."""
    for place in open_places(around.home):
        if place.is_ours:
            yield Finding(
                "bad",
                f"`{place.path}` {place.why}: others can read or change it",
                (f"chmod {'700' if place.path.is_dir() else '600'} {place.path}",),
                partial(close_to_others, place.path),
            )
        else:
            yield Finding("bad", f"`{place.path}` {place.why}", (f"ls -ld {place.path}",))


def aws_files(around: Surroundings) -> Iterator[Finding]:
    """Read AWS's config and credentials files as its tools do."""
    for fault in AwsProfiles(around.environ).faults():
        where = f"{fault.place}: " if fault.place else ""
        yield Finding("bad", f"{where}{fault.what}{f' ({fault.why[0]})' if fault.why else ''}", fault.remedy)


def keys_in_the_clear(around: Surroundings) -> Iterator[Finding]:
    """Look for access keys in the files where they usually lie. A file that cannot be read is told, and the rest read."""
    for path in known_files(around.environ, around.folder):
        try:
            found = list(plain_keys(path))
        except LeastkeyError as error:
            yield Finding("error", error.what, error.remedy)
            continue
        for key in found:
            whose = f", of ...{key.last_four}" if key.last_four else ""
            yield Finding(
                "bad",
                f"{key.path}:{key.line} holds a secret key in the clear{whose}",
                (
                    "give its script an identity, then take it out: leastkey init --from-user NAME",
                    "others could read it? switch the key off: aws iam update-access-key --status Inactive ...",
                ),
            )
