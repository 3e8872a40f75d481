"""The profile of an identity: what it says, whose it is, when it is written, repaired and removed."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from string import ascii_letters, digits
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.keys.world import BINDING, HELPER, KEY, World

from leastkey.compile.wanted import WantedProfile
from leastkey.disk.aws_config import AwsProfiles
from leastkey.errors import LeastkeyError
from leastkey.keys.helper import check_helper, parse_command
from leastkey.keys.profile import (
    bind_profile,
    profile_section,
    profile_state,
    repair_profiles,
    unbind_profile,
)
from leastkey.ports.binding import binding_id
from leastkey.ports.local import HelperCommand, ProfileSection

if TYPE_CHECKING:
    from pathlib import Path

MOVED = HelperCommand("/srv/lk/bin/python", "/srv/lk/leastkey/credential_process.py", HELPER.home)
WANTED = WantedProfile("automation", "eu-west-1", "json")


def state(world: World, helper: HelperCommand = HELPER) -> str:
    return profile_state(WANTED, KEY, None, replace(world.local(), helper=helper))


def test_the_profile_is_written_once_and_then_current() -> None:
    world = World()
    assert state(world) == "absent"
    assert bind_profile(WANTED, BINDING, world.local())
    assert world.profiles["automation"].settings == (
        ("region", "eu-west-1"),
        ("output", "json"),
        ("credential_process", HELPER.line(binding_id(KEY))),
    )
    assert state(world) == "ours-current"
    assert not bind_profile(WANTED, BINDING, world.local())
    assert world.bindings[binding_id(KEY)].profile == "automation"


def test_an_endpoint_that_is_not_awss_stands_in_the_profile_and_goes_again() -> None:
    url = "http://127.0.0.1:5000"
    assert ("endpoint_url", url) in profile_section(WANTED, KEY, url, HELPER).settings
    world = World()
    bind_profile(WANTED, BINDING._replace(endpoint_url=url), world.local())
    assert state(world) == "ours-stale"


@pytest.mark.parametrize(
    ("theirs", "after"),
    [
        ("", "s3 =\n    signature_version = s3v4\n"),
        ("s3 =\n  addressing_style = path\n", "s3 =\n  addressing_style = path\n"),
        ("s3 =\n  signature_version = s3v4\n  addressing_style = path\n", None),
    ],
)
def test_s3_settings_are_added_where_there_are_none(tmp_path: Path, theirs: str, after: str | None) -> None:
    config = tmp_path / "config"
    local = replace(
        World().local(), profiles=AwsProfiles({"AWS_CONFIG_FILE": str(config), "HOME": "/nowhere"})
    )
    emulated = BINDING._replace(endpoint_url="http://127.0.0.1:5000")
    command = HELPER.line(binding_id(KEY))
    config.write_text(f"[profile automation]\ncredential_process = {command}\n{theirs}")
    assert profile_state(WANTED, KEY, emulated.endpoint_url, local) == "ours-stale"
    assert bind_profile(WANTED, emulated, local)
    assert (theirs if after is None else after) in config.read_text()
    assert config.read_text().count("s3 =") == 1
    assert profile_state(WANTED, KEY, emulated.endpoint_url, local) == "ours-current"
    config.write_text(re.sub(r"^s3 =\n(?:  .*\n)+", "", config.read_text(), flags=re.MULTILINE))
    assert profile_state(WANTED, KEY, emulated.endpoint_url, local) == "ours-stale"


def test_writing_the_profile_keeps_the_key_in_use() -> None:
    world = World()
    key = world.ensure(new=True)
    bind_profile(WANTED, BINDING, world.local())
    assert world.bindings[binding_id(KEY)].access_key == key


@pytest.mark.parametrize(
    "command",
    [
        "",
        "/usr/bin/other-helper",
        HELPER.line("0123456789abcdef"),
        HELPER.line(binding_id(KEY)) + " extra",
        "x -I -S /opt/credential_process.py /h " + binding_id(KEY).upper(),
    ],
)
def test_a_profile_bound_elsewhere_is_never_overwritten(command: str) -> None:
    world = World()
    theirs = ProfileSection(
        "automation", (("credential_process", command),) if command else (("region", "x"),)
    )
    world.profiles["automation"] = theirs
    assert state(world) == "foreign"
    with pytest.raises(LeastkeyError) as caught:
        bind_profile(WANTED, BINDING, world.local())
    assert caught.value.code == "profile-exists"
    assert world.profiles["automation"] == theirs


def test_what_would_win_over_our_profile_is_named() -> None:
    world = World()
    world.shadows["automation"] = "/home/kim/.aws/credentials:3"
    with pytest.raises(LeastkeyError) as caught:
        bind_profile(WANTED, BINDING, world.local())
    assert caught.value.code == "profile-shadowed"
    assert "/home/kim/.aws/credentials:3" in caught.value.why[0]
    assert not world.profiles


def test_a_role_setting_added_to_our_profile_shadows_it() -> None:
    world = World()
    bind_profile(WANTED, BINDING, world.local())
    ours = world.profiles["automation"]
    world.profiles["automation"] = replace(ours, settings=(*ours.settings, ("cli_pager", "")))
    assert state(world) == "ours-current"
    world.profiles["automation"] = replace(
        ours, settings=(*ours.settings, ("role_arn", "arn:aws:iam::1:role/x"))
    )
    assert state(world) == "shadowed"


def test_a_renamed_profile_replaces_the_old_one() -> None:
    world = World()
    bind_profile(WANTED, BINDING, world.local())
    bind_profile(replace(WANTED, name="nightly"), BINDING, world.local())
    assert set(world.profiles) == {"nightly"}


def test_a_helper_that_is_gone_is_repaired_and_one_that_runs_is_left_alone() -> None:
    world = World()
    bind_profile(WANTED, BINDING, world.local())
    assert repair_profiles(replace(world.local(), helper=MOVED), exists=lambda path: True) == ()
    gone = repair_profiles(
        replace(world.local(), helper=MOVED), exists=lambda path: not path.startswith("/opt/lk")
    )
    assert gone == ("automation",)
    assert dict(world.profiles["automation"].settings)["credential_process"] == MOVED.line(binding_id(KEY))
    assert dict(world.profiles["automation"].settings)["region"] == "eu-west-1"


def test_repair_leaves_a_section_that_became_somebodys() -> None:
    world = World()
    bind_profile(WANTED, BINDING, world.local())
    theirs = ProfileSection("automation", (("credential_process", "/usr/bin/other"),))
    world.profiles["automation"] = theirs
    assert repair_profiles(replace(world.local(), helper=MOVED), exists=lambda path: False) == ()
    assert not unbind_profile(KEY._replace(identity="other"), world.local())
    assert unbind_profile(KEY, world.local())
    assert world.profiles == {"automation": theirs}
    assert not world.bindings


def test_a_profile_in_another_config_file_is_not_forgotten() -> None:
    world = World()
    world.local().bindings.put(BINDING._replace(profile="automation", config_file="/elsewhere/config"))
    with pytest.raises(LeastkeyError) as caught:
        unbind_profile(KEY, world.local(), exists=lambda path: True)
    assert "/elsewhere/config" in caught.value.what
    assert unbind_profile(KEY, world.local(), exists=lambda path: False)


@given(st.text(alphabet=ascii_letters + digits + "_./+@:-", min_size=1))
def test_a_safe_path_means_the_same_to_shlex_and_to_a_plain_split(text: str) -> None:
    helper = HelperCommand(f"/{text}/python", f"/{text}/credential_process.py", f"/{text}")
    line = helper.line("0123456789abcdef")
    assert shlex.split(line) == line.split(" ")
    assert parse_command(line) == (helper, "0123456789abcdef")
    if not any(
        part.startswith(("archive-v", "builds-v", "environments-v", "pip")) for part in text.split("/")
    ):
        check_helper(helper, exists=lambda path: True)


@pytest.mark.parametrize(
    "bad", ["/a b", "/a'b", '/a"b', "/a$b", "/~kim", "/a;b", "/a\\b", "/a=b", "/a,b", "/ä", "relative"]
)
@pytest.mark.parametrize("part", ["python", "script", "home"])
def test_a_path_that_tools_read_differently_is_refused(bad: str, part: str) -> None:
    with pytest.raises(LeastkeyError) as caught:
        check_helper(replace(HELPER, **{part: bad}))
    assert caught.value.code == "unsafe-path"
    assert bad in caught.value.what


@pytest.mark.parametrize(
    ("python", "refused"),
    [
        ("/home/kim/.cache/uv/archive-v0/X1/bin/python", True),
        ("/big/uv-cache/builds-v0/.tmpx/bin/python", True),
        ("/home/kim/.cache/pipx/0a1b/bin/python", True),
        ("/home/kim/.local/pipx/.cache/0a1b/bin/python", True),
        ("/tmp/pip-build-env-xyz/overlay/bin/python", True),
        ("/tmp/clone/.venv/bin/python", False),
        ("/home/kim/.local/share/uv/tools/leastkey/bin/python", False),
        ("/home/kim/.local/share/pipx/venvs/leastkey/bin/python", False),
    ],
)
def test_environments_made_for_one_run_are_refused(python: str, *, refused: bool) -> None:
    helper = replace(HELPER, python=python)
    if not refused:
        check_helper(helper)
        return
    with pytest.raises(LeastkeyError) as caught:
        check_helper(helper)
    assert caught.value.code == "temporary-environment"
    check_helper(helper, allow_temporary=True)
