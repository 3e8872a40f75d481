"""GetSessionToken, GetFederationToken and second factors: what they give, and what they keep from whom."""

from __future__ import annotations

import hashlib
import hmac
import struct
from base64 import b32decode
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.sandbox.test_sts import ASSUME, DENY_ALL, EVERYTHING, assume, code_of, role, trust, user_arn
from tests.sandbox.wires import Key, query

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Place

LIST_USERS = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}]}'
)
LIST_BUCKETS = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'


def key_of(answer: dict[str, Any]) -> Key:
    given = answer["Credentials"]
    return Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


def one_time_code(seed: bytes, place: Place, steps: int = 0) -> str:
    """RFC 6238, written again here."""
    counter = int(place.clock.now().timestamp()) // 30 + steps
    digest = hmac.new(b32decode(seed), struct.pack(">Q", counter), hashlib.sha1).digest()
    offset = digest[-1] & 15
    value = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(value % 10**6).zfill(6)


def device(place: Place, user: str) -> tuple[str, bytes]:
    iam = place.client("iam")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{user}-phone")["VirtualMFADevice"]
    iam.enable_mfa_device(
        UserName=user,
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1=one_time_code(made["Base32StringSeed"], place, -1),
        AuthenticationCode2=one_time_code(made["Base32StringSeed"], place),
    )
    return made["SerialNumber"], made["Base32StringSeed"]


def test_a_user_gets_a_session_that_is_the_user(place: Place) -> None:
    """STS API Reference, GetSessionToken: the permissions of the user, and no policy is asked."""
    user = place.user("u", LIST_BUCKETS)
    session = key_of(place.client("sts", user).get_session_token())
    assert session.id.startswith("ASIA")
    assert place.client("sts", session).get_caller_identity()["Arn"] == user_arn(place, "u")
    assert place.client("s3", session).list_buckets()["Buckets"] == []
    denied = place.user("denied", DENY_ALL)
    assert place.client("sts", denied).get_session_token()["Credentials"]


def test_a_session_without_second_factor_calls_neither_iam_nor_most_of_sts(place: Place) -> None:
    """IAM User Guide, "Compare AWS STS credentials": GetSessionToken."""
    user = place.user("u", EVERYTHING)
    arn = role(place, trust(user_arn(place, "u")))
    session = key_of(place.client("sts", user).get_session_token())
    assert place.client("iam", user).list_users()["Users"]
    assert refusal(place.client("iam", session).list_users) == "InvalidClientTokenId"
    sts = place.client("sts", session)
    assert refusal(sts.get_session_token) == "AccessDenied"
    assert refusal(lambda: sts.get_federation_token(Name="bob")) == "AccessDenied"
    assert refusal(lambda: sts.get_access_key_info(AccessKeyId=user.id)) == "AccessDenied"
    assert assume(place, session, arn).id.startswith("ASIA")


def test_a_second_factor_opens_iam_and_is_seen_by_conditions(place: Place) -> None:
    """IAM User Guide, "Secure API access with MFA"."""
    user = place.user(
        "u",
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*",'
        '"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},'
        '"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}}]}',
    )
    serial, seed = device(place, "u")
    sts = place.client("sts", user)
    session = key_of(sts.get_session_token(SerialNumber=serial, TokenCode=one_time_code(seed, place)))
    assert place.client("iam", session).list_users()["Users"]
    assert refusal(place.client("iam", user).list_users) == "AccessDenied"
    place.clock.offset = timedelta(minutes=2)
    assert refusal(place.client("iam", session).list_users) == "AccessDenied"


def test_a_wrong_old_or_foreign_code_opens_nothing(place: Place) -> None:
    """STS API Reference, GetSessionToken: SerialNumber and TokenCode."""
    user, other = place.user("u"), place.user("other")
    serial, seed = device(place, "u")
    right = one_time_code(seed, place)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for key, given in (
        (user, {"SerialNumber": serial, "TokenCode": wrong}),
        (user, {"SerialNumber": serial, "TokenCode": one_time_code(seed, place, -3)}),
        (user, {"SerialNumber": serial}),
        (user, {"SerialNumber": f"{serial}x", "TokenCode": right}),
        (other, {"SerialNumber": serial, "TokenCode": right}),
    ):
        sts = place.client("sts", key)
        assert refusal(partial(sts.get_session_token, **given)) == "AccessDenied"
    sts = place.client("sts", user)
    assert sts.get_session_token(SerialNumber=serial, TokenCode=right)["Credentials"]
    # RFC 6238, section 5.2: a code is taken once
    with pytest.raises(ClientError, match="invalid MFA one time pass code"):
        sts.get_session_token(SerialNumber=serial, TokenCode=right)
    place.clock.offset += timedelta(seconds=30)
    assert sts.get_session_token(SerialNumber=serial, TokenCode=one_time_code(seed, place))["Credentials"]


