"""The exit code of several proofs together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from leastkey.verify.report import exit_of

if TYPE_CHECKING:
    from leastkey.verify.report import Report


@dataclass(frozen=True)
class Ended:
    exit_code: int


@pytest.mark.parametrize(
    ("codes", "whole"),
    [((0, 0), 0), ((0, 14, 12), 12), ((12, 11, 14), 11), ((0, 14), 14), ((0, 5), 5), ((), 14)],
)
def test_no_proof_that_went_wrong_is_lost_among_others(codes: tuple[int, ...], whole: int) -> None:
    assert exit_of([cast("Report", Ended(code)) for code in codes]) == whole
