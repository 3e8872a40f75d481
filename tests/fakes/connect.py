"""AWS in memory as a whole: clients for the administrator and for any key, one account behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.account import Account, refused
from tests.fakes.iam import FakeIam

from leastkey.plan.seen import Caller

if TYPE_CHECKING:
    from leastkey.iam.arn import Arn
    from leastkey.iam.credentials import AccessKey, SessionCredentials
    from leastkey.ports.aws import Calls, Iam, Sts


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
        key = self.account.keys.get(self.credentials.id)
        if key is None or key.status == "Inactive" or key.secret != self.credentials.secret:
            raise refused("sts:GetCallerIdentity", "InvalidClientTokenId")
        key.last_used = self.account.clock.now()
        user = self.account.users[key.user.lower()]
        return Caller(self.account.arn(f"user{user.path}{user.name}"), self.account.id, user.id)

    def assume_role(
        self, role: Arn, session_name: str, *, seconds: int, external_id: str | None = None
    ) -> SessionCredentials:
        raise refused("sts:AssumeRole", "AccessDenied", f"nobody wears {role} here")


class FakeConnect:
    """Implements `ports.aws.Connect`."""

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or Account()

    def iam(self) -> Iam:
        return FakeIam(self.account)

    def admin_sts(self) -> Sts:
        return FakeSts(self.account, None)

    def sts(self, credentials: AccessKey | SessionCredentials) -> Sts:
        return FakeSts(self.account, credentials)

    def calls(self, credentials: AccessKey | SessionCredentials) -> Calls:
        raise refused("calls", "AccessDenied", "this account answers IAM and STS only")
