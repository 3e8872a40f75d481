"""Every command and what it leaves: no secret in a stream, a file, a process's arguments, as it is or encoded."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from leastkey.disk.vault_files import VaultFiles
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.home import Home

COMMANDS = (
    ("plan", "--json", "-v"),
    ("up", "--yes", "-v"),
    ("plan", "-v"),
    ("apply", "--yes", "--json", "-v"),
    ("verify", "--json"),
    ("run", "--", "true"),
    ("run", "--", "./is-not-there"),
    ("run", "nobody", "--", "true"),
)


@contextlib.contextmanager
def watching() -> Iterator[set[bytes]]:
    """Collect the arguments of all processes meanwhile."""
    seen: set[bytes] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):  # it has ended
                    seen.add(process.read_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    yield seen
    over.set()
    thread.join()


def spellings(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, secret[:24], secret[-24:], quote(secret, safe=""), encoded[:-2]}


def secrets_of(home: Home) -> tuple[str, ...]:
    """Give the long-lived secret and the session, from where they belong."""
    vault = open_vault("age-file", VaultFiles(home.state))
    held = [vault.get(entry) for entry in vault.entries()]
    session = json.loads(home.leastkey("creds", admin=False).out)
    long_lived = [secret.reveal() for secret in held if secret is not None]
    assert len(long_lived) == 1
    return (
        *long_lived,
        session["SecretAccessKey"],
        session["SessionToken"],
        home.admin["AWS_SECRET_ACCESS_KEY"],
    )


def test_no_command_leaves_a_secret_anywhere_but_where_it_belongs(home: Home) -> None:
    with watching() as arguments:
        streams = [home.leastkey(*command) for command in COMMANDS]
        secrets = secrets_of(home)
        identity = (home.state / "vault" / "identity.txt").read_text().split()[-1]
        assert identity.startswith("AGE-SECRET-KEY-")
        files = {path: path.read_bytes() for path in home.files()}
        ended = home.leastkey("destroy", "--yes", "--json", "-v")
        assert ended.code == 0
        streams.append(ended)
    texts = "".join(each.out + each.err for each in streams)
    for secret in (*secrets, identity):
        for spelling in spellings(secret):
            assert spelling not in texts
            assert not [each for each in arguments if spelling.encode() in each]
            found = {path for path, data in files.items() if spelling.encode() in data}
            if secret is identity:
                found.discard(home.state / "vault" / "identity.txt")
            # Where the kernel has no keyring a private file holds the session.
            assert {path for path in found if path.parent.name != "sessions"} == set()
    left = b"".join(path.read_bytes() for path in home.files() if path.name != "identity.txt")
    assert not [secret for secret in secrets if secret.encode() in left]
