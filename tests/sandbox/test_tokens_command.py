"""`leastkey sandbox token` and `issuer` as commands, at the control door of a sandbox."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.test_test_issuer import github_role
from tests.sandbox.test_web_identity import Provider, code_of, wear

from leastkey.cli.main import run
from leastkey.sandbox.server.commands import control_commands
from leastkey.sandbox.server.control import Control
from leastkey.sandbox.server.runfile import RunInfo, write_run
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.sandbox.conftest import Place

    Leastkey = Callable[..., tuple[int, str, str]]

JOB = ("token", "github", "--repo", "acme/app")


@pytest.fixture
def leastkey(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Leastkey]:
    known = Secret("a-token-of-the-right-shape")
    runs: list[RunInfo] = []
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    with Control(known, control_commands(place.sandbox, runs, threading.Event())) as door:
        runs.append(
            RunInfo(os.getpid(), place.port, door.port, known, datetime.now(UTC), vault=None, version="0")
        )
        write_run(folder, runs[0])
        door.run()

        def said(*words: str) -> tuple[int, str, str]:
            code = run(["sandbox", *words, "--state-dir", str(folder)])
            printed = capsys.readouterr()
            return code, printed.out.strip(), printed.err

        yield said
        door.shutdown()


def test_the_token_that_is_printed_opens_the_role(place: Place, leastkey: Leastkey) -> None:
    role = github_role(place)
    assert wear(place, role, leastkey(*JOB)[1])
    assert code_of(place, role, leastkey(*JOB, "--expired")[1]) == "ExpiredTokenException"
    assert code_of(place, role, leastkey(*JOB, "--forged")[1]) == "InvalidIdentityToken"
    assert code_of(place, role, leastkey(*JOB, "--audience", "other")[1]) == "InvalidIdentityToken"
    assert code_of(place, role, leastkey(*JOB, "--environment", "prod")[1]) == "AccessDenied"


def test_json_says_the_claims(leastkey: Leastkey) -> None:
    given = ("--claim", "actor=ann", "--claim", 'amr=["a"]')
    found: Any = json.loads(leastkey(*JOB, "--ref", "refs/tags/v1", *given, "--json")[1])
    assert found["token"].count(".") == 2
    assert found["claims"]["sub"] == "repo:acme/app:ref:refs/tags/v1"
    assert (found["claims"]["actor"], found["claims"]["amr"]) == ("ann", ["a"])
    gitlab = json.loads(leastkey("token", "gitlab", "--project", "a/b/c", "--json")[1])["claims"]
    assert gitlab["sub"] == "project_path:a/b/c:ref_type:branch:ref:main"
    other = ("--issuer", "https://issuer.example", "--subject", "job-7")
    assert json.loads(leastkey("token", "generic", *other, "--json")[1])["claims"]["sub"] == "job-7"


@pytest.mark.parametrize(
    "words",
    [
        (*JOB, "--expired", "--forged"),
        (*JOB, "--claim", "actor"),
        (*JOB, "--claim", "amr=[a"),
        (*JOB, "--claim", "exp=1"),
        ("token", "github", "--repo", "acme"),
    ],
)
def test_a_command_that_asks_wrongly_prints_no_token(leastkey: Leastkey, words: tuple[str, ...]) -> None:
    code, out, err = leastkey(*words)
    assert (code, out) == (2, "")
    assert "error[usage]" in err
    assert leastkey(*JOB)[0] == 0


def test_an_issuers_keys_are_read_from_its_file(place: Place, leastkey: Leastkey, tmp_path: Path) -> None:
    file, provider = tmp_path / "keys.json", Provider()
    try:
        file.write_text(json.dumps(provider.pages()["/keys"]), encoding="utf-8")
        name = f"https://issuer-{place.account}.example"
        assert leastkey("issuer", name, "--jwks", str(file))[:2] == (0, f"{name}  2 keys")
        assert place.sandbox.world.issuers.key(name, "e") == provider.pages()["/keys"]["keys"][1]
        for bad in ("[]", "{", "{}", '{"keys": []}'):
            file.write_text(bad, encoding="utf-8")
            assert leastkey("issuer", name, "--jwks", str(file))[0] == 2
        assert leastkey("issuer", name, "--jwks", str(tmp_path / "none"))[0] == 2
    finally:
        provider.server.shutdown()
        provider.server.server_close()
