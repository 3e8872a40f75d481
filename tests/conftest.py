"""What holds for every test: the order is random, and its seed is told so that a failure can be made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seed = terminalreporter.config.getoption("randomly_seed")
    terminalreporter.write_line(f"Random order: the same again with --randomly-seed={seed}")
