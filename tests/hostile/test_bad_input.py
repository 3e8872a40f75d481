"""Names, files and folders that are no good: every command refuses, says why, and leaves each byte as it was."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import click
import pytest
from tests.hostile.commands import leaves, said
from tests.support.proxy import proxying
from tests.support.torture import rounds

from leastkey.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Aws
    from tests.hostile.commands import Said
    from tests.support.home import Home

NAMES = (
    "../nightly",
    "night\x1b[31mly",
    "night\u202ely",
    "..",
    "nightly/../../x",
    "night ly",
    " nightly",
    "night\tly",
    "night\nly",
    "nightly\r",
    "night\u2066ly",
    "nightly\x7f",
    "night\u200bly",
    "-nightly",
    "",
)
ON_THE_ACCOUNT = (
    ("up", "--yes"),
    ("plan",),
    ("apply", "--yes"),
    ("verify",),
    ("status",),
    ("destroy", "--yes"),
)
REVOKE = ("revoke", "nightly", "--yes")


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Give mode and bytes of every file, links not followed."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {
        str(path): (path.stat().st_mode, path.read_bytes()) for path in files if "sandbox" not in path.parts
    }


def named() -> Iterator[tuple[str, ...]]:
    """Give every command that takes the name of an identity."""
    for words in leaves():
        command: click.Command = cli
        context = click.Context(cli, info_name="leastkey")
        for word in words:
            assert isinstance(command, click.Group)
            found = command.get_command(context, word)
            assert found is not None
            command, context = found, click.Context(found, parent=context)
        arguments = [each for each in command.params if isinstance(each, click.Argument)]
        if arguments and arguments[0].name == "identity":
            yield words


def assert_refused(found: Said, *, codes: frozenset[int] = frozenset({1, 2, 3, 4, 5})) -> None:
    assert found.code in codes, found.err
    assert "Traceback" not in found.err
    assert "error[" in found.err
    assert "state " in found.err
    assert "hint: " in found.err
    raw = {each for each in found.out + found.err if unicodedata.category(each) in {"Cc", "Cf"}}
    assert raw <= {"\n"}


@pytest.mark.torture
def test_no_command_takes_a_name_that_is_none(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = list(named())
    assert {("run",), ("creds",), ("verify",), ("status",), ("revoke",)} <= set(commands)
    assert said(("apply", "--yes"), monkeypatch).code == 0
    before = contents(here.folder)
    for words in commands:
        # Those that ask AWS first share the code that reads the name.
        quick = words in {("run",), ("creds",)}
        for name in NAMES if quick else NAMES[: rounds(3, len(NAMES))]:
            behind = ("--", "true") if words[0] == "run" else ()
            given = ("--yes", "--", name) if words[0] == "revoke" else (name,)
            found = said((*words, *given, *behind), monkeypatch)
            assert_refused(found)
            assert contents(here.folder) == before, (words, name)


@pytest.mark.torture
def test_no_profile_takes_a_name_that_is_none(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(here.folder)
    bad = [
        name
        for name in NAMES
        if any(c in name for c in "\t\n\r\x1b\u202e\u2066\x7f\u200b") or name[:1] in {" ", ""}
    ]
    for name in bad[: rounds(3, len(bad))]:
        assert_refused(said(("apply", "--yes", "--profile", name), monkeypatch), codes=frozenset({2}))
    assert contents(here.folder) == before


OTHERS = b"# mine\r\n[default]\r\nregion = eu-west-1\r\ns3 =\r\n  max_concurrent_requests = 3\r\n\r\n[services x]\r\ns3 =\r\n  endpoint_url = http://127.0.0.1:1\r\n"


def test_every_command_leaves_nested_settings_and_line_ends_of_others_alone(
    here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = here.folder / ".aws" / "config"
    config.parent.mkdir()
    config.write_bytes(OTHERS)
    for words in (
        ("up", "--yes"),
        ("status",),
        ("doctor",),
        (*REVOKE,),
        ("revoke", "nightly", "--restore", "--yes"),
    ):
        assert said(words, monkeypatch).code == 0, words
        written = config.read_bytes()
        assert written.startswith(OTHERS)
        assert written.count(b"\n") == written.count(b"\r\n")
    assert said(("destroy", "--yes"), monkeypatch).code == 0
    assert config.read_bytes() == OTHERS


HALF = (
    b"[profile nightly]\nregion = eu-west-1\n[profile nightly]\n",
    b"[profile nightly\nregion",
    b"[default]\nregion = eu-west-1\nregion = us-east-1\n",
    b"\xff\xfe[\x00d\x00",
)


@pytest.mark.parametrize("text", HALF)
def test_a_config_that_nobody_can_read_is_refused_by_every_command_and_kept(
    text: bytes, aws: Aws, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = here.folder / ".aws" / "config"
    config.parent.mkdir()
    config.write_bytes(text)
    before = contents(here.folder)
    with proxying(aws.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        for words in (("up", "--yes"), ("apply", "--yes"), ("plan",)):
            assert_refused(said(words, monkeypatch))
        assert said(("doctor", "--offline"), monkeypatch).code == 13
        assert [
            each.action for each in proxy.seen if not each.action.startswith(("Get", "List", "Generate"))
        ] == []
    after = contents(here.folder)
    assert {name: kept for name, kept in after.items() if name in before} == before


@pytest.mark.torture
def test_a_poisoned_endpoint_gets_no_request(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    config = here.folder / ".aws" / "config"
    config.parent.mkdir()
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for text in (
        "[default]\nendpoint_url = http://192.0.2.1:4566\n",
        "[default]\nendpoint_url = https://sts.amazonaws.com.evil.example\n",
        "[default]\nservices = x\n[services x]\niam =\n  endpoint_url = https://evil.example\n",
    ):
        config.write_text(text)
        for words in (*ON_THE_ACCOUNT, REVOKE)[-rounds(2, 9) :]:
            found = said(words, monkeypatch)
            assert_refused(found, codes=frozenset({3}))
            assert "foreign-endpoint" in found.err
        assert config.read_text() == text
        assert said(("doctor", "--offline"), monkeypatch).code == 13


def test_a_state_folder_that_others_can_write_to_stops_every_command(
    here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(("apply", "--yes"), monkeypatch).code == 0
    here.state.chmod(0o777)
    before = contents(here.folder)
    for words in (*ON_THE_ACCOUNT, REVOKE, ("status", "--offline"), ("creds",), ("run", "--", "true")):
        found = said(words, monkeypatch)
        assert_refused(found, codes=frozenset({1}))
        assert "unsafe-home" in found.err
    assert said(("doctor", "--offline"), monkeypatch).code == 13
    assert contents(here.folder) == before
    here.state.chmod(0o700)
    assert said(("status",), monkeypatch).code == 0
