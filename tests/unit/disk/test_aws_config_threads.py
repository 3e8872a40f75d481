"""Many threads of one run write their profiles to one file."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leastkey.disk.aws_config import AwsProfiles
from leastkey.disk.locks import hold_file
from leastkey.errors import LeastkeyError
from leastkey.ports.local import ProfileSection

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_threads_of_one_run_never_wait_for_each_other_at_the_file_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_the_lock, most = [0], [0]
    counting = threading.Lock()

    @contextlib.contextmanager
    def counted(*args: object, **kwargs: object) -> Iterator[None]:
        with counting:
            at_the_lock[0] += 1
            most[0] = max(most[0], at_the_lock[0])
        try:
            with hold_file(*args, **kwargs):  # type: ignore[arg-type]  # handed on as they came
                yield
        finally:
            with counting:
                at_the_lock[0] -= 1

    monkeypatch.setattr("leastkey.disk.aws_config.hold_file", counted)
    profiles = AwsProfiles({"HOME": str(tmp_path)})
    with ThreadPoolExecutor(16) as pool:
        list(
            pool.map(
                lambda n: profiles.write(ProfileSection(f"job{n}", (("region", "eu-west-1"),))), range(48)
            )
        )
    assert most == [1]
    assert all(profiles.read(f"job{n}") is not None for n in range(48))


def test_a_folder_that_another_program_makes_meanwhile_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def later(folder: Path, mode: int = 0o777) -> None:
        make(folder)
        make(folder, mode)

    monkeypatch.setattr(Path, "mkdir", later)
    assert AwsProfiles({"HOME": str(tmp_path)}).write(ProfileSection("job", (("region", "eu-west-1"),)))
    with pytest.raises(LeastkeyError) as refused:
        AwsProfiles({"AWS_CONFIG_FILE": "/dev/null/aws/config"}).write(ProfileSection("job", ()))
    assert refused.value.code == "io-failed"
