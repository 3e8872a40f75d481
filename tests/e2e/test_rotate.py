"""`leastkey rotate` as a person runs it: a new key, the way back, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.proxy import proxying
from tests.support.refusals import assert_refused, writes

from leastkey.aws.connect import connect_as
from leastkey.clock import SystemClock
from leastkey.disk.bindings import FileBindings
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import AwsError
from leastkey.iam.credentials import AccessKey
from leastkey.ports.binding import vault_entry
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from tests.e2e.conftest import Aws
    from tests.support.home import Home

pytestmark = pytest.mark.slow


def key_in_use(home: Home) -> AccessKey:
    (binding,) = FileBindings(home.state).all()
    assert binding.access_key is not None
    entry = vault_entry(binding.key.account, binding.key.endpoint, binding.user, binding.access_key)
    secret = open_vault("age-file", VaultFiles(home.state)).get(entry)
    assert secret is not None
    return AccessKey(binding.access_key, secret)


def answer_to(key: AccessKey, aws: Aws) -> str:
    """Give what AWS says to a call signed by a key."""
    connect = connect_as(key, SystemClock(), region="eu-west-1", endpoint_url=aws.endpoint_url, source="test")
    try:
        return connect.admin_sts().caller().arn.name
    except AwsError as error:
        return error.code


def statuses(aws: Aws, account: str) -> dict[str, str]:
    listed: Any = aws.client(account, "iam").list_access_keys(UserName="nightly-bot")
    return {key["AccessKeyId"]: key["Status"] for key in listed["AccessKeyMetadata"]}


def test_a_rotation_and_the_way_back(aws: Aws, account: str, home: Home) -> None:
    home.write_spec()
    assert home.leastkey("up", "--yes").code == 0
    old = key_in_use(home)
    young = home.leastkey("rotate", "--all", "--older-than", "60d", "--yes", "--json")
    assert (young.code, young.json["identities"][0]["outcome"]) == (0, "not-due")

    rotated = home.leastkey("rotate", "--yes")
    assert rotated.code == 0, rotated.err
    new = key_in_use(home)
    assert statuses(aws, account) == {old.id: "Inactive", new.id: "Active"}
    assert (answer_to(old, aws), answer_to(new, aws)) == ("InvalidClientTokenId", "nightly-bot")
    assert f"...{old.id[-4:]} is switched off and kept until" in rotated.out

    (told,) = home.leastkey("status", "--json").json["identities"]
    roles = {key["id"]: (key["role"], key["kept_until"] is None) for key in told["keys"]}
    assert roles == {old.id: ("kept after rotation", False), new.id: ("in use", True)}
    assert told["open_operations"] == []
    checks = home.leastkey("doctor", "--json").json["checks"]
    of_keys = [each["state"] for each in checks if each["check"] in {"key-age", "open-operations"}]
    assert of_keys == ["ok"] * 3

    assert home.leastkey("plan", "--exit-code").code == 0
    assert home.leastkey("rotate", "nightly", "--undo", "--yes").code == 0
    assert statuses(aws, account) == {old.id: "Active"}
    assert answer_to(old, aws) == "nightly-bot"
    again = home.leastkey("rotate", "--undo", "--yes")
    assert_refused(again, "not-undoable", 1, "nothing was changed")

    at_once = home.leastkey("rotate", "--yes", "--grace", "0s", "--json")
    assert at_once.json["identities"][0]["kept"] is None
    assert statuses(aws, account) == {key_in_use(home).id: "Active"}
    assert list((home.state / "intents").iterdir()) == []


def test_beside_a_foreign_key_nothing_is_changed_and_both_are_named(
    aws: Aws, account: str, home: Home
) -> None:
    home.write_spec()
    assert home.leastkey("up", "--yes").code == 0
    made = aws.client(account, "iam").create_access_key(UserName="nightly-bot")["AccessKey"]
    before = statuses(aws, account)
    with proxying(aws.port) as proxy:
        refused = home.leastkey("rotate", "--yes", AWS_ENDPOINT_URL=proxy.url)
        assert writes(proxy) == []
    assert_refused(refused, "not-set-up", 4, "leastkey up")
    refused = home.leastkey("rotate", "--yes")
    ours, theirs = f"...{key_in_use(home).id[-4:]}", f"...{made['AccessKeyId'][-4:]}"
    assert_refused(refused, "key-limit", 1, f"{ours}  active", f"{theirs}  active", "not ours", "never used")
    assert statuses(aws, account) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rotate", "--all", "nightly"), "different things"),
        (("rotate", "--undo", "--older-than", "1d"), "no use"),
        (("rotate", "--grace", "tomorrow"), "no span"),
        (("rotate", "--grace", "400d"), "no span"),
        (("rotate",), "no terminal"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...], says: str, home: Home) -> None:
    home.write_spec()
    if arguments == ("rotate",):
        assert home.leastkey("up", "--yes").code == 0
    refused = home.leastkey(*arguments)
    assert_refused(refused, "usage", 2, says)


def test_an_identity_without_a_key_here_is_told_what_to_do(home: Home) -> None:
    home.write_spec()
    for arguments in (("rotate", "--yes"), ("rotate", "--all", "--yes")):
        assert_refused(home.leastkey(*arguments), "not-set-up", 4, "leastkey up")


def test_what_was_revoked_gets_no_key_and_its_old_one_is_not_switched_on(
    aws: Aws, account: str, home: Home
) -> None:
    home.write_spec()
    assert home.leastkey("up", "--yes").code == 0
    assert home.leastkey("rotate", "--yes").code == 0
    assert home.leastkey("revoke", "nightly", "--yes").code == 0
    off = statuses(aws, account)
    assert set(off.values()) == {"Inactive"}
    for undo in ((), ("--undo",)):
        assert_refused(home.leastkey("rotate", "nightly", "--yes", *undo), "revoked", 1, "--restore")
    assert statuses(aws, account) == off
