"""Every command in every outcome: no secret in its streams, in files, in what processes show, in any spelling.

It may be in its vault, and where it was asked for. A command without a row in `canary_cases` fails here.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tests.hostile.commands import leaves, options_of
from tests.security.canary_cases import CASES, STAYS, Case
from tests.support.canary import Canary, Shown, showing
from tests.support.home import Home
from tests.support.proxy import Phase, Proxy, Seen, proxying
from tests.support.torture import TORTURE

from leastkey.disk.vault_files import VaultFiles
from leastkey.sandbox.server import lifecycle
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

ALOUD: Final = Path(__file__).parents[1] / "support" / "aloud"
PASSPHRASE: Final = "a-passphrase-that-nobody-may-see"
CI: Final = """\
version: 1
project: ci
account: "111122223333"
region: eu-west-1
identities:
  deploy:
    allow: [{actions: [ec2:DescribeRegions]}]
    used-by:
      - github: {repository: acme/app, repository-id: 123456, ref: refs/heads/main}
"""
POLICY: Final = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
)
JWKS: Final = json.dumps(
    {"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": "w" * 342, "e": "AQAB"}]}
)


@dataclass(frozen=True, slots=True)
class Mode:
    """One outcome: options, what becomes of AWS's answers, a signal, what is wrong with stdout, variables."""

    name: str
    options: tuple[str, ...] = ()
    answers: str = ""
    signal: int = 0
    out: str = ""
    variables: tuple[tuple[str, str], ...] = ()

    def fits(self, words: tuple[str, ...], case: Case) -> bool:
        if words in STAYS:
            return not self.signal and not self.out and (case.asks_aws or not self.answers)
        return case.asks_aws or not self.answers


_ALOUD = (("PYTHONPATH", str(ALOUD)), ("PYTHONDEVMODE", "1"), ("AWS_DEBUG", "1"), ("BOTO_DEBUG", "1"))
MODES: Final = (
    Mode("plain"),
    Mode("json", ("--json",)),
    Mode("aloud", ("--verbose",), variables=_ALOUD),
    Mode("refused aloud", ("--json",), "refused", variables=_ALOUD),
    Mode("500", (), "500"),
    Mode("cut", ("--json",), "cut"),
    Mode("interrupted", signal=signal.SIGINT),
    Mode("ended", signal=signal.SIGTERM),
    Mode("nobody reads", out="closed"),
    Mode("full", out="full"),
)


@dataclass
class World:
    """A computer with an identity on it, another that keys are sent to, a sandbox beside, and all their secrets."""

    home: Home
    there: Home
    canary: Canary = field(default_factory=Canary)
    answers: str = ""
    running: subprocess.Popen[bytes] | None = None
    signal: int = 0

    @property
    def other(self) -> Path:
        return self.home.folder / "other"

    def change(self, seen: Seen, answer: bytes) -> bytes:
        """Take in the secrets of an answer, then spoil it as this outcome wants."""
        self.canary.read_answer(seen.action, answer)
        body = answer.partition(b"\r\n\r\n")[2]
        match self.answers:
            case "cut":
                return answer[:-40]
            case "500" | "refused":
                # An answer that quotes what it should not.
                status = b"500 Oops" if self.answers == "500" else b"403 Forbidden"
                quoted = body.replace(b"<", b"&lt;").replace(b">", b"&gt;")
                error = (
                    b"<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>"
                )
                text = error + b"should have been '" + quoted + b"'</Message></Error></ErrorResponse>"
                return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nContent-Type: text/xml\r\n\r\n%s" % (
                    status,
                    len(text),
                    text,
                )
        return answer

    def hook(self, _seen: Seen, phase: Phase) -> None:
        """Send the signal of this outcome when AWS has done what it was asked."""
        if self.signal and self.running is not None and phase == "after":
            self.running.send_signal(self.signal)

    def learn(self) -> None:
        """Take in the secrets that lie on these computers now."""
        for name, folder in (("age identity", self.home.state), ("age identity", self.there.state)):
            if (file := folder / "vault" / "identity.txt").exists():
                self.canary.add(name, file.read_text().split()[-1])
            vault = open_vault("age-file", VaultFiles(folder)) if file.exists() else None
            for entry in () if vault is None else vault.entries():
                secret = vault.get(entry) if vault is not None else None
                self.canary.add("in the vault", "" if secret is None else secret.reveal())
        for run in (self.other / "run.json", self.home.state / "sandbox" / "run.json"):
            if run.exists():
                self.canary.add("control token", json.loads(run.read_text())["control_token"])
        if (self.other / "run.json").exists():
            self.canary.add("sandbox root", lifecycle.env(None, self.other).secret.reveal())
        for file in (self.home.state / "serve").glob("*.token"):
            self.canary.add("endpoint token", file.read_text())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("canary")
    found = World(Home(folder / "here"), Home(folder / "there"))
    found.there.folder.mkdir()
    home = found.home
    home.write_spec()
    home.write_spec(CI, "ci.yaml")
    (home.folder / "policy.json").write_text(POLICY)
    (home.folder / "jwks.json").write_text(JWKS)
    (home.folder / "tmp").mkdir()
    found.canary.add("passphrase", PASSPHRASE)
    assert home.leastkey("sandbox", "start").code == 0
    root = lifecycle.env("200000000098", home.state / "sandbox")
    with proxying(int(root.endpoint_url.rpartition(":")[2]), found.hook, found.change) as proxy:
        credentials(home, root, proxy)
        found.canary.add("administrator", root.secret.reveal())
        made = home.leastkey("up", "--yes")
        assert made.code == 0, made.err
        found.learn()
        yield found
        found.answers, found.signal = "", 0
        home.leastkey("agent", "stop")
        home.leastkey("lock", "--vault", "kernel")
        home.leastkey("sandbox", "stop", "--state-dir", str(found.other))
        home.leastkey("sandbox", "stop")


