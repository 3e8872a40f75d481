"""What holds for every test: the order is random, and its seed is told so that a failure can be made again."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# A job in the background is started with Ctrl-C ignored, and what it starts would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seed = terminalreporter.config.getoption("randomly_seed")
    terminalreporter.write_line(f"Random order: the same again with --randomly-seed={seed}")
