"""Keys in the clear are found where they lie, told by place, and nothing else is taken for one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from leastkey.disk.plain_keys import known_files, plain_keys

if TYPE_CHECKING:
    from pathlib import Path

ID = "AKIA" + "Q7ZK2M5XN4WP3T6V"
SECRET = "w7Jalr0" + "XUtnFEMI" + "K7MDENG/bPxRfiCYzQpLmN8+s"


FORMS = [
    (f"[default]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n", 3),
    (f"export AWS_ACCESS_KEY_ID={ID}\nexport AWS_SECRET_ACCESS_KEY='{SECRET}'\n", 2),
    (f"AWS_SECRET_ACCESS_KEY={SECRET}\n", 1),
    (f"[s3]\r\naccess_key = {ID}\r\nsecret_key = {SECRET}\r\n", 3),
    (f"{ID}:{SECRET}\n", 1),
    (f'{{"accessKey": "{ID}", "secretKey": "{SECRET}"}}', 1),
    (f"alias x='AWS_SECRET_ACCESS_KEY={SECRET} aws'\n", 1),
]


@pytest.mark.parametrize(("text", "line"), FORMS)
def test_a_key_is_found_in_each_form_and_told_by_its_place(text: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(text.encode())
    (found,) = plain_keys(path)
    assert (found.path, found.line) == (path, line)
    assert found.last_four == (ID[-4:] if ID in text else None)
    assert SECRET not in repr(found)


NOTHING = [
    "",
    f"aws_access_key_id = {ID}\n",
    "commit 0123456789abcdef0123456789abcdef01234567\n",
    f"{ID} 0123456789abcdef0123456789abcdef01234567\n",
    f"{SECRET}\n",
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    "[profile x]\nrole_arn = arn:aws:iam::111122223333:role/leastkey/acme/acme-nightly-reports-of-yesterday\n",
    f"secret = {SECRET}{SECRET}\n",
]


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_no_secret_is_not_taken_for_one(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    assert list(plain_keys(path)) == []


def test_what_is_no_file_of_a_sane_size_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "big").write_bytes(b"x" * (1 << 20) + FORMS[0][0].encode())
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "big", "folder", "absent", "big/below"):
        assert list(plain_keys(tmp_path / name)) == []


def test_the_files_that_are_looked_into_are_the_users_and_those_of_the_folder(tmp_path: Path) -> None:
    environ = {"HOME": "/home/me", "AWS_SHARED_CREDENTIALS_FILE": "/elsewhere/keys"}
    paths = {str(each) for each in known_files(environ, tmp_path)}
    assert {
        "/home/me/.aws/credentials",
        "/home/me/.s3cfg",
        "/elsewhere/keys",
        str(tmp_path / ".env"),
    } <= paths
    assert {str(each.parent) for each in known_files({}, tmp_path)} == {str(tmp_path)}
