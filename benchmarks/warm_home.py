"""A computer with one identity whose session is cached: where the credential helper answers warm."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import leastkey
from leastkey.disk.home import prepare_home
from leastkey.disk.sessions import Sessions
from leastkey.iam.arn import AccountId
from leastkey.iam.credentials import AccessKeyId, SessionCredentials
from leastkey.ports.binding import BindingKey, binding_id
from leastkey.ports.local import HelperCommand
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = BindingKey(AccountId("111122223333"), None, "acme", "nightly")


def warm_helper(folder: Path) -> tuple[list[str], str]:
    """Cache a session as leastkey caches it here; give the helper's command, and where the session lies."""
    home = folder / "state"
    prepare_home(home)
    now = datetime.now(UTC)
    session = SessionCredentials(
        AccessKeyId("ASIAIOSFODNN7EXAMPLE"), Secret("s" * 40), Secret("t" * 800), now + timedelta(hours=1)
    )
    Sessions(home).put(KEY, session, refresh_at=now + timedelta(minutes=40))
    script = str(Path(leastkey.__file__).parent / "credential_process.py")
    command = HelperCommand(sys.executable, script, str(home)).line(binding_id(KEY)).split(" ")
    place = "in a file" if any(_files(home)) else "in the kernel's keyring"
    return command, place


def _files(home: Path) -> Iterator[Path]:
    return (home / "sessions").glob("*.json")
