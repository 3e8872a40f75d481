"""AWS in memory as a whole: clients for the administrator and for any credentials, one account behind them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.fakes.account import Account, Worn, refused
from tests.fakes.caller import Speaker, speaker
from tests.fakes.iam import FakeIam

from leastkey.errors import AwsError
from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import NamedDocument, Request
from leastkey.evaluate.trust import decide_trust
from leastkey.iam.credentials import AccessKeyId, SessionCredentials
from leastkey.iam.limits import SESSION_SECONDS_MAX
from leastkey.iam.names import name_fault
from leastkey.plan.seen import Caller
from leastkey.ports.aws import Answer
from leastkey.ports.trail import TrailPage
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.fakes.account import Role

    from leastkey.iam.arn import Arn
    from leastkey.iam.credentials import AccessKey
    from leastkey.ports.aws import AdminSts, Calls, Iam, Sts
    from leastkey.ports.trail import Trail, TrailAttribute


class FakeSts:
    """Implements `ports.aws.Sts` for one set of credentials; None is the administrator."""

    def __init__(self, account: Account, credentials: AccessKey | SessionCredentials | None) -> None:
        self.account = account
        self.credentials = credentials

    def caller(self) -> Caller:
        return self.account.ask("sts:GetCallerIdentity", self._caller)

    def _caller(self) -> Caller:
        if self.credentials is None:
            return Caller(self.account.arn("user/admin"), self.account.id, "AIDAADMIN")
        return speaker(self.account, self.credentials, "sts", "sts:GetCallerIdentity").caller

    def server_time(self) -> datetime:
        self.caller()
        return self.account.clock.now()

    def assume_role(
        self, role: Arn, session_name: str, *, seconds: int, external_id: str | None = None
    ) -> SessionCredentials:
        def act() -> SessionCredentials:
            if self.credentials is None:
                raise refused("sts:AssumeRole", "AccessDenied", "the administrator wears no roles here")
            who = speaker(self.account, self.credentials, "sts", "sts:AssumeRole")
            if seconds > SESSION_SECONDS_MAX or name_fault("user", session_name):
                raise refused("sts:AssumeRole", "ValidationError")
            found = self._trusting(who, role, external_id)
            if seconds > found.max_session_seconds:
                raise refused("sts:AssumeRole", "ValidationError")
            return self._wear(found, session_name, seconds)

        return self.account.ask("sts:AssumeRole", act)

    def _trusting(self, who: Speaker, role: Arn, external_id: str | None) -> Role:
        found = self.account.roles.get(role.name.lower())
        context = {"aws:PrincipalArn": who.principal.role_arn or who.principal.arn}
        if external_id is not None:
            context["sts:ExternalId"] = external_id
        request = Request("sts:AssumeRole", str(role), who.principal, self.account.id, context)
        if (
            found is None
            or not decide_trust(request, NamedDocument("trust", found.trust), who.policies).is_allowed
        ):
            raise refused("sts:AssumeRole", "AccessDenied")
        return found

    def _wear(self, role: Role, session_name: str, seconds: int) -> SessionCredentials:
        account = self.account
        made = SessionCredentials(
            AccessKeyId(account.next_id("ASIA")),
            Secret(account.next_id("secret")),
            Secret(account.next_id("token")),
            account.clock.now() + timedelta(seconds=seconds),
        )
        account.sessions[made.id] = Worn(made.secret, made.token, role.name, session_name)
        return made


class FakeTrail:
    """Implements `ports.aws.Trail`."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def lookup(self, attribute: TrailAttribute, value: str, *, most: int) -> TrailPage:
        def read() -> TrailPage:
            place = 0 if attribute == "AccessKeyId" else 1
            found = [each[2] for each in reversed(self.account.trail) if each[place] == value]
            return TrailPage(tuple(found[:most]), is_whole=len(found) <= most)

        return self.account.ask("cloudtrail:LookupEvents", read)


ACTIONS = {
    ("ec2", "DescribeRegions"): "ec2:DescribeRegions",
    ("ec2", "DescribeVpcs"): "ec2:DescribeVpcs",
    ("iam", "ListUsers"): "iam:ListUsers",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("sts", "GetCallerIdentity"): "sts:GetCallerIdentity",
}
"""The calls this account answers: reads without parameters."""
INVALID = {"ec2": (401, "AuthFailure"), "s3": (400, "InvalidToken")}


class FakeCalls:
    """Implements `ports.aws.Calls` for the few calls of ACTIONS."""

    def __init__(self, account: Account, credentials: AccessKey | SessionCredentials) -> None:
        self.account = account
        self.credentials = credentials

    def call(self, service: str, operation: str, parameters: Mapping[str, object]) -> Answer:
        action = ACTIONS[service, operation]
        return self.account.ask(f"{service}:{operation}", lambda: self._answer(service, action, parameters))

    def _answer(self, service: str, action: str, parameters: Mapping[str, object]) -> Answer:
        try:
            who = speaker(self.account, self.credentials, service, action)
        except AwsError as error:
            status, code = INVALID.get(service, (error.status or 403, error.code))
            return Answer(status, code, error.message)
        request = Request(action, "*", who.principal, self.account.id)
        if not decide(request, who.policies).is_allowed:
            code = "UnauthorizedOperation" if service == "ec2" else "AccessDenied"
            return Answer(403, code, f"{who.principal.arn} is not authorized to perform: {action}")
        if parameters.get("DryRun"):
            return Answer(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
        return Answer(200, "", "")


class FakeConnect:
    """Implements `ports.aws.Connect`."""

    endpoint_url: str | None = None

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or Account()

    def iam(self) -> Iam:
        return FakeIam(self.account)

    def admin_sts(self) -> AdminSts:
        return FakeSts(self.account, None)

    def trail(self, region: str) -> Trail:
        return FakeTrail(self.account)

    def sts(self, credentials: AccessKey | SessionCredentials) -> Sts:
        return FakeSts(self.account, credentials)

    def calls(self, credentials: AccessKey | SessionCredentials) -> Calls:
        return FakeCalls(self.account, credentials)
