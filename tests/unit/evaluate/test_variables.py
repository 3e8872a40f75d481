"""Patterns with variables, split and read, beside the plain way to do it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from leastkey.evaluate.variables import Variable, fixed, split_arn, template

texts = st.lists(
    st.sampled_from([":", ":", "a", "*", "${a:b}", "${a}", "${$}", "${:}", "${", "{", "}"]), max_size=14
).map("".join)


@given(text=texts)
def test_an_arn_is_split_at_the_colons_outside_of_variables(text: str) -> None:
    hidden = re.sub(r"\$\{[^{}]*\}", lambda found: found[0].replace(":", "\0"), text).split(":", 5)
    expected = [part.replace("\0", ":") for part in hidden] if len(hidden) == 6 else None
    assert split_arn(text, variables=True) == expected
    parts = text.split(":", 5)
    assert split_arn(text, variables=False) == (parts if len(parts) == 6 else None)


@given(text=texts)
def test_a_pattern_is_fixed_when_no_variable_is_in_it(text: str) -> None:
    read = template(text)
    assert fixed(read) == (None if any(isinstance(each, Variable) for each in read) else list(read))
