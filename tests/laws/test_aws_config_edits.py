"""Laws of the AWS config editor, judged by botocore's own parser: ours is set, all else is as it was, to the byte."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import botocore.configloader
from botocore.exceptions import ConfigParseError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from leastkey.disk import config_lines
from leastkey.disk.aws_config import AwsProfiles
from leastkey.disk.config_lines import ConfigText
from leastkey.errors import LeastkeyError
from leastkey.ports.local import ProfileSection

OURS = "automation"
WANTED = ProfileSection(
    OURS,
    (
        ("region", "eu-west-1"),
        ("output", "json"),
        ("credential_process", "/opt/venv/bin/python -I -S /opt/cp.py /home/u/.local/state/leastkey 0123"),
    ),
)
MOVED = ProfileSection(
    OURS,
    (
        ("region", "us-east-1"),
        ("credential_process", "/new/python"),
        ("s3", "\nsignature_version = s3v4\nuse_dualstack_endpoint = false"),
        ("endpoint_url", "http://127.0.0.1:1"),
    ),
)
READ = dict(MOVED.settings) | {"s3": {"signature_version": "s3v4", "use_dualstack_endpoint": "false"}}
"""MOVED as botocore reads it."""

words = st.text("abcXYZ019_-./:%$~ é€", min_size=1, max_size=12).map(str.strip).filter(bool)
keys = st.sampled_from(
    ["region", "Output", "role_arn", "source_profile", "cli_pager", "x-y", "duration seconds"]
)
comments = st.tuples(st.sampled_from(["#", ";", "  # ", "\t; "]), words).map("".join)
blanks = st.sampled_from(["", " ", "\t"])
plain = st.tuples(st.sampled_from(["", "", " "]), keys, st.sampled_from([" = ", "=", ": ", " ="]), words).map(
    "".join
)
nested = st.tuples(
    st.sampled_from(["s3 =", "region = x", "credential_process ="]),
    st.lists(st.tuples(st.sampled_from(["  ", "    ", "\t"]), words, words), min_size=1, max_size=3),
).map(lambda parts: [parts[0], *(f"{indent}{key} = {value}" for indent, key, value in parts[1])])
body = st.lists(
    st.one_of(plain.map(lambda line: [line]), nested, comments.map(lambda c: [c]), blanks.map(lambda b: [b])),
    max_size=6,
).map(lambda groups: [line for group in groups for line in group])
headers = st.sampled_from(
    [
        "[default]",
        "[profile other]",
        '[profile "two words"]',
        "[profile 'quoted']  ",
        "[services local]",
        "[sso-session corp]",
        "[preview]",
        "[DEFAULT]",
        "[profile open' quote]",
    ]
)
sections = st.lists(st.tuples(headers, body), max_size=5, unique_by=lambda section: section[0])


@st.composite
def files(draw: st.DrawFn, *, with_ours: bool = False) -> bytes:
    """Give a config file botocore reads, with comments, nesting, either line end, and perhaps no last line end."""
    lines = draw(st.lists(st.one_of(comments, blanks), max_size=3))
    written = draw(sections)
    if with_ours:
        place = draw(st.integers(0, len(written)))
        header = draw(st.sampled_from([f"[profile {OURS}]", f'[profile "{OURS}"]', f"[profile   {OURS}] "]))
        written.insert(place, (header, draw(body)))
    for name, inside in written:
        lines += [name, *inside]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(lines) + draw(st.sampled_from(["", end, end + end]))
    data = text.encode()
    assume(parsed(data) is not None)
    return data


def parsed(data: bytes) -> dict[str, Any] | None:
    """Give what botocore reads in a file, or None when it cannot."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            raw = botocore.configloader.raw_config_parse(file.name)
        except ConfigParseError:
            return None
    loaded: dict[str, Any] = botocore.configloader.build_profile_map(raw)
    return loaded


def edited(data: bytes, section: ProfileSection) -> bytes:
    return ConfigText(data.decode()).written({section.name: section.settings}).encode()


def without_ours(loaded: dict[str, Any] | None) -> dict[str, Any]:
    assert loaded is not None
    others = {name: values for name, values in loaded["profiles"].items() if name != OURS}
    return {**loaded, "profiles": others}


def lines_of_others(data: bytes) -> list[str]:
    """Give the lines outside our section, by a rule of its own: a section ends where an unindented header begins."""
    found, ours = [], False
    for line in data.decode().split("\n"):
        if line.startswith("["):
            ours = line.split("]")[0].replace('"', "").split() == ["[profile", OURS]
        if not ours:
            found.append(line)
    return found


