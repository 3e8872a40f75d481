"""A question can stand there for an hour: what was approved is carried out, or nothing."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING, Any

from tests.support.home import SPEC

if TYPE_CHECKING:
    from tests.support.home import Home


class Asking:
    """A command at a terminal, stopped at its question."""

    def __init__(self, home: Home, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            home.command(*arguments),
            cwd=home.folder,
            env=home.environ | {"LEASTKEY_VAULT": "age-file"} | home.admin,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self.text = b""
        while b"[y/N]" not in self.text:
            self.text += os.read(self._ours, 4_096)

    def yes(self) -> int:
        return self.answer(b"y\n")

    def answer(self, typed: bytes) -> int:
        os.write(self._ours, typed)
        try:
            while part := os.read(self._ours, 4_096):
                self.text += part
        except OSError:  # the end of a terminal nobody is left at
            pass
        os.close(self._ours)
        return self._process.wait(60)


def test_what_changed_while_the_question_stood_there_is_not_applied_nor_destroyed(
    home: Home, iam: Any
) -> None:
    name = "nightly-bot"
    asking = Asking(home, "up")
    iam.create_policy(
        PolicyName="acme-nightly",
        Path="/leastkey/acme/",
        PolicyDocument='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
    )
    assert asking.yes() == 1
    assert b"plan-outdated" in asking.text
    assert iam.list_users()["Users"] == []
    iam.delete_policy(PolicyArn="arn:aws:iam::200000000099:policy/leastkey/acme/acme-nightly")

    assert Asking(home, "up").yes() == 0

    asking = Asking(home, "destroy")
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name)  # somebody else's now
    iam.create_access_key(UserName=name)
    assert asking.yes() == 1
    assert b"plan-outdated" in asking.text
    assert len(iam.list_access_keys(UserName=name)["AccessKeyMetadata"]) == 1

    assert home.leastkey("destroy", "--yes").code == 0
    assert len(iam.list_access_keys(UserName=name)["AccessKeyMetadata"]) == 1
    assert [user["UserName"] for user in iam.list_users()["Users"]] == [name]


def test_no_answer_but_yes_changes_anything(home: Home, iam: Any) -> None:
    home.write_spec(SPEC.replace("acme", "unasked").replace("nightly-bot", "unasked-bot"))
    asking = Asking(home, "up")
    assert asking.answer(b"\n") == 1
    said = asking.text.decode()
    assert "error[declined]" in said
    assert "nothing was changed" in said
    assert "unasked-bot" not in {user["UserName"] for user in iam.list_users()["Users"]}
    assert not [path for path in home.files() if path.name == "config"]
