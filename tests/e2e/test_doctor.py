"""`leastkey doctor` on a computer with one fault after another: each is found, told with what helps, and put right if safe."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from tests.fakes.power import FakeClock
from tests.hostile.commands import said
from tests.hostile.conftest import here

from leastkey.disk.bindings import FileBindings
from leastkey.disk.intents import FileIntents
from leastkey.doctor import account as account_checks
from leastkey.doctor import run as doctor
from leastkey.doctor.finding import Check, Surroundings
from leastkey.ports.local import Intent
from leastkey.vault import backends
from leastkey.vault.age_file import AgeFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Aws
    from tests.hostile.commands import Said
    from tests.support.home import Home

__all__ = ["here"]

ID = "AKIA" + "Q7ZK2M5XN4WP3T6V"
SECRET = "w7Jalr0" + "XUtnFEMI" + "K7MDENG/bPxRfiCYzQpLmN8+s"
STATIC = f"[nightly]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n"


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (-700, "bad", "is 700 s ahead of"),
        (700, "bad", "is 700 s behind"),
        (45, "warn", "45 s"),
        (3, "ok", "3 s"),
    ],
)
def test_a_clock_is_told_in_seconds_by_awss_own(
    seconds: int, state: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    there = clock.now() + timedelta(seconds=seconds)
    monkeypatch.setattr(account_checks, "server_clock", lambda *_: there)
    bound = Mock(region="eu-west-1", endpoint_url=None)
    around = Surroundings({}, Path(), Path(), clock, Mock(), lambda: (bound,), tuple, None)
    (found,) = account_checks.clock(around)
    assert (found.state, words in found.what) == (state, True)


class Patient:
    """A computer that was set up, and what is put wrong on it."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.config = home.folder / ".aws" / "config"
        self.credentials = home.folder / ".aws" / "credentials"
        self._monkeypatch = monkeypatch
        self._whole = self.config.read_bytes()

    def contents(self) -> dict[str, tuple[int, bytes]]:
        """Give mode and bytes of every file."""
        files = (path for path in self.home.folder.rglob("*") if path.is_file() and not path.is_symlink())
        return {str(path): (path.stat().st_mode, path.read_bytes()) for path in files}

    def doctor(self, *words: str) -> Said:
        """Run it without a question to AWS: nothing may be changed, nothing may be shown of a secret."""
        before = self.contents()
        found = said(("doctor", "--offline", "--json", *words), self._monkeypatch)
        if "--fix" not in words:
            assert self.contents() == before
        assert SECRET not in found.out + found.err
        return found

    def findings(self, *words: str) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for each in json.loads(self.doctor(*words).out)["checks"]:
            found.setdefault(each["check"], []).append(each)
        return found

    def heal(self) -> None:
        self.config.write_bytes(self._whole)
        self.credentials.unlink(missing_ok=True)


def shadowed(one: Patient) -> None:
    one.credentials.write_text(STATIC)


def doubled(one: Patient) -> None:
    one.config.write_bytes(one.config.read_bytes() + b"[profile a]\n[profile a]\n")


def doubled_by_spelling(one: Patient) -> None:
    one.config.write_bytes(one.config.read_bytes() + b'[profile a]\n[profile "a"]\n')


def half_written(one: Patient) -> None:
    one.config.write_bytes(one.config.read_bytes() + b"[profile a")


def gone(one: Patient) -> None:
    one.config.write_bytes(b"")


def earlier(one: Patient) -> None:
    one.config.write_bytes(one.config.read_bytes() + b"sso_session = corp\n")


def poisoned(one: Patient) -> None:
    one.config.write_bytes(
        one.config.read_bytes() + b"\n[services x]\ns3 =\n  endpoint_url = https://evil.example\n"
    )


def elsewhere(one: Patient) -> None:
    text = one.config.read_text().replace(
        "endpoint_url = http://127.0.0.1:", "endpoint_url = http://127.0.0.1:1"
    )
    one.config.write_text(text)


