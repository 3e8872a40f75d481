"""The tests' own rules: random order, sockets to this computer only, warnings as errors, nothing switched off."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

import pytest
from tests.house.sources import ROOT, Source, nothing, sources
from tests.support.home import Home

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house.conftest import Measured

SETTINGS = ("pyproject.toml", "Makefile", ".ci/run", "tools/check.py")
ELSEWHERE = ("192.0.2.1", 9)  # RFC 5737: an address for documents, which nobody has


def test_the_order_is_random_and_nothing_turns_that_off(
    request: pytest.FixtureRequest, measured: Measured
) -> None:
    assert request.config.pluginmanager.hasplugin("randomly")
    assert request.config.getoption("randomly_reorganize")
    measured(
        "random order",
        f"on; --randomly-seed={request.config.getoption('randomly_seed')} gives this one again",
    )
    nothing(
        [f"{name}: {found}" for name in SETTINGS for found in _switches((ROOT / name).read_text())],
        "tests stand the random order, the closed network and warnings as errors",
    )


def _switches(text: str) -> list[str]:
    return re.findall(
        r"no:randomly|randomly-dont\S*|no:socket|force-enable-socket|no:warnings|-W ?(?:ignore|default)\S*|"
        r"PYTHONWARNINGS|addopts=",
        text,
    )


def test_no_test_opens_the_network_or_hushes_warnings(measured: Measured) -> None:
    found = [f"{each.name}:{line} {what}" for each in sources("tests") for line, what in _loosened(each)]
    measured("network", "this computer only, in the tests and in what they start")
    nothing(
        found,
        "speak to 127.0.0.1; name the one warning that is awaited with pytest.warns or pytest.deprecated_call",
    )


def _loosened(source: Source) -> list[tuple[int, str]]:
    found = []
    for node in source.nodes:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                if name in {
                    "enable_socket",
                    "socket_enabled",
                    "allow_hosts",
                    "filterwarnings",
                    "simplefilter",
                }:
                    found.append((getattr(node, "lineno", 0), name))
            case _:
                pass
    return [
        (line, what) for line, what in found if source.path.name not in {"test_tests.py", "sitecustomize.py"}
    ]


def test_a_test_that_reaches_out_fails() -> None:
    with pytest.raises(UserWarning, match="tried to use socket"), socket.socket() as reaching:
        reaching.connect(ELSEWHERE)


def test_a_warning_in_a_test_is_an_error() -> None:
    with pytest.raises(DeprecationWarning):
        warnings.warn("old", DeprecationWarning, stacklevel=1)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"import socket; socket.create_connection({ELSEWHERE})", "PermissionError: a test reaches out"),
        ("import socket; socket.getaddrinfo('example.com', 443)", "PermissionError: a test reaches out"),
        ("import warnings; warnings.warn('old', DeprecationWarning)", "DeprecationWarning: old"),
    ],
    ids=["address", "name", "warning"],
)
def test_what_a_test_starts_is_held_to_the_same(code: str, said: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=Home(tmp_path).environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert said in ended.stderr


def test_every_loop_that_is_cut_short_runs_whole_under_torture(measured: Measured) -> None:
    """A test that asks for its `rounds` and lacks the marker would never run all of them."""
    loops = {
        f"{each.name}:{node.lineno} {node.name}": _marks(each, node)
        for each in sources("tests")
        for node in each.nodes
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and _asks_for_rounds(node)
    }
    measured("torture", f"{len(loops)} loops, all of them under `make torture` in full")
    assert loops
    nothing([name for name, marked in loops.items() if not marked], "mark it with `pytest.mark.torture`")


def _asks_for_rounds(test: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Name) and node.id in {"rounds", "TORTURE"} for node in ast.walk(test))


def _marks(source: Source, test: ast.FunctionDef) -> bool:
    """Say whether a test carries the marker, itself or by its module's `pytestmark`."""
    of_module = [
        node.value
        for node in source.nodes
        if isinstance(node, ast.Assign) and "pytestmark" in {ast.unparse(each) for each in node.targets}
    ]
    return any("mark.torture" in ast.unparse(each) for each in (*test.decorator_list, *of_module))
