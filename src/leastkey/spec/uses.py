"""`used-by:`: who wears the role. One user at most; services, other accounts and tokens as many as needed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from leastkey.iam.arn import ACCOUNT, AccountId
from leastkey.iam.catalog import services
from leastkey.iam.names import name_fault
from leastkey.spec.faults import invalid, shown, unknown
from leastkey.spec.federated import read_federated, unnarrowed
from leastkey.spec.fields import check_keys, items_of, needed, only_form, table_of, text_of
from leastkey.spec.keys import FEDERATED, USES, names_of
from leastkey.spec.model import AccountUse, ServiceUse, UserUse
from leastkey.spec.yaml_nodes import Text

if TYPE_CHECKING:
    from leastkey.spec.model import Use
    from leastkey.spec.yaml_nodes import Node

__all__ = ["PRINCIPAL_ENDING", "principals", "read_account", "read_uses"]

_FORMS: Final = tuple(USES)
_WITH_VALUE: Final = {
    "service": "name one, as in `- service: ec2`",
    "account": 'name it: `- {account: "444455556666", external-id: ...}`',
}
PRINCIPAL_ENDING: Final = ".amazonaws.com"
_MORE_PRINCIPALS: Final = frozenset(
    {
        "application-autoscaling",
        "backup",
        "bedrock",
        "cloudformation",
        "cloudtrail",
        "codebuild",
        "codedeploy",
        "codepipeline",
        "config",
        "delivery.logs",
        "dms",
        "ecs",
        "ecs-tasks",
        "edgelambda",
        "elasticmapreduce",
        "events",
        "export.rds",
        "firehose",
        "iot",
        "logs",
        "monitoring.rds",
        "pipes",
        "pods.eks",
        "scheduler",
        "ssm",
        "states",
        "storagegateway",
        "transfer",
        "vpc-flow-logs",
    }
)
"""Services whose name in a trust policy is not their prefix in actions, and some where it is."""
_ACCOUNT_IN_GROUPS: Final = re.compile(r"[0-9]{4}[- ][0-9]{4}[- ][0-9]{4}", re.ASCII)


def read_uses(node: Node) -> tuple[Use, ...]:
    """Give the uses in the order written. Raises LeastkeyError."""
    uses: list[Use] = []
    for item in items_of(node, "used-by"):
        use = _use(item)
        _refuse_second(use, uses)
        uses.append(use)
    return tuple(uses)


def read_account(text: Text) -> AccountId:
    """Give an account id, leading zeros kept. Raises LeastkeyError."""
    if ACCOUNT.fullmatch(text.value):
        return AccountId(text.value)
    remedy = 'as in `account: "111122223333"`'
    if _ACCOUNT_IN_GROUPS.fullmatch(text.value):
        remedy = f'without the dashes: `account: "{re.sub("[- ]", "", text.value)}"`'
    elif text.value.isascii() and text.value.isdigit() and len(text.value) < 12:
        remedy = f'leading zeros count; is it `account: "{text.value:0>12}"`?'
    raise invalid(
        text.place,
        f"`{shown(text.value)}` is no AWS account",
        why="an account is twelve digits",
        remedy=remedy,
    )


def _use(item: Node) -> Use:
    if isinstance(item, Text):
        return _bare(text_of(item, "use"))
    table = table_of(item, "use")
    form, value = (
        only_form(table, _FORMS, "a use") if any(table.find(name) for name in _FORMS) else table.entries[0]
    )
    if form.value == "external-id":
        raise invalid(
            form.place,
            "`external-id` stands without an account",
            remedy='name it: `- {account: "444455556666", external-id: ...}`',
        )
    if form.value not in _FORMS:
        raise unknown(form.place, form.value, "no key of a use", _FORMS, code="spec-invalid")
    check_keys(table, names_of(USES[form.value]), f"a use by {form.value}")
    if form.value in FEDERATED:
        return read_federated(form, value)
    text = text_of(value, form.value)
    match form.value:
        case "user":
            return UserUse(_user_name(text), table.place)
        case "service":
            return ServiceUse(_service(text), table.place)
        case _:
            return AccountUse(
                read_account(text),
                _external_id(needed(table, "external-id", "a use by account")),
                table.place,
            )


def _bare(text: Text) -> UserUse:
    if text.value == "user":
        return UserUse(None, text.place)
    if text.value in FEDERATED:
        raise unnarrowed(text)
    if text.value in _WITH_VALUE:
        raise unknown(
            text.place,
            text.value,
            "no use by itself",
            (),
            code="spec-invalid",
            remedy=_WITH_VALUE[text.value],
        )
    if text.value in _MORE_PRINCIPALS or text.value in services():
        raise unknown(
            text.place,
            text.value,
            "no use by itself",
            (),
            code="spec-invalid",
            remedy=f"write `- service: {text.value}`",
        )
    raise unknown(
        text.place,
        text.value,
        "no use by itself",
        ("user",),
        code="spec-invalid",
        remedy=f"a user of this name: `- user: {shown(text.value)}`",
    )


def _user_name(text: Text) -> str:
    fault = name_fault("user", text.value)
    if fault is not None:
        raise invalid(
            text.place,
            f"`{shown(text.value)}` is no user name",
            why=fault,
            remedy="as in `- user: automation_user`",
        )
    return text.value


def _service(text: Text) -> str:
    """Give a service as the first part of its principal: `ec2`, `ecs-tasks`."""
    name = text.value.removesuffix(PRINCIPAL_ENDING)
    known = principals()
    if name not in known:
        raise unknown(text.place, text.value, "no AWS service", known)
    return name


def principals() -> frozenset[str]:
    """Give every service that can wear a role, by the first part of its principal."""
    return _MORE_PRINCIPALS.union(services())


def _external_id(node: Node) -> str:
    text = text_of(node, "external-id")
    fault = name_fault("external id", text.value)
    if fault is not None:
        raise invalid(
            text.place,
            f"`{shown(text.value)}` is no external id",
            why=fault,
            remedy="a long random word that both sides know, as in `external-id: acme-7f3a91c2`",
        )
    return text.value


def _refuse_second(use: Use, before: list[Use]) -> None:
    match use:
        case UserUse():
            twice, what = any(isinstance(other, UserUse) for other in before), "a second user"
        case ServiceUse(service=service):
            twice = any(isinstance(other, ServiceUse) and other.service == service for other in before)
            what = f"the service `{service}` a second time"
        case AccountUse():
            twice = any(isinstance(other, AccountUse) and other.account == use.account for other in before)
            what = f"the account `{use.account}` a second time"
        case _:
            twice = use in [replace(other, place=use.place) for other in before if type(other) is type(use)]
            what = f"{use.wearer} a second time"
    if twice:
        raise invalid(
            use.place,
            f"`used-by` names {what}",
            why="one identity has one user at most, and each other use once",
            remedy="give the second one an identity of its own, or remove it",
        )