FAULTS: list[tuple[Callable[[Patient], None], str, str, str]] = [
    (shadowed, "shadowed-profiles", "bad", ".aws/credentials:2 holds a static key"),
    (shadowed, "plain-keys", "bad", f".aws/credentials:3 holds a secret key in the clear, of ...{ID[-4:]}"),
    (doubled, "aws-files", "bad", "a second time"),
    (doubled_by_spelling, "aws-files", "bad", "a second section for the profile `a`"),
    (half_written, "aws-files", "bad", "neither a section nor a setting"),
    (half_written, "shadowed-profiles", "error", "could not look: [config-invalid]"),
    (gone, "shadowed-profiles", "bad", "the profile `nightly` is gone"),
    (earlier, "shadowed-profiles", "bad", "`sso_session` in the profile `nightly` wins"),
    (poisoned, "endpoints", "bad", "neither AWS's nor this computer"),
    (elsewhere, "endpoints", "bad", "another endpoint than its identity"),
]

VARIABLES = [
    ("AWS_PROFILE", "other", "variables", "warn", "AWS_PROFILE is set"),
    ("AWS_SECRET_ACCESS_KEY", SECRET, "variables", "warn", "AWS_SECRET_ACCESS_KEY is set"),
    ("AWS_ENDPOINT_URL_S3", "http://evil.example", "endpoints", "bad", "neither AWS's nor this computer"),
    ("AWS_ENDPOINT_URL", "http://sts.amazonaws.com", "endpoints", "bad", "spoken to in the clear"),
    ("AWS_ENDPOINT_URL", "https://me:pw@sts.amazonaws.com", "endpoints", "bad", "user name or password"),
    ("AWS_ENDPOINT_URL", "http://[::1", "endpoints", "bad", "no URL"),
    ("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring", "keyring-backends", "warn", "PlaintextKeyring"),
]  # fmt: skip


