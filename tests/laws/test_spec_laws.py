"""Laws of the spec: whatever is read is a spec or an error of ours, with its place."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.spec.bad_specs import BAD
from tests.unit.spec.test_faults import DOCUMENTS, read_document
from tests.unit.spec.test_parse import DESIGN

from leastkey.errors import KINDS, Exit, LeastkeyError
from leastkey.spec.parse import parse_spec
from leastkey.spec.settings import OUTPUTS, REGIONS
from leastkey.spec.starter import Starter, starter_spec

WORDS = st.sampled_from(
    """
    version 1 identities allow deny used-by user s3 list on when names session boundary actions document managed
    account region StringLike aws:a s3://b arn:aws
    """.split()  # noqa: SIM905  # a list of words reads better as words
)
MARKS = st.sampled_from(
    [*"\n\t :-?,[]{}#&*!|>'\"%@`\\~<", "\n  ", "\n    - ", ": ", "--- ", "\\x00", "\\U0010", "\ufeff"]
)
YAMLISH = st.lists(WORDS | MARKS | st.text(max_size=4), max_size=60).map("".join)
TREES = st.recursive(
    WORDS | st.none() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)
NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True).filter(
    lambda name: name != "default"
)


def check(text: str) -> None:
    """Parse; anything but a spec or an error of ours, with a place that exists, fails the test."""
    fault: LeastkeyError | None = None
    try:
        parse_spec(text, "leastkey.yaml", read_document)
    except LeastkeyError as error:
        fault = error
    if fault is not None:
        assert KINDS[fault.code].exit == Exit.USAGE
        assert fault.remedy
        assert fault.place is not None
        name, line, column = fault.place.rsplit(":", 2)
        assert name in {"leastkey.yaml", *DOCUMENTS}
        assert 1 <= int(line) <= text.count("\n") + text.count("\r") + 2
        assert int(column) >= 1


@settings(deadline=None)
@given(YAMLISH)
def test_text_like_yaml_gives_a_spec_or_an_error_of_ours(text: str) -> None:
    check(text)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_bytes_read_as_text_give_a_spec_or_an_error_of_ours(raw: bytes) -> None:
    check(raw.decode("utf-8", "surrogateescape"))
    check(raw.decode("latin-1"))


@settings(deadline=None)
@given(TREES)
def test_a_tree_of_any_shape_gives_a_spec_or_an_error_of_ours(tree: object) -> None:
    check(json.dumps(tree, ensure_ascii=False))
    check(json.dumps({"version": 1, "identities": {"a": tree}}, ensure_ascii=False))
    check(
        json.dumps(
            {"version": 1, "identities": {"a": {"allow": tree, "used-by": ["user"]}}}, ensure_ascii=False
        )
    )


@settings(max_examples=200, deadline=None)
@given(
    text=st.sampled_from([DESIGN, *(bad.text for bad in BAD.values() if len(bad.text) < 1_000)]),
    cut=st.integers(0, 1_000),
    length=st.integers(0, 20),
    put=st.text(max_size=3) | WORDS | MARKS,
)
def test_a_spec_with_a_wound_gives_a_spec_or_an_error_of_ours(
    text: str, cut: int, length: int, put: str
) -> None:
    cut %= len(text) + 1
    check(text[:cut] + put + text[cut + length :])


@settings(max_examples=50, deadline=None)
@given(
    project=NAMES,
    identity=NAMES,
    allow=st.lists(
        st.sampled_from(
            [
                "ec2 list,read",
                "s3 full",
                "ec2:DescribeRegions",
                "s3 read on s3://acme/x/",
                "managed A",
                "document allow.json",
            ]
        ),
        min_size=1,
        max_size=4,
    ),
    region=st.sampled_from(REGIONS),
    output=st.sampled_from(OUTPUTS),
    account=st.none() | st.from_regex(r"[0-9]{12}", fullmatch=True),
    user=st.none() | st.from_regex(r"[A-Za-z0-9_+=,.@-]{1,64}", fullmatch=True),
    service=st.none() | st.sampled_from(["ec2", "lambda", "ecs-tasks"]),
)
def test_what_a_starter_writes_is_read_back(
    project: str,
    identity: str,
    allow: list[str],
    region: str,
    output: str,
    account: str | None,
    user: str | None,
    service: str | None,
) -> None:
    answers = Starter(
        project=project,
        identity=identity,
        allow=tuple(allow),
        region=region,
        output=output,
        account=account,
        user=user,
        service=service,
    )
    spec = parse_spec(starter_spec(answers), "leastkey.yaml", read_document)
    (found,) = spec.identities
    assert (spec.project, spec.region, spec.output, spec.account) == (project, region, output, account)
    assert (found.name, len(found.allow)) == (identity, len(allow))
    assert (found.user is None) == (service is not None and user is None)
    assert found.user is None or found.user.name == user
