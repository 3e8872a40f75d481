"""The session cache, in the kernel's keyring and in files, and the reader that imports next to nothing."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import leastkey
from leastkey.disk import kernel_keyring, session_format
from leastkey.disk.sessions import Sessions
from leastkey.iam.arn import AccountId
from leastkey.iam.credentials import AccessKeyId, SessionCredentials
from leastkey.ports.binding import BindingKey, binding_id
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = BindingKey(AccountId("012345678901"), None, "acme", "automation")
NOW = datetime.now(UTC).replace(microsecond=0)
SESSION = SessionCredentials(
    AccessKeyId("ASIAEXAMPLE"), Secret("secret/+="), Secret("token" * 250), NOW + timedelta(hours=1)
)
DUE = NOW + timedelta(minutes=40)


def kernel_works() -> bool:
    works = kernel_keyring.store(b"leastkey:probe", b"x", 5)
    kernel_keyring.forget(b"leastkey:probe")
    return works


needs_kernel = pytest.mark.skipif(not kernel_works(), reason="no kernel keyring here")


@pytest.fixture(params=["file", pytest.param("kernel", marks=needs_kernel)])
def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sessions]:
    cache = Sessions(tmp_path, kernel=request.param == "kernel")
    yield cache
    cache.delete(KEY)


def warm(home: Path, now: datetime) -> bytes | None:
    return session_format.cached_document(str(home), binding_id(KEY), now.timestamp())


def test_a_session_is_given_back_and_printed_until_it_is_due(sessions: Sessions, tmp_path: Path) -> None:
    assert sessions.get(KEY) is None
    sessions.put(KEY, SESSION, refresh_at=DUE)
    assert sessions.get(KEY) == SESSION
    assert sessions.refresh_at(KEY) == DUE
    document = warm(tmp_path, DUE - timedelta(seconds=1))
    assert document is not None
    assert json.loads(document) == {
        "Version": 1,
        "AccessKeyId": "ASIAEXAMPLE",
        "SecretAccessKey": "secret/+=",
        "SessionToken": "token" * 250,
        "Expiration": SESSION.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "AccountId": "012345678901",
    }
    assert warm(tmp_path, DUE) is None
    sessions.delete(KEY)
    sessions.delete(KEY)
    assert sessions.get(KEY) is None
    assert warm(tmp_path, NOW) is None


@needs_kernel
def test_with_a_kernel_keyring_no_secret_reaches_the_disk(tmp_path: Path) -> None:
    cache = Sessions(tmp_path)
    cache.put(KEY, SESSION, refresh_at=DUE)
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"secret" not in held
    assert b"token" not in held
    cache.delete(KEY)


@needs_kernel
def test_a_state_folder_that_is_removed_takes_its_sessions_with_it(tmp_path: Path) -> None:
    Sessions(tmp_path).put(KEY, SESSION, refresh_at=DUE)
    for path in tuple((tmp_path / "sessions").iterdir()):
        path.unlink()
    assert Sessions(tmp_path).get(KEY) is None


def test_where_the_kernel_takes_nothing_a_private_file_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_keyring, "store", lambda *_: False)  # what a full quota or a container answers
    cache = Sessions(tmp_path)
    cache.put(KEY, SESSION, refresh_at=DUE)
    path = tmp_path / "sessions" / f"{binding_id(KEY)}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert cache.get(KEY) == SESSION
    monkeypatch.undo()
    cache.put(KEY, SESSION, refresh_at=DUE + timedelta(minutes=1))
    assert cache.refresh_at(KEY) == DUE + timedelta(minutes=1)
    cache.delete(KEY)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's quota may be in use already")
@needs_kernel
def test_a_full_key_quota_falls_back_for_an_ordinary_user() -> None:
    """Fills a user's quota with keys of 1.5 KB each: some fit, then `store` says no, and it never lies."""
    code = (
        "import ctypes, os\n"
        "from leastkey.disk import kernel_keyring as k, session_format as f\n"
        "os.setuid(54_321)\n"
        "names = [b'leastkey:quota-%d' % n for n in range(40)]\n"
        "said = [k.store(name, b'x' * 1500, 20) for name in names]\n"
        "there = [f.read_kernel(name) is not None for name in names]\n"
        "[k.forget(name) for name in names]\n"
        "print(said == there, any(said), all(said))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "False"]


@pytest.mark.parametrize("data", [b"", b"1", b"x\n{}\n", b'99999999999\n{"Version": 1', b"99999999999\n{}\n"])
def test_a_damaged_entry_is_no_session(tmp_path: Path, data: bytes) -> None:
    cache = Sessions(tmp_path, kernel=False)
    cache.put(KEY, SESSION, refresh_at=DUE)
    (tmp_path / "sessions" / f"{binding_id(KEY)}.json").write_bytes(data)
    assert cache.get(KEY) is None


def test_the_warm_reader_trusts_no_link_no_open_mode_and_no_strange_name(tmp_path: Path) -> None:
    cache = Sessions(tmp_path, kernel=False)
    cache.put(KEY, SESSION, refresh_at=DUE)
    path = tmp_path / "sessions" / f"{binding_id(KEY)}.json"
    for name in ("../x", "", "A" * 16, f"{binding_id(KEY)}/"):
        assert session_format.read_entry(str(tmp_path), name) is None
    path.chmod(0o640)
    assert warm(tmp_path, NOW) is None
    path.chmod(0o600)
    moved = path.rename(tmp_path / "moved")
    path.symlink_to(moved)
    assert warm(tmp_path, NOW) is None


def test_reading_a_session_imports_next_to_nothing(tmp_path: Path) -> None:
    Sessions(tmp_path).put(KEY, SESSION, refresh_at=DUE)
    source = str(Path(leastkey.__file__).parents[1])
    code = (
        f"import sys; sys.path.insert(0, {source!r})\n"
        "from leastkey.disk import session_format\n"
        f"found = session_format.cached_document({str(tmp_path)!r}, {binding_id(KEY)!r}, {NOW.timestamp()})\n"
        "print(found is not None, *sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    found, *modules = done.stdout.split()
    assert found == "True"
    heavy = {"json", "dataclasses", "typing", "pathlib", "re", "hashlib", "datetime", "enum", "subprocess"}
    assert heavy & set(modules) == set()
    ours = {name for name in modules if name.startswith("leastkey")}
    assert ours == {"leastkey", "leastkey.disk", "leastkey.disk.session_format"}
    Sessions(tmp_path).delete(KEY)


def test_two_processes_that_start_the_cache_together_agree_on_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second finds no id, makes one, and learns that the first was quicker."""
    first, second = Sessions(tmp_path), Sessions(tmp_path)
    asked = second._cache_id
    answers: Iterator[bytes | None] = iter([None])
    first.put(KEY, SESSION, refresh_at=DUE)
    if not (tmp_path / "sessions" / session_format.CACHE_ID_FILE).exists():
        pytest.skip("no kernel keyring here")
    monkeypatch.setattr(second, "_cache_id", lambda: next(answers, asked()))
    assert second._key_name(KEY) == first._key_name(KEY)
    first.delete(KEY)
