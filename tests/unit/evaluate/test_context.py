"""The step before evaluation: which keys are filled in for whom, which could not be known, which are never there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from leastkey.evaluate.context import Filled, fill, without
from leastkey.evaluate.context_keys import CallFacts, global_key
from leastkey.evaluate.context_values import global_region, is_without_owner
from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request, Verdict
from leastkey.iam.document import parse_document

ACCOUNT = "111122223333"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
USER = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/ops/alice", ACCOUNT)
SESSION = Principal("session", f"arn:aws:sts::{ACCOUNT}:assumed-role/job/one", ACCOUNT)
ROLE = Principal("role", f"arn:aws:iam::{ACCOUNT}:role/teams/job", ACCOUNT)
FEDERATED = Principal("feduser", f"arn:aws:sts::{ACCOUNT}:federated-user/bob", ACCOUNT)
ROOT = Principal("root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
SERVICE = Principal("service", "cloudtrail.amazonaws.com", "")
ANONYMOUS = Principal("anonymous", "", "")
MFA = "aws:MultiFactorAuthPresent"


def filled(
    principal: Principal = USER,
    facts: CallFacts | None = None,
    *,
    reads: tuple[str, ...] = (),
    action: str = "s3:GetObject",
    resource: str = "arn:aws:s3:::acme/x",
    endpoint: bool = False,
    stated: dict[str, str | tuple[str, ...]] | None = None,
) -> Filled:
    stated = stated or {}
    owner = "" if resource.count(ACCOUNT) else ACCOUNT
    return fill(
        Request(action, resource, principal, owner, stated),
        facts or CallFacts(),
        asking(*reads, endpoint=endpoint),
    )


def asking(*keys: str, endpoint: bool = False) -> Policies:
    """Policies that read these keys."""
    text: dict[str, Any] = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": dict.fromkeys(keys, "v")},
    }
    documents = (NamedDocument("p", parse_document({"Statement": text}, "identity")),) if keys else ()
    anyone = parse_document(
        {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}, "resource"
    )
    return Policies(identity=documents, endpoints=(NamedDocument("e", anyone),) if endpoint else ())


def said(found: Filled, key: str) -> str:
    """Whether a key is unknown or certainly absent."""
    if any(note.key == key for note in found.unknown):
        return "unknown"
    return "absent" if any(note.key == key for note in found.absent) else "there"


@pytest.mark.parametrize(
    ("principal", "kind", "arn", "user_id", "name"),
    [
        (USER, "User", USER.arn, None, "alice"),
        (SESSION, "AssumedRole", f"arn:aws:iam::{ACCOUNT}:role/job", None, None),
        (ROLE, "AssumedRole", ROLE.arn, None, None),
        (FEDERATED, "FederatedUser", FEDERATED.arn, f"{ACCOUNT}:bob", None),
        (ROOT, "Account", ROOT.arn, ACCOUNT, None),
        (ANONYMOUS, "Anonymous", None, "anonymous", None),
        (SERVICE, None, None, None, None),
    ],
    ids=lambda value: value.type if isinstance(value, Principal) else "",
)
def test_keys_about_the_caller_follow_awss_table(
    principal: Principal, kind: str | None, arn: str | None, user_id: str | None, name: str | None
) -> None:
    """Source: IAM User Guide, "Principal key values"; "AWS global condition context keys", aws:PrincipalArn."""
    added = filled(principal).added
    keys = ("aws:PrincipalType", "aws:PrincipalArn", "aws:userid", "aws:username")
    assert tuple(added.get(key) for key in keys) == (kind, arn, user_id, name)


def test_a_role_s_path_is_taken_from_the_role_and_else_said_to_be_assumed() -> None:
    with_path = f"arn:aws:iam::{ACCOUNT}:role/teams/job"
    known = filled(Principal("session", SESSION.arn, ACCOUNT, with_path))
    assert (known.added["aws:PrincipalArn"], known.assumed) == (with_path, ())
    assert [note.key for note in filled(SESSION).assumed] == ["aws:PrincipalArn"]
    assert filled(SESSION, stated={"aws:principalarn": with_path}).assumed == ()


def test_anonymous_and_service_callers_have_the_keys_aws_gives_them() -> None:
    nobody, service = filled(ANONYMOUS).added, filled(SERVICE).added
    assert nobody["aws:PrincipalAccount"] == "anonymous"
    assert "aws:PrincipalIsAWSService" not in nobody
    assert (service["aws:PrincipalIsAWSService"], service["aws:PrincipalServiceName"]) == (
        "true",
        SERVICE.arn,
    )


@pytest.mark.parametrize(
    ("facts", "stated", "expected"),
    [
        (CallFacts(), {}, "unknown"),
        (CallFacts(is_temporary=False), {}, "absent"),
        (CallFacts(is_temporary=False, mfa=False), {}, "absent"),
        (CallFacts(is_temporary=True), {}, "unknown"),
        (CallFacts(is_temporary=True, mfa=False), {}, "there"),
        (CallFacts(is_temporary=False), {"aws:multifactorauthpresent": "true"}, "there"),
    ],
    ids=str,
)
def test_the_mfa_key_is_absent_with_long_lived_keys_and_not_false(
    facts: CallFacts, stated: dict[str, Any], expected: str
) -> None:
    assert said(filled(facts=facts, reads=(MFA,), stated=stated), MFA) == expected


def test_a_deny_without_if_exists_misses_long_lived_keys_once_they_are_filled_in() -> None:
    condition = {"Bool": {MFA: "false"}}
    rows: list[Any] = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition},
    ]
    policies = Policies(identity=(NamedDocument("p", parse_document({"Statement": rows}, "identity")),))
    request = Request("s3:GetObject", "arn:aws:s3:::acme/x", USER, ACCOUNT)
    for facts, verdict in (
        (CallFacts(is_temporary=False), Verdict.ALLOWED),
        (CallFacts(is_temporary=True, mfa=False), Verdict.EXPLICITLY_DENIED),
    ):
        assert decide(fill(request, facts, policies).request, policies).verdict is verdict


def test_the_second_factors_age_needs_one() -> None:
    facts = CallFacts(now=NOW, is_temporary=True, mfa=True, issued_at=NOW.replace(hour=11))
    assert filled(facts=facts).added["aws:MultiFactorAuthAge"] == "3600"
    age = "aws:MultiFactorAuthAge"
    assert said(filled(facts=CallFacts(is_temporary=True, mfa=False), reads=(age,)), age) == "absent"
    long_lived = CallFacts(is_temporary=False, mfa=True, issued_at=NOW, now=NOW)
    assert said(filled(facts=long_lived, reads=(age,)), age) == "absent"
    assert said(filled(reads=(age, MFA), stated={"aws:multifactorauthage": "7"}), MFA) == "there"


SOURCES = ("aws:SourceIp", "aws:SourceVpce")


@pytest.mark.parametrize(
    ("facts", "endpoint", "stated", "expected"),
    [
        (CallFacts(), False, {}, ("unknown", "unknown")),
        (CallFacts(source_ip="203.0.113.7", through_endpoint=False), False, {}, ("there", "absent")),
        (
            CallFacts(source_ip="203.0.113.7", through_endpoint=True, vpce="vpce-1"),
            False,
            {},
            ("absent", "there"),
        ),
        (CallFacts(source_ip="203.0.113.7"), True, {}, ("absent", "unknown")),
        (CallFacts(source_ip="203.0.113.7"), False, {"aws:sourcevpc": "vpc-1"}, ("absent", "unknown")),
        (CallFacts(), False, {"aws:SOURCEIP": "203.0.113.7"}, ("there", "absent")),
    ],
    ids=str,
)
def test_the_address_is_absent_behind_an_endpoint_and_the_endpoint_before_it(
    facts: CallFacts, endpoint: Any, stated: dict[str, Any], expected: tuple[str, str]
) -> None:
    found = filled(facts=facts, endpoint=endpoint, reads=SOURCES, stated=stated)
    assert tuple(said(found, key) for key in SOURCES) == expected


@pytest.mark.parametrize(
    ("principal", "key", "expected"),
    [
        (SESSION, "aws:username", "absent"),
        (ROOT, "aws:username", "absent"),
        (USER, "AWS:UserName", "there"),
        (USER, "aws:userid", "unknown"),
        (USER, "aws:SourceIdentity", "absent"),
        (SESSION, "aws:SourceIdentity", "unknown"),
        (SESSION, "aws:TokenIssueTime", "unknown"),
        (USER, "aws:SourceArn", "absent"),
        (SERVICE, "aws:SourceArn", "unknown"),
        (ANONYMOUS, "aws:PrincipalArn", "absent"),
        (ANONYMOUS, "aws:PrincipalTag/team", "absent"),
        (USER, "aws:PrincipalTag/team", "unknown"),
        (USER, "aws:PrincipalOrgID", "unknown"),
        (SERVICE, "aws:PrincipalOrgID", "absent"),
        (USER, "aws:UserAgent", "unknown"),
        (USER, "aws:ResourceTag/team", "unknown"),
        (USER, "aws:RequestTag/team", "absent"),
        (USER, "aws:NoSuchKey", "unknown"),
        (USER, "s3:signatureAge", "unknown"),
        (USER, "s3:ExistingObjectTag/team", "unknown"),
        (USER, "s3:prefix", "absent"),
        (USER, "ec2:InstanceType", "absent"),
        (SESSION, "ec2:SourceInstanceArn", "unknown"),
        (USER, "ec2:SourceInstanceArn", "absent"),
        (USER, "saml:sub", "absent"),
        (SESSION, "token.actions.githubusercontent.com:sub", "unknown"),
    ],
    ids=lambda value: value.type if isinstance(value, Principal) else value,
)
def test_a_key_nobody_stated_is_unknown_or_never_there(principal: Principal, key: str, expected: str) -> None:
    assert said(filled(principal, reads=(key,)), key) == expected


def test_what_is_known_not_to_be_there_is_absent() -> None:
    facts = CallFacts(principal_tags={"team": "a"}, via=(), request_tags={}, source_identity="", referer="")
    keys = ("aws:PrincipalTag/cost", "aws:CalledVia", "aws:TagKeys", "aws:SourceIdentity", "aws:Referer")
    found = filled(SESSION, facts, reads=keys)
    assert [said(found, key) for key in keys] == ["absent"] * len(keys)
    assert (found.added["aws:PrincipalTag/team"], found.added["aws:ViaAWSService"]) == ("a", "false")


@pytest.mark.parametrize(
    ("action", "resource", "region"),
    [
        ("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/x", "us-east-1"),
        ("iam:GetUser", f"arn:aws-cn:iam::{ACCOUNT}:user/x", "cn-north-1"),
        ("organizations:ListRoots", "*", "us-east-1"),
        ("kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k", "eu-west-1"),
        ("s3:GetObject", "arn:aws:s3:::acme/x", None),
        ("ec2:DescribeRegions", "*", None),
    ],
)
def test_the_region_is_the_services_only_one_or_the_resources(
    action: str, resource: str, region: str | None
) -> None:
    assert filled(action=action, resource=resource).added.get("aws:RequestedRegion") == region


def test_a_service_s_own_keys_follow_where_the_action_carries_them() -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"
    assert filled().added["s3:ResourceAccount"] == ACCOUNT
    assert filled(action="kms:Decrypt", resource=key).added["kms:CallerAccount"] == ACCOUNT
    instance = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i"
    tags = CallFacts(resource_tags={"team": "a"})
    added = filled(facts=tags, action="ec2:StartInstances", resource=instance).added
    assert (added["ec2:Region"], added["ec2:ResourceTag/team"], added["aws:ResourceTag/team"]) == (
        "eu-west-1",
        "a",
        "a",
    )
    assert "ec2:Region" not in filled().added


def test_an_action_without_the_owners_key_does_not_get_it() -> None:
    account = "aws:ResourceAccount"
    found = filled(
        action="ec2:CreateVpcPeeringConnection",
        resource=f"arn:aws:ec2:eu-west-1:{ACCOUNT}:vpc/v",
        reads=(account,),
    )
    assert said(found, account) == "absent"


@pytest.mark.parametrize("key", ["aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths"])
def test_the_three_keys_about_the_owner_are_left_out_together(key: str) -> None:
    volume = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:snapshot/s"
    found = filled(action="ebs:ListSnapshotBlocks", resource=volume, reads=(key,))
    assert [(note.key, note.why) for note in found.absent] == [
        (key, "ebs:ListSnapshotBlocks does not carry it")
    ]
    assert said(filled(reads=(key,)), key) == ("there" if key == "aws:ResourceAccount" else "unknown")


@pytest.mark.parametrize(
    "action",
    [
        "auditmanager:UpdateAssessmentFrameworkShare",
        "detective:AcceptInvitation",
        "ds:AcceptSharedDirectory",
        "ec2:AcceptTransitGatewayPeeringAttachment",
        "ec2:AcceptVpcEndpointConnections",
        "ec2:AcceptVpcPeeringConnection",
        "ec2:CreateTransitGatewayPeeringAttachment",
        "ec2:CreateVpcEndpoint",
        "ec2:CreateVpcPeeringConnection",
        "es:AcceptInboundConnection",
        "guardduty:AcceptAdministratorInvitation",
        "macie2:AcceptInvitation",
        "route53:AssociateVPCWithHostedZone",
        "route53:CreateVPCAssociationAuthorization",
        "securityhub:AcceptAdministratorInvitation",
    ],
)
def test_actions_that_aws_lists_carry_nothing_about_the_owner(action: str) -> None:
    """Source: IAM User Guide, "AWS global condition context keys", aws:ResourceAccount."""
    assert is_without_owner(action)
    assert not is_without_owner(f"{action}s")


@pytest.mark.parametrize(
    ("service", "partition", "region"),
    [
        *(
            (each, "aws", "us-east-1")
            for each in ("iam", "cloudfront", "organizations", "route53", "shield", "waf")
        ),
        ("iam", "aws-cn", "cn-north-1"),
        ("iam", "aws-us-gov", "us-gov-west-1"),
        ("iam", "aws-iso", ""),
        ("route53", "aws-cn", ""),
        ("sns", "aws", ""),
    ],
)
def test_a_service_with_one_endpoint_answers_in_one_region(service: str, partition: str, region: str) -> None:
    """Source: AWS General Reference, "Global endpoints"."""
    assert global_region(service, partition) == region


def test_all_that_is_known_of_a_call_is_filled_in() -> None:
    facts = CallFacts(
        now=NOW,
        region="eu-west-1",
        is_secure=False,
        source_ip="203.0.113.7",
        through_endpoint=False,
        user_agent="probe",
        referer="https://acme.example/",
        via=("athena.amazonaws.com", "glue.amazonaws.com"),
        user_id="AROAEXAMPLE:one",
        is_temporary=True,
        mfa=True,
        issued_at=NOW.replace(hour=11),
        source_identity="ann",
        federated_provider="accounts.example",
        principal_tags={"team": "a"},
        resource_tags={"cost": "b"},
        request_tags={"stage": "c"},
    )
    found = filled(SESSION, facts)
    assert found.added == {
        "aws:CalledVia": ("athena.amazonaws.com", "glue.amazonaws.com"),
        "aws:CalledViaFirst": "athena.amazonaws.com",
        "aws:CalledViaLast": "glue.amazonaws.com",
        "aws:CurrentTime": "2026-03-01T12:00:00Z",
        "aws:EpochTime": "1772366400",
        "aws:FederatedProvider": "accounts.example",
        "aws:MultiFactorAuthAge": "3600",
        "aws:MultiFactorAuthPresent": "true",
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/job",
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalTag/team": "a",
        "aws:PrincipalType": "AssumedRole",
        "aws:Referer": "https://acme.example/",
        "aws:RequestTag/stage": "c",
        "aws:RequestedRegion": "eu-west-1",
        "aws:ResourceAccount": ACCOUNT,
        "aws:ResourceTag/cost": "b",
        "aws:SecureTransport": "false",
        "aws:SourceIdentity": "ann",
        "aws:SourceIp": "203.0.113.7",
        "aws:TagKeys": ("stage",),
        "aws:TokenIssueTime": "2026-03-01T11:00:00Z",
        "aws:UserAgent": "probe",
        "aws:ViaAWSService": "true",
        "aws:userid": "AROAEXAMPLE:one",
        "s3:ResourceAccount": ACCOUNT,
    }
    behind = CallFacts(
        is_secure=True, through_endpoint=True, vpc="vpc-1", vpce="vpce-1", vpc_source_ip="10.0.0.1", mfa=False
    )
    assert filled(ANONYMOUS, behind).added == {
        "aws:MultiFactorAuthPresent": "false",
        "aws:PrincipalAccount": "anonymous",
        "aws:PrincipalType": "Anonymous",
        "aws:ResourceAccount": ACCOUNT,
        "aws:SecureTransport": "true",
        "aws:SourceVpc": "vpc-1",
        "aws:SourceVpce": "vpce-1",
        "aws:VpcSourceIp": "10.0.0.1",
        "aws:userid": "anonymous",
        "s3:ResourceAccount": ACCOUNT,
    }


def test_what_is_stated_stays_in_any_letter_case_and_is_not_contradicted() -> None:
    facts = CallFacts(now=NOW, is_secure=True, via=())
    found = filled(
        facts=facts,
        stated={
            "AWS:USERNAME": "bob",
            "aws:currenttime": "2025-01-01T00:00:00Z",
            "aws:CalledVia": ("athena.amazonaws.com",),
        },
    )
    context = {key.lower(): value for key, value in found.request.context.items()}
    assert context["aws:username"] == "bob"
    assert context["aws:epochtime"] == "1735689600"
    assert (context["aws:viaawsservice"], context["aws:calledviafirst"]) == ("true", "athena.amazonaws.com")
    assert (
        filled(facts=facts, stated={"aws:epochtime": "1735689600"}).added["aws:CurrentTime"]
        == "2025-01-01T00:00:00Z"
    )
    assert "aws:EpochTime" not in filled(facts=facts, stated={"aws:currenttime": "soon"}).added


def test_a_stated_second_factor_tells_that_the_credentials_are_temporary() -> None:
    issued = "aws:TokenIssueTime"
    facts = CallFacts(is_temporary=False)
    assert said(filled(facts=facts, reads=(issued,)), issued) == "absent"
    for key in (MFA, "aws:MultiFactorAuthAge"):
        assert said(filled(facts=facts, reads=(issued,), stated={key: "true"}), issued) == "unknown"


def test_tag_keys_follow_from_the_request_s_tags() -> None:
    found = filled(
        facts=CallFacts(request_tags={}), stated={"aws:RequestTag/team": "a", "aws:RequestTag/cost": "b"}
    )
    assert found.added["aws:TagKeys"] == ("team", "cost")


def test_tags_that_differ_in_case_alone_are_one_key_with_both_values() -> None:
    found = filled(facts=CallFacts(resource_tags={"Team": "a", "team": "b"}))
    assert found.added["aws:ResourceTag/Team"] == ("a", "b")
    decide(found.request, Policies())


def test_a_key_can_be_taken_away() -> None:
    found = without(filled(reads=("aws:userid",)), {"aws:username", "aws:userid"})
    assert "aws:username" not in found.request.context
    assert "aws:username" not in found.added
    assert said(found, "aws:userid") == "there"


def test_an_action_of_no_catalogue_leaves_its_keys_open() -> None:
    assert said(filled(action="nosuch:Thing", resource="*", reads=("s3:prefix",)), "s3:prefix") == "unknown"


def test_a_family_is_known_by_its_name_and_letter_case_does_not_count() -> None:
    one, other = global_key("AWS:principaltag/Team/x"), global_key("aws:UserID")
    assert one is not None
    assert other is not None
    assert (one.name, other.name) == ("aws:PrincipalTag/", "aws:userid")
    assert global_key("aws:PrincipalTags") is None


@pytest.mark.parametrize(
    ("provider", "value"), [("oidc-provider/accounts.acme.example", "there"), ("saml-provider/acme", "")]
)
def test_a_web_identity_names_its_provider_and_a_saml_one_does_not(provider: str, value: str) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:{provider}"
    role = f"arn:aws:iam::{ACCOUNT}:role/job"
    found = filled(Principal("federated", arn, ""), action="sts:AssumeRoleWithWebIdentity", resource=role)
    assert found.added.get("aws:FederatedProvider") == (arn if value else None)
    assert "aws:PrincipalIsAWSService" not in found.added
