"""Narrow, dumb and missing terminals, and no locale: nothing is cut off, nothing is lost, nothing breaks."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hostile.commands import Terminal, bare, helps, said
from tests.support.home import SPEC, assert_no_traceback, run

from leastkey.cli.show import Show
from leastkey.cli.wrap import columns_of, folded, wrapped
from leastkey.errors import KINDS, LeastkeyError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.home import Home

NARROW = 40
_QUOTED = re.compile(r"'[^']*'")
"""One word to a shell."""
UMLAUTS = SPEC.replace("nightly/", "nächtlich/").replace("Nightly report job", "Nächtlicher Bericht")


def too_long(text: str, columns: int = NARROW) -> list[str]:
    """Give the lines over the width that could have been broken: those of more than one word behind the margin."""
    return [
        line
        for line in text.splitlines()
        if len(line) > columns
        and " " in _QUOTED.sub("", line.strip().removesuffix(" \\").removeprefix("hint: "))
    ]


@pytest.mark.parametrize("words", [*bare(), *helps()], ids=" ".join)
def test_at_forty_columns_no_line_is_longer_than_it_must_be_and_no_word_is_lost(
    words: tuple[str, ...], bleak: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    whole = said(words, monkeypatch)
    for made in bleak.glob("*.yaml"):
        made.unlink()
    monkeypatch.setenv("COLUMNS", str(NARROW))
    monkeypatch.setenv("NO_COLOR", "1")
    found = said(words, monkeypatch, out=Terminal(), err=Terminal())
    if words != ("creds",):  # refuses to speak at a terminal
        assert found.code == whole.code
        assert letters(found.out) == letters(whole.out)
        assert letters(found.err) == letters(whole.err)
    assert too_long(found.out + found.err) == []


def test_the_example_of_a_commands_help_is_pasted_as_one_command(
    bleak: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(NARROW))
    example = said(("init", "--help"), monkeypatch).out.partition("Example: ")[2]
    assert shlex.split(example.replace("\\\n", " ")) == shlex.split(
        "leastkey init --identity nightly --allow ec2:DescribeInstances "
        "--allow 's3 list,read,write on s3://acme-reports/nightly/'"
    )
    assert not list(bleak.glob("*.yaml"))


def letters(text: str) -> str:
    """Give a text without what laying it out may change."""
    return re.sub(r"[\s\\]", "", text)


@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_error_fits_a_narrow_terminal(code: str) -> None:
    path = "/home/somebody/.local/state/leastkey/bindings/0123456789abcdef.json"
    out, err = Terminal(), Terminal()
    Show(out, err, terminal=NARROW, talk_terminal=NARROW).error(
        LeastkeyError(
            code,
            f"`{path}` {KINDS[code].meaning}",
            why=(
                f"as         arn:aws:iam::111122223333:user/admin, from profile `{code}`",
                KINDS[code].meaning,
            ),
            remedy=(
                f"look at it: `ls -ld {path} {path}.old`",
                "leastkey apply 7f3a91c2 --spec leastkey.yaml",
            ),
        )
    )
    assert too_long(err.getvalue()) == []


TEXT = st.lists(st.text("ab:-_/.` ,", min_size=1, max_size=30), max_size=12).map("  ".join)


@given(line=TEXT, columns=st.integers(20, 100))
def test_folding_keeps_every_word_in_order_and_the_width(line: str, columns: int) -> None:
    pieces = folded(line, columns)
    kept = " ".join(pieces) if len(pieces) == 1 else " ".join(piece.removesuffix(" \\") for piece in pieces)
    assert kept.split() == line.split()
    assert all(len(piece) <= columns or len(piece.removesuffix(" \\").split()) <= 1 for piece in pieces)
    assert folded(line, None) == [line]


COMMANDS = (
    "hint: leastkey apply 0123456789abcdef0123456789abcdef --spec jobs/leastkey.yaml --vault age-file",
    "hint: nobody uses it? `aws iam delete-access-key --user-name nightly-bot --access-key-id AKIA0123456789ABCDEF`",
    "Next: leastkey run nightly --spec 'a file.yaml' -- aws ec2 describe-regions",
    "export AWS_ENDPOINT_URL=http://127.0.0.1:50000/with/a/path",
    "unset AWS_PROFILE AWS_SESSION_TOKEN AWS_REGION AWS_CONFIG_FILE",
)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_that_had_to_be_broken_is_still_that_command_when_it_is_pasted(line: str) -> None:
    pieces = folded(line, NARROW)
    assert len(pieces) > 1
    shown = [
        re.sub(r"^(?:hint|Next): (?:[^`]*`)?", "", text).rstrip("`") for text in ("\n".join(pieces), line)
    ]
    assert words_of(shown[0]) == words_of(shown[1])


def words_of(command: str) -> list[str]:
    """Give the words that a shell makes of a command."""
    script = f"set -- {command}\nprintf '%s\\n' \"$@\""
    return (
        subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout.decode().splitlines()
    )


def test_a_sentence_is_broken_without_a_sign() -> None:
    assert folded("leastkey gives a script a role, proves what it can do, hides its key", NARROW) == [
        "leastkey gives a script a role, proves",
        "  what it can do, hides its key",
    ]
    assert folded("Careful path: leastkey plan, then leastkey apply PLAN-ID", 40)[0].endswith("then")
    assert wrapped("a-very-long-code-indeed   130  ", "what it means to us", columns=40)[1].startswith("    ")


@pytest.mark.parametrize(
    ("said_by_it", "columns"), [("40", 40), ("", None), ("0", None), ("abc", None), ("-5", None), ("1", 20)]
)
def test_the_width_is_that_of_the_terminal_and_of_nothing_else(said_by_it: str, columns: int | None) -> None:
    assert columns_of(Terminal(), {"COLUMNS": said_by_it}) == columns
    assert columns_of(io.StringIO(), {"COLUMNS": said_by_it}) is None


PTY = """
import fcntl, os, struct, subprocess, sys, termios, threading
ours, theirs = os.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
child = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs, stderr=theirs)
os.close(theirs)
while True:
    try:
        part = os.read(ours, 65536)
    except OSError:
        break
    if not part:
        break
    os.write(1, part)
