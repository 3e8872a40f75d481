"""Who may wear a role, for how long, and as whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.sandbox.wires import Key, exchange, query

if TYPE_CHECKING:
    from tests.sandbox.conftest import Place

ASSUME = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}'
DENY_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
EVERYTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


def trust(principal: str, condition: dict[str, Any] | None = None, action: Any = "sts:AssumeRole") -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(place: Place, document: str, name: str = "r", **more: Any) -> str:
    made = place.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)
    return str(made["Role"]["Arn"])


def assume(place: Place, key: Key, arn: str, **more: Any) -> Key:
    given = place.client("sts", key).assume_role(RoleArn=arn, RoleSessionName="s1", **more)["Credentials"]
    return Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def code_of(place: Place, key: Key, arn: str, **more: Any) -> str:
    with pytest.raises(ClientError) as refused:
        assume(place, key, arn, **more)
    return str(refused.value.response["Error"]["Code"])


def user_arn(place: Place, name: str) -> str:
    return f"arn:aws:iam::{place.account}:user/{name}"


def root_arn(place: Place) -> str:
    return f"arn:aws:iam::{place.account}:root"


def test_a_caller_is_told_who_it_is_even_under_a_deny(place: Place) -> None:
    key = place.user("u", DENY_ALL)
    found = place.client("sts", key).get_caller_identity()
    assert (found["Account"], found["Arn"]) == (place.account, user_arn(place, "u"))
    assert found["UserId"] == place.client("iam").get_user(UserName="u")["User"]["UserId"]
    assert place.client("sts").get_caller_identity()["Arn"] == root_arn(place)


def test_a_named_user_wears_the_role_without_a_policy_of_its_own(place: Place) -> None:
    user, other = place.user("u"), place.user("other", ASSUME)
    arn = role(place, trust(user_arn(place, "u")))
    session = assume(place, user, arn)
    who = place.client("sts", session).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{place.account}:assumed-role/r/s1"
    assert who["UserId"].endswith(":s1")
    assert code_of(place, other, arn) == "AccessDenied"


def test_trust_in_the_account_needs_the_users_own_policy_too(place: Place) -> None:
    plain, allowed = place.user("plain"), place.user("allowed", ASSUME)
    arn = role(place, trust(root_arn(place)))
    assert code_of(place, plain, arn) == "AccessDenied"
    assert assume(place, allowed, arn).id.startswith("ASIA")


def test_a_deny_of_the_user_beats_trust_that_names_it(place: Place) -> None:
    key = place.user("u", DENY_ALL)
    assert code_of(place, key, role(place, trust(user_arn(place, "u")))) == "AccessDenied"


def test_another_account_needs_both_sides(place: Place) -> None:
    made = place.sandbox.key_of(type(place.account)("555566667777"))
    other = Key(str(made["access_key_id"]), str(made["secret_access_key"]))
    iam = place.client("iam", other)
    name = f"from-{place.account}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    guest = Key(key["AccessKeyId"], key["SecretAccessKey"])
    arn = role(place, trust(f"arn:aws:iam::555566667777:user/{name}"))
    assert code_of(place, guest, arn) == "AccessDenied"
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=ASSUME)
    assert assume(place, guest, arn).id.startswith("ASIA")


def test_the_external_id_must_be_the_one_asked_for(place: Place) -> None:
    user = place.user("u")
    arn = role(place, trust(user_arn(place, "u"), {"StringEquals": {"sts:ExternalId": "right-id"}}))
    assert code_of(place, user, arn) == "AccessDenied"
    assert code_of(place, user, arn, ExternalId="wrong-id") == "AccessDenied"
    assert assume(place, user, arn, ExternalId="right-id").id.startswith("ASIA")


def test_a_role_that_is_not_there_is_denied_like_any_other(place: Place) -> None:
    user = place.user("u", ASSUME)
    role(place, trust(root_arn(place)), Path="/there/")
    for arn in (
        f"arn:aws:iam::{place.account}:role/nothing",
        f"arn:aws:iam::{place.account}:role/r",
        "arn:aws:iam::999999999999:role/r",
    ):
        assert code_of(place, user, arn) == "AccessDenied"
    assert assume(place, user, f"arn:aws:iam::{place.account}:role/there/r").id


def test_root_wears_no_role(place: Place) -> None:
    assert code_of(place, place.root, role(place, trust(root_arn(place)))) == "AccessDenied"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"DurationSeconds": "899"}, "ValidationError"),
        ({"DurationSeconds": "43201"}, "ValidationError"),
        ({"DurationSeconds": "3601"}, "ValidationError"),
        ({"DurationSeconds": "1e3"}, "ValidationError"),
        ({"RoleSessionName": "a"}, "ValidationError"),
        ({"RoleSessionName": "with space"}, "ValidationError"),
        ({"RoleSessionName": "x/y"}, "ValidationError"),
        ({"RoleArn": "r"}, "ValidationError"),
        ({"ExternalId": "x"}, "ValidationError"),
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        ({"PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/NoSuch"}, "ValidationError"),
        ({"TokenCode": "123456"}, "AccessDenied"),
        ({"TransitiveTagKeys.member.1": "a"}, "ValidationError"),
        ({"ProvidedContexts.member.1.ProviderArn": "arn:aws:iam::aws:contextProvider/x"}, "NotImplemented"),
    ],
)
def test_parameters_out_of_bounds_are_refused(place: Place, given: dict[str, str], code: str) -> None:
    user = place.user("u")
    arn = role(place, trust(user_arn(place, "u")))
    parameters = {"RoleArn": arn, "RoleSessionName": "s1", **given}
    assert query("sts", "AssumeRole", "2011-06-15", **parameters).send(place.port, user).code == code


def test_a_role_may_allow_longer_sessions_but_a_chain_ends_after_an_hour(place: Place) -> None:
    user = place.user("u")
    first = role(place, trust(user_arn(place, "u")), MaxSessionDuration=7200)
    session = assume(place, user, first, DurationSeconds=7200)
    second = role(place, trust(first), "second", MaxSessionDuration=7200)
    assert code_of(place, session, second, DurationSeconds=3601) == "ValidationError"
    assert assume(place, session, second, DurationSeconds=3600).id.startswith("ASIA")


def test_a_session_policy_narrows_and_never_widens(place: Place) -> None:
    user = place.user("u")
    arn = role(place, trust(user_arn(place, "u")))
    place.client("iam").put_role_policy(
        RoleName="r",
        PolicyName="p",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ListUsers",'
        '"iam:ListRoles"],"Resource":"*"}]}',
    )
    narrow = assume(
        place,
        user,
        arn,
        Policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ListUsers",'
        '"iam:ListGroups"],"Resource":"*"}]}',
    )
    assert place.client("iam", assume(place, user, arn)).list_roles()["Roles"]
    iam = place.client("iam", narrow)
    assert iam.list_users()["Users"]
    for call in (iam.list_roles, iam.list_groups):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


def test_session_tags_need_their_own_permission_and_reach_conditions(place: Place) -> None:
    user = place.user("u")
    plain = role(place, trust(user_arn(place, "u")), "plain")
    tagged = role(place, trust(user_arn(place, "u"), action=["sts:AssumeRole", "sts:TagSession"]), "tagged")
    tags = [{"Key": "team", "Value": "blue"}]
    assert code_of(place, user, plain, Tags=tags) == "AccessDenied"
    place.client("iam").put_role_policy(
        RoleName="tagged",
        PolicyName="p",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers",'
        '"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}}]}',
    )
    assert place.client("iam", assume(place, user, tagged, Tags=tags)).list_users()["Users"]
    with pytest.raises(ClientError, match="AccessDenied"):
        place.client("iam", assume(place, user, tagged)).list_users()


def test_a_boundary_limits_who_may_wear(place: Place) -> None:
    user = place.user("u")
    iam = place.client("iam")
    arn = role(place, trust(user_arn(place, "u")))
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=EVERYTHING)["Policy"]["Arn"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=EVERYTHING)
    iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=boundary)
    session = assume(place, user, arn)
    assert place.client("iam", session).list_users()["Users"]
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=ASSUME, SetAsDefault=True)
    with pytest.raises(ClientError, match="boundary"):
        place.client("iam", session).list_users()


def test_saml_is_refused_unsigned_and_signed(place: Place) -> None:
    """STS API Reference, AssumeRoleWithSAML: an assertion is not verified here, so that it proves nothing."""
    call = query("sts", "AssumeRoleWithSAML", "2011-06-15", RoleArn="arn:aws:iam::123456789012:role/r")
    assert call.send(place.port, place.root).status == 501
    unsigned = call.raw([("Host", call.host), *call.headers.items()])
    assert exchange(place.port, unsigned).code == "NotImplemented"
    other = query("sts", "GetSessionToken", "2011-06-15")
    unsigned = other.raw([("Host", other.host), *other.headers.items()])
    assert exchange(place.port, unsigned).code == "MissingAuthenticationToken"
