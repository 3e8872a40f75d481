"""The credential report: one row a user and one for root, true to keys, their age and their last use.

Source: IAM User Guide, "Getting credential reports for your AWS account".
"""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.rules.iam_passwords import next_rotation
from leastkey.sandbox.rules.iam_xml import answer
from leastkey.sandbox.state.world import PARTITION

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.state.world import World

__all__ = ["COLUMNS", "generate", "report"]

_KEY: Final = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
COLUMNS: Final = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_1_{name}" for name in _KEY),
    *(f"access_key_2_{name}" for name in _KEY),
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)


def generate(request: AwsRequest, operation: Operation, world: World) -> Response:
    """Make a report of this moment. AWS may keep one for four hours; here each is fresh."""
    iam = world.iam(request.account)
    is_first = not iam.credential_report
    iam.credential_report = (request.now, _content(request.account, world))
    if not is_first:
        return answer(request, operation, {"State": "COMPLETE"})
    return answer(
        request,
        operation,
        {"State": "STARTED", "Description": "No report exists. Starting a new report generation task"},
    )


def report(request: AwsRequest, operation: Operation, world: World) -> Response | Refusal:
    """Give the report that was made last, with the time it was made."""
    made = world.iam(request.account).credential_report
    if not made:
        return Refusal(410, "ReportNotPresent", "No report is present; generate one first.")
    at, content = made
    return answer(
        request,
        operation,
        {
            "Content": b64encode(content.encode()).decode(),
            "ReportFormat": "text/csv",
            "GeneratedTime": at,
        },
    )


def _content(account: str, world: World) -> str:
    rows = [
        _root(account, world),
        *(_user(user, account, world) for user in world.iam(account).users.values()),
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue().rstrip("\n")


def _root(account: str, world: World) -> list[str]:
    """Give root's row: the sandbox gives every account one root key, which AWS would not."""
    iam = world.iam(account)
    made = _time(getattr(iam, "account_created", None))
    used = getattr(iam, "root_last_used", None)
    return [
        "<root_account>",
        f"arn:{PARTITION}:iam::{account}:root",
        made,
        "not_supported",
        "no_information",
        "not_supported",
        "not_supported",
        "false",
        *_used("true", made, used),
        *_none(),
        "false",
        "N/A",
        "false",
        "N/A",
    ]


def _user(user: Any, account: str, world: World) -> list[str]:
    keys = [
        _used(_flag(key.status == "Active"), _time(key.create_date), key.last_used)
        for key in user.access_keys
    ]
    keys += [_none()] * (2 - len(keys))
    certificates = [
        (_flag(each.status == "Active"), _time(each.upload_date))
        for each in user.signing_certificates.values()
    ]
    certificates += [("false", "N/A")] * (2 - len(certificates))
    changed = getattr(user, "password_changed", user.create_date) if user.password else None
    rotation = next_rotation(changed, account, world) if changed is not None else None
    return [
        user.name,
        user.arn,
        _time(user.create_date),
        _flag(bool(user.password)),
        "no_information" if user.password else "N/A",
        _time(changed),
        _time(rotation),
        _flag(bool(user.mfa_devices)),
        *keys[0],
        *keys[1],
        *certificates[0],
        *certificates[1],
    ]


def _used(active: str, rotated: str, used: Any) -> list[str]:
    if used is None:
        return [active, rotated, "N/A", "N/A", "N/A"]
    return [active, rotated, _time(used.timestamp), used.region, used.service]


def _none() -> list[str]:
    return ["false", "N/A", "N/A", "N/A", "N/A"]


def _flag(value: bool) -> str:  # noqa: FBT001  # a value to write, not an option
    return "true" if value else "false"


def _time(at: datetime | None) -> str:
    return "N/A" if at is None else at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