sys.exit(child.wait())
"""


@pytest.mark.slow
def test_a_real_run_in_a_real_narrow_terminal(home: Home) -> None:
    home.write_spec()
    environ = home.environ | {"LEASTKEY_VAULT": "age-file", "TERM": "dumb"} | home.admin
    for arguments, code in ((["up", "--yes", "-v"], 0), (["plan", "--spec", "none.yaml"], 2)):
        done = subprocess.run(
            [sys.executable, "-c", PTY, *home.command(*arguments)],
            cwd=home.folder,
            env=environ,
            capture_output=True,
            check=False,
            timeout=60,
        )
        text = done.stdout.decode()
        assert done.returncode == code, text
        assert too_long(text) == []
        assert "\x1b" not in text


@pytest.mark.parametrize(
    ("environ", "is_coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({}, False),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True),
    ],
)
def test_colour_is_only_where_a_terminal_can_show_it(
    environ: dict[str, str],
    is_coloured: bool,  # noqa: FBT001  # a parameter of the table
    bleak: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TERM", "NO_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = said(("plan",), monkeypatch, out=Terminal(), err=Terminal())
    assert ("\x1b[" in found.err) == is_coloured
    assert "error[spec-not-found]" in found.err


@pytest.mark.parametrize("words", [*bare(), *helps()], ids=" ".join)
def test_a_stream_that_takes_ascii_only_gets_escapes_and_no_command_breaks(
    words: tuple[str, ...], bleak: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bleak / "nächtlich ☃"
    folder.mkdir()
    monkeypatch.chdir(folder)
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    found = said((*words,), monkeypatch, out=out)
    assert found.code != 70
    assert "internal" not in found.err
    assert raw.getvalue().isascii()


@pytest.mark.slow
@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "xx_YY.nowhere", "PYTHONIOENCODING": "ascii"},
    ],
    ids=lambda each: " ".join(f"{name}={value}" for name, value in each.items()),
)
def test_a_spec_with_umlauts_is_carried_out_alike_in_any_locale(locale: dict[str, str], home: Home) -> None:
    home.write_spec(UMLAUTS, "nächtlich.yaml")
    named = ("--spec", os.fsdecode("nächtlich.yaml".encode()))
    environ = home.environ | {"LEASTKEY_VAULT": "age-file"} | home.admin | locale
    for arguments in (("plan",), ("up", "--yes", "-v")):
        found = run(home.command(*arguments, *named), home.folder, environ, 60)
        assert_no_traceback(found)
        assert found.code == 0, found.err
    planned = home.leastkey("plan", "--json", *named)
    assert planned.json["changes"] == []
    assert "s3://acme-reports/nächtlich/" in " ".join(planned.json["identities"][0]["can"])
