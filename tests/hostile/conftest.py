"""One sandbox a worker, a fresh account and a fresh HOME a test; and a computer on which nothing can be kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import account, aws, home

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["account", "aws", "bleak", "home"]


@pytest.fixture
def bleak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in; no administrator; a file where the state folder should be."""
    for name in tuple(os.environ):
        if name.startswith(("AWS_", "LEASTKEY_", "XDG_")) or name in {
            "COLUMNS",
            "NO_COLOR",
            "CLICOLOR_FORCE",
        }:
            monkeypatch.delenv(name)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LEASTKEY_HOME", str(tmp_path / "file" / "state"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    return tmp_path
