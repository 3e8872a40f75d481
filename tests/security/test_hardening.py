"""Before a process holds its first secret it leaves no core file, lets no debugger in, and makes files for its user alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.canary import Canary
from tests.support.home import Home
from tests.support.proxy import Seen, proxying
from tests.support.tracing import CORE, DUMPABLE, UMASK, Traced, needs_strace, traced

if TYPE_CHECKING:
    from leastkey.sandbox.server import lifecycle

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")

WALK: Final = """
umask 000
leastkey apply --yes
helper=$(sed -n 's/^credential_process = //p' "$HOME/.aws/config")
$helper | cat
leastkey creds | cat
leastkey run -- true
leastkey serve nightly & serving=$!
until ls state/serve/*.token; do sleep 0.05; done
find state/serve -printf "MODE %m %p\n"
echo "TOKEN $(cat state/serve/*.token) IDENTITY $(tail -1 state/vault/identity.txt)"
kill -INT $serving && wait $serving
leastkey agent start
find state/agent -printf "MODE %m %p\n"
$helper | cat
leastkey agent stop
leastkey rotate nightly --grace 0s --yes
find state .aws -printf "MODE %m %p\n"
leastkey destroy --yes
LEASTKEY_HOME=$HOME/other/state; export LEASTKEY_HOME
leastkey sandbox start
find other -printf "MODE %m %p\n"
leastkey sandbox stop
"""
"""Everything of ours that holds secrets: commands, the helper, the endpoint, the agent, the embedded AWS."""
SECRET: Final = re.compile(
    r'/state/((?:vault|serve|sandbox|sessions)(?=>, "\.leastkey-tmp-)|'
    r'(?:vault|serve|sandbox)/[^"/]+\.(?:txt|age|token|json|bin)"|sessions/[^"/]+")'
)
"""A file in which secrets lie, or the one that takes its place when it is written."""
WRITTEN: Final = re.compile(r"^\d+<(/[^>]*)>")
HOMES: Final = {"vault": "age identity", "serve": "endpoint token", "sessions": "session"}
"""The folders of ours in which a secret lies as it is, and which one."""


@pytest.fixture(scope="module")
def walk(root: lifecycle.SandboxEnv, tmp_path_factory: pytest.TempPathFactory) -> tuple[Traced, Canary]:
    """Take the walk under strace; gives what was asked of the kernel, and the secrets there were."""
    needs_strace()
    home = Home(tmp_path_factory.mktemp("walk"))
    home.write_spec()
    canary = Canary()
    canary.add("administrator", root.secret.reveal())

    def read(seen: Seen, answer: bytes) -> bytes:
        canary.read_answer(seen.action, answer)
        return answer

    with proxying(int(root.endpoint_url.rpartition(":")[2]), change=read) as proxy:
        (home.folder / ".aws").mkdir(mode=0o700)
        key = f"aws_access_key_id = {root.access_key_id}\naws_secret_access_key = {root.secret.reveal()}\n"
        (home.folder / ".aws" / "credentials").write_text(f"[default]\n{key}")
        environ = home.environ | {"LEASTKEY_VAULT": "age-file", "AWS_ENDPOINT_URL": proxy.url}
        found = traced(home, WALK, "openat,write,writev,pwrite64", environ)
    assert found.ended.code == 0, found.ended.err
    _, token, _, identity = next(
        line for line in found.ended.out.splitlines() if line.startswith("TOKEN")
    ).split()
    canary.add("endpoint token", token)
    canary.add("age identity", identity)
    return found, canary


@linux_only
def test_no_process_opens_a_secret_before_it_has_closed_itself(walk: tuple[Traced, Canary]) -> None:
    opened: set[str] = set()
    for call in walk[0].calls:
        place = SECRET.search(call.rest) if call.name == "openat" else None
        if place is None or call.program in {"cat", "tail"}:
            continue
        opened.add(place[1].split("/")[0])
        # The helper with a cached session lives for some milliseconds, and imports next to nothing.
        wanted = {CORE} if place[1].startswith("sessions/") else {CORE, DUMPABLE, UMASK}
        assert call.closed >= wanted, call
    assert opened == {"vault", "serve", "sandbox", "sessions"}


@linux_only
def test_all_that_was_made_under_an_open_umask_is_its_users_alone(walk: tuple[Traced, Canary]) -> None:
    modes = [line.split(maxsplit=2)[1:] for line in walk[0].ended.out.splitlines() if line.startswith("MODE")]
    made = {path: mode for mode, path in modes if path not in {".aws", ".aws/credentials"}}
    assert {path.split("/")[1] for path in made if path.startswith("state/")} >= {"vault", "serve", "agent"}
    assert "other/state/sandbox/run.json" in made
    assert [path for path, mode in made.items() if mode not in {"600", "700"}] == []


@linux_only
def test_no_program_is_started_with_a_secret_in_its_arguments_or_variables(
    walk: tuple[Traced, Canary],
) -> None:
    found, canary = walk
    assert canary.names == {"administrator", "key", "session", "endpoint token", "age identity"}
    started = [call for call in found.calls if call.name == "execve"]
    assert len(started) > 20
    for call in started:
        asked = {"session"} if '["true"]' in call.rest else set()
        assert canary.found_in(call.rest.encode("latin-1")) <= asked, call
    assert [call for call in started if canary.found_in(call.rest.encode("latin-1"))]  # `run` hands one over


@linux_only
def test_no_secret_is_written_to_a_file_but_its_own_not_for_a_moment(walk: tuple[Traced, Canary]) -> None:
    found, canary = walk
    kept: set[str] = set()
    for call in found.calls:
        place = WRITTEN.match(call.rest) if call.name in {"write", "writev", "pwrite64"} else None
        if place is None:
            continue  # a pipe or a socket
        names = canary.found_in(call.rest.encode("latin-1"))
        assert names <= {HOMES.get(Path(place[1]).parent.name, "")}, (place[1], names)
        kept |= names
    assert kept >= {"age identity", "endpoint token"}


@linux_only
def test_what_run_starts_has_the_umask_and_the_limits_of_who_started_it(home: Home) -> None:
    try:
        assert home.leastkey("apply", "--yes").code == 0
        # It was started as ever; a moment later ours is closed again.
        closed = "until grep -q Umask:.0077 /proc/$PPID/status && grep -q 'core.* 0  ' /proc/$PPID/limits; do :; done"
        asked = f"umask; ulimit -c; ulimit -Hc; {closed}"
        line = f'umask 0027; ulimit -c 7; exec {sys.executable} -m leastkey run -- sh -c "$1"'
        ended = subprocess.run(
            ["sh", "-c", line, "sh", asked],
            cwd=home.folder,
            env=home.environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    finally:
        assert home.leastkey("destroy", "--yes").code == 0
    umask, soft, hard = ended.stdout.split()
    assert (umask, soft) == ("0027", "7")
    assert hard != "0"


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
