"""The pinned catalogue, asked as policies ask."""

from __future__ import annotations

import pytest

from leastkey.iam.catalog import nearest, service_catalog, services


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("getcalleridentity", ("GetCallerIdentity",)),
        ("GetCallerIdentit?", ("GetCallerIdentity",)),
        ("*CallerIdent*", ("GetCallerIdentity",)),
        ("GetCaller?", ()),
        ("Get.allerIdentity", ()),
        ("assumerole", ("AssumeRole",)),
        ("AssumeRole*", ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")),
    ],
)
def test_patterns_match_whole_names_in_any_case(pattern: str, names: tuple[str, ...]) -> None:
    assert tuple(action.name for action in service_catalog("sts").matching(pattern)) == names


def test_a_service_that_is_not_there_is_an_error_and_has_a_neighbour() -> None:
    with pytest.raises(KeyError):
        service_catalog("sss")
    assert nearest("DynamoDBs", services()) == "dynamodb"
    assert nearest("zzzzzzzz", services()) is None
