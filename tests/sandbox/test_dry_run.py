"""EC2 `DryRun`: whether a call would be allowed is told for every operation that has it, and nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.wires import query

from leastkey.sandbox.service_models import service_model

if TYPE_CHECKING:
    from tests.sandbox.conftest import Place

    from leastkey.sandbox.service_models import ServiceModel


def test_a_dry_run_is_answered_for_every_operation_of_ec2(place: Place) -> None:
    """EC2 API Reference, "Common parameters for the EC2 Query API": DryRun."""
    model = service_model("ec2")
    assert model is not None
    user = place.user("nobody")
    allowed: dict[tuple[int, str], list[str]] = {}
    refused: dict[tuple[int, str], list[str]] = {}
    names = [name for name in model.operations if "DryRun" in model.members(name)]
    for name in names:
        call = query("ec2", name, "2016-11-15", DryRun="true")
        for key, found in ((place.root, allowed), (user, refused)):
            answer = call.send(place.port, key)
            found.setdefault((answer.status, answer.code), []).append(name)
    unbuilt = allowed.pop((501, "NotImplemented"), [])
    assert refused.pop((501, "NotImplemented"), []) == unbuilt
    assert len(unbuilt) < 40
    lacking = [name for name in names if name not in unbuilt and _requires(model, name)]
    assert allowed.pop((400, "MissingParameter"), []) == lacking
    assert set(allowed) == {(412, "DryRunOperation")}, allowed
    assert set(refused) == {(403, "UnauthorizedOperation")}, refused
    assert len(names) > 700


def _requires(model: ServiceModel, name: str) -> bool:
    return bool(model.shapes[model.operations[name]["input"]["shape"]].get("required"))


def test_a_dry_run_changes_nothing(place: Place) -> None:
    """EC2 API Reference, CreateVpc: DryRun."""
    call = {"CidrBlock": "10.9.0.0/16"}
    assert (
        query("ec2", "CreateVpc", "2016-11-15", DryRun="true", **call).send(place.port, place.root).status
        == 412
    )
    ec2 = place.client("ec2")
    assert all(each["CidrBlock"] != "10.9.0.0/16" for each in ec2.describe_vpcs()["Vpcs"])
    assert ec2.create_vpc(**call)["Vpc"]["CidrBlock"] == "10.9.0.0/16"
