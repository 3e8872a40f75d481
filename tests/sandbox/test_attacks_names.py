"""Names that two readers could take for different resources, and operations that act on more than they name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, LocalSandbox, allow, deny

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    yield made
    made.wipe()


def code(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def secret(sandbox: LocalSandbox, name: str) -> str:
    made = sandbox.client("secretsmanager").create_secret(Name=name, SecretString=f"value of {name}")
    return str(made["ARN"])


def test_a_secret_is_found_by_name_arn_and_short_arn_and_by_nothing_else(sandbox: LocalSandbox) -> None:
    mine, other = secret(sandbox, "app/mine"), secret(sandbox, "other")
    head = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:"
    reader = sandbox.client(
        "secretsmanager", sandbox.user("bob", allow("secretsmanager:GetSecretValue", on=f"{head}app*"))
    )
    for name in ("app/mine", mine, f"{head}app/mine"):
        assert reader.get_secret_value(SecretId=name)["SecretString"] == "value of app/mine"
    for name in (
        "other",
        other,
        f"{head}other",
        f"{head}app:other",
        f"{head}app:{other.rsplit(':', 1)[-1]}",
        f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:app:other",
        "arn:aws:secretsmanager:us-east-1:999999999999:secret:other",
    ):
        assert code(reader.get_secret_value, SecretId=name) == "AccessDeniedException", name


def test_a_secret_that_is_denied_stays_so_under_each_of_its_names(sandbox: LocalSandbox) -> None:
    arn = secret(sandbox, "kept")
    head = arn.rsplit(":", 1)[0]
    reader = sandbox.client(
        "secretsmanager",
        sandbox.user("bob", allow("*"), deny("secretsmanager:GetSecretValue", on=f"{head}:kept-*")),
    )
    for name in ("kept", arn, f"{head}:kept", f"{head.replace('us-east-1', 'eu-west-1')}:kept"):
        assert code(reader.get_secret_value, SecretId=name) == "AccessDeniedException", name
    assert code(reader.batch_get_secret_value, SecretIdList=["kept"]) == "AccessDeniedException"
    assert (
        code(reader.batch_get_secret_value, Filters=[{"Key": "name", "Values": ["kept"]}]) == "NotImplemented"
    )


def key_of(sandbox: LocalSandbox, name: str, **more: Any) -> str:
    kms = sandbox.client("kms")
    arn = kms.create_key(**more)["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=arn)
    return str(arn)


def test_what_a_key_encrypted_is_opened_with_permission_on_that_key_alone(sandbox: LocalSandbox) -> None:
    mine, other = key_of(sandbox, "mine"), key_of(sandbox, "other")
    root = sandbox.client("kms")
    texts = [root.encrypt(KeyId=each, Plaintext=b"x")["CiphertextBlob"] for each in (mine, other)]
    kms = sandbox.client("kms", sandbox.user("bob", allow("kms:Decrypt", "kms:ReEncrypt*", on=mine)))
    assert kms.decrypt(CiphertextBlob=texts[0])["Plaintext"] == b"x"
    assert kms.decrypt(CiphertextBlob=texts[0], KeyId="alias/mine")["Plaintext"] == b"x"
    assert code(kms.decrypt, CiphertextBlob=texts[1]) == "AccessDeniedException"
    assert code(kms.decrypt, CiphertextBlob=texts[1], KeyId=mine) == "AccessDeniedException"
    assert kms.re_encrypt(CiphertextBlob=texts[0], DestinationKeyId=mine)["KeyId"] == mine
    assert code(kms.re_encrypt, CiphertextBlob=texts[1], DestinationKeyId=mine) == "AccessDeniedException"
    assert code(kms.re_encrypt, CiphertextBlob=texts[0], DestinationKeyId=other) == "AccessDeniedException"
    assert (
        code(kms.re_encrypt, CiphertextBlob=texts[1], SourceKeyId=mine, DestinationKeyId=mine)
        == "AccessDeniedException"
    )


def test_a_keys_own_policy_is_asked_whatever_the_key_is_called(sandbox: LocalSandbox) -> None:
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/nobody"},
        "Action": "kms:*",
        "Resource": "*",
    }
    shut = key_of(sandbox, "shut")
    text = sandbox.client("kms").encrypt(KeyId=shut, Plaintext=b"x")["CiphertextBlob"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [owner]})
    sandbox.client("kms").put_key_policy(KeyId=shut, PolicyName="default", Policy=policy)
    kms = sandbox.client("kms", sandbox.user("bob", allow("*")))
    head, _, name = shut.rpartition(":")
    for each in (
        shut,
        name.removeprefix("key/"),
        "alias/shut",
        f"{head}:alias/shut",
        f"{head.replace('us-east-1', 'eu-west-1')}:alias/shut",
        f"{head.replace(ACCOUNT, '999999999999')}:alias/shut",
        f"{head.replace('us-east-1', 'eu-west-1')}:{name}",
        f"{head}:key/x:alias/shut",
    ):
        assert code(kms.encrypt, KeyId=each, Plaintext=b"x") == "AccessDeniedException", each
    assert code(kms.decrypt, CiphertextBlob=text) == "AccessDeniedException"


def table(sandbox: LocalSandbox, name: str) -> None:
    sandbox.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_a_transaction_needs_what_its_items_need(sandbox: LocalSandbox) -> None:
    table(sandbox, "mine")
    table(sandbox, "other")
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table"
    put = {"Item": {"k": {"S": "1"}}}
    few = sandbox.client("dynamodb", sandbox.user("bob", allow("dynamodb:PutItem", on=f"{arn}/mine")))
    few.transact_write_items(TransactItems=[{"Put": {"TableName": "mine", **put}}])
    both = [{"Put": {"TableName": "mine", **put}}, {"Put": {"TableName": "other", **put}}]
    assert code(few.transact_write_items, TransactItems=both) == "AccessDeniedException"
    most = sandbox.client(
        "dynamodb", sandbox.user("eve", allow("dynamodb:*"), deny("dynamodb:PutItem", on=f"{arn}/other"))
    )
    assert code(most.transact_write_items, TransactItems=both) == "AccessDeniedException"
    get = {"TableName": "other", "Key": {"k": {"S": "1"}}}
    assert most.transact_get_items(TransactItems=[{"Get": get}])["Responses"] == [{}]
    assert code(few.transact_get_items, TransactItems=[{"Get": get}]) == "AccessDeniedException"


@pytest.mark.parametrize(
    ("service", "call", "parameters"),
    [
        ("dynamodb", "execute_statement", {"Statement": "SELECT * FROM t"}),
        ("dynamodb", "batch_execute_statement", {"Statements": [{"Statement": "SELECT * FROM t"}]}),
        ("dynamodb", "execute_transaction", {"TransactStatements": [{"Statement": "SELECT * FROM t"}]}),
        (
            "dynamodb",
            "import_table",
            {
                "S3BucketSource": {"S3Bucket": "b"},
                "InputFormat": "CSV",
                "TableCreationParameters": {"TableName": "t"},
            },
        ),
        ("dynamodb", "export_table_to_point_in_time", {"TableArn": "arn", "S3Bucket": "b"}),
        ("logs", "create_export_task", {"logGroupName": "g", "destination": "b"}),
        (
            "logs",
            "put_subscription_filter",
            {"logGroupName": "g", "filterName": "f", "filterPattern": "", "destinationArn": "arn"},
        ),
        ("logs", "get_log_events", {"logGroupIdentifier": "g", "logStreamName": "s"}),
        ("logs", "start_query", {"logGroupName": "g", "logGroupIdentifiers": ["h"], "queryString": "q"}),
    ],
)
def test_what_cannot_be_judged_is_not_built_for_anybody(
    sandbox: LocalSandbox, service: str, call: str, parameters: dict[str, Any]
) -> None:
    assert code(getattr(sandbox.client(service), call), **parameters) == "NotImplemented"


def test_a_user_or_group_moves_only_where_its_mover_may_put_it(sandbox: LocalSandbox) -> None:
    iam = sandbox.client("iam")
    iam.create_user(UserName="tom", Path="/dev/")
    iam.create_group(GroupName="team", Path="/dev/")
    own = [f"arn:aws:iam::{ACCOUNT}:user/dev/*", f"arn:aws:iam::{ACCOUNT}:group/dev/*"]
    mover = sandbox.client("iam", sandbox.user("bob", allow("iam:UpdateUser", "iam:UpdateGroup", on=own)))
    assert code(mover.update_user, UserName="tom", NewPath="/admin/") == "AccessDenied"
    assert code(mover.update_group, GroupName="team", NewPath="/admin/") == "AccessDenied"
    mover.update_user(UserName="tom", NewUserName="tim")
    mover.update_user(UserName="tim", NewPath="/dev/more/")
    assert iam.get_user(UserName="tim")["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/dev/more/tim"


def test_a_log_group_is_asked_for_with_its_streams_and_its_tags_without(sandbox: LocalSandbox) -> None:
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_group(logGroupName="gg")
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g"
    mine = sandbox.client("logs", sandbox.user("bob", allow("logs:*", on=f"{arn}:*")))
    mine.create_log_stream(logGroupName="g", logStreamName="s")
    assert mine.describe_log_streams(logGroupName="g")["logStreams"]
    assert code(mine.describe_log_streams, logGroupName="gg") == "AccessDeniedException"
    assert code(mine.tag_resource, resourceArn=arn, tags={"a": "b"}) == "AccessDeniedException"
    bare = sandbox.client("logs", sandbox.user("eve", allow("logs:*", on=arn)))
    assert code(bare.describe_log_streams, logGroupName="g") == "AccessDeniedException"
    bare.tag_resource(resourceArn=arn, tags={"a": "b"})
