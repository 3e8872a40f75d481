"""A secret has one exit: whatever else is tried gives no part of the value."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
import traceback
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pytest

from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@dataclass(frozen=True)
class Holder:
    secret: Secret


SHOWN: dict[str, Callable[[Secret], str]] = {
    "str": str,
    "repr": repr,
    "f-string": lambda secret: f"{secret}",
    "format": lambda secret: f"{secret:>60}",
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031  # this is what is tried
    "pprint": lambda secret: pprint.pformat({"secret": secret}),
    "in a dataclass": lambda secret: repr(Holder(secret)),
    "an exception": lambda secret: "".join(traceback.format_exception_only(ValueError(secret))),
    "slots": lambda secret: repr(
        [getattr(secret, name) for name in secret.__slots__ if hasattr(secret, name)]
    ),
    "directory": lambda secret: repr(dir(secret)),
}
REFUSED: dict[str, Callable[[Secret], object]] = {
    "iterated": list,
    "measured": len,
    "hashed": hash,
    "copied": copy.copy,
    "copied deeply": copy.deepcopy,
    "pickled": pickle.dumps,
    "as JSON": json.dumps,
    "as JSON of its variables": lambda secret: json.dumps(secret, default=vars),
    "as a dictionary": lambda secret: asdict(Holder(secret)),
    "changed": lambda secret: setattr(secret, "value", "x"),
    "deleted": lambda secret: delattr(secret, "_Secret__value"),
}


@pytest.mark.parametrize("way", SHOWN)
def test_no_way_of_showing_it_shows_it(way: str) -> None:
    shown = SHOWN[way](Secret(VALUE))
    assert not any(VALUE[index : index + 6] in shown for index in range(len(VALUE) - 5))


@pytest.mark.parametrize("way", REFUSED)
def test_what_would_take_it_apart_is_refused(way: str) -> None:
    with pytest.raises(TypeError):
        REFUSED[way](Secret(VALUE))


def test_it_equals_only_a_secret_of_the_same_value_and_is_never_empty() -> None:
    other: Any = VALUE
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret(VALUE[:-1])
    assert Secret(VALUE) != other
    assert Secret("")
    assert Secret(VALUE).reveal() == VALUE
