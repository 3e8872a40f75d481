"""What requests to Lambda, ECS, RDS and others need permission for, and that they work once they have it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.support.sandbox_client import ACCOUNT, OTHER, LocalSandbox, allow, deny

from leastkey.sandbox.server.snapshot import dump, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROLE = f"arn:aws:iam::{ACCOUNT}:role/p/r"
AT = f"us-east-1:{ACCOUNT}"
FUNCTION = f"arn:aws:lambda:{AT}:function:f"
BALANCER = f"arn:aws:elasticloadbalancing:{AT}:loadbalancer/app/b/50dc6c495c0c9188"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    made = LocalSandbox()
    made.root(OTHER)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made.client("iam").create_role(RoleName="r", Path="/p/", AssumeRolePolicyDocument=document)
    yield made
    made.wipe()


@pytest.fixture(scope="module")
def nobody(sandbox: LocalSandbox) -> Callable[[str], Any]:
    key, made = sandbox.user("nobody"), {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = sandbox.client(service, key)
        return made[service]

    return client


def code() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("f.py", "def handler(event, context): return 1")
    return stream.getvalue()


def function(name: str = "f", **more: Any) -> dict[str, Any]:
    given = {"FunctionName": name, "Runtime": "python3.12", "Role": ROLE, "Handler": "f.handler"}
    return {**given, "Code": {"ZipFile": code()}, **more}


FIRST: list[tuple[str, str, dict[str, Any], str]] = [
    # Service Authorization Reference, "Actions defined by ...", of each service
    ("lambda", "create_function", function(), f"lambda:CreateFunction on resource: {FUNCTION}"),
    (
        "lambda",
        "get_function",
        {"FunctionName": f"{ACCOUNT}:function:f"},
        f"lambda:GetFunction on resource: {FUNCTION}",
    ),
    ("lambda", "get_function", {"FunctionName": FUNCTION}, f"lambda:GetFunction on resource: {FUNCTION}"),
    ("lambda", "invoke", {"FunctionName": "f"}, f"lambda:InvokeFunction on resource: {FUNCTION}"),
    ("lambda", "invoke", {"FunctionName": "f:live"}, f"lambda:InvokeFunction on resource: {FUNCTION}:live"),
    (
        "lambda",
        "invoke",
        {"FunctionName": "f", "Qualifier": "2"},
        f"lambda:InvokeFunction on resource: {FUNCTION}:2",
    ),
    ("lambda", "list_tags", {"Resource": FUNCTION}, f"lambda:ListTags on resource: {FUNCTION}"),
    ("lambda", "list_functions", {}, "lambda:ListFunctions on resource: *"),
    ("events", "put_rule", {"Name": "r"}, f"events:PutRule on resource: arn:aws:events:{AT}:rule/r"),
    (
        "events",
        "delete_rule",
        {"Name": "r", "EventBusName": "b"},
        f"events:DeleteRule on resource: arn:aws:events:{AT}:rule/b/r",
    ),
    (
        "events",
        "describe_event_bus",
        {},
        f"events:DescribeEventBus on resource: arn:aws:events:{AT}:event-bus/default",
    ),
    (
        "events",
        "put_events",
        {"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}", "EventBusName": "b"}]},
        f"events:PutEvents on resource: arn:aws:events:{AT}:event-bus/b",
    ),
    (
        "ecr",
        "create_repository",
        {"repositoryName": "a/b"},
        f"ecr:CreateRepository on resource: arn:aws:ecr:{AT}:repository/a/b",
    ),
    (
        "ecr",
        "describe_repositories",
        {},
        f"ecr:DescribeRepositories on resource: arn:aws:ecr:{AT}:repository/*",
    ),
    ("ecr", "get_authorization_token", {}, "ecr:GetAuthorizationToken on resource: *"),
    ("ecs", "create_cluster", {}, f"ecs:CreateCluster on resource: arn:aws:ecs:{AT}:cluster/default"),
    (
        "ecs",
        "run_task",
        {"taskDefinition": "web:3"},
        f"ecs:RunTask on resource: arn:aws:ecs:{AT}:task-definition/web:3",
    ),
    (
        "ecs",
        "update_service",
        {"cluster": f"arn:aws:ecs:{AT}:cluster/c", "service": "s"},
        f"ecs:UpdateService on resource: arn:aws:ecs:{AT}:service/c/s",
    ),
    (
        "ecs",
        "stop_task",
        {"cluster": "c", "task": "t"},
        f"ecs:StopTask on resource: arn:aws:ecs:{AT}:task/c/t",
    ),
    (
        "efs",
        "tag_resource",
        {"ResourceId": "fsap-1", "Tags": [{"Key": "a", "Value": "b"}]},
        f"elasticfilesystem:TagResource on resource: arn:aws:elasticfilesystem:{AT}:access-point/fsap-1",
    ),
    (
        "eks",
        "describe_cluster",
        {"name": "c"},
        f"eks:DescribeCluster on resource: arn:aws:eks:{AT}:cluster/c",
    ),
    (
        "eks",
        "list_tags_for_resource",
        {"resourceArn": f"arn:aws:eks:{AT}:cluster/c"},
        f"eks:ListTagsForResource on resource: arn:aws:eks:{AT}:cluster/c",
    ),
    (
        "elbv2",
        "create_load_balancer",
        {"Name": "b", "Type": "network"},
        f"elasticloadbalancing:CreateLoadBalancer on resource: arn:aws:elasticloadbalancing:{AT}:loadbalancer/net/b/*",
    ),
    (
        "elbv2",
        "delete_load_balancer",
        {"LoadBalancerArn": BALANCER},
        f"elasticloadbalancing:DeleteLoadBalancer on resource: {BALANCER}",
    ),
    (
        "kinesis",
        "put_record",
        {"StreamName": "s", "Data": b"x", "PartitionKey": "k"},
        f"kinesis:PutRecord on resource: arn:aws:kinesis:{AT}:stream/s",
    ),
    (
        "kinesis",
        "describe_stream",
        {"StreamARN": f"arn:aws:kinesis:{AT}:stream/s"},
        f"kinesis:DescribeStream on resource: arn:aws:kinesis:{AT}:stream/s",
    ),
    ("rds", "describe_db_instances", {}, f"rds:DescribeDBInstances on resource: arn:aws:rds:{AT}:db:*"),
    (
        "rds",
        "delete_db_instance",
        {"DBInstanceIdentifier": "Prod"},
        f"rds:DeleteDBInstance on resource: arn:aws:rds:{AT}:db:prod",
    ),
    (
        "rds",
        "stop_db_cluster",
        {"DBClusterIdentifier": "c"},
        f"rds:StopDBCluster on resource: arn:aws:rds:{AT}:cluster:c",
    ),
    (
        "route53",
        "get_hosted_zone",
        {"Id": "Z1"},
        "route53:GetHostedZone on resource: arn:aws:route53:::hostedzone/Z1",
    ),
    (
        "route53",
        "list_tags_for_resource",
        {"ResourceType": "healthcheck", "ResourceId": "h"},
        "route53:ListTagsForResource on resource: arn:aws:route53:::healthcheck/h",
    ),
    (
        "scheduler",
        "get_schedule",
        {"Name": "s"},
        f"scheduler:GetSchedule on resource: arn:aws:scheduler:{AT}:schedule/default/s",
    ),
    (
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": f"arn:aws:states:{AT}:stateMachine:m"},
        f"states:StartExecution on resource: arn:aws:states:{AT}:stateMachine:m",
    ),
    (
        "acm",
        "delete_certificate",
        {"CertificateArn": f"arn:aws:acm:{AT}:certificate/c-1"},
        f"acm:DeleteCertificate on resource: arn:aws:acm:{AT}:certificate/c-1",
    ),
    (
        "athena",
        "start_query_execution",
        {"QueryString": "SELECT 1"},
        f"athena:StartQueryExecution on resource: arn:aws:athena:{AT}:workgroup/primary",
    ),
]


@pytest.mark.parametrize(("service", "method", "given", "words"), FIRST)
def test_who_may_nothing_is_told_the_action_and_the_resource(
    nobody: Callable[[str], Any], service: str, method: str, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(nobody(service), method)(**given)
    error = caught.value.response["Error"]
    assert error["Code"] in ("AccessDenied", "AccessDeniedException")
    action = words.partition(" ")[0]
    assert error["Message"] == (
        f"User: arn:aws:iam::{ACCOUNT}:user/nobody is not authorized to perform: {words} "
        f"because no identity-based policy allows the {action} action"
    )


MISREAD: list[tuple[str, str, dict[str, Any]]] = [
    ("lambda", "get_function", {"FunctionName": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"}),
    ("lambda", "invoke", {"FunctionName": "f:live", "Qualifier": "2"}),
    ("ecs", "update_service", {"cluster": "c/d", "service": "s"}),
    ("ecs", "run_task", {"taskDefinition": "a/web:3"}),
    ("ecr", "list_images", {"repositoryName": "a//b"}),
    ("events", "put_rule", {"Name": "a/b"}),
    ("rds", "delete_db_instance", {"DBInstanceIdentifier": "a:b"}),
    ("stepfunctions", "start_execution", {"stateMachineArn": f"arn:aws:states:{AT}:stateMachine:m/n"}),
    ("ecs", "update_service", {"cluster": f"arn:aws:ecs:us-east-1:{OTHER}:cluster/c", "service": "s"}),
    ("kinesis", "describe_stream", {"StreamName": "s/t"}),
]


@pytest.mark.parametrize(("service", "method", "given"), MISREAD)
def test_a_name_that_could_be_read_as_another_gets_nobody_in(
    sandbox: LocalSandbox, service: str, method: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="cannot tell which resource"):
        getattr(sandbox.client(service), method)(**given)


def test_a_function_is_made_by_who_may_also_pass_its_role_and_tag_it(sandbox: LocalSandbox) -> None:
    # Lambda Developer Guide, "Granting users access to a function": lambda:CreateFunction and iam:PassRole
    made = [allow("lambda:CreateFunction", on=FUNCTION)]
    tagging = allow("lambda:TagResource")
    passing = allow(
        "iam:PassRole", on=ROLE, when={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    )
    elsewhere = allow(
        "iam:PassRole", on=ROLE, when={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    )
    for name, documents, action in (
        ("maker", [*made, tagging], "iam:PassRole"),
        ("wrong", [*made, tagging, elsewhere], "iam:PassRole"),
        ("tagger", [*made, passing], "lambda:TagResource"),
    ):
        with pytest.raises(ClientError, match=f"perform: {action} on"):
            sandbox.client("lambda", sandbox.user(name, *documents)).create_function(
                **function(Tags={"a": "b"})
            )
    may = sandbox.user("all", *made, passing, tagging)
    assert (
        sandbox.client("lambda", may).create_function(**function(Tags={"a": "b"}))["FunctionArn"] == FUNCTION
    )
    tagged = allow("lambda:GetFunction", when={"StringEquals": {"aws:ResourceTag/a": "b"}})
    reader = sandbox.client("lambda", sandbox.user("reader", tagged))
    assert reader.get_function(FunctionName="f")["Configuration"]["FunctionName"] == "f"
    sandbox.client("lambda").create_function(**function("g"))
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.get_function(FunctionName="g")


def test_a_dry_run_says_who_may_invoke_a_function_and_nothing_runs(sandbox: LocalSandbox) -> None:
    # Lambda API Reference, Invoke: InvocationType DryRun; AddPermission
    root = sandbox.client("lambda")
    root.create_function(**function("open"))
    arn = f"arn:aws:lambda:{AT}:function:open"
    ask = {"FunctionName": arn, "InvocationType": "DryRun"}
    assert root.invoke(**ask)["StatusCode"] == 204
    with pytest.raises(ClientError, match="NotImplemented"):
        root.invoke(FunctionName="open")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        root.invoke(FunctionName="none", InvocationType="DryRun")
    bob = sandbox.client("lambda", sandbox.user("bob", allow("lambda:InvokeFunction"), account=OTHER))
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        bob.invoke(**ask)
    with pytest.raises(ClientError, match="principal was invalid"):
        root.add_permission(
            FunctionName="open", StatementId="s", Action="lambda:InvokeFunction", Principal="bob"
        )
    root.add_permission(FunctionName="open", StatementId="s", Action="lambda:InvokeFunction", Principal=OTHER)
    assert bob.invoke(**ask)["StatusCode"] == 204
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        bob.get_function(FunctionName=arn)


def test_a_rule_s_targets_are_functions_that_nobody_runs(sandbox: LocalSandbox) -> None:
    events = sandbox.client("events")
    events.put_rule(Name="r", ScheduleExpression="rate(1 day)")
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": FUNCTION}])
    with pytest.raises(ClientError, match="NotImplemented"):  # moto would put it there unasked
        events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:{AT}:q"}])
    assert events.list_targets_by_rule(Rule="r")["Targets"][0]["Arn"] == FUNCTION


def test_who_may_use_one_resource_may_not_use_another(sandbox: LocalSandbox) -> None:
    mine = sandbox.user(
        "mine",
        allow("ecs:*", on=[f"arn:aws:ecs:{AT}:cluster/mine", f"arn:aws:ecs:{AT}:service/mine/*"]),
        allow("rds:*", on=f"arn:aws:rds:{AT}:pg:mine"),
        allow("route53:*"),
        deny("route53:DeleteHostedZone"),
        allow("elasticfilesystem:CreateFileSystem", "elasticfilesystem:TagResource"),
        allow("elasticfilesystem:*", on=f"arn:aws:elasticfilesystem:{AT}:file-system/*"),
    )
    ecs, rds, zones, efs = (sandbox.client(name, mine) for name in ("ecs", "rds", "route53", "efs"))
    assert ecs.create_cluster(clusterName="mine")["cluster"]["status"] == "ACTIVE"
    with pytest.raises(ClientError, match="AccessDenied"):
        ecs.create_cluster(clusterName="other")
    group = {"DBParameterGroupFamily": "mysql8.0", "Description": "d"}
    rds.create_db_parameter_group(DBParameterGroupName="Mine", **group)
    with pytest.raises(ClientError, match="AccessDenied"):
        rds.create_db_parameter_group(DBParameterGroupName="other", **group)
    zone = zones.create_hosted_zone(Name="example.com.", CallerReference="1")["HostedZone"]["Id"]
    assert zones.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == "example.com."
    change = {"Name": "a.example.com.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": change}]}
    zones.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    with pytest.raises(ClientError, match="AccessDenied"):
        zones.delete_hosted_zone(Id=zone)
    made = efs.create_file_system(CreationToken="t", Tags=[{"Key": "a", "Value": "b"}])["FileSystemId"]
    found = efs.describe_file_systems(CreationToken="t")["FileSystems"]
    assert [each["FileSystemId"] for each in found] == [made]


def test_a_shard_is_read_by_who_may_read_its_stream(sandbox: LocalSandbox) -> None:
    root = sandbox.client("kinesis")
    root.create_stream(StreamName="s", ShardCount=1)
    shard = root.list_shards(StreamName="s")["Shards"][0]["ShardId"]
    found = root.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    for name, stream, expected in (("one", "s", True), ("two", "t", False)):
        who = sandbox.user(name, allow("kinesis:GetRecords", on=f"arn:aws:kinesis:{AT}:stream/{stream}"))
        client = sandbox.client("kinesis", who)
        if expected:
            assert client.get_records(ShardIterator=found)["Records"] == []
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                client.get_records(ShardIterator=found)


def test_what_these_services_keep_survives_a_snapshot(sandbox: LocalSandbox) -> None:
    sandbox.client("lambda").create_function(**function("kept"))
    sandbox.client("ecr").create_repository(repositoryName="kept")
    sandbox.client("ecs").create_cluster(clusterName="kept")
    sandbox.client("ecs").register_task_definition(
        family="kept", containerDefinitions=[{"name": "c", "image": "i", "memory": 64}]
    )
    sandbox.client("ecs").create_service(
        cluster="kept", serviceName="s", taskDefinition="kept", desiredCount=0
    )
    sandbox.client("eks").create_cluster(name="kept", roleArn=ROLE, resourcesVpcConfig={})
    sandbox.client("events").create_event_bus(Name="kept")
    sandbox.client("kinesis").create_stream(StreamName="kept", ShardCount=1)
    sandbox.client("kinesis").put_record(StreamName="kept", Data=b"x", PartitionKey="k")
    sandbox.client("rds").create_db_instance(
        DBInstanceIdentifier="kept", DBInstanceClass="db.t3.micro", Engine="mysql", AllocatedStorage=20
    )
    sandbox.client("scheduler").create_schedule_group(Name="kept")
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})
    machine = sandbox.client("stepfunctions").create_state_machine(
        name="kept", definition=definition, roleArn=ROLE
    )
    sandbox.client("stepfunctions").start_execution(stateMachineArn=machine["stateMachineArn"])
    sandbox.client("acm").request_certificate(DomainName="kept.example.com")
    sandbox.client("athena").create_work_group(Name="kept")
    sandbox.client("route53").create_hosted_zone(Name="kept.example.com.", CallerReference="k")
    sandbox.client("efs").create_file_system(CreationToken="kept")
    sandbox.client("elbv2").create_target_group(Name="kept", TargetType="lambda")
    with sandbox.gate.lock:
        load(sandbox.world, dump(sandbox.world))
    assert sandbox.client("lambda").get_function(FunctionName="kept")["Configuration"]["Role"] == ROLE
    assert sandbox.client("ecr").describe_repositories(repositoryNames=["kept"])["repositories"]
    assert sandbox.client("ecs").describe_services(cluster="kept", services=["s"])["services"]
    assert sandbox.client("eks").describe_cluster(name="kept")["cluster"]["roleArn"] == ROLE
    assert sandbox.client("events").describe_event_bus(Name="kept")["Name"] == "kept"
    assert sandbox.client("kinesis").list_shards(StreamName="kept")["Shards"]
    assert sandbox.client("rds").describe_db_instances(DBInstanceIdentifier="kept")["DBInstances"]
    assert sandbox.client("scheduler").get_schedule_group(Name="kept")["Name"] == "kept"
    assert sandbox.client("stepfunctions").list_executions(stateMachineArn=machine["stateMachineArn"])[
        "executions"
    ]
    names = [
        each["DomainName"] for each in sandbox.client("acm").list_certificates()["CertificateSummaryList"]
    ]
    assert "kept.example.com" in names
    assert sandbox.client("athena").get_work_group(WorkGroup="kept")["WorkGroup"]["Name"] == "kept"
    assert sandbox.client("route53").list_hosted_zones_by_name(DNSName="kept.example.com.")["HostedZones"]
    assert sandbox.client("efs").describe_file_systems()["FileSystems"]
    assert sandbox.client("elbv2").describe_target_groups(Names=["kept"])["TargetGroups"]


@pytest.mark.parametrize(
    ("service", "method", "unknown", "wrong"),
    [
        # Lambda and Route 53 API References, "Common errors"
        ("lambda", "list_functions", "UnrecognizedClientException", "InvalidSignatureException"),
        ("route53", "list_hosted_zones", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ],
)
def test_rest_services_refuse_a_signature_in_their_own_words(
    sandbox: LocalSandbox, service: str, method: str, unknown: str, wrong: str
) -> None:
    key = sandbox.user(f"signs-{service}", allow(f"{service}:*"))
    assert getattr(sandbox.client(service, key), method)()
    for bent, code in (
        ({"AccessKeyId": "AKIA2222222222222222"}, unknown),
        ({"SecretAccessKey": "x" * 40}, wrong),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(sandbox.client(service, {**key, **bent}), method)()
        answer = caught.value.response
        assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (403, code)
