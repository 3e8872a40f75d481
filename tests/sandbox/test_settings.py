"""Settings from a file: read with the place of each fault, in force from the first call, and back with a reset."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from leastkey.cli.sandbox.settings import settings_lines
from leastkey.clock import SystemClock
from leastkey.errors import LeastkeyError
from leastkey.sandbox.server.clock import MovableClock
from leastkey.sandbox.server.commands import control_commands
from leastkey.sandbox.server.seal import Seal
from leastkey.sandbox.server.settings import Settings, check
from leastkey.sandbox.server.settings_file import read_settings
from leastkey.sandbox.server.wish import Wish
from leastkey.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.conftest import Place

ALL = """\
clock: {to: +2h, strict: true}
delay: 3s
shared-oidc: permit
accounts: ["111122223333", "444455556666"]
limits:
  - {operation: "iam:*", rate: 5, burst: 10}
faults:
  - operation: iam:CreateAccessKey
    kind: lost
    after: 2
"""


def settings_of(world: Any) -> Settings:
    from leastkey.sandbox.gate.obstacles import Obstacles

    clock = MovableClock(SystemClock())
    return Settings(world, clock, Obstacles(clock))


def test_every_setting_is_in_force_told_and_back_after_a_reset(place: Place) -> None:
    settings = settings_of(place.sandbox.world)
    before = settings.listed()
    assert list(settings_lines(before)) == []
    wish = Wish(place_folder(), 0, Seal(Secret("5" * 64), "memory"), read_settings(ALL, "s.yaml"))
    assert Wish.taken_over(wish.handed_over()) == wish
    try:
        settings.begin(wish.settings)
        first = settings.listed()
        assert (first["offset_seconds"], first["strict"], first["delay_seconds"]) == (7200, True, 3)
        assert first["shared_oidc"] == "permit"
        assert first["limits"] == [{"operation": "iam:*", "rate": 5.0, "burst": 10}]
        assert [each["after"] for each in first["faults"]] == [2]  # type: ignore[attr-defined]  # a list of tables
        assert {"111122223333", "444455556666"} <= set(place.sandbox.world.accounts.all())
        assert [line.split()[0] for line in settings_lines(first)] == [
            "Clock",
            "Delay",
            "Trust",
            "Limit",
            "Fault",
        ]
        settings.put("limit", {"operation": "s3:*", "rate": "1", "burst": "1"})
        settings.put("clock", {"to": "now"})
        settings.reset()
        again = settings.listed()
        assert {**again, "time": ""} == {**first, "time": ""}
    finally:
        settings.begin(())
    assert {**settings.listed(), "time": ""} == {**before, "time": ""}


def place_folder() -> Path:
    from pathlib import Path

    return Path("/nowhere")


def test_json_is_read_as_well() -> None:
    plain = {"delay": "3s", "faults": [{"operation": "iam:*", "kind": "delay", "seconds": 0.5, "count": 3}]}
    read = read_settings(json.dumps(plain), "s.json")
    check(read)
    assert [(each.name, dict(each.given)) for each in read] == [
        ("delay", {"span": "3s"}),
        ("fault", {"operation": "iam:*", "kind": "delay", "seconds": "0.5", "count": "3"}),
    ]


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("clok: +2h", "1:1", "`clok` is no setting"),
        ("delay: 3s\nclock: +2x", "2:8", "no span of time"),
        ("clock: {too: +2h}", "1:9", "`too` is no field"),
        ("clock: {to: +2h, strict: maybe}", "1:26", "true or false"),
        ("clock: {strict: true}", "1:8", "is no time"),
        ("delay: 2h", "1:8", "at most an hour"),
        ("delay: [3s]", "1:8", "holds one text"),
        ("delay:", "1:1", "holds one text"),
        ("shared-oidc: yes", "1:14", "`permit` or `refuse`"),
        ("accounts: ['1234']", "1:12", "twelve digits"),
        ("accounts: '111122223333'", "1:11", "holds a list"),
        ("limits:\n  - {operation: 'iam:*', rate: 1}", "2:5", "burst"),
        ("limits:\n  - {operation: 'iam:*', rate: 1, burst: 1, per: 2}", "2:45", "`per` is no field"),
        ("limits:\n  - {operation: 'nothing:*', rate: 1, burst: 1}", "2:5", "nothing"),
        ("faults:\n  - iam:CreateUser", "2:5", "is a table"),
        ("faults:\n  - {operation: iam:CreateUsr, kind: lost}", "2:5", "CreateUsr"),
        ("faults:\n  - {operation: 'iam:*', kind: lost, count: many}", "2:5", "no number"),
        ("delay: 3s\ndelay: 4s", "2:1", "twice"),
        ("delay: &a 3s", "1:8", ""),
        ("- delay", "1:1", "a table of settings"),
        ("", None, "holds no settings"),
    ],
)
def test_what_is_wrong_in_the_file_is_an_error_with_its_place(
    text: str, place: str | None, word: str
) -> None:
    with pytest.raises(LeastkeyError) as refused:
        check(read_settings(text, "s.yaml"))
    assert (refused.value.code, refused.value.place) == (
        "usage",
        None if place is None else f"s.yaml:{place}",
    )
    assert word in refused.value.what


def test_every_command_of_the_control_door_refuses_a_field_it_does_not_know(place: Place) -> None:
    stop = threading.Event()
    known = control_commands(place.sandbox, [], stop)
    accounts = place.sandbox.world.accounts.all()
    for name, command in known.items():
        assert command({"stranger": "1"}) == {"error": "unknown: stranger"}, name
    assert not stop.is_set()
    assert place.sandbox.world.accounts.all() == accounts
    assert known["faults"]({}) == {"faults": [], "fired": []}


@pytest.mark.slow
def test_a_sandbox_begins_with_the_file_and_a_restart_without_it_is_plain_again(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("clock: +2h\nlimits: [{operation: 'iam:*', rate: 1, burst: 1}]\n")
    environ = {**os.environ, "LEASTKEY_HOME": str(tmp_path / "home")}

    def leastkey(*words: str, code: int = 0) -> Any:
        command = [sys.executable, "-m", "leastkey", "sandbox", *words, "--json"]
        ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert ended.returncode == code, ended.stderr
        return json.loads(ended.stdout) if code == 0 else ended.stderr

    try:
        leastkey("start", "--settings", str(file))
        assert "settings are read when it starts" in leastkey("start", "--settings", str(file), code=1)
        told = leastkey("status")
        assert (told["encrypted"], told["vault"], told["clock_offset_seconds"]) == (True, "age-file", 7200)
        assert leastkey("shared-oidc", "permit")["shared_oidc"] == "permit"
        leastkey("clock", "+1h")
        leastkey("reset")
        settings = leastkey("status")["settings"]
        assert (settings["offset_seconds"], settings["shared_oidc"]) == (7200, "refuse")
        assert [each["operation"] for each in settings["limits"]] == ["iam:*"]
        leastkey("stop")
        leastkey("start")
        settings = leastkey("status")["settings"]
        assert (settings["offset_seconds"], settings["limits"]) == (0, [])
        leastkey("stop")
        file.write_text("limits: [{operation: 'iam:*', rate: 0, burst: 1}]\n")
        refused = leastkey("start", "--settings", str(file), code=2)
        assert "settings.yaml:1:10" in refused
        assert leastkey("status")["running"] is False
    finally:
        leastkey("stop")
