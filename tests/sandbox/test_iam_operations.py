"""Every operation of IAM that botocore knows: it works here, or it says that it is not built; none fails.

Source: IAM API Reference, "Actions"; "Common Errors".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from tests.support.sandbox_client import LocalSandbox, allow

from leastkey.sandbox.rules.iam_pages import PAGED
from leastkey.sandbox.rules.unbuilt import IAM_UNBUILT as NOT_BUILT

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_PAGES = {
    "ListInstanceProfileTags",
    "GetAccountAuthorizationDetails",
    "SimulateCustomPolicy",
    "SimulatePrincipalPolicy",
}


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


def code(call: Any, **given: Any) -> str:
    try:
        call(**given)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_every_operation_works_or_says_that_it_is_not_built(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    model = iam.meta.service_model
    found = {
        name: code(getattr(iam, xform_name(name)), **_example(model, name)) for name in model.operation_names
    }
    assert [name for name, each in found.items() if each.startswith("Internal")] == []
    assert {name for name, each in found.items() if each == "NotImplemented"} == NOT_BUILT
    assert len(found) - len(NOT_BUILT) >= 139


def test_a_required_parameter_that_is_missing_is_named(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    for name in iam.meta.service_model.operation_names:
        shape = iam.meta.service_model.operation_model(name).input_shape
        if name not in NOT_BUILT and shape is not None and shape.required_members:
            assert code(getattr(iam, xform_name(name))) == "ValidationError", name
    iam.create_user(UserName="bob")  # with all that is required


def test_audiences_of_a_provider_are_added_and_removed(sandbox: LocalSandbox) -> None:
    """IAM API Reference, AddClientIDToOpenIDConnectProvider, RemoveClientIDFromOpenIDConnectProvider."""
    iam = sandbox.client("iam")
    arn = iam.create_open_id_connect_provider(
        Url="https://issuer.example", ClientIDList=["a"], ThumbprintList=["a" * 40]
    )["OpenIDConnectProviderArn"]
    for _ in range(2):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="b")
    shown = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert shown["ClientIDList"] == ["a", "b"]
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == ["b"]
    gone = {"OpenIDConnectProviderArn": arn + "x", "ClientID": "b"}
    assert code(iam.add_client_id_to_open_id_connect_provider, **gone) == "NoSuchEntity"


def test_an_instance_profile_tells_its_tags_in_pages(sandbox: LocalSandbox) -> None:
    """IAM API Reference, ListInstanceProfileTags."""
    iam = sandbox.client("iam")
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(3)]
    iam.create_instance_profile(InstanceProfileName="i", Tags=tags)
    pages = iam.get_paginator("list_instance_profile_tags").paginate(
        InstanceProfileName="i", PaginationConfig={"PageSize": 2}
    )
    assert [page["Tags"] for page in pages] == [tags[:2], tags[2:]]
    assert code(iam.list_instance_profile_tags, InstanceProfileName="none") == "NoSuchEntity"


def test_every_paginator_of_botocore_pages(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    pageable = {name for name in iam.meta.service_model.operation_names if iam.can_paginate(xform_name(name))}
    assert pageable - NOT_BUILT - OWN_PAGES == set(PAGED)
    for name in sorted(PAGED):
        call = getattr(iam, xform_name(name))
        given = _example(iam.meta.service_model, name)
        for bad in ({"MaxItems": 0}, {"MaxItems": 1_001}, {"Marker": "x"}):
            assert code(call, **{**given, **bad}) == "ValidationError", (name, bad)


def test_lists_that_moto_would_cut_are_whole_and_in_pages(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    for number in range(105):
        iam.create_group(GroupName=f"g{number:03}")
    document = json.dumps(allow("s3:GetObject"))
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    for number in range(3):
        iam.attach_group_policy(GroupName=f"g{number:03}", PolicyArn=arn)
        iam.create_user(UserName=f"u{number}")
        iam.attach_user_policy(UserName=f"u{number}", PolicyArn=arn)
        iam.add_user_to_group(UserName=f"u{number}", GroupName="g000")
    assert [len(page["Groups"]) for page in iam.get_paginator("list_groups").paginate()] == [100, 5]
    found = list(
        iam.get_paginator("list_entities_for_policy").paginate(
            PolicyArn=arn, PaginationConfig={"PageSize": 4}
        )
    )
    assert [(len(page["PolicyGroups"]), len(page["PolicyUsers"])) for page in found] == [(3, 1), (0, 2)]
    pages = iam.get_paginator("get_group").paginate(GroupName="g000", PaginationConfig={"PageSize": 2})
    assert [[user["UserName"] for user in page["Users"]] for page in pages] == [["u0", "u1"], ["u2"]]
    assert all(page["Group"]["GroupName"] == "g000" for page in pages)


def _example(model: Any, name: str) -> dict[str, Any]:
    """Give the required parameters of an operation, each with some value of its kind."""
    shape = model.operation_model(name).input_shape
    if shape is None:
        return {}
    return {each: _value(shape.members[each], each) for each in shape.required_members}


def _value(shape: Any, name: str) -> Any:
    if shape.type_name == "list":
        return [_value(shape.member, name)]
    if shape.type_name == "map":
        return {}
    if shape.type_name == "structure":
        return {each: _value(member, each) for each, member in shape.members.items()}
    if shape.type_name in ("integer", "boolean"):
        return 1
    if name.endswith("Arn"):
        return "arn:aws:iam::111122223333:policy/none"
    if "Document" in name or name == "PolicyInputList":
        return json.dumps(allow("s3:GetObject"))
    return shape.enum[0] if getattr(shape, "enum", None) else "name"
