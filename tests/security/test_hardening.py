"""Before a process holds its first secret it leaves no core file, lets no debugger in, and makes files for its user alone."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.tracing import CORE, DUMPABLE, UMASK, needs_strace, traced

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.home import Home

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")

WALK: Final = """
leastkey apply --yes
helper=$(sed -n 's/^credential_process = //p' "$HOME/.aws/config")
$helper | cat
leastkey creds | cat
leastkey serve nightly & serving=$!
until ls state/serve/*.token; do sleep 0.05; done
kill -INT $serving && wait $serving
leastkey agent start
$helper | cat
leastkey agent stop
leastkey destroy --yes
LEASTKEY_HOME=$HOME/other/state; export LEASTKEY_HOME
leastkey sandbox start
leastkey sandbox stop
"""
"""Everything of ours that holds secrets: commands, the helper, the endpoint, the agent, the embedded AWS."""
SECRET: Final = re.compile(
    r'/state/((?:vault|serve|sandbox|sessions)(?=>, "\.leastkey-tmp-)|'
    r'(?:vault|serve|sandbox)/[^"/]+\.(?:txt|age|token|json|bin)"|sessions/[^"/]+")'
)
"""A file in which secrets lie, or the one that takes its place when it is written."""


@linux_only
def test_no_process_opens_a_secret_before_it_has_closed_itself(home: Home) -> None:
    needs_strace()
    environ = home.environ | {"LEASTKEY_VAULT": "age-file"} | home.admin
    found = traced(home, WALK, "openat", environ)
    assert found.ended.code == 0, found.ended.err
    opened: set[str] = set()
    for call in found.calls:
        place = SECRET.search(call.rest) if call.name == "openat" else None
        if place is None:
            continue
        opened.add(place[1].split("/")[0])
        # The helper with a cached session lives for some milliseconds, and imports next to nothing.
        wanted = {CORE} if place[1].startswith("sessions/") else {CORE, DUMPABLE, UMASK}
        assert call.closed >= wanted, call
    assert opened == {"vault", "serve", "sandbox", "sessions"}


@linux_only
def test_what_run_starts_has_the_umask_and_the_limits_of_who_started_it(home: Home) -> None:
    assert home.leastkey("apply", "--yes").code == 0
    asked = "umask; ulimit -c; ulimit -Hc; grep -a Umask /proc/$PPID/status; grep core /proc/$PPID/limits"
    line = [
        "sh",
        "-c",
        f"umask 0027; ulimit -c 7; exec {home.command('run', '--')[0]} -m leastkey run -- sh -c '{asked}'",
    ]
    ended = subprocess.run(
        line, cwd=home.folder, env=home.environ, capture_output=True, text=True, check=True
    )
    umask, soft, hard, ours, limit = ended.stdout.splitlines()
    assert (umask, soft) == ("0027", "7")
    assert hard != "0"
    assert ours.split() == ["Umask:", "0077"]
    assert limit.split()[4] == "0"
    assert home.leastkey("destroy", "--yes").code == 0


@linux_only
def test_what_is_started_may_be_debugged_as_ever(tmp_path: Path) -> None:
    asked = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    script = (
        "import subprocess, sys\n"
        "from leastkey.cli.machine import machine\n"
        "machine()\n"
        f"exec({asked!r})\n"
        "sys.stdout.flush()\n"
        f"subprocess.run([sys.executable, '-c', {asked!r}], check=True)\n"
    )
    environ = {"LEASTKEY_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False
    )
    assert ended.stdout.split()[-2:] == ["0", "1"], ended.stderr
