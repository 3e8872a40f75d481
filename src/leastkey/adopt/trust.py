"""Who may wear the role: an old trust policy as `used-by:`, and every part of it that cannot be said.

A trust is carried only where the new one lets nobody in whom the old one kept out; what cannot be said is left out and
named. Source: IAM User Guide, "AWS JSON policy elements: Principal", "How to use an external ID".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leastkey.adopt.carry import Left
from leastkey.compile.trust import SERVICES
from leastkey.errors import LeastkeyError
from leastkey.iam.arn import ACCOUNT, Arn
from leastkey.iam.names import name_fault
from leastkey.spec.shorthand import in_quotes, quoted
from leastkey.spec.trial import try_use

if TYPE_CHECKING:
    from leastkey.adopt.existing import Existing
    from leastkey.iam.statement import Condition, Principals, Statement

__all__ = ["Uses", "uses_of"]

_ASSUMES: Final = frozenset({"sts:assumerole", "sts:assume*", "sts:*", "*"})
_ENDINGS: Final = (".amazonaws.com", ".amazonaws.com.cn")
_HERE: Final = ("stringequals", "aws:sourceaccount")
_EXTERNAL: Final = ("stringequals", "sts:externalid")
_PROVIDERS: Final = "who shows a token is not taken over: write it yourself, see `leastkey help keyless`"
_ONE_BY_ONE: Final = "`used-by` names who is let in, one by one"
_BY_NAME: Final = frozenset(
    (operator, "aws:principalarn") for operator in ("arnequals", "arnlike", "stringequals", "stringlike")
)
"""Conditions that pick callers of this account by name: the one new user is none of them anyway."""


@dataclass(slots=True)
class Uses:
    """The entries of `used-by:`, and what became of the rest. `comments` are lines the user may complete."""

    lines: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    is_stand_in: bool = False
    """Nothing of the old trust could be said: a user stands in for it, since somebody must wear the role."""

    @property
    def has_user(self) -> bool:
        """Say whether a user with a key wears the role."""
        return "- user" in self.lines


def uses_of(existing: Existing) -> Uses:
    """Give who wears the role that replaces a user or role."""
    uses = Uses()
    if existing.kind == "user":
        uses.lines.append("- user")
        return uses
    if existing.trust is None:
        uses.left.append(Left("the trust policy", "it cannot be read"))
    elif any(one.effect == "Deny" for one in existing.trust.statements):
        why = "it holds a Deny, which `used-by` cannot say: without it the rest would let more in"
        uses.left.append(Left("the trust policy", why))
    else:
        for number, statement in enumerate(existing.trust.statements, start=1):
            _statement(statement, f"trust statement {number}", existing, uses)
    uses.lines = list(dict.fromkeys(uses.lines))
    if not uses.lines:
        uses.lines.append("- user")
        uses.is_stand_in = True
    return uses


def _statement(statement: Statement, where: str, existing: Existing, uses: Uses) -> None:
    if statement.principal is None or statement.principal.anyone:
        word = "NotPrincipal" if statement.principal is None else "everybody"
        uses.left.append(Left(f"{where}: {word}", _ONE_BY_ONE))
        return
    actions = {action.lower() for action in statement.actions}
    if not actions & _ASSUMES:
        named = ", ".join(statement.actions or ("NotAction",))
        federated = ", ".join(statement.principal.federated)
        who = f" for {federated}" if federated else ""
        uses.left.append(Left(f"{where}: {named}{who}", _PROVIDERS))
        return
    more = sorted(action for action in statement.actions if action.lower() not in _ASSUMES)
    if more:
        uses.left.append(Left(f"{where}: {', '.join(more)}", "`used-by` allows sts:AssumeRole only"))
    _principals(statement.principal, statement.conditions, where, existing, uses)


def _principals(
    principal: Principals, conditions: tuple[Condition, ...], where: str, existing: Existing, uses: Uses
) -> None:
    for name in principal.service:
        _service(name, conditions, where, existing, uses)
    for name in principal.aws:
        _aws(name, conditions, where, existing, uses)
    for name in (*principal.federated, *principal.canonical_user):
        uses.left.append(Left(f"{where}: {name}", _PROVIDERS))


def _service(
    principal: str, conditions: tuple[Condition, ...], where: str, existing: Existing, uses: Uses
) -> None:
    ending = next((each for each in _ENDINGS if principal.endswith(each)), "")
    name = principal.removesuffix(ending) if ending else principal
    is_here = _only(conditions, _HERE) == existing.account
    if conditions and not is_here:
        uses.left.append(
            Left(f"{where}: {principal}", f"{_conditions(conditions)} cannot be said in `used-by`")
        )
    elif conditions and name == "ec2":
        why = "aws:SourceAccount is not asked of EC2, so the new trust would be without it"
        uses.left.append(Left(f"{where}: {principal}", why))
    elif name not in SERVICES or not _is_read(f"- service: {quoted(name)}"):
        uses.left.append(Left(f"{where}: {principal}", "`used-by` does not know this service"))
    else:
        uses.lines.append(f"- service: {quoted(name)}")
        uses.services.append(name)
        if not conditions and name != "ec2":
            uses.cautions.append(
                f"{where}: {principal} may wear the new role for account {existing.account} only "
                "(aws:SourceAccount); the old trust did not ask"
            )


def _aws(
    principal: str, conditions: tuple[Condition, ...], where: str, existing: Existing, uses: Uses
) -> None:
    account, resource = _who(principal)
    if principal == "*":
        uses.left.append(Left(f"{where}: everybody", _ONE_BY_ONE))
    elif account == existing.account:
        _own(principal, resource, conditions, where, uses)
    elif resource != "root":
        why = (
            "`used-by` names accounts: every user and role of it could be let in"
            if account
            else "it is the id of a user or role that is gone"
        )
        uses.left.append(Left(f"{where}: {principal}", why))
    else:
        _other(account, conditions, where, uses)


def _own(principal: str, resource: str, conditions: tuple[Condition, ...], where: str, uses: Uses) -> None:
    names_users = (
        len(conditions) == 1 and (conditions[0].operator.lower(), conditions[0].key.lower()) in _BY_NAME
    )
    if conditions and not names_users:
        why = f"{_conditions(conditions)} cannot be said in `used-by`"
        uses.left.append(Left(f"{where}: {principal}", why))
    elif resource == "root" or resource.startswith("user/"):
        uses.lines.append("- user")
        uses.cautions.append(
            f"{where}: {principal} may not wear the new role; a new user may, whose key can do nothing else"
        )
    else:
        uses.left.append(
            Left(f"{where}: {principal}", "a role that wears a role cannot be said in `used-by`")
        )


def _other(account: str, conditions: tuple[Condition, ...], where: str, uses: Uses) -> None:
    external_id = _only(conditions, _EXTERNAL)
    line = f"- {{account: {in_quotes(account)}, external-id: {in_quotes(external_id or 'AGREE-ON-ONE')}}}"
    if not conditions:
        uses.comments.append(line)
        why = "the old trust asks for no external id, and `used-by` needs one: agree on a long random word"
        uses.left.append(Left(f"{where}: account {account}", why))
    elif external_id is None or name_fault("external id", external_id) is not None:
        why = f"{_conditions(conditions)} cannot be said in `used-by`"
        uses.left.append(Left(f"{where}: account {account}", why))
    elif any(f"account: {in_quotes(account)}" in other and other != line for other in uses.lines):
        why = "a second external id for one account needs an identity of its own"
        uses.left.append(Left(f"{where}: account {account}", why))
    else:
        uses.lines.append(line)


def _who(principal: str) -> tuple[str, str]:
    """Give the account and what in it a principal names; the id of a deleted user or role has neither."""
    if ACCOUNT.fullmatch(principal):
        return principal, "root"
    try:
        arn = Arn.parse(principal)
    except ValueError:
        return "", principal
    return arn.account, arn.resource


def _only(conditions: tuple[Condition, ...], wanted: tuple[str, str]) -> str | None:
    """Give the value of the one condition there is, if it is the wanted one and has one value."""
    if len(conditions) != 1 or len(conditions[0].values) != 1:
        return None
    found = conditions[0]
    is_wanted = (found.operator.lower(), found.key.lower()) == wanted and "${" not in found.values[0]
    return found.values[0] if is_wanted else None


def _conditions(conditions: tuple[Condition, ...]) -> str:
    words = ", ".join(f"{each.operator} {each.key}" for each in conditions)
    return f"the condition {words}" if len(conditions) == 1 else f"the conditions {words}"


def _is_read(line: str) -> bool:
    try:
        try_use(line)
    except LeastkeyError:
        return False
    return True
