"""The user's AWS files: where they are, what is kept, what is refused, and what is left behind."""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from leastkey.disk import aws_config
from leastkey.disk.aws_config import AwsProfiles
from leastkey.disk.config_lines import config_text
from leastkey.errors import LeastkeyError
from leastkey.ports.local import ProfileSection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECTION = ProfileSection(
    "automation", (("region", "eu-west-1"), ("output", "json"), ("credential_process", "/p x"))
)
MINE = b"# mine\r\n[default]\r\nregion = us-east-1\r\ns3 =\r\n  addressing_style = path\r\n"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0o000, 0o077], ids=oct)
def profiles(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AwsProfiles]:
    before = os.umask(request.param)
    yield AwsProfiles({"HOME": str(tmp_path)})
    os.umask(before)


def test_a_machine_without_aws_files_gets_private_ones_and_loses_them_again(
    profiles: AwsProfiles, tmp_path: Path
) -> None:
    assert profiles.config_file == str(tmp_path / ".aws" / "config")
    assert profiles.read("automation") is None
    assert profiles.write(SECTION)
    assert (mode(tmp_path / ".aws"), mode(tmp_path / ".aws" / "config")) == (0o700, 0o600)
    assert profiles.read("automation") == SECTION
    assert not profiles.write(SECTION)
    other = ProfileSection("second", SECTION.settings)
    assert profiles.write(other)
    assert [path.name for path in (tmp_path / ".aws").iterdir()] == ["config"]
    assert profiles.remove("automation")
    assert profiles.read("second") == other
    assert profiles.remove("second")
    assert not profiles.remove("second")
    assert list(tmp_path.iterdir()) == []


def test_mode_line_ends_and_backup_live_as_promised(profiles: AwsProfiles, tmp_path: Path) -> None:
    config = tmp_path / ".aws" / "config"
    config.parent.mkdir()
    config.write_bytes(MINE)
    config.chmod(0o640)
    backup = tmp_path / ".aws" / "config.leastkey-backup"
    profiles.write(SECTION)
    profiles.write(ProfileSection("second", SECTION.settings))
    assert config.read_bytes().startswith(MINE)
    assert b"\n" not in config.read_bytes().replace(b"\r\n", b"")
    assert mode(config) == 0o640
    assert (backup.read_bytes(), mode(backup)) == (MINE, 0o600)
    profiles.remove("automation")
    assert backup.exists()
    profiles.remove("second")
    assert [(path.name, path.read_bytes()) for path in config.parent.iterdir()] == [("config", MINE)]


def test_an_empty_file_of_the_users_stays(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_bytes(b"")
    profiles = AwsProfiles({"HOME": "/nowhere", "AWS_CONFIG_FILE": str(config)})
    profiles.write(SECTION)
    profiles.remove("automation")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("config", b"")]


def test_a_linked_config_is_edited_where_it_lies_and_stays_a_link(tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "aws-config").write_bytes(MINE)
    (tmp_path / ".aws").mkdir()
    link = tmp_path / ".aws" / "config"
    link.symlink_to("../dotfiles/aws-config")
    profiles = AwsProfiles({"HOME": str(tmp_path)})
    profiles.write(SECTION)
    assert link.is_symlink()
    assert b"[profile automation]" in (dotfiles / "aws-config").read_bytes()
    assert [path.name for path in dotfiles.iterdir()] == ["aws-config"]
    profiles.remove("automation")
    assert (dotfiles / "aws-config").read_bytes() == MINE


def test_a_byte_order_mark_is_kept(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_bytes(b"\xef\xbb\xbf" + MINE)
    profiles = AwsProfiles({"AWS_CONFIG_FILE": str(config)})
    profiles.write(SECTION)
    assert config.read_bytes().startswith(b"\xef\xbb\xbf" + MINE)
    profiles.remove("automation")
    assert config.read_bytes() == b"\xef\xbb\xbf" + MINE


def test_what_the_user_added_to_our_section_stays_and_what_is_ours_is_corrected(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile automation]\n# why\nregion=eu-west-1\ncli_pager =\nendpoint_url = http://127.0.0.1:1\n\n[profile b]\n"
    )
    AwsProfiles({"AWS_CONFIG_FILE": str(config)}).write(SECTION)
    assert config.read_text() == (
        "[profile automation]\n# written by leastkey; `leastkey destroy` removes it\n# why\nregion=eu-west-1\n"
        "cli_pager =\noutput = json\ncredential_process = /p x\n\n[profile b]\n"
    )


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (b"[profile automation]\n[profile automation]\n", 2, "second time"),
        (b'[profile automation]\nregion = x\n[profile "automation"]\n', 3, "a second section"),
        (b"region = x\n", 1, "neither a section"),
        (b"[default]\nregion\n", 2, "neither a section"),
        (b"[default]\nregion = a\nREGION = b\n", 3, "second time"),
        (b"[default]\n# caf\xe9\n", 2, "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_edited_safely_is_refused_with_its_line(
    tmp_path: Path, content: bytes, line: int, says: str
) -> None:
    config = tmp_path / "config"
    config.write_bytes(content)
    with pytest.raises(LeastkeyError) as caught:
        AwsProfiles({"AWS_CONFIG_FILE": str(config)}).write(SECTION)
    assert caught.value.code == "config-invalid"
    assert caught.value.place == f"{config}:{line}"
    assert says in caught.value.why[0]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("config", content)]


