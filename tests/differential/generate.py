"""Neutral cases drawn from a seed. A case is its seed and its number: the same two give the same case for ever."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from tests.differential import world
from tests.differential.world import OURS, ROLE, THEIRS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Object = dict[str, Any]
ACTIONS, ARNS = tuple(world.ASKED), tuple(arn for arns in world.ASKED.values() for arn in arns)
STATEMENTS = (1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 6, 8)


class Draw:
    """The chances of one case, and the request that its statements are drawn near to."""

    def __init__(self, seed: int, number: int) -> None:
        self.random = Random(f"{seed}/{number}")
        self.denies = self.any_of((0.0, 0.04, 0.12, 0.3))
        self.near = 0.7
        self.action, self.arn = "", ""
        self.who: Object = {}
        self.context: Object = {}

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def any_of(self, values: Sequence[Any]) -> Any:
        return values[int(self.random.random() * len(values))]

    def some(self, one: Callable[[], Any]) -> Any:
        """Give one value, or a list of one to three."""
        if self.chance(0.6):
            return one()
        return list(dict.fromkeys(one() for _ in range(self.any_of((1, 2, 2, 3)))))

    def cased(self, text: str) -> str:
        """Give the text, now and then in another letter case."""
        return str(self.any_of((text.lower(), text.upper(), text.swapcase()))) if self.chance(0.12) else text

    def blurred(self, text: str) -> str:
        """Put one to three wildcards in the place of some of the text."""
        if not text or ("${" in text and not world.WILDCARDS_IN_VARIABLES):
            return text
        for _ in range(self.any_of((1, 2, 3))):
            cut = self.random.randrange(len(text))
            text = text[:cut] + self.any_of(("*", "?", "**", "*?")) + text[cut + self.random.randrange(3) :]
        return text

    def action_pattern(self) -> str:
        service, name = (self.action if self.chance(self.near) else self.any_of(ACTIONS)).split(":")
        cut = self.random.randrange(1, len(name))
        wild = (
            f"{service}:*",
            "*",
            f"{service}:{name[:cut]}*",
            f"{service}:{name[:cut]}?{name[cut + 1 :]}",
            f"{service}:*{name[cut:]}",
            f"{service[:1]}*:{name}",
            f"*:{name[:1]}*{name[-1:]}",
            f"{service}:{self.blurred(name)}",
        )
        return self.cased(f"{service}:{name}" if self.chance(0.4) else self.any_of(wild))

    def resource_pattern(self) -> str:
        arn = self.arn if self.chance(self.near + 0.05) else self.any_of(ARNS)
        if arn == "*" or self.chance(0.2):
            return "*"
        *parts, last = arn.split(":", 5)
        cut, name = self.random.randrange(len(last)), self.any_of(("alice", "bob", "x", "reports"))
        whole = "${" not in last or world.WILDCARDS_IN_VARIABLES
        match self.random.randrange(10):
            case 0:
                last = last[:cut] + "*"
            case 1 if whole:
                last = last[:cut] + "?" + last[cut + 1 :]
            case 2 if whole:
                last = last[: cut + 1] + "*" + last[cut + 2 :]
            case 7:
                last = self.blurred(last)
            case 3:
                parts[self.any_of((1, 2, 3, 4))] = "*"
            case 4:
                last = last.replace(name, self.any_of(world.VARIABLES))
            case 5:
                last = last.replace("$", "${$}").replace(self.any_of(("alice", "bob")), "${aws:username}")
            case 6:
                last = last.rpartition("/")[0] + self.any_of(
                    ("/*", "/" + self.any_of(world.VARIABLES), "/*/x")
                )
        return ":".join((*parts, last))

    def value(self, family: str, key: str) -> Any:
        known = self.context.get(key)
        if self.chance(0.02):
            return self.any_of(world.ODD[family])
        if isinstance(known, str) and family != "Ip" and self.chance(0.25):
            return self.blurred(known) if family in ("String", "Arn") and self.chance(0.4) else known
        return self.any_of(world.WANTED[family])

    def condition(self) -> tuple[str, str, Any]:
        """Give an operator, a key and what the policy wants of it."""
        key = "aws:TagKeys" if self.chance(0.25) else self.any_of(tuple(world.KEYS))
        if self.chance(0.1):
            return "Null", key, self.any_of(("true", "false", True, False))
        family = world.KEYS[key][0]
        quantified = self.chance(0.98 if family == "Tags" else 0.06)
        operator = self.any_of(("ForAllValues:", "ForAnyValue:")) if quantified else ""
        operator += self.any_of(world.OPERATORS[family]) + ("IfExists" if self.chance(0.15) else "")
        return operator, key, self.some(lambda: self.value(family, key))

    def conditions(self) -> Object:
        block: Object = {}
        for _ in range(self.any_of((1, 1, 1, 2, 3))):
            operator, key, wanted = self.condition()
            block.setdefault(operator, {})[self.cased(key)] = wanted
        return block

    def own_names(self) -> list[str]:
        """Give the caller's ARN, the role or user behind it, and its account in both spellings."""
        arn, account, kind = self.who["arn"], self.who["account"], self.who["type"]
        if account is None:
            return [world.ROOT]
        behind = {
            "session": f"arn:aws:iam::{account}:role/{'leastkey/' if account == OURS else ''}job",
            "feduser": f"arn:aws:iam::{account}:user/{arn.rpartition('/')[2]}",
        }
        return [arn, behind.get(kind, arn), account, f"arn:aws:iam::{account}:root"]

    def principal(self) -> Object | str:
        """Give a Principal, more often than not one that names the caller."""
        kind, arn = self.who["type"], self.who["arn"]
        if self.chance(0.12):
            element: Object | str = self.any_of(world.ELEMENTS)
            return element
        if self.chance(0.35):
            return {"AWS": self.some(lambda: self.any_of(world.NAMED))} | (
                {"Service": "ec2.amazonaws.com"} if self.chance(0.1) else {}
            )
        if kind == "service":
            return {"Service": self.some(lambda: self.any_of((arn, "sns.amazonaws.com")))}
        if kind == "federated":
            return {"Federated": self.some(lambda: self.any_of((arn, "accounts.google.com")))}
        if kind == "anonymous":
            return "*"
        return {"AWS": self.some(lambda: self.any_of(self.own_names()))}

    def not_principal(self) -> Object | str:
        """Give all names of the caller, or some; now and then with another beside them, or everyone."""
        if self.chance(0.05) and self.who["type"] in ("user", "role", "session", "feduser"):
            return {"AWS": "*"} if self.chance(0.5) else "*"
        names = [*dict.fromkeys(self.own_names()), *([self.any_of(world.NAMED)] if self.chance(0.3) else [])]
        self.random.shuffle(names)
        found = {"AWS": [name for name in names if name != "*"][: self.any_of((2, 3, 4, 5))]}
        return found | ({"Service": "ec2.amazonaws.com"} if self.chance(0.3) else {})

    def add_principal(self, entry: Object, kind: str) -> None:
        if kind == "resource" and self.chance(0.3 if entry["Effect"] == "Deny" else 0.01):
            entry["NotPrincipal"] = self.not_principal()
        elif kind in ("resource", "trust"):
            entry["Principal"] = self.principal()
        elif kind == "endpoint" and self.chance(0.2):
            arn, account = self.who["arn"], self.who["account"]
            names = (
                (account, f"arn:aws:iam::{account}:root")
                if world.ENDPOINT_NAMES_ACCOUNT
                else (arn, world.ALICE)
            )
            usable = self.who["type"] in ("user", "session", "role")
            entry["Principal"] = {"AWS": self.any_of(names)} if usable else "*"
        elif kind in ("endpoint", "rcp"):
            entry["Principal"] = "*"

    def statement(self, kind: str, wide: float) -> Object:
        """Give one statement; a wide one allows the service or everything on every resource."""
        deny = self.chance(0.9 if kind == "rcp" else self.denies)
        self.near = 0.7 if not deny else 0.2 if kind in ("scp", "rcp") else 0.4
        entry: Object = {"Effect": "Deny" if deny else "Allow"}
        if self.chance(0.15):
            entry["Sid"] = f"S{self.random.randrange(10**9)}"
        self.add_principal(entry, kind)
        is_wide = not deny and self.chance(wide)
        if is_wide:
            entry["Action"] = self.any_of(("*", self.action.split(":")[0] + ":*"))
        else:
            negated = self.chance(0.1) and kind != "trust"
            entry["NotAction" if negated else "Action"] = self.some(self.action_pattern)
        if kind != "trust":
            negated = self.chance(0.1) and not is_wide
            entry["NotResource" if negated else "Resource"] = (
                "*" if is_wide else self.some(self.resource_pattern)
            )
        if self.chance(0.6 if deny else 0.1 if is_wide else 0.35):
            entry["Condition"] = self.conditions()
        return entry

    def document(self, kind: str, wide: float) -> Object:
        version = {0: {}, 1: {"Version": "2008-10-17"}}.get(
            self.random.randrange(12), {"Version": "2012-10-17"}
        )
        statements = [self.statement(kind, wide) for _ in range(self.any_of(STATEMENTS))]
        alone = len(statements) == 1 and self.chance(0.3)
        return {**version, "Statement": statements[0] if alone else statements}

    def documents(self, kind: str, numbers: Sequence[int], wide: float) -> list[Object]:
        return [self.document(kind, wide) for _ in range(self.any_of(numbers))]

    def request(self) -> Object:
        """Draw the request first: who asks for what, and what AWS would know about it."""
        self.action = self.random.choices(ACTIONS, world.ACTION_CHANCES)[0]
        self.arn = self.any_of(world.ASKED[self.action])
        _, kind, arn, account = self.random.choices(world.CALLERS, [caller[0] for caller in world.CALLERS])[0]
        if self.action.startswith("sts:AssumeRoleWith") and self.chance(0.85):
            kind, arn, account = "federated", world.PROVIDER, None
        elif account is None and self.action in world.NEED_NO_PERMISSION:
            kind, arn, account = "user", world.ALICE, OURS
        self.who = {"type": kind, "arn": arn, "account": account}
        for key, (family, values) in world.KEYS.items():
            if self.chance(0.5):
                odd = self.chance(0.02)
                one = self.any_of(world.ODD[family] if odd else values)
                tags = list(
                    dict.fromkeys((one, *(self.any_of(values) for _ in range(self.random.randrange(3)))))
                )
                self.context[self.cased(key)] = tags if family == "Tags" else one
        owner = THEIRS if "s3:::other" in self.arn else OURS
        return {
            "action": self.cased(self.action),
            "resource": {"arn": self.arn, "account": account if self.arn == "*" and account else owner},
            "principal": self.who,
            "context": self.context,
        }