def credentials(home: Home, root: lifecycle.SandboxEnv, proxy: Proxy) -> None:
    """Put the administrator's key where most have it."""
    home.admin = {"AWS_ENDPOINT_URL": proxy.url, "TMPDIR": str(home.folder / "tmp")}
    file = home.folder / ".aws" / "credentials"
    file.parent.mkdir(mode=0o700)
    text = f"[default]\naws_access_key_id = {root.access_key_id}\naws_secret_access_key = {root.secret.reveal()}\n"
    file.write_text(text)
    file.chmod(0o600)


def filled(world: World, case: Case) -> list[str]:
    """Put this world's places into the words of a case."""
    values = {"{OTHER}": str(world.other), "{ACCOUNT_FILE}": str(world.home.folder / "account.json")}
    if "{OTHER}" in case.more and lifecycle.status(world.other).run is None and world.other.exists():
        world.home.leastkey("sandbox", "start", "--state-dir", str(world.other))
    if "{ACCOUNT_FILE}" in case.more and not Path(values["{ACCOUNT_FILE}"]).exists():
        shown = world.home.leastkey("sandbox", "export", "--state-dir", str(world.other))
        Path(values["{ACCOUNT_FILE}"]).write_text(shown.out)
    if {"{RECIPIENT}", "{MESSAGE}"} & set(case.more):
        values["{RECIPIENT}"] = world.there.leastkey("key", "request").out.strip()
    if "{MESSAGE}" in case.more:
        to = ("--to", values["{RECIPIENT}"], "--again", "--yes")
        sent = world.home.leastkey("key", "send", "nightly", *to)
        assert sent.code == 0, sent.err
        (world.there.folder / "key.age").write_text(sent.out)
        values["{MESSAGE}"] = "key.age"
    number = sum(1 for _ in world.home.folder.glob("*.yaml"))
    return [values.get(word, word.replace("{NEW}", f"new-{number}")) for word in case.more]


def started(world: World, words: tuple[str, ...], case: Case, mode: Mode) -> subprocess.Popen[bytes]:
    """Start the command with what this outcome wants."""
    home = world.there if case.is_there else world.home
    more = filled(world, case)
    world.answers, world.signal = mode.answers, mode.signal
    options = [each for each in mode.options if each in options_of(words)]
    environ = home.environ | {"LEASTKEY_VAULT": "age-file"} | world.home.admin | dict(mode.variables)
    out: int = subprocess.PIPE
    if mode.out == "full":
        out = os.open("/dev/full", os.O_WRONLY)
    elif mode.out == "closed":
        read, out = os.pipe()
        os.close(read)
    process = subprocess.Popen(
        home.command(*words, *options, *more),
        cwd=home.folder,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.PIPE,
    )
    if out != subprocess.PIPE:
        os.close(out)
    world.running = process
    return process


def run(world: World, words: tuple[str, ...], case: Case, mode: Mode) -> tuple[int, bytes, bytes]:
    """Run a command to its end, or until it has been seen at work; gives its exit code and streams."""
    process = started(world, words, case, mode)
    if words in STAYS or (mode.signal and not case.asks_aws):
        stop = mode.signal or signal.SIGINT
        threading.Thread(target=stopping, args=(world, process, words, stop), daemon=True).start()
    try:
        out, err = process.communicate(case.stdin.replace("{PASSPHRASE}", PASSPHRASE).encode(), timeout=120)
    finally:
        process.kill()
        world.answers, world.signal, world.running = "", 0, None
    return process.returncode, out or b"", err


