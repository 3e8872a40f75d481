"""Every kind of change is carried out by one part of the flow, and stands in the order of work."""

from __future__ import annotations

from typing import get_args

from leastkey.apply import carry
from leastkey.plan import order
from leastkey.plan.operation import Operation

KINDS = set(get_args(Operation))


def test_every_operation_is_carried_out_by_exactly_one_part() -> None:
    rows = [*carry._IAM, *carry._CREATES, *carry._LOCAL]
    assert len(rows) == len(set(rows))
    assert set(rows) == KINDS


def test_every_operation_has_its_place_in_the_order() -> None:
    assert set(order._TOUCHES) == KINDS
