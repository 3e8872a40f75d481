"""Many threads of one run write their profiles to one file."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from leastkey.disk.aws_config import AwsProfiles
from leastkey.disk.locks import hold_file
from leastkey.ports.local import ProfileSection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


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