def test_each_fault_is_found_told_with_what_helps_and_left_as_it_is(
    aws: Aws, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    del aws
    assert said(("apply", "--yes"), monkeypatch).code == 0
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    one = Patient(here, monkeypatch)
    well = one.doctor()
    assert well.code == 0, well.out
    states = {each["state"] for each in json.loads(well.out)["checks"]}
    assert states == {"ok", "skipped"}
    for arrange, check, state, words in FAULTS:
        arrange(one)
        assert one.doctor().code == 13, arrange
        _assert_told(one.findings()[check], state, words)
        one.findings("--fix")
        _assert_told(one.findings()[check], state, words)  # a user's file is never put right by us
        one.heal()
    for name, value, check, state, words in VARIABLES:
        with monkeypatch.context() as only:
            only.setenv(name, value)
            assert one.doctor().code == (13 if state == "bad" else 0), name
            _assert_told(one.findings()[check], state, words)
    for check, words in _inside(one, monkeypatch):
        assert one.doctor().code == 13
        _assert_told(one.findings()[check], "bad", words)


def _inside(one: Patient, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Put wrong what is ours, one thing at a time, and right again."""
    state = one.home.state
    with monkeypatch.context() as only:
        only.setattr(AgeFile, "entries", lambda _: ())
        yield "vaults", "does not hold the secret"
    (binding,) = FileBindings(state).all()
    old = datetime.now(UTC) - timedelta(hours=1)
    intents = FileIntents(state)
    intents.create(Intent("run.id.1", binding.key, binding.user, (), old, "creating"))
    yield "open-operations", "is open since"
    intents.close("run.id.1")
    snapshot = state / "sandbox" / "snapshot.bin"
    snapshot.parent.mkdir(mode=0o700, exist_ok=True)
    snapshot.write_bytes(b"x" * 100)
    snapshot.chmod(0o600)
    yield "sandbox-snapshot", "cannot be used"
    snapshot.unlink()


def _assert_told(findings: list[dict[str, Any]], state: str, words: str) -> None:
    told = [each for each in findings if words in each["what"]]
    assert told, findings
    assert {each["state"] for each in told} == {state}
    assert all(each["fix"] for each in told)


def test_what_is_safe_is_put_right_on_request_and_nothing_else(
    aws: Aws, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    del aws
    assert said(("apply", "--yes"), monkeypatch).code == 0
    one = Patient(here, monkeypatch)
    (vault,) = (here.state / "vault").glob("*.age")
    vault.chmod(0o644)
    here.state.chmod(0o777)
    refused = said(("plan",), monkeypatch)
    assert (refused.code, "unsafe-home" in refused.err) == (1, True)
    found = one.findings()
    assert [each["fixable"] for each in found["state-folder"]] == [True, True]
    assert found["vaults"][0]["state"] == "error"  # it could not look: never a pass
    fixed = one.findings("--fix")
    assert [(each["state"], each["fixed"]) for each in fixed["state-folder"]] == [("ok", True)] * 2
    assert stat.S_IMODE(here.state.stat().st_mode) == 0o700
    assert stat.S_IMODE(vault.stat().st_mode) == 0o600
    text = one.config.read_text()
    python = text.partition("credential_process = ")[2].split()[0]
    one.config.write_text(text.replace(python, "/nowhere/bin/python"))
    assert one.findings()["profile-helpers"][0]["state"] == "bad"
    assert one.findings("--fix")["profile-helpers"][0]["fixed"] is True
    assert one.config.read_text() == text
    target = here.folder / "outside"
    target.write_text("")
    target.chmod(0o666)
    (here.state / "vault" / "link").symlink_to(target)
    one.findings("--fix")
    assert stat.S_IMODE(target.stat().st_mode) == 0o666
    del vault


def test_a_check_that_breaks_is_an_error_and_never_a_pass(
    here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    del here

    def breaks(_: object) -> Iterator[Any]:
        raise RuntimeError(SECRET)

    checks = tuple(Check(each.name, breaks) for each in doctor.CHECKS)
    monkeypatch.setattr(doctor, "CHECKS", checks)
    found = said(("doctor", "--json"), monkeypatch)
    assert found.code == 13
    assert SECRET not in found.out + found.err
    assert json.loads(found.out)["counts"] == {
        "ok": 0,
        "warn": 0,
        "bad": 0,
        "error": len(checks),
        "skipped": 0,
    }


def test_on_a_new_computer_looking_makes_nothing(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (here.folder / "leastkey.yaml").unlink()
    before = sorted(here.folder.rglob("*"))
    found = said(("doctor",), monkeypatch)
    assert found.code == 0, found.out
    assert "no identity is set up here" in found.out
    assert found.out.endswith("Next: leastkey init\n")
    assert sorted(here.folder.rglob("*")) == before
    monkeypatch.setattr(backends, "version", lambda name: "1.0")
    found = said(("doctor",), monkeypatch)
    assert found.code == 0
    assert "`keyrings.alt` is installed" in " ".join(found.out.split())


def test_aws_says_how_old_keys_are_and_how_wrong_the_clock_is(
    aws: Aws, account: str, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(("apply", "--yes"), monkeypatch).code == 0
    found = said(("doctor", "--json"), monkeypatch)
    told = {each["check"]: each["what"] for each in json.loads(found.out)["checks"]}
    assert "is 0 days old, due" in told["key-age"]
    assert told["clock"].startswith("this clock is ")
    (binding,) = FileBindings(here.state).all()
    assert binding.access_key is not None
    for age, is_closed in ((10, False), (3_600, True)):
        made = datetime.now(UTC) - timedelta(seconds=age)
        intent = Intent("run.id.1", binding.key, binding.user, (binding.access_key,), made, "creating")
        FileIntents(here.state).create(intent)
        found = said(("doctor", "--fix", "--json"), monkeypatch)
        (told,) = [each for each in json.loads(found.out)["checks"] if each["check"] == "open-operations"]
        assert (told["fixed"], FileIntents(here.state).open() == ()) == (is_closed, is_closed)
        FileIntents(here.state).close("run.id.1")
    aws.client(account, "iam").create_access_key(UserName="nightly-bot")
    found = said(("doctor", "--json"), monkeypatch)
    assert found.code == 13
    assert "is known to nobody on this computer" in found.out
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    unreachable = said(("doctor",), monkeypatch)
    assert unreachable.code == 13
    assert "ERROR" in unreachable.out