def stopping(world: World, process: subprocess.Popen[bytes], words: tuple[str, ...], number: int) -> None:
    """Stop a command: at once, or when it serves."""
    until = time.monotonic() + (30 if words in STAYS else 0.2)
    places = {("serve",): "serve/*.token", ("agent", "run"): "agent/socket"}
    while time.monotonic() < until and process.poll() is None:
        if words in STAYS and list(world.home.state.glob(places[words])):
            world.learn()
            break
        time.sleep(0.02)
    if process.poll() is None:
        process.send_signal(number)


def belongs(path: Path, name: str) -> bool:
    """Say whether a secret of this name may lie in this file."""
    match path.parent.name, path.name:
        case "vault", "identity.txt":
            return name == "age identity"
        case ".aws", "credentials":
            return name == "administrator"
        case "sessions", _:  # where the kernel has no keyring
            return name == "session"
        case _, "run.json":
            return name == "control token"
    return path.suffix == ".token" and name == "endpoint token"


def leaks(world: World, shown: Shown, case: Case, out: bytes, err: bytes) -> list[str]:
    """Give every place in which a secret was found that does not belong there."""
    canary = world.canary
    found = [f"stdout: {name}" for name in canary.found_in(out) - case.gives]
    found += [f"stderr: {name}" for name in canary.found_in(err)]
    found += [f"arguments {line!r}: {name}" for line in shown.arguments for name in canary.found_in(line)]
    for line, variables in shown.variables:
        asked = {"session"} if line == b"true\0" else set()
        found += [f"variables of {line!r}: {name}" for name in canary.found_in(variables) - asked]
    for path in world.home.folder.parent.rglob("*"):
        if path.is_file():
            names = {name for name in canary.found_in(path.read_bytes()) if not belongs(path, name)}
            found += [f"{path}: {name}" for name in names]
    return found


def test_every_command_has_a_row() -> None:
    assert [words for words in leaves() if words not in CASES] == []


@pytest.mark.torture
def test_no_command_shows_a_secret_in_any_outcome(world: World) -> None:
    """Beside the other tests each command is run in one outcome, another one each time; under torture in all of them."""
    known = set(leaves())
    cases = {words: case for words, case in CASES.items() if words in known}
    wrong: list[str] = []
    for mode in MODES if TORTURE else (None,):
        for words, case in cases.items():
            if words == ("demo",) and not TORTURE:
                continue
            fitting = [each for each in MODES if each.fits(words, case)]
            chosen = mode or random.choice(fitting)
            if chosen not in fitting:
                continue
            with showing() as shown:
                code, out, err = run(world, words, case, chosen)
                world.learn()
            line = f"{' '.join(words)} ({chosen.name}, exit {code})"
            wrong += [f"{line}: {leak}" for leak in leaks(world, shown, case, out, err)]
            if b"Traceback" in err and not chosen.variables:
                wrong.append(f"{line}: a traceback")
            if chosen.name in {"plain", "json"} and code not in case.codes:
                wrong.append(f"{line} did not do its work: {err.decode()[-500:]}")
            for undoing in case.undone_by if mode or words != ("destroy",) else ():
                world.home.leastkey(*undoing)
    assert wrong == [], "\n".join(wrong)
    assert world.canary.names >= {"administrator", "age identity", "key", "session", "in the vault"}
    assert world.canary.names >= {"control token", "sandbox root", "passphrase"}


def test_the_look_for_secrets_finds_them(world: World, tmp_path: Path) -> None:
    """The positive control: each place that is looked at, with a secret put there."""
    secret = (world.home.folder / ".aws" / "credentials").read_text().split()[-1]
    child = ["sh", "-c", "sleep 0.2", secret]
    with showing() as shown:
        subprocess.run(child, env=os.environ | {"LEAK": secret[::-1]}, check=True)
    places = leaks(world, shown, Case(), secret.encode().hex().encode(), secret[:24].encode())
    assert {each.split(" ")[0] for each in places} >= {"stdout:", "stderr:", "arguments", "variables"}
    file = world.home.folder / "left"
    file.write_text(secret)
    assert f"{file}: administrator" in leaks(world, Shown(), Case(), b"", b"")
    file.unlink()
    shutil.rmtree(tmp_path)