@pytest.mark.parametrize("name", ["", "a]b", "a\nb", 'a"b', "a\\b"])
def test_a_name_no_header_can_hold_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LeastkeyError, match="cannot be edited safely"):
        AwsProfiles({"HOME": str(tmp_path)}).write(ProfileSection(name, SECTION.settings))


def test_a_static_key_that_would_win_is_found_with_its_place(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    config = tmp_path / "config"
    profiles = AwsProfiles(
        {
            "HOME": str(tmp_path),
            "AWS_CONFIG_FILE": "~/config",
            "AWS_SHARED_CREDENTIALS_FILE": "$HOME/credentials",
        }
    )
    assert profiles.shadowed_by("automation") is None
    config.write_text("[profile automation]\nregion = x\naws_access_key_id = A\n")
    assert profiles.shadowed_by("automation") == f"{config}:3"
    credentials.write_text("[other]\naws_access_key_id = A\n[automation]\n\nAWS_ACCESS_KEY_ID = B\n")
    assert profiles.shadowed_by("automation") == f"{credentials}:5"
    assert profiles.shadowed_by("other") == f"{credentials}:2"
    credentials.write_text("[automation]\n[automation]\n")
    with pytest.raises(LeastkeyError) as caught:
        profiles.shadowed_by("automation")
    assert caught.value.place == f"{credentials}:2"


def test_an_edit_by_another_program_meanwhile_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_bytes(MINE)
    theirs = MINE + b"[profile theirs]\r\n"
    parse = aws_config._parsed
    done: list[bool] = []

    def interrupted(data: bytes) -> object:
        if not done:
            done.append(True)
            config.write_bytes(theirs)
        return parse(data)

    monkeypatch.setattr(aws_config, "_parsed", interrupted)
    AwsProfiles({"AWS_CONFIG_FILE": str(config)}).write(SECTION)
    assert config.read_bytes().startswith(theirs)
    assert b"[profile automation]" in config.read_bytes()


def test_many_writers_lose_no_section(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_bytes(MINE)

    def work(number: int) -> None:
        profiles = AwsProfiles({"AWS_CONFIG_FILE": str(config)})
        profiles.write(ProfileSection(f"p{number}", SECTION.settings))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    profiles = AwsProfiles({"AWS_CONFIG_FILE": str(config)})
    assert all(profiles.read(f"p{number}") is not None for number in range(12))
    for number in range(12):
        assert profiles.remove(f"p{number}")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("config", MINE)]


def test_a_file_that_never_rests_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_bytes(MINE)
    parse = aws_config._parsed

    def restless(data: bytes) -> object:
        config.write_bytes(config.read_bytes() + b"# more\r\n")
        return parse(data)

    monkeypatch.setattr(aws_config, "_parsed", restless)
    with pytest.raises(LeastkeyError, match="keeps changing"):
        AwsProfiles({"AWS_CONFIG_FILE": str(config)}).write(SECTION)
    assert b"automation" not in config.read_bytes()


def test_many_profiles_of_a_file_that_stays_as_it_is_cost_one_parse(profiles: AwsProfiles) -> None:
    sections = [ProfileSection(f"job-{number}", SECTION.settings) for number in range(20)]
    for section in sections:
        profiles.write(section)
    before = config_text.cache_info().misses
    assert [profiles.read(section.name) for section in sections] == sections
    assert {profiles.shadowed_by(section.name) for section in sections} == {None}
    assert config_text.cache_info().misses - before <= 1


def test_without_a_home_the_default_files_cannot_be_found() -> None:
    with pytest.raises(LeastkeyError, match="no home folder"):
        AwsProfiles({}).read("automation")


def test_a_folder_in_the_place_of_the_config_is_an_error_of_ours(tmp_path: Path) -> None:
    profiles = AwsProfiles({"AWS_CONFIG_FILE": str(tmp_path), "HOME": str(tmp_path)})
    with pytest.raises(LeastkeyError) as caught:
        profiles.read("automation")
    assert caught.value.code == "io-failed"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_keeps_its_owner_when_root_edits_it(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_bytes(MINE)
    os.chown(config, 12345, 12346)
    AwsProfiles({"AWS_CONFIG_FILE": str(config)}).write(SECTION)
    status = config.stat()
    assert (status.st_uid, status.st_gid) == (12345, 12346)
