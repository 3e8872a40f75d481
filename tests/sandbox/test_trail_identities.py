"""Records of those who hold temporary credentials, and of the calls that hand them out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.sandbox.test_sts import ASSUME, EVERYTHING, user_arn
from tests.sandbox.test_sts_tokens import device, key_of, one_time_code
from tests.sandbox.test_trail import Heard
from tests.sandbox.test_web_identity import AUDIENCE, SUBJECT, Provider, bare, trusted, wear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Place

CANARY = "Canary-8c21!x"


@pytest.fixture
def heard(place: Place, monkeypatch: pytest.MonkeyPatch) -> Heard:
    return Heard(place, monkeypatch)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    found = Provider()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_a_user_with_a_session_token_is_still_the_user(place: Place, heard: Heard) -> None:
    """CloudTrail User Guide, "CloudTrail userIdentity element": IAMUser with sessionContext.attributes."""
    user = place.user("ida", EVERYTHING)
    serial, seed = device(place, "ida")
    code = one_time_code(seed, place)
    session = key_of(place.client("sts", user).get_session_token(SerialNumber=serial, TokenCode=code))
    place.client("iam", session).list_users()
    found = heard.last("ListUsers")["userIdentity"]
    assert (found["type"], found["arn"], found["userName"]) == ("IAMUser", user_arn(place, "ida"), "ida")
    assert found["accessKeyId"] == session.id
    assert found["sessionContext"]["attributes"]["mfaAuthenticated"] == "true"
    assert "sessionIssuer" not in found["sessionContext"]
    asked = heard.last("GetSessionToken")
    assert "sessionContext" not in asked["userIdentity"]
    assert asked["requestParameters"]["serialNumber"] == serial
    assert asked["requestParameters"]["tokenCode"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert asked["responseElements"]["credentials"]["accessKeyId"] == session.id
    _hides(heard, session.secret, session.token, seed.decode())


def test_a_federated_user_names_the_user_that_asked_for_it(place: Place, heard: Heard) -> None:
    """CloudTrail User Guide, "CloudTrail userIdentity element": FederatedUser, sessionIssuer."""
    user = place.user("jan", ASSUME)
    bob = key_of(place.client("sts", user).get_federation_token(Name="bob"))
    place.client("s3").create_bucket(Bucket=f"fed{place.account}")
    with pytest.raises(ClientError):
        place.client("s3", bob).get_bucket_acl(Bucket=f"fed{place.account}")
    found = heard.last("GetBucketAcl")["userIdentity"]
    assert found["type"] == "FederatedUser"
    assert found["principalId"] == f"{place.account}:bob"
    assert found["arn"] == f"arn:aws:sts::{place.account}:federated-user/bob"
    assert found["sessionContext"]["sessionIssuer"] == {
        "type": "IAMUser",
        "arn": user_arn(place, "jan"),
        "accountId": place.account,
        "userName": "jan",
    }
    assert heard.last("GetFederationToken")["responseElements"]["federatedUser"]["federatedUserId"] == (
        f"{place.account}:bob"
    )
    root = key_of(place.client("sts").get_federation_token(Name="rob"))
    with pytest.raises(ClientError):
        place.client("s3", root).list_buckets()
    issuer = heard.last("ListBuckets")["userIdentity"]["sessionContext"]["sessionIssuer"]
    assert issuer == {
        "type": "Root",
        "arn": f"arn:aws:iam::{place.account}:root",
        "accountId": place.account,
    }
    _hides(heard, bob.secret, bob.token, root.secret, root.token)


def test_a_web_identity_is_named_by_its_provider_and_so_is_its_session(
    place: Place, heard: Heard, provider: Provider
) -> None:
    """CloudTrail User Guide, "CloudTrail userIdentity element": WebIdentityUser, webIdFederationData."""
    role = trusted(place, provider, {"StringEquals": {f"{bare(provider)}:sub": SUBJECT}})
    token = provider.token(place)
    key = key_of(wear(place, role, token))
    arn = f"arn:aws:iam::{place.account}:oidc-provider/{bare(provider)}"
    asked = heard.last("AssumeRoleWithWebIdentity")
    assert asked["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{arn}:{AUDIENCE}:{SUBJECT}",
        "userName": SUBJECT,
        "identityProvider": arn,
    }
    assert asked["recipientAccountId"] == place.account
    assert asked["responseElements"]["subjectFromWebIdentityToken"] == SUBJECT
    with pytest.raises(ClientError):
        place.client("s3", key).list_buckets()
    found = heard.last("ListBuckets")["userIdentity"]
    assert found["type"] == "AssumedRole"
    assert found["sessionContext"]["webIdFederationData"] == {"federatedProvider": arn, "attributes": {}}
    with pytest.raises(ClientError):
        wear(place, role, token[:-4] + "AAAA")
    refused = heard.last("AssumeRoleWithWebIdentity")
    assert refused["errorCode"]
    assert refused["userIdentity"]["identityProvider"] == ""
    _hides(heard, key.secret, key.token, token, token.split(".")[1])


def test_values_messages_and_signatures_of_links_stand_in_no_record(place: Place, heard: Heard) -> None:
    """CloudTrail User Guide, "CloudTrail record contents": sensitive values are left out."""
    ssm = place.client("ssm")
    for kind in ("String", "SecureString"):
        ssm.put_parameter(Name=f"/{kind}", Value=CANARY, Type=kind)
        ssm.get_parameter(Name=f"/{kind}", WithDecryption=True)
    ssm.get_parameters_by_path(Path="/", WithDecryption=True)
    secrets = place.client("secretsmanager")
    secrets.create_secret(Name="s", SecretString="first")
    secrets.put_secret_value(SecretId="s", SecretString=CANARY)
    secrets.update_secret(SecretId="s", SecretBinary=CANARY.encode())
    sns = place.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.publish(TopicArn=topic, Message=CANARY, Subject=CANARY)
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": CANARY}])
    put = heard.last("PutParameter")["requestParameters"]
    assert (put["name"], put["value"]) == ("/SecureString", "HIDDEN_DUE_TO_SECURITY_REASONS")
    published = heard.last("Publish")
    assert (published["eventCategory"], published["requestParameters"]["topicArn"]) == ("Data", topic)
    assert heard.last("PublishBatch")["eventCategory"] == "Data"
    _hides(heard, CANARY)
    _a_link_shows_no_signature(place, heard)


def _a_link_shows_no_signature(place: Place, heard: Heard) -> None:
    from urllib.parse import parse_qs, urlsplit
    from urllib.request import urlopen

    place.client("s3").create_bucket(Bucket=f"link{place.account}")
    place.client("s3").put_object(Bucket=f"link{place.account}", Key="k", Body=b"v")
    for version, name in (("s3", "Signature"), ("s3v4", "X-Amz-Signature")):
        signer = boto3.client(
            "s3",
            endpoint_url=place.url,
            region_name="us-east-1",
            aws_access_key_id=place.root.id,
            aws_secret_access_key=place.root.secret,
            config=Config(signature_version=version, s3={"addressing_style": "path"}),
        )
        link = signer.generate_presigned_url("get_object", {"Bucket": f"link{place.account}", "Key": "k"})
        with urlopen(link) as answer:
            assert answer.read() == b"v"
        (signature,) = parse_qs(urlsplit(link).query)[name]
        assert heard.last("GetObject")["requestParameters"]["key"] == "k"
        _hides(heard, signature)


def _hides(heard: Heard, *secrets: str | None) -> None:
    text = json.dumps(heard.records)
    assert [each for each in secrets if not each or each in text] == []
