"""The commands of the control door that give a whole account as a file, or take one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.iam.arn import ACCOUNT, AccountId
from leastkey.sandbox.rules.account_document import read_account
from leastkey.sandbox.rules.account_export import account_file, account_state
from leastkey.sandbox.rules.account_load import held, load_account
from leastkey.sandbox.state.managed import aws_managed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Given = Mapping[str, str]
    Commands = Mapping[str, tuple[Callable[[Given], Mapping[str, object]], tuple[str, ...]]]
    """Each command with the fields it takes."""
    from leastkey.sandbox.server.process import Sandbox

__all__ = ["exchange_commands"]


def exchange_commands(sandbox: Sandbox) -> Commands:
    """Give `export` and `import`. Both refuse with ValueError, and then nothing was changed."""

    def export(given: Given) -> Mapping[str, object]:
        account = AccountId(given.get("account", ""))
        with sandbox.gate.lock:
            if not sandbox.world.accounts.has(account):
                raise ValueError(
                    f"the sandbox has no account `{account}`; `leastkey sandbox accounts` lists them"
                )
            state = account_state(sandbox.world, account)
        return {"file": account_file(state)}

    def import_(given: Given) -> Mapping[str, object]:
        wanted = given.get("account", "")
        if wanted and not ACCOUNT.fullmatch(wanted):
            raise ValueError(f"`{wanted}` is no account id, which is twelve digits")
        account = read_account(given.get("body", ""), wanted, aws_managed())
        with sandbox.gate.lock:
            there = held(sandbox.world, account.id)
            if there:
                raise ValueError(
                    f"account {account.id} is not empty, it holds {', '.join(there)}; import into a sandbox of its "
                    "own (--state-dir), or empty this one with `leastkey sandbox reset`"
                )
            load_account(sandbox.world, account)
        sandbox.mark()
        return {
            "account": account.id,
            "loaded": {
                "users": len(account.of("User")),
                "groups": len(account.of("Group")),
                "roles": len(account.of("Role")),
                "policies": len(account.policies),
                "oidc_providers": len(account.extras.providers),
                "buckets": len(account.extras.buckets),
            },
            "not_loaded": list(account.not_loaded),
        }

    return {"export": (export, ("account",)), "import": (import_, ("account", "body"))}
