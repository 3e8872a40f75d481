"""A key for another computer: asked for there, made here, taken into use there; its secret lies there alone."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pyrage
import pytest
from tests.support.home import Ended, Home
from tests.support.proxy import Phase, Seen, proxying
from tests.support.torture import rounds
from tests.unit.keys.test_message import MESSAGE

from leastkey.disk.bindings import FileBindings
from leastkey.disk.intents import FileIntents
from leastkey.disk.sent_keys import FileSentKeys
from leastkey.disk.vault_files import VaultFiles
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Aws

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def there(tmp_path: Path) -> Home:
    """Give another computer, which has no administrator."""
    (tmp_path / "there").mkdir()
    return Home(tmp_path / "there")


@pytest.fixture
def here(tmp_path: Path, aws: Aws, account: str) -> Home:
    (tmp_path / "here").mkdir()
    home = Home(tmp_path / "here", aws.variables(account))
    home.write_spec()
    assert home.leastkey("up", "--yes").code == 0
    return home


def asked(there: Home) -> str:
    ended = there.leastkey("key", "request")
    assert ended.code == 0, ended.err
    return ended.out.strip()


def receive(there: Home, message: str, *more: str, command: tuple[str, ...] = ("--yes",)) -> Ended:
    environ = there.environ | {"LEASTKEY_VAULT": "age-file"}
    ended = subprocess.run(
        there.command("key", "receive", *command, *more),
        cwd=there.folder,
        env=environ,
        input=message.encode(),
        capture_output=True,
        check=False,
        timeout=120,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def held(home: Home) -> dict[str, str]:
    vault = open_vault("age-file", VaultFiles(home.state))
    return {entry.rpartition("/")[2]: vault.get(entry).reveal() for entry in vault.entries()}  # type: ignore[union-attr]  # it lists what is there


def keys_of(aws: Aws, account: str) -> list[str]:
    listed = aws.client(account, "iam").list_access_keys(UserName="nightly-bot")["AccessKeyMetadata"]
    return sorted(key["AccessKeyId"] for key in listed)


def spellings(secret: str) -> list[bytes]:
    encoded = base64.b64encode(secret.encode()).rstrip(b"=")[:-2]
    return [secret.encode(), encoded]


def test_a_key_is_made_here_and_used_there_and_lies_in_one_vault(
    aws: Aws, account: str, here: Home, there: Home
) -> None:
    recipient = asked(there)
    assert asked(there) == recipient
    sent = here.leastkey("key", "send", "nightly", "--to", recipient)
    assert sent.code == 0, sent.err
    again = here.leastkey("key", "send", "--to", recipient, "-o", "key.age")
    assert (here.folder / "key.age").read_text() == sent.out, again.err
    refused = receive(there, sent.out, command=())
    assert (refused.code, "there is no terminal" in refused.err) == (2, True)
    wrong = receive(there, sent.out, "--account", "111122223333", command=())
    assert (wrong.code, "wrong-account" in wrong.err) == (3, True)
    assert held(there) == {}
    ended = receive(there, sent.out, "--account", account, command=())
    assert ended.code == 0, ended.err
    assert "assumed-role" in there.aws("sts", "get-caller-identity", "--profile", "nightly").json["Arn"]

    mine, theirs = held(here), held(there)
    assert len(mine) == len(theirs) == 1
    assert sorted([*mine, *theirs]) == keys_of(aws, account)
    (told,) = here.leastkey("status", "--json").json["identities"]
    roles = {key["id"]: key["role"] for key in told["keys"]}
    assert roles == dict.fromkeys(mine, "in use") | dict.fromkeys(theirs, "sent to another computer")
    beside = here.leastkey("rotate", "--yes")
    assert (beside.code, "was sent to another computer" in " ".join(beside.err.split())) == (1, True)
    (secret,) = theirs.values()
    for home in (here, there):
        for path in home.files():
            assert not any(each in path.read_bytes() for each in spellings(secret)), path
    for text in (sent, again, ended):
        assert secret not in text.out + text.err

    replay = receive(there, sent.out)
    assert (replay.code, "error[message-refused]" in replay.err) == (1, True)
    assert "received already" in replay.err
    used_up = here.leastkey("key", "send", "--to", recipient)
    assert (used_up.code, "is in use" in used_up.err) == (1, True)

    full = here.leastkey("key", "send", "--to", asked(there))
    said = " ".join(full.err.split())
    assert (full.code, "key-limit" in said, "sent to age1" in said) == (1, True, True), said
    assert here.leastkey("up", "--yes").code == 0
    assert sorted([*mine, *theirs]) == keys_of(aws, account), "up leaves the sent key alone"
    other = here.leastkey("key", "send", "--to", asked(there), "--again")
    assert other.code == 0, other.err
    assert receive(there, other.out).code == 0
    assert sorted([*mine, *held(there)]) == keys_of(aws, account)
    assert len(held(there)) == 1, "the secret of the key before is gone"


def test_no_message_takes_the_place_of_a_key_that_works(aws: Aws, account: str, here: Home) -> None:
    mine = held(here)
    recipient = asked(here)
    sent = here.leastkey("key", "send", "--to", recipient)
    assert sent.code == 0, sent.err
    taken = receive(here, sent.out)
    assert (taken.code, "error[message-refused]" in taken.err) == (1, True), taken.err
    assert "still works" in " ".join(taken.err.split())
    others = MESSAGE | {"account": account, "project": "acme", "identity": "nightly", "user": "other-bot"}
    others |= {"endpoint_url": aws.endpoint_url, "role": f"arn:aws:iam::{account}:role/other"}
    to = [pyrage.x25519.Recipient.from_str(recipient)]
    planted = receive(here, pyrage.encrypt(json.dumps(others).encode(), to, armored=True).decode())
    assert (planted.code, "error[message-refused]" in planted.err) == (1, True), planted.err
    assert "nightly-bot" in planted.err
    assert held(here) == mine
    assert "assumed-role" in here.aws("sts", "get-caller-identity", "--profile", "nightly").json["Arn"]


def test_what_is_not_for_this_computer_is_refused_and_stores_nothing(
    aws: Aws, account: str, here: Home, there: Home
) -> None:
    before = keys_of(aws, account)
    no_recipient = here.leastkey("key", "send", "--to", "age1\x1b[2J")
    assert (no_recipient.code, "\x1b" in no_recipient.err) == (2, False)
    assert keys_of(aws, account) == before
    nothing_asked = receive(there, "-----BEGIN AGE ENCRYPTED FILE-----\nx\n")
    assert (nothing_asked.code, "no key was asked for" in nothing_asked.err) == (1, True)
    recipient = asked(there)
    message = here.leastkey("key", "send", "--to", recipient).out
    stranger = str(pyrage.x25519.Identity.generate().to_public())
    lines = message.splitlines(keepends=True)

    foreign_endpoint = pyrage.encrypt(
        json.dumps(MESSAGE | {"endpoint_url": "https://collector.example.com"}).encode(),
        [pyrage.x25519.Recipient.from_str(recipient)],
        armored=True,
    )
    bad = {
        "truncated": "".join(lines[:-3]),
        "changed": message.replace(lines[3], lines[3].swapcase()),
        "other words": "hello",
        "foreign": here.leastkey("key", "send", "--to", stranger, "--again").out,
        "foreign endpoint": foreign_endpoint.decode(),
    }
    for name, text in bad.items():
        ended = receive(there, text)
        assert ended.code in {1, 3}, (name, ended.err)
        assert "Traceback" not in ended.err
        assert "s" * 40 not in ended.out + ended.err
        assert held(there) == {}, name
        assert FileBindings(there.state).all() == (), name
    assert not (there.folder / ".aws" / "config").exists()


@pytest.mark.torture
def test_a_kill_at_any_request_leaves_no_key_that_nobody_has(aws: Aws, tmp_path: Path, there: Home) -> None:
    """Killed before the message is out, the next run makes another key; killed after, it gives the same message again."""
    running: list[subprocess.Popen[bytes]] = []
    point = 0
    base = 0

    def kill(seen: Seen, phase: Phase) -> None:
        if running and phase == "after" and seen.number - base == point:
            os.kill(running[0].pid, signal.SIGKILL)

    recipient = asked(there)
    account = aws.new_account()
    (tmp_path / "here").mkdir()
    with proxying(aws.port, kill) as proxy:
        here = Home(tmp_path / "here", aws.variables(account, proxy.url))
        here.write_spec()
        assert here.leastkey("up", "--yes").code == 0
        (mine,) = held(here)
        while True:
            point += rounds(5, 1)
            base = len(proxy.seen)
            command = here.command("key", "send", "--to", recipient)
            with subprocess.Popen(
                command, cwd=here.folder, env=here.environ | here.admin, stdout=subprocess.PIPE
            ) as process:
                running[:] = [process]
                out, _ = process.communicate(timeout=120)
            running.clear()
            if process.returncode == 0:
                break
            assert (process.returncode, out) == (-signal.SIGKILL, b"")
        message = here.leastkey("key", "send", "--to", recipient)
        assert message.out == out.decode(), message.err
        (sent,) = FileSentKeys(here.state).all()
        assert keys_of(aws, account) == sorted([mine, sent.access_key])
        assert [intent for intent in FileIntents(here.state).open() if intent.created_key] == []
    assert point > 4
