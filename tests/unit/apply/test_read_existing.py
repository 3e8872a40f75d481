"""Reading what somebody made by hand: what is asked, how often, and what cannot be replaced."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.account import ACCOUNT, Account, Group, Key, Policy, Role, User, Version, refused
from tests.fakes.connect import FakeConnect
from tests.unit.adopt.byhand import allow, document, trusts

from leastkey.apply.read_existing import read_existing
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import Arn
from leastkey.iam.credentials import AccessKeyId
from leastkey.ports.people import Silent
from leastkey.secret import Secret

EC2 = Arn.parse("arn:aws:iam::aws:policy/AmazonEC2FullAccess")


class Heard(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def made_by_hand() -> Account:
    account = Account()
    now = account.clock.now()
    account.users["automation_user"] = User(
        "automation_user",
        "/",
        "AIDA1",
        now,
        {"team": "red"},
        {"reports": document(allow("s3:GetObject", "arn:aws:s3:::acme/*"))},
        [EC2, account.arn("policy/extra")],
        ["devs"],
        account.arn("policy/extra"),
    )
    account.groups["devs"] = Group("devs", {"g": document(allow("sqs:SendMessage"))}, [])
    account.groups["ops"] = Group("ops", {"never": document(allow("*"))}, [])
    account.policies["extra"] = Policy(
        "extra", "/", {}, "", [Version("v1", now, document(allow("ec2:DescribeRegions")))], "v1"
    )
    made = now - timedelta(days=400)
    account.keys["AKIA0000000000007Q2X"] = Key(
        AccessKeyId("AKIA0000000000007Q2X"),
        Secret("s"),
        "automation_user",
        made,
        "Active",
        now,
        "ec2",
        "eu-west-1",
    )
    trust = document(trusts({"AWS": str(account.arn("user/automation_user"))}), kind="trust")
    account.roles["deploy"] = Role("Deploy", "/", "AROA1", now, {}, trust, "", 7_200, None)
    return account


def read(account: Account, kind: Any, name: str) -> Any:
    return read_existing(FakeConnect(account).iam(), ACCOUNT, kind, name, Silent())


def test_a_user_is_read_with_groups_boundary_keys_and_whoever_trusts_it() -> None:
    account = made_by_hand()
    existing, taken = read(account, "user", "Automation_User")
    assert existing.name == "automation_user"
    assert [(policy.label, policy.document is None) for policy in existing.policies] == [
        ("inline policy reports", False),
        ("AWS's own policy AmazonEC2FullAccess", True),
        ("policy extra", False),
        ("inline policy g of group devs", False),
    ]
    assert existing.boundary is not None
    assert existing.boundary.name == "extra"
    (key,) = existing.keys
    assert (key.last_four, key.is_active, key.service, key.region) == ("7Q2X", True, "ec2", "eu-west-1")
    assert existing.read_at is not None
    assert (existing.read_at - key.created).days == 400
    assert existing.has_password is False
    assert existing.worn_by_others == ("Deploy",)
    assert (taken.users, taken.roles, taken.policies, taken.projects) == (
        {"automation_user"},
        {"deploy"},
        {"extra"},
        frozenset(),
    )


def test_a_user_costs_one_page_and_three_requests_and_one_a_key() -> None:
    account = made_by_hand()
    read(account, "user", "automation_user")
    assert account.requests == [
        "iam:GetAccountAuthorizationDetails",
        "iam:ListAccessKeys",
        "iam:GetAccessKeyLastUsed",
        "iam:GenerateCredentialReport",
        "iam:GetCredentialReport",
    ]
    account.requests.clear()
    read(account, "role", "Deploy")
    assert account.requests == ["iam:GetAccountAuthorizationDetails", "iam:GetRole"]


def test_a_role_is_read_with_its_longest_session() -> None:
    existing, _ = read(made_by_hand(), "role", "deploy")
    assert (existing.max_session_seconds, existing.keys, existing.read_at) == (7_200, (), None)
    assert existing.trust is not None


@pytest.mark.parametrize(
    ("kind", "name", "code", "remedy"),
    [
        ("user", "automation_usr", "unknown-name", "did you mean `automation_user`?"),
        ("user", "deploy", "unknown-name", "it is a role: `--from-role deploy`"),
        ("role", "automation_user", "unknown-name", "it is a user: `--from-user automation_user`"),
        ("user", "xyz", "unknown-name", "look at the names: `aws iam list-users`"),
        (
            "user",
            "root",
            "not-replaceable",
            "describe the script instead: `leastkey init`; then delete the root user's keys",
        ),
    ],
)
def test_a_name_that_is_not_there(kind: str, name: str, code: str, remedy: str) -> None:
    with pytest.raises(LeastkeyError) as error:
        read(made_by_hand(), kind, name)
    assert (error.value.code, error.value.remedy) == (code, (remedy,))


@pytest.mark.parametrize(
    ("path", "name", "tags", "says"),
    [
        (
            "/leastkey/acme/",
            "acme-nightly",
            {"leastkey:project": "acme"},
            "belongs to the leastkey project `acme`",
        ),
        ("/leastkey/acme/", "acme-nightly", {}, "belongs to the leastkey project `acme`"),
        ("/aws-service-role/x.amazonaws.com/", "AWSServiceRoleForX", {}, "is a service-linked role"),
        ("/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Admin_1", {}, "belongs to IAM Identity Center"),
    ],
)
def test_what_is_ours_or_kept_by_aws_is_not_replaced(
    path: str, name: str, tags: dict[str, str], says: str
) -> None:
    account = made_by_hand()
    trust = document(trusts({"Service": "x.amazonaws.com"}), kind="trust")
    account.roles[name.lower()] = Role(name, path, "AROA2", account.clock.now(), tags, trust, "", 3_600, None)
    with pytest.raises(LeastkeyError) as error:
        read(account, "role", name)
    assert error.value.code == "not-replaceable"
    assert says in error.value.what


def test_a_refused_call_is_named() -> None:
    account = made_by_hand()
    account.refuse = lambda call, _: refused(call, "AccessDenied") if call == "iam:ListAccessKeys" else None
    with pytest.raises(LeastkeyError) as error:
        read(account, "user", "automation_user")
    assert (error.value.code, error.value.what) == ("access-denied", "AWS refused `iam:ListAccessKeys`")


def test_a_report_that_may_not_be_read_is_said_and_does_not_stop_the_rest() -> None:
    account = made_by_hand()
    account.refuse = lambda call, _: refused(call, "AccessDenied") if "CredentialReport" in call else None
    heard = Heard()
    existing, _ = read_existing(FakeConnect(account).iam(), ACCOUNT, "user", "automation_user", heard)
    assert existing.has_password is None
    assert heard.lines == [
        "whether `automation_user` has a password cannot be read: AWS refused `iam:GenerateCredentialReport`"
    ]


def test_a_policy_that_cannot_be_read_stops_it_since_a_denial_would_be_lost() -> None:
    account = made_by_hand()
    account.users["automation_user"].attached.append(account.arn("policy/gone"))
    with pytest.raises(LeastkeyError) as error:
        read(account, "user", "automation_user")
    assert error.value.code == "policy-invalid"


def test_a_group_that_cannot_be_read_stops_it_since_a_denial_would_be_lost() -> None:
    account = made_by_hand()
    account.users["automation_user"].groups.append("gone")
    with pytest.raises(LeastkeyError, match="`gone`") as caught:
        read(account, "user", "automation_user")
    assert caught.value.code == "policy-invalid"
