"""The whole flow on fakes: look, plan, apply or destroy, as a command does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.account import Account
from tests.fakes.connect import FakeConnect
from tests.fakes.local import Computer
from tests.fakes.projects import PROJECT, project

from leastkey.apply.local_state import see_local
from leastkey.apply.observe import observe
from leastkey.apply.run import Applied, apply_plan
from leastkey.plan.destroy import make_destroy_plan
from leastkey.plan.diff import make_plan
from leastkey.ports.people import Silent

if TYPE_CHECKING:
    from leastkey.compile.wanted import Wanted
    from leastkey.plan.plan import Plan
    from leastkey.plan.seen import Seen
    from leastkey.ports.local import Local
    from leastkey.ports.people import Progress


class World:
    """One account and one computer; each command is a process of its own."""

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or Account()
        self.connect = FakeConnect(self.account)
        self.computer = Computer(self.account.power, self.account.clock)

    def look(self, local: Local, wanted: Wanted | None = None) -> Seen:
        return observe(
            self.connect,
            project=PROJECT,
            named=tuple(provider.arn for provider in wanted.providers) if wanted else (),
            instance_profiles=True,
            progress=Silent(),
            local=local,
            endpoint=None,
        )

    def plan(self, wanted: Wanted, local: Local | None = None) -> Plan:
        local = local or self.computer.process()
        seen = self.look(local, wanted)
        return make_plan(wanted, seen, see_local(wanted, None, local))

    def up(self, wanted: Wanted, progress: Progress | None = None) -> Applied:
        local = self.computer.process()
        plan = self.plan(wanted, local)
        return apply_plan(plan, self.connect, local, progress or Silent())

    def destroy_plan(self, local: Local | None = None) -> Plan:
        local = local or self.computer.process()
        seen = self.look(local)
        nothing = project()
        return make_destroy_plan(nothing, seen, see_local(nothing, None, local))

    def destroy(self) -> Applied:
        local = self.computer.process()
        return apply_plan(self.destroy_plan(local), self.connect, local, Silent())

    def requests(self) -> list[str]:
        """Give the requests made since this was asked last."""
        made = list(self.account.requests)
        self.account.requests.clear()
        return made

    def survive(self) -> None:
        """Switch the power on again after a cut."""
        self.account.power.is_on = True
        self.account.faults.clear()
        self.account.requests.clear()
