"""A snapshot brings everything back, and nothing but its own kind is ever loaded."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.sandbox.test_sts import assume, role, trust, user_arn

from leastkey.sandbox.server import lifecycle
from leastkey.sandbox.server.hold import hold_folder
from leastkey.sandbox.server.seal import Seal
from leastkey.sandbox.server.snapshot import Saver, dump, load
from leastkey.sandbox.server.snapshot_file import SnapshotFile
from leastkey.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.conftest import Place

POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
EC2_READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"


def reloaded(place: Place) -> bytes:
    """Dump, and load into the same moto: `load` forgets what is there first."""
    with place.sandbox.gate.lock:
        state = dump(place.sandbox.world)
        load(place.sandbox.world, state)
    return state


def test_accounts_keys_sessions_policies_and_objects_come_back(place: Place) -> None:
    iam, s3 = place.client("iam"), place.client("s3")
    user = place.user("u", POLICY)
    arn = role(place, trust(user_arn(place, "u")))
    own = iam.create_policy(PolicyName="own", PolicyDocument=POLICY)["Policy"]["Arn"]
    for policy in (own, EC2_READ_ONLY):
        iam.attach_role_policy(RoleName="r", PolicyArn=policy)
    session = assume(place, user, arn, Policy=POLICY)
    bucket = f"kept-{place.account}"
    s3.create_bucket(Bucket=bucket)
    content = os.urandom(6 * 1024 * 1024)  # beyond moto's in-memory buffer
    s3.put_object(Bucket=bucket, Key="large", Body=content, Metadata={"a": "b"})
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=f'{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject",'
        f'"Resource":"arn:aws:s3:::{bucket}/*"}}]}}',
    )
    place.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")

    state = reloaded(place)

    assert place.client("sts", user).get_caller_identity()["Arn"] == user_arn(place, "u")
    got = place.client("s3", session).get_object(Bucket=bucket, Key="large")
    assert got["Body"].read() == content
    assert got["Metadata"] == {"a": "b"}
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        place.client("s3", session).delete_object(Bucket=bucket, Key="large")
    attached = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert {entry["PolicyArn"] for entry in attached} == {own, EC2_READ_ONLY}
    assert iam.get_policy(PolicyArn=EC2_READ_ONLY)["Policy"]["AttachmentCount"] >= 1
    assert "10.9.0.0/16" in {vpc["CidrBlock"] for vpc in place.client("ec2").describe_vpcs()["Vpcs"]}
    iam.detach_role_policy(RoleName="r", PolicyArn=EC2_READ_ONLY)
    iam.delete_user_policy(UserName="u", PolicyName="p")
    assert b"AmazonEC2ReadOnlyAccess" in state
    assert b"AmazonSageMakerFullAccess" not in state


def test_the_table_of_services_can_all_be_kept(place: Place) -> None:
    place.client("sqs").create_queue(QueueName="q")
    place.client("kms").create_key()
    place.client("secretsmanager").create_secret(Name="s", SecretString="v")
    place.client("logs").create_log_group(logGroupName="g")
    place.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    reloaded(place)
    assert place.client("sqs").get_queue_url(QueueName="q")
    assert place.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == "v"
    assert place.client("dynamodb").list_tables()["TableNames"] == ["t"]


WRITER = """
import sys
from pathlib import Path
from leastkey.sandbox.server.seal import Seal
from leastkey.sandbox.server.snapshot_file import SnapshotFile
from leastkey.secret import Secret
file, first = SnapshotFile(Path(sys.argv[1]), Seal(Secret("5" * 64), "memory")), int(sys.argv[2])
for number in range(first, first + 10_000):
    file.write(b"%d " % number + b"x" * 2_000_000)
    print(number, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_the_last_state_or_the_next_and_the_start_sweeps(
    tmp_path: Path,
) -> None:
    folder, last, kills = tmp_path / "sandbox", 0, 0
    lifecycle.state_folder(folder)
    ends = time.monotonic() + 3
    while kills < 12 and (time.monotonic() < ends or kills < 2):
        command = [sys.executable, "-c", WRITER, str(folder), str(last + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(1 + kills % 3):
                said = int(writer.stdout.readline())
            threading.Event().wait(0.0007 * kills)  # into the next write, a little further each time
            writer.kill()
            said = max([said, *map(int, writer.stdout.read().split())])
        state = SnapshotFile(folder, Seal(Secret("5" * 64), "memory")).read()
        assert state is not None
        last = int(state.split()[0])
        assert last in (said, said + 1)
        assert len(state) == len(b"%d " % last) + 2_000_000
        kills += 1
    (folder / ".leastkey-tmp-one-at-least").write_bytes(b"secrets")
    lifecycle._sweep(folder)
    assert {path.name for path in folder.iterdir()} == {"snapshot.bin", "server.lock"}


def test_what_a_living_server_writes_is_not_swept(tmp_path: Path) -> None:
    written = tmp_path / ".leastkey-tmp-now"
    written.write_bytes(b"state")
    with hold_folder(tmp_path) as is_ours:
        assert is_ours
        lifecycle._sweep(tmp_path)
    assert written.exists()
    lifecycle.reset(tmp_path)
    assert not written.exists()


def test_changes_are_saved_soon_and_together_and_the_rest_at_the_end() -> None:
    saves: list[float] = []
    done = threading.Event()

    def save() -> None:
        saves.append(time.monotonic())
        done.set()

    saver = Saver(save)
    saver.start()
    began = time.monotonic()
    for _ in range(100):
        saver.mark()
    assert done.wait(5)
    assert 0.4 < saves[0] - began < 4
    saver.mark()
    saver.stop()
    assert len(saves) == 2


def test_parameters_topics_organizations_and_trails_come_back_and_again(place: Place) -> None:
    ssm, sns = place.client("ssm"), place.client("sns")
    ssm.put_parameter(Name="p", Value="v", Type="String", Tags=[{"Key": "team", "Value": "blue"}])
    topic = sns.create_topic(Name="t")["TopicArn"]
    place.client("organizations").create_organization(FeatureSet="ALL")
    for _ in range(2):
        reloaded(place)
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="p")["TagList"]
    assert tags == [{"Key": "team", "Value": "blue"}]
    ssm.put_parameter(Name="new", Value="v", Type="String")
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="p", Tags=[{"Key": "more", "Value": "1"}])
    assert [each["TopicArn"] for each in sns.list_topics()["Topics"]] == [topic]
    organization = place.client("organizations").describe_organization()["Organization"]
    assert organization["MasterAccountId"] == place.account