def test_a_device_is_enabled_with_two_codes_in_a_row(place: Place) -> None:
    """IAM API Reference, EnableMFADevice: InvalidAuthenticationCode."""
    place.user("u")
    iam = place.client("iam")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed, serial = made["Base32StringSeed"], made["SerialNumber"]
    now, before = one_time_code(seed, place), one_time_code(seed, place, -1)
    for first, second in ((now, before), (now, now), ("000000", now)):
        given = {"AuthenticationCode1": first, "AuthenticationCode2": second}
        code = refusal(partial(iam.enable_mfa_device, UserName="u", SerialNumber=serial, **given))
        assert code == "InvalidAuthenticationCode"
    assert not iam.list_mfa_devices(UserName="u")["MFADevices"]
    iam.enable_mfa_device(
        UserName="u", SerialNumber=serial, AuthenticationCode1=before, AuthenticationCode2=now
    )
    assert len(iam.list_mfa_devices(UserName="u")["MFADevices"]) == 1


def test_a_role_may_ask_for_a_second_factor(place: Place) -> None:
    """IAM User Guide, "Secure API access with MFA", "Scenario: MFA protection for cross-account delegation"."""
    user = place.user("u", ASSUME)
    serial, seed = device(place, "u")
    arn = role(place, trust(user_arn(place, "u"), {"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
    assert code_of(place, user, arn) == "AccessDenied"
    assert code_of(place, user, arn, SerialNumber=serial, TokenCode="000000") == "AccessDenied"
    assert assume(place, user, arn, SerialNumber=serial, TokenCode=one_time_code(seed, place)).id


def test_roots_session_lasts_an_hour_at_most_and_stays_off_iam(place: Place) -> None:
    """STS API Reference, GetSessionToken: DurationSeconds."""
    answer = place.client("sts").get_session_token(DurationSeconds=7200)
    left = answer["Credentials"]["Expiration"] - place.clock.now()
    assert timedelta(minutes=58) < left <= timedelta(hours=1)
    session = key_of(answer)
    assert place.client("sts", session).get_caller_identity()["Arn"].endswith(":root")
    assert place.client("s3", session).list_buckets()["Buckets"] == []
    assert refusal(place.client("iam", session).list_users) == "InvalidClientTokenId"


@pytest.mark.parametrize("seconds", [899, 129601])
def test_durations_have_bounds(place: Place, seconds: int) -> None:
    """STS API Reference, GetSessionToken and GetFederationToken: DurationSeconds."""
    user = place.user("u", ASSUME)
    for operation in ("GetSessionToken", "GetFederationToken"):
        call = query("sts", operation, "2011-06-15", DurationSeconds=str(seconds))
        if operation == "GetFederationToken":
            call = query("sts", operation, "2011-06-15", DurationSeconds=str(seconds), Name="bob")
        assert call.send(place.port, user).code == "ValidationError"
    assert place.client("sts", user).get_session_token(DurationSeconds=129600)["Credentials"]


def test_a_session_ends_with_its_time_and_with_its_user(place: Place) -> None:
    """IAM User Guide, "Disabling permissions for temporary security credentials": delete the user."""
    user = place.user("u", LIST_BUCKETS)
    session = key_of(place.client("sts", user).get_session_token(DurationSeconds=900))
    assert place.client("s3", session).list_buckets()["Buckets"] == []
    place.clock.offset = timedelta(seconds=901)
    assert refusal(place.client("sts", session).get_caller_identity) == "ExpiredToken"
    place.clock.offset = timedelta()
    iam = place.client("iam")
    iam.delete_access_key(UserName="u", AccessKeyId=user.id)
    assert place.client("sts", session).get_caller_identity()["Account"] == place.account
    iam.delete_user_policy(UserName="u", PolicyName="p")
    iam.delete_user(UserName="u")
    assert refusal(place.client("sts", session).get_caller_identity) == "InvalidClientTokenId"
    place.user("u", LIST_BUCKETS)
    assert refusal(place.client("sts", session).get_caller_identity) == "InvalidClientTokenId"


def test_a_federated_user_has_what_user_and_session_policy_both_allow(place: Place) -> None:
    """IAM User Guide, "Permissions for GetFederationToken"."""
    user = place.user(
        "u",
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:GetFederationToken",'
        '"s3:ListAllMyBuckets"],"Resource":"*"}]}',
    )
    sts = place.client("sts", user)
    answer = sts.get_federation_token(Name="bob", Policy=LIST_BUCKETS)
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{place.account}:bob",
        "Arn": f"arn:aws:sts::{place.account}:federated-user/bob",
    }
    bob = key_of(answer)
    who = place.client("sts", bob).get_caller_identity()
    assert (who["Arn"], who["UserId"]) == (answer["FederatedUser"]["Arn"], f"{place.account}:bob")
    assert place.client("s3", bob).list_buckets()["Buckets"] == []
    assert refusal(lambda: place.client("s3", bob).create_bucket(Bucket="of-bob")) == "AccessDenied"
    nothing = key_of(sts.get_federation_token(Name="bob"))
    assert refusal(place.client("s3", nothing).list_buckets) == "AccessDenied"


def test_a_federated_user_without_policy_has_what_a_bucket_grants_it(place: Place) -> None:
    """IAM User Guide, "Permissions for GetFederationToken": a resource policy that names the session."""
    user = place.user("u", ASSUME)
    bob = key_of(place.client("sts", user).get_federation_token(Name="bob"))
    s3, name = place.client("s3"), f"shared-{place.account}"
    s3.create_bucket(Bucket=name)
    assert refusal(lambda: place.client("s3", bob).list_objects_v2(Bucket=name)) == "AccessDenied"
    s3.put_bucket_policy(
        Bucket=name,
        Policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":'
        f'"arn:aws:sts::{place.account}:federated-user/bob"}},"Action":"s3:ListBucket",'
        f'"Resource":"arn:aws:s3:::{name}"}}]}}',
    )
    assert place.client("s3", bob).list_objects_v2(Bucket=name)["KeyCount"] == 0


def test_a_federated_user_calls_neither_iam_nor_sts(place: Place) -> None:
    """IAM User Guide, "Compare AWS STS credentials": GetFederationToken."""
    user = place.user("u", EVERYTHING)
    arn = role(place, trust(user_arn(place, "u")))
    bob = key_of(place.client("sts", user).get_federation_token(Name="bob", Policy=EVERYTHING))
    assert place.client("s3", bob).list_buckets()["Buckets"] == []
    assert refusal(place.client("iam", bob).list_users) == "InvalidClientTokenId"
    assert code_of(place, bob, arn) == "AccessDenied"
    assert refusal(place.client("sts", bob).get_session_token) == "AccessDenied"


def test_federation_needs_permission_and_its_tags_a_second_one(place: Place) -> None:
    """IAM User Guide, "Pass session tags in AWS STS": GetFederationToken."""
    only = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetFederationToken",'
        '"Resource":"*"}]}'
    )
    tags = [{"Key": "team", "Value": "blue"}]
    nobody, plain, tagger = place.user("nobody"), place.user("plain", only), place.user("tagger", ASSUME)
    assert refusal(lambda: place.client("sts", nobody).get_federation_token(Name="bob")) == "AccessDenied"
    sts = place.client("sts", plain)
    assert sts.get_federation_token(Name="bob")["Credentials"]
    assert refusal(lambda: sts.get_federation_token(Name="bob", Tags=tags)) == "AccessDenied"
    answer = place.client("sts", tagger).get_federation_token(Name="bob", Tags=tags, Policy=EVERYTHING)
    assert answer["PackedPolicySize"] > 0


def test_transitive_tags_go_along_the_chain_and_cannot_be_changed(place: Place) -> None:
    """IAM User Guide, "Pass session tags in AWS STS": "Chaining roles with session tags"."""
    user = place.user("u")
    both = ["sts:AssumeRole", "sts:TagSession"]
    first = role(place, trust(user_arn(place, "u"), action=both), "first")
    wanted = {"StringEquals": {"aws:RequestTag/team": "blue"}}
    second = role(place, trust(first, wanted, both), "second")
    given = [{"Key": "team", "Value": "blue"}, {"Key": "job", "Value": "x"}]
    passing = assume(place, user, first, Tags=given, TransitiveTagKeys=["team"])
    kept = assume(place, user, first, Tags=given)
    assert code_of(place, kept, second) == "AccessDenied"
    assert assume(place, passing, second).id.startswith("ASIA")
    again = [{"Key": "Team", "Value": "red"}]
    assert code_of(place, passing, second, Tags=again) == "InvalidParameterValue"


def test_sessions_from_before_a_moment_are_revoked(place: Place) -> None:
    """IAM User Guide, "Revoke IAM role temporary security credentials": aws:TokenIssueTime."""
    user = place.user("u")
    arn = role(place, trust(user_arn(place, "u")))
    iam = place.client("iam")
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=LIST_USERS)
    old = assume(place, user, arn)
    assert place.client("iam", old).list_users()["Users"]
    moment = (place.clock.now() + timedelta(seconds=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
    iam.put_role_policy(
        RoleName="r",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*",'
        f'"Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{moment}"}}}}}}]}}',
    )
    assert refusal(place.client("iam", old).list_users) == "AccessDenied"
    place.clock.offset = timedelta(seconds=120)
    assert place.client("iam", assume(place, user, arn)).list_users()["Users"]


def test_a_role_made_again_revives_no_session(place: Place) -> None:
    """IAM User Guide, "AWS JSON policy elements: Principal": a role made again has another id."""
    user = place.user("u")
    arn = role(place, trust(user_arn(place, "u")))
    session = assume(place, user, arn)
    assert place.client("sts", session).get_caller_identity()["Account"] == place.account
    place.client("iam").delete_role(RoleName="r")
    role(place, trust(user_arn(place, "u")))
    assert refusal(place.client("sts", session).get_caller_identity) == "InvalidClientTokenId"
