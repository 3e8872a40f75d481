"""What `leastkey help` teaches is true."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from click.testing import CliRunner

from leastkey.cli.commands.help import command
from leastkey.cli.topics import TOPICS
from leastkey.spec.model import (
    ActionsGrant,
    DocumentGrant,
    LevelGrant,
    ManagedGrant,
    Use,
)
from leastkey.spec.parse import parse_spec

DOCUMENT = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:ListQueues","Resource":"*"}]}'
)


def test_the_spec_that_help_prints_parses_and_shows_every_form() -> None:
    (identity,) = parse_spec(TOPICS["spec"], "leastkey.yaml", lambda _path: DOCUMENT).identities
    assert {type(grant) for grant in identity.allow} == {
        LevelGrant,
        ActionsGrant,
        ManagedGrant,
        DocumentGrant,
    }
    assert {type(use) for use in identity.used_by} == set(get_args(Use))
    assert identity.boundary is not None
    assert identity.deny
    assert identity.names.role
    assert identity.names.policy


def test_help_names_every_topic_it_has() -> None:
    listed = CliRunner().invoke(command, []).output
    topics = set(re.findall(r"^  ([a-z-]+) +\S", listed, re.MULTILINE))
    assert set(TOPICS) < topics
    assert all(CliRunner().invoke(command, [topic]).exit_code == 0 for topic in topics)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_fits_80_columns(topic: str) -> None:
    assert [line for line in TOPICS[topic].splitlines() if len(line) > 80] == []
