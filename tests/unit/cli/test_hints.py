"""Hints mean the project, account and vault of the command that was typed."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leastkey.cli.hints import chosen_in, in_context, words_for


@pytest.mark.parametrize(
    ("typed", "hint", "shown"),
    [
        ("plan --sandbox", "finish: `leastkey up`", "finish: `leastkey up --sandbox`"),
        ("plan --spec=a.yaml", "leastkey apply 7f3a91c2", "leastkey apply --spec a.yaml 7f3a91c2"),
        ("up --vault age-file", "leastkey run -- aws s3 ls", "leastkey run -- aws s3 ls"),
        ("run --spec b --sandbox", "`leastkey run x -- y`", "`leastkey run --spec b --sandbox x -- y`"),
        ("up --admin-profile a", "`leastkey up --admin-profile NAME`", "`leastkey up --admin-profile NAME`"),
        ("up --sandbox --x", "leastkey up --help", "leastkey up --help"),
        ("up --sandbox", "leastkey help keyless", "leastkey help keyless"),
        (
            "up --sandbox",
            "`leastkey up` or `leastkey plan`",
            "`leastkey up --sandbox` or `leastkey plan --sandbox`",
        ),
    ],
)
def test_a_hint_repeats_what_was_chosen(typed: str, hint: str, shown: str) -> None:
    assert in_context(hint, chosen_in(typed.split())) == shown


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_shell_reads_every_value_as_it_was_typed(value: str) -> None:
    assert shlex.split(words_for("up", {"--spec": value})) == ["--spec", value]
