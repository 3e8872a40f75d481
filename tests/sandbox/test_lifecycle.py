"""Start, stop, status, reset and env, on real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from tests.fakes.memory_vault import MemoryVaults

from leastkey.clock import SystemClock
from leastkey.errors import LeastkeyError
from leastkey.sandbox.server import lifecycle, snapshot_key
from leastkey.sandbox.server.control import ask
from leastkey.sandbox.server.seal import Seal
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leastkey.sandbox.server.lifecycle import SandboxEnv

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "sandbox"
    lifecycle.stop(tmp_path / "sandbox")


@pytest.fixture
def vaults() -> MemoryVaults:
    return MemoryVaults()


def client(service: str, found: SandboxEnv) -> Any:
    return boto3.client(
        service,
        endpoint_url=found.endpoint_url,
        region_name=found.region,
        aws_access_key_id=found.access_key_id,
        aws_secret_access_key=found.secret.reveal(),
    )


def test_a_sandbox_keeps_its_port_accounts_and_objects_over_a_restart(
    folder: Path, vaults: MemoryVaults
) -> None:
    first = lifecycle.start(folder, vaults=vaults)
    assert not first.already
    assert lifecycle.start(folder, vaults=vaults).pid == first.pid
    assert lifecycle.start(folder, vaults=vaults).already
    found, other = lifecycle.env(None, folder), lifecycle.env("111122223333", folder)
    assert (found.account, other.account) == ("123456789012", "111122223333")
    assert lifecycle.env(None, folder).secret == found.secret
    s3 = client("s3", found)
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="k", Body=b"content")
    told = lifecycle.status(folder)
    assert told.run is not None
    assert (told.is_enforced, set(told.accounts)) == (True, {"123456789012", "111122223333"})
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    assert lifecycle.stop(folder)
    assert not lifecycle.stop(folder)
    assert lifecycle.status(folder).run is None
    with pytest.raises(LeastkeyError, match="no-sandbox"):
        lifecycle.env(None, folder)

    again = lifecycle.start(folder, vaults=vaults)
    assert (again.port, again.already) == (first.port, False)
    assert lifecycle.env(None, folder).access_key_id == found.access_key_id
    assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"content"
    assert client("sts", other).get_caller_identity()["Account"] == "111122223333"

    assert lifecycle.reset(folder)
    assert lifecycle.status(folder).accounts == ()
    assert lifecycle.env(None, folder).access_key_id != found.access_key_id
    assert client("s3", lifecycle.env(None, folder)).list_buckets()["Buckets"] == []


def test_changes_survive_a_kill_a_moment_later_and_a_stale_run_file_is_nobody(
    folder: Path, vaults: MemoryVaults
) -> None:
    run = lifecycle.start(folder, vaults=vaults)
    found = lifecycle.env(None, folder)
    client("iam", found).create_user(UserName="kept")
    snapshot = folder / "snapshot.bin"
    lifecycle._until(snapshot.exists, 10, SystemClock())
    began = time.time()
    lifecycle._until(lambda: snapshot.stat().st_mtime > began, 10, SystemClock())
    os.kill(run.pid, signal.SIGKILL)
    lifecycle._until(lambda: not lifecycle._is_held(folder), 10, SystemClock())
    # The run file now names a process that is gone; let it name a living one that is not ours to touch.
    plain = json.loads((folder / "run.json").read_text())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        plain["pid"] = stranger.pid
        (folder / "run.json").write_text(json.dumps(plain))
        assert lifecycle.status(folder).run is None
        assert not lifecycle.stop(folder)
        assert stranger.poll() is None
        stranger.communicate(b"\n")
    half = folder / ".leastkey-tmp-half-written"
    half.write_bytes(b"secrets")
    assert lifecycle.start(folder, vaults=vaults).port == run.port
    assert not half.exists()
    assert client("iam", lifecycle.env(None, folder)).get_user(UserName="kept")


def test_starts_at_once_give_one_server_and_an_ephemeral_one_keeps_nothing(folder: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda _: lifecycle.start(folder), range(3)))
    assert len({run.pid for run in runs}) == 1
    assert sorted(run.already for run in runs) == [False, True, True]
    plain = json.loads((folder / "run.json").read_text())
    assert plain["endpoint_url"] == runs[0].endpoint_url
    assert plain["ephemeral"] is True
    key = lifecycle.env(None, folder).access_key_id
    assert not (folder / "snapshot.bin").exists()
    # The control door answers its token alone, and only on its own port.
    assert ask(runs[0].control_port, Secret("wrong"), "ping") is None
    assert ask(runs[0].port, runs[0].token, "ping") is None
    os.kill(runs[0].pid, signal.SIGTERM)
    lifecycle._until(lambda: not lifecycle._is_held(folder), 20, SystemClock())
    assert not (folder / "run.json").exists()
    lifecycle.start(folder)
    assert lifecycle.env(None, folder).access_key_id != key


def test_a_port_that_is_taken_is_an_error_that_says_so(folder: Path, vaults: MemoryVaults) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LeastkeyError) as refused:
            lifecycle.start(folder, taken.getsockname()[1])
    assert refused.value.code == "sandbox-failed"
    assert "in use" in refused.value.why[0]
    damaged = folder / "snapshot.bin"
    vaults.vault.put(snapshot_key._entry(folder), Secret("5" * 64))
    damaged.write_bytes(Seal(Secret("6" * 64), "memory").sealed({}, b"state"))
    damaged.chmod(0o600)
    with pytest.raises(LeastkeyError) as broken:
        lifecycle.start(folder, vaults=vaults)
    assert "seal is broken" in broken.value.why[0]
    lifecycle.reset(folder)
    run = lifecycle.start(folder, vaults=vaults)
    with pytest.raises(LeastkeyError, match="another sandbox"):
        lifecycle.start(folder, run.port + 1, vaults=vaults)


def test_an_account_id_has_twelve_digits(folder: Path) -> None:
    for wrong in ("1", "12345678901a", "1234567890123", "١٢٣٤٥٦٧٨٩٠١٢"):
        with pytest.raises(LeastkeyError, match="usage"):
            lifecycle.env(wrong, folder)


def test_in_the_foreground_it_says_that_it_enforces_and_ends_with_a_signal(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from leastkey.sandbox.server import lifecycle; "
        "lifecycle.start(Path(sys.argv[1]), foreground=True)"
    )
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        words = process.stdout.readline() + process.stdout.readline()
        run = lifecycle.status(folder).run
        assert run is not None
        assert run.pid == process.pid
        assert run.endpoint_url in words
        assert "Enforced  signatures" in words
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert lifecycle.status(folder).run is None
