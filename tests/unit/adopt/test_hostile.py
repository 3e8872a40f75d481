"""What stands in an account is somebody's text: it steers no shell, no YAML, no reader, and no proof."""

from __future__ import annotations

import shlex
import time
from typing import Final

import pytest
from tests.unit.adopt.byhand import (
    ACCOUNT,
    adopted,
    allow,
    customer,
    deny,
    document,
    inline,
    role,
    trusts,
    user,
)

from leastkey.adopt.existing import ExistingPolicy
from leastkey.adopt.questions import MOST
from leastkey.iam.arn import Arn
from leastkey.spec.parse import parse_spec

LAMBDA: Final = trusts({"Service": "lambda.amazonaws.com"})


def test_a_policys_path_runs_nothing_when_the_steps_are_pasted() -> None:
    # IAM takes every printable character in a path.
    arn = Arn("aws", "iam", "", ACCOUNT, "policy/;touch${IFS}/tmp/x;`id`'#/x")
    found = adopted(user(ExistingPolicy("x", "customer", document(allow("s3:GetObject")), arn)))
    commands = [each for step in found.steps for each in step.commands if "detach-user-policy" in each]
    assert [shlex.split(each)[-1] for each in commands] == [str(arn)]


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\u2029", "\x0b"])
def test_a_name_with_an_end_of_a_line_in_it_stays_inside_its_comment(end: str) -> None:
    policy = inline(f"p{end}      - s3: [full]{end}#", allow("s3:GetObject"))
    found = adopted(user(policy, name=f"bot{end}evil: 1{end}#"), identity="bot")
    assert not set("\r\x85\u2028\u2029\x0b") & set(found.text)
    (identity,) = parse_spec(found.text, "leastkey.yaml", str).identities
    assert len(identity.allow) == 1
    assert "s3: [full]" not in [line.strip(" -") for line in found.text.splitlines()]


@pytest.mark.parametrize("hidden", ["\x7f", "\x85", "\x9b", "\xad"])
def test_what_a_reader_would_not_see_is_written_out_in_the_spec_and_its_documents(hidden: str) -> None:
    # Policies hold these at AWS; of what lies above U+00FF AWS takes nothing.
    bucket = f"arn:aws:s3:::b{hidden}/*"
    entries = (allow("s3:GetObject", bucket), {"Effect": "Deny", "NotAction": "s3:*", "Resource": bucket})
    found = adopted(user(inline("p", *entries)))
    assert hidden not in found.text + "".join(found.files.values())
    assert "\\u00" in "".join(found.files.values())
    assert found.comparison.is_same


@pytest.mark.parametrize(
    "statement",
    [
        deny("s3:*", "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"),
        deny("s3:*", Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
    ],
)
def test_a_deny_that_hangs_on_a_tag_the_new_role_lacks_is_no_proof_of_sameness(
    statement: dict[str, str],
) -> None:
    found = adopted(role(LAMBDA, inline("p", allow("s3:*"), statement), tags={"team": "blue"}))
    assert found.comparison.wider
    assert any("${aws:PrincipalTag/team}" in caution for caution in found.cautions)


def test_a_boundary_that_speaks_of_the_old_caller_is_said() -> None:
    boundary = customer("ceiling", allow("*"), deny("s3:*", "arn:aws:s3:::b/${aws:username}/*"))
    found = adopted(user(inline("p", allow("s3:*")), boundary=boundary))
    assert found.comparison.wider
    assert any("ceiling" in caution and "${aws:username}" in caution for caution in found.cautions)


def test_long_policies_are_asked_about_in_seconds_and_in_all_their_parts() -> None:
    buckets = [f"arn:aws:s3:::bucket{number}/*" for number in range(100)]
    prefixes = [f"p{number}/*" for number in range(100)]
    policies = [
        inline(f"p{number}", allow([f"s3:Get{letter}*" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"], buckets),
               allow("s3:ListBucket", buckets, Condition={"StringLike": {"s3:prefix": prefixes}}))
        for number in range(4)
    ]  # fmt: skip
    began = time.process_time()
    found = adopted(user(*policies))
    assert time.process_time() - began < 20
    assert MOST // 2 < found.comparison.asked <= MOST
    assert found.comparison.is_same
