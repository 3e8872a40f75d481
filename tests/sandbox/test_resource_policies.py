"""Policies on queues, topics and secrets, within an account and across accounts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, OTHER, LocalSandbox, allow

BOB = f"arn:aws:iam::{OTHER}:user/bob"
Change = Callable[[str | None], Any]


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    made.root(OTHER)
    yield made
    made.wipe()


def code_of(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def granting(principal: str, action: str, effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Principal": {"AWS": principal}, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def queue(sandbox: LocalSandbox) -> tuple[dict[str, Any], Change]:
    root = sandbox.client("sqs")
    url = root.create_queue(QueueName="q")["QueueUrl"]
    return {"QueueUrl": url, "MessageBody": "m"}, lambda text: root.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": text or ""}
    )


def topic(sandbox: LocalSandbox) -> tuple[dict[str, Any], Change]:
    root = sandbox.client("sns")
    arn = root.create_topic(Name="t")["TopicArn"]
    return {"TopicArn": arn, "Message": "m"}, lambda text: root.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=text
    )


def secret(sandbox: LocalSandbox) -> tuple[dict[str, Any], Change]:
    root = sandbox.client("secretsmanager")
    arn = root.create_secret(Name="s", SecretString="x")["ARN"]
    return {"SecretId": arn}, lambda text: root.put_resource_policy(SecretId=arn, ResourcePolicy=text)


def table(sandbox: LocalSandbox) -> tuple[dict[str, Any], Change]:
    for account in (ACCOUNT, OTHER):
        client = sandbox.client("dynamodb", sandbox.root(account))
        client.create_table(
            TableName="t",
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    root = sandbox.client("dynamodb")
    root.put_item(TableName="t", Item={"k": {"S": "a"}})
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"
    return {"TableName": arn, "Key": {"k": {"S": "a"}}}, lambda text: root.put_resource_policy(
        ResourceArn=arn, Policy=text
    )


CASES = pytest.mark.parametrize(
    ("service", "make", "method", "action"),
    [
        # SQS Developer Guide, "Basic examples of Amazon SQS policies"
        ("sqs", queue, "send_message", "sqs:SendMessage"),
        # SNS Developer Guide, "Example cases for Amazon SNS access control"
        ("sns", topic, "publish", "sns:Publish"),
        # Secrets Manager User Guide, "Access Secrets Manager secrets from a different account"
        # DynamoDB Developer Guide, "Cross-account access with resource-based policies"
        ("dynamodb", table, "get_item", "dynamodb:GetItem"),
        ("secretsmanager", secret, "get_secret_value", "secretsmanager:GetSecretValue"),
    ],
)


@CASES
def test_another_account_needs_both_its_own_policy_and_the_resources(
    sandbox: LocalSandbox, service: str, make: Any, method: str, action: str
) -> None:
    # IAM User Guide, "Cross-account policy evaluation logic"
    given, put = make(sandbox)
    bob = getattr(sandbox.client(service, sandbox.user("bob", allow(action), account=OTHER)), method)
    eve = getattr(sandbox.client(service, sandbox.user("eve", account=OTHER)), method)
    code, message = code_of(bob, **given)
    assert code in ("AccessDeniedException", "AccessDenied", "AuthorizationError")
    assert message.endswith(f"because no resource-based policy allows the {action} action")
    put(granting(BOB, action))
    seen = bob(**given)
    assert service != "dynamodb" or seen["Item"]  # it is the other account's table that was read
    put(granting(f"arn:aws:iam::{OTHER}:root", action))
    bob(**given)
    assert code_of(eve, **given)[1].endswith(f"because no identity-based policy allows the {action} action")


@CASES
def test_within_an_account_the_resources_policy_is_enough_and_its_deny_wins(
    sandbox: LocalSandbox, service: str, make: Any, method: str, action: str
) -> None:
    # IAM User Guide, "Policy evaluation for requests within a single account"
    given, put = make(sandbox)
    mine = getattr(sandbox.client(service, sandbox.user("ann")), method)
    code_of(mine, **given)
    put(granting(f"arn:aws:iam::{ACCOUNT}:user/ann", action))
    mine(**given)
    put(granting(f"arn:aws:iam::{ACCOUNT}:user/ann", action, "Deny"))
    assert code_of(mine, **given)[1].endswith("with an explicit deny in a resource-based policy")


@CASES
def test_a_policy_that_cannot_be_read_is_not_taken(
    sandbox: LocalSandbox, service: str, make: Any, method: str, action: str
) -> None:
    # API references: SetQueueAttributes, SetTopicAttributes, PutResourcePolicy, "Errors"
    del service, method, action
    _, put = make(sandbox)
    wrong = (
        "ValidationException",
        "InvalidAttributeValue",
        "InvalidParameter",
        "MalformedPolicyDocumentException",
    )
    assert code_of(lambda: put("{"))[0] in wrong


def test_a_message_to_another_accounts_queue_arrives_there(sandbox: LocalSandbox) -> None:
    # SQS Developer Guide, "Queue URL"
    given, put = queue(sandbox)
    sandbox.client("sqs", sandbox.root(OTHER)).create_queue(QueueName="q")
    put(granting(BOB, "sqs:SendMessage"))
    bob = sandbox.client("sqs", sandbox.user("bob", allow("sqs:*"), account=OTHER))
    bob.send_message(**given)
    url = given["QueueUrl"]
    assert "Messages" not in bob.receive_message(QueueUrl=url.replace(ACCOUNT, OTHER))
    assert code_of(bob.receive_message, QueueUrl=url)[0] == "AccessDeniedException"
    assert len(sandbox.client("sqs").receive_message(QueueUrl=url)["Messages"]) == 1


def test_what_is_no_topic_is_named(sandbox: LocalSandbox) -> None:
    # SNS API Reference, Publish, "Errors"
    root = sandbox.client("sns")
    wrong = ("InvalidParameter", "Invalid parameter: TopicArn")
    assert code_of(root.publish, TopicArn="x", Message="m") == wrong
    assert code_of(root.delete_topic, TopicArn="arn:aws:sqs:us-east-1:111122223333:t") == wrong
    root.publish(**topic(sandbox)[0])


def test_a_grant_lets_its_grantee_use_the_key_until_it_is_revoked(sandbox: LocalSandbox) -> None:
    # KMS Developer Guide, "Grants in AWS KMS"
    root = sandbox.client("kms")
    key = root.create_key()["KeyMetadata"]["KeyId"]
    ann, eve = (sandbox.client("kms", sandbox.user(name)) for name in ("ann", "eve"))
    given = {"KeyId": key, "Plaintext": b"x", "EncryptionContext": {"team": "a"}}
    code_of(ann.encrypt, **given)
    made = root.create_grant(
        KeyId=key,
        GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/ann",
        Operations=["Encrypt", "CreateGrant"],
        Constraints={"EncryptionContextSubset": {"team": "a"}},
    )["GrantId"]
    blob = ann.encrypt(**given)["CiphertextBlob"]
    refused = [
        (eve.encrypt, given),
        (ann.encrypt, {"KeyId": key, "Plaintext": b"x"}),
        (ann.encrypt, {**given, "EncryptionContext": {"team": "b"}}),
        (ann.decrypt, {"CiphertextBlob": blob, "EncryptionContext": {"team": "a"}}),
        (
            ann.create_grant,
            {"KeyId": key, "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:user/eve", "Operations": ["Encrypt"]},
        ),
        (ann.revoke_grant, {"KeyId": key, "GrantId": made}),
    ]
    for call, parameters in refused:
        assert code_of(call, **parameters)[0] == "AccessDeniedException"
    root.revoke_grant(KeyId=key, GrantId=made)
    assert code_of(ann.encrypt, **given)[0] == "AccessDeniedException"


def test_a_grant_of_the_whole_context_takes_no_other_and_a_deny_wins_over_it(sandbox: LocalSandbox) -> None:
    root = sandbox.client("kms")
    key = root.create_key()["KeyMetadata"]["KeyId"]
    user = sandbox.user("ann")
    ann = sandbox.client("kms", user)
    given = {"KeyId": key, "Plaintext": b"x"}
    root.create_grant(
        KeyId=key,
        GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/ann",
        Operations=["Encrypt"],
        Constraints={"EncryptionContextEquals": {"team": "a"}},
    )
    ann.encrypt(**given, EncryptionContext={"team": "a"})
    code_of(ann.encrypt, **given, EncryptionContext={"team": "a", "more": "b"})
    denial = {"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    sandbox.client("iam").put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document)
    found = code_of(ann.encrypt, **given, EncryptionContext={"team": "a"})
    assert found[1].endswith("with an explicit deny in an identity-based policy")
