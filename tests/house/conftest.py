"""A gate says what it measured: one line each at the end of `make check`, and in front of what it found wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Measured = Callable[[str, str], None]


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Measured:
    """Keep a gate's name and its value beside the bound; tools/check.py shows it."""

    def keep(gate: str, value: str) -> None:
        record_property("gate", f"{gate:<14} {value}")

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = {
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        for name, value in report.user_properties
        if name == "gate"
    }
    for line in sorted(lines):
        terminalreporter.write_line(f"gate {line}")
