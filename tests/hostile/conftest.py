"""One sandbox a worker, a fresh account and a fresh HOME a test; and a computer on which nothing can be kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import account, aws, home

from leastkey.cli import machine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.home import Home

__all__ = ["account", "aws", "bleak", "here", "home"]


def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away every variable that AWS's tools, ours or a terminal listen to."""
    for name in tuple(os.environ):
        if name.startswith(("AWS_", "LEASTKEY_", "XDG_")) or name in {
            "COLUMNS",
            "NO_COLOR",
            "CLICOLOR_FORCE",
        }:
            monkeypatch.delenv(name)


@pytest.fixture
def bleak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in; no administrator; a file where the state folder should be."""
    without_settings(monkeypatch)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LEASTKEY_HOME", str(tmp_path / "file" / "state"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def here(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The user's computer around this very process: a command that is run in it costs no new interpreter."""
    without_settings(monkeypatch)
    for name, value in (home.environ | {"LEASTKEY_VAULT": "age-file"} | home.admin).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home.folder)
    monkeypatch.setattr(machine, "close_memory", lambda: None)  # it would last as long as this process
    home.write_spec()
    return home
