"""A request as the matchers read it."""

from __future__ import annotations

import pytest
from tests.support.statement import ALICE

from leastkey.evaluate.asked import Asked
from leastkey.evaluate.request import Request


def read(resource: str) -> Asked:
    return Asked(Request("s3:ListAllMyBuckets", resource, ALICE), has_boundary=False)


def test_the_list_of_all_buckets_is_asked_for_at_the_arn_of_all_buckets() -> None:
    assert (read("*").head, read("*").tail) == (("arn", "aws", "s3", "", ""), "*")
    assert (read("none").head, read("none").tail) == (None, "")


def test_a_resource_is_folded_where_every_letter_folds_alone() -> None:
    """A sigma at the end of a word folds otherwise than one before another letter."""
    assert read("arn:aws:s3:::Acme").folded_resource == "arn:aws:s3:::acme"
    assert (
        read("arn:aws:s3:::\N{GREEK CAPITAL LETTER ALPHA}\N{GREEK CAPITAL LETTER SIGMA}").folded_resource
        is None
    )


@pytest.mark.parametrize(
    ("resource", "has_upper"),
    [
        ("arn:aws:sns:EU-west-1:111122223333:t", True),
        ("arn:aws:sns:eu-west-1:Owner:t", True),
        ("arn:aws:sns:eu-west-1:111122223333:Topic", False),
        ("arn:aws:SNS:eu-west-1:111122223333:t", False),
        ("Topic", False),
    ],
)
def test_capital_letters_count_in_region_and_account(resource: str, has_upper: bool) -> None:  # noqa: FBT001  # a row of the table
    assert read(resource).has_upper is has_upper
