"""Which patterns cover which: where one is left away, what it said must still be said."""

from __future__ import annotations

import pytest

from leastkey.compile.resources import covers, least


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}", True),
        ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${aws:username}/x", True),
        ("arn:aws:s3:::b/$*", "arn:aws:s3:::b/${aws:username}", False),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/${aws:username}", False),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/${aws:username}", False),
        ("arn:aws:s3:::b/\ue000*", "arn:aws:s3:::b/${aws:username}x", False),
        ("arn:aws:s3:::b/${aws:username}*", "arn:aws:s3:::b/${aws:userid}x", False),
    ],
)
def test_a_variable_is_covered_by_what_covers_every_value_of_it(
    wide: str, narrow: str, *, covered: bool
) -> None:
    assert covers(wide, narrow) is covered
    assert least(frozenset({wide, narrow})) == ((wide,) if covered else tuple(sorted((wide, narrow))))