@given(files())
@settings(max_examples=200, deadline=None)
def test_a_new_section_is_read_by_botocore_and_every_other_byte_stays(data: bytes) -> None:
    new = edited(data, WANTED)
    before, after = parsed(data), parsed(new)
    assert after is not None
    ours = after["profiles"][OURS]
    assert {**ours, **dict(WANTED.settings)} == ours
    assert without_ours(after) == without_ours(before)
    assert new.startswith(data)


@given(st.booleans().flatmap(lambda ours: files(with_ours=ours)))
@settings(max_examples=200, deadline=None)
def test_sections_set_at_once_read_as_if_set_one_after_the_other(data: bytes) -> None:
    sections = {OURS: MOVED.settings, "second": WANTED.settings, "third": MOVED.settings}
    one_by_one = data
    for name, values in sections.items():
        one_by_one = edited(one_by_one, ProfileSection(name, values))
    assert ConfigText(data.decode()).written(sections).encode() == one_by_one


@given(files())
@settings(max_examples=200, deadline=None)
def test_sections_removed_at_once_leave_what_removing_one_after_the_other_leaves(data: bytes) -> None:
    names = (OURS, "second", "third")
    full = ConfigText(data.decode()).written(dict.fromkeys(names, WANTED.settings))
    one_by_one = full
    for name in reversed(names):
        one_by_one = ConfigText(one_by_one).removed([name]) or ""
    at_once = ConfigText(full).removed(names)
    assert at_once is not None
    assert at_once == one_by_one
    assert at_once.encode() == data


@given(files())
@settings(max_examples=200, deadline=None)
def test_write_then_remove_gives_the_original_bytes(data: bytes) -> None:
    new = edited(edited(data, WANTED), MOVED)
    removed = ConfigText(new.decode()).removed([OURS])
    assert removed is not None
    assert removed.encode() == data


@given(files(with_ours=True))
@settings(max_examples=200, deadline=None)
def test_a_section_changed_in_place_leaves_the_lines_of_others_alone(data: bytes) -> None:
    assume(b"[DEFAULT]" not in data)  # its settings show up in every section botocore reads
    new = edited(data, MOVED)
    before, after = parsed(data), parsed(new)
    assert before is not None
    assert after is not None
    ours, old = after["profiles"][OURS], before["profiles"][OURS]
    users_own = {key: value for key, value in old.items() if key not in config_lines.OURS}
    assert ours == users_own | READ
    assert without_ours(after) == without_ours(before)
    assert [line for line in lines_of_others(new) if line] == [line for line in lines_of_others(data) if line]
    assert edited(new, MOVED) == new


@given(files(), st.sampled_from([OURS, "a b", "default", "é"]))
@settings(max_examples=100, deadline=None)
def test_on_the_disk_too_and_with_a_second_profile(data: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config")
        path.write_bytes(data)
        profiles = AwsProfiles({"AWS_CONFIG_FILE": str(path), "HOME": folder})
        section = ProfileSection(name, WANTED.settings)
        other = ProfileSection("zzz", WANTED.settings)
        had = profiles.read(name) is not None
        try:
            assert profiles.write(section)
        except LeastkeyError as error:
            assert had, error.why  # noqa: PT017  # only an edit in place may be refused
            return
        read = profiles.read(name)
        assert read is not None
        assert set(section.settings) <= set(read.settings)
        assert not profiles.write(section)
        profiles.write(other)
        assert Path(f"{path}.leastkey-backup").read_bytes() == data
        assert profiles.remove("zzz")
        if not had:
            assert profiles.remove(name)
            assert path.read_bytes() == data
            assert [entry.name for entry in Path(folder).iterdir()] == ["config"]


@given(st.binary(max_size=60) | st.text("[]profile x=\n\r\t #;\"'\ufeff", max_size=60).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_edited_as_botocore_reads_them_or_refused_with_a_place(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config")
        path.write_bytes(data)
        profiles = AwsProfiles({"AWS_CONFIG_FILE": str(path), "HOME": folder})
        try:
            profiles.write(WANTED)
        except LeastkeyError as error:
            assert error.code == "config-invalid"  # noqa: PT017  # refusing is one of two right answers
            assert path.read_bytes() == data
            return
        new = path.read_bytes()
        loaded = parsed(new.removeprefix(b"\xef\xbb\xbf"))
        assert loaded is not None
        assert loaded["profiles"][OURS]["credential_process"] == dict(WANTED.settings)["credential_process"]