def generate(seed: int, number: int) -> Object:
    """Give case `number` of a seed."""
    draw = Draw(seed, number)
    request = draw.request()
    service, is_session = draw.action.split(":")[0], draw.who["type"] in ("session", "feduser", "role")
    trust = service == "sts" and draw.arn == ROLE
    must_name = trust or draw.arn == world.KEY or draw.who["account"] != request["resource"]["account"]
    resource_policy = None
    if trust or (
        service in world.HAVE_POLICIES and draw.arn != "*" and draw.chance(0.95 if must_name else 0.5)
    ):
        resource_policy = draw.document("trust" if trust else "resource", 0.4)
    identity = draw.documents("identity", (0, 1, 1, 2, 3), 0.4)
    return {
        "id": f"{seed}/{number}",
        "request": request,
        "identity_policies": [
            {"name": f"policy-{index}", "document": each} for index, each in enumerate(identity)
        ],
        "resource_policy": resource_policy,
        "permission_boundaries": draw.documents("identity", (0, 0, 1), 0.45),
        "session_policies": draw.documents("identity", (0, 1, 1, 2), 0.45) if is_session else [],
        "scps": [draw.documents("scp", (1, 1, 1, 2), 0.6) for _ in range(draw.any_of((0, 0, 0, 1, 2, 3)))],
        "rcps": [draw.documents("rcp", (1, 1, 1, 2), 0.3) for _ in range(draw.any_of((0, 0, 0, 0, 1, 2)))],
        "vpc_endpoint_policies": draw.documents("endpoint", (0, 0, 0, 0, 1), 0.5),
    }
