"""The function's role suffices for what it does, and grants nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from handler import handler

if TYPE_CHECKING:
    from leastkey.sandbox.testing.account import SandboxAccount
    from leastkey.sandbox.testing.identity import Identity

FOLDER = Path(__file__).parent
ORDER = {"items": [{"price": 5, "count": 2}, {"price": 20, "count": 1}]}


@pytest.fixture
def role(leastkey_sandbox: SandboxAccount) -> Identity:
    """Make what the function works with, as root, and its role."""
    s3 = leastkey_sandbox.root.client("s3")
    s3.create_bucket(Bucket="acme-orders")
    s3.put_object(Bucket="acme-orders", Key="7.json", Body=json.dumps(ORDER))
    leastkey_sandbox.root.client("dynamodb").create_table(
        TableName="totals",
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return leastkey_sandbox.as_role(policy=FOLDER / "policy.json", trust=FOLDER / "trust.json", name="totals")


def test_the_role_suffices_and_grants_nothing_else(leastkey_sandbox: SandboxAccount, role: Identity) -> None:
    with leastkey_sandbox.recording() as run, role.active():
        assert handler({"key": "7.json"}, None) == {"total": 30}
    run.assert_sufficient(role)
    run.assert_minimal(role, ignoring=["logs:*"])  # Lambda writes the logs, not the function


def test_the_role_changes_no_order(leastkey_sandbox: SandboxAccount, role: Identity) -> None:
    role.assert_allowed("s3:GetObject", "arn:aws:s3:::acme-orders/7.json")
    role.assert_denied("s3:PutObject", "arn:aws:s3:::acme-orders/7.json")
    with leastkey_sandbox.expect_denied("s3:DeleteObject"):
        role.client("s3").delete_object(Bucket="acme-orders", Key="7.json")
