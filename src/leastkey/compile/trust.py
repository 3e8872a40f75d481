"""Step 1, role: the trust policy, which names exactly who may wear the role.

Source: IAM User Guide, "How to use an external ID", "The confused deputy problem", "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.compile.federated import federated_statement, refuse_wide
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import root_arn
from leastkey.iam.catalog import nearest
from leastkey.iam.document import PolicyDocument
from leastkey.iam.limits import TRUST_POLICY_CHARACTERS
from leastkey.iam.statement import Condition, Principals, Statement
from leastkey.spec.model import AccountUse, ServiceUse, UserUse

if TYPE_CHECKING:
    from leastkey.iam.arn import AccountId, Arn
    from leastkey.spec.model import Identity

__all__ = ["SERVICES", "service_principal", "trust_policy"]

_SERVICES_TEXT: Final = """
airflow airflow-env amplify apigateway application-autoscaling appflow apprunner appsync athena autoscaling
backup batch batchoperations.s3 bedrock build.apprunner cloudformation cloudtrail codebuild codedeploy
codepipeline cognito-idp comprehend config connect datasync delivery.logs dlm dms ec2 ecs ecs-tasks eks
elasticmapreduce events export.rds firehose forecast fsx gamelift glue guardduty imagebuilder inspector iot
kinesisanalytics lakeformation lambda lex lexv2 logs macie mediaconvert medialive monitoring.rds personalize
pipes polly quicksight rds redshift rekognition replicator.lambda resource-groups s3 sagemaker scheduler
secretsmanager servicecatalog ses sns spotfleet sqs ssm states storagegateway swf synthetics tasks.apprunner
textract timestream transcribe transfer translate vpc-flow-logs vpc-lattice workspaces xray
"""
SERVICES: Final = tuple(_SERVICES_TEXT.split())
"""Services that may wear a role, by the first part of their principal, `NAME.amazonaws.com`."""

_ASSUME: Final = ("sts:AssumeRole",)


def trust_policy(identity: Identity, account: AccountId, partition: str, user: Arn | None) -> PolicyDocument:
    """Give the trust policy of an identity's role: one statement for each kind of user, outside account and token."""
    if not identity.used_by:
        raise LeastkeyError(
            "spec-invalid",
            f"nobody uses `{identity.name}`",
            remedy="say who does: `used-by: [user]`",
            place=str(identity.place),
        )
    found: list[Statement] = [] if user is None else [_user(user, account, partition)]
    names = frozenset(_known(use) for use in identity.used_by if isinstance(use, ServiceUse))
    if "ec2" in names:
        found.append(_trusts(service=(service_principal("ec2", partition),)))
    if others := sorted(names - {"ec2"}):
        # A service acts for its customers: only those of this account are let in. EC2 does not send the key.
        here = Condition("StringEquals", "aws:SourceAccount", (account,))
        found.append(_trusts(here, service=tuple(service_principal(name, partition) for name in others)))
    accounts = {
        (_outside(use, account), use.external_id) for use in identity.used_by if isinstance(use, AccountUse)
    }
    for other, external_id in sorted(accounts):
        asked = Condition("StringEquals", "sts:ExternalId", (external_id,))
        found.append(_trusts(asked, aws=(str(root_arn(partition, other)),)))
    found += (federated_statement(use, account, partition) for use in identity.federated)
    document = PolicyDocument(tuple(found))
    refuse_wide(document, identity)
    return _fitting(document, identity)


def _outside(use: AccountUse, here: AccountId) -> AccountId:
    """Give another account; this one would let every user and role in that may assume roles."""
    if use.account != here:
        return use.account
    raise LeastkeyError(
        "wide-trust",
        f"{here} is the account itself: everybody in it who may assume roles is let in",
        why="an external id is for other accounts, and no secret within one",
        remedy="name who it is: `- user`, or `- service: ec2`",
        place=str(use.place),
    )


def _user(user: Arn, account: AccountId, partition: str) -> Statement:
    """Trust one user by name.

    The account is the principal and the condition names the user: AWS accepts it before the user exists, and keeps it
    when the user is made again. The user needs its own Allow as well.
    """
    only = Condition("ArnEquals", "aws:PrincipalArn", (str(user),))
    return _trusts(only, aws=(str(root_arn(partition, account)),))


def _trusts(*conditions: Condition, aws: tuple[str, ...] = (), service: tuple[str, ...] = ()) -> Statement:
    return Statement(
        effect="Allow",
        principal=Principals(aws=aws, service=service),
        actions=_ASSUME,
        conditions=conditions,
    )


def _known(use: ServiceUse) -> str:
    if use.service in SERVICES:
        return use.service
    close = nearest(use.service, SERVICES)
    raise LeastkeyError(
        "unknown-name",
        f"`{use.service}` is no service that can wear a role",
        remedy=f"did you mean `{close}`?"
        if close
        else "name the first part of its principal: `lambda`, `ecs-tasks`",
        place=str(use.place),
    )


def service_principal(service: str, partition: str) -> str:
    """Give a service's principal; EC2 has a name of its own in the China partition."""
    china = ".cn" if service == "ec2" and partition == "aws-cn" else ""
    return f"{service}.amazonaws.com{china}"


def _fitting(document: PolicyDocument, identity: Identity) -> PolicyDocument:
    count = document.characters()
    if count <= TRUST_POLICY_CHARACTERS:
        return document
    uses = sum(not isinstance(use, UserUse) for use in identity.used_by)
    raise LeastkeyError(
        "too-large",
        f"the trust policy of `{identity.name}` has {count:,} characters, AWS takes {TRUST_POLICY_CHARACTERS:,}",
        why=f"{uses} services, accounts and tokens use the identity",
        remedy="give some of them an identity of their own",
        place=str(identity.place),
    )
