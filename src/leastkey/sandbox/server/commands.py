"""The commands of the control door: each takes strings, and refuses what it does not know."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from leastkey.sandbox.server.exchange import exchange_commands
from leastkey.sandbox.server.settings import account_of, refuse_strangers
from leastkey.sandbox.server.trail_commands import trail_commands
from leastkey.sandbox.sts.mint import WORDS, mint

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from leastkey.sandbox.server.process import Sandbox
    from leastkey.sandbox.server.runfile import RunInfo

    Given = Mapping[str, str]
    Command = Callable[[Given], Mapping[str, object]]
    Commands = Mapping[str, tuple[Command, tuple[str, ...]]]
    """Each command with the fields it takes."""

__all__ = ["control_commands"]


def control_commands(sandbox: Sandbox, run: list[RunInfo], stop: threading.Event) -> Mapping[str, Command]:
    """Give the commands of a running sandbox; what one refuses is answered as its error, a field it does not know too."""

    def ping(_: Given) -> Mapping[str, object]:
        return {
            "pid": run[0].pid,
            "accounts": list(sandbox.world.accounts.all()),
            "enforced": True,
            "encrypted": not run[0].is_ephemeral,
            "trouble": sandbox.trouble,
            "settings": sandbox.settings.listed(),
        }

    def env(given: Given) -> Mapping[str, object]:
        return sandbox.key_of(account_of(given))

    def reset(_: Given) -> Mapping[str, object]:
        sandbox.reset()
        return {"reset": True}

    def end(_: Given) -> Mapping[str, object]:
        stop.set()
        return {"stopping": True}

    known: dict[str, tuple[Command, tuple[str, ...]]] = {
        "ping": (ping, ()),
        "env": (env, ("account",)),
        "reset": (reset, ()),
        "stop": (end, ()),
        **_settings(sandbox),
        **_obstacles(sandbox),
        **trail_commands(sandbox.trail),
        **exchange_commands(sandbox),
        **_issuers(sandbox),
    }
    return {name: _spoken(command, fields) for name, (command, fields) in known.items()}


def _settings(sandbox: Sandbox) -> Commands:
    """Give the commands that set something: what each answers is what is in force then."""

    def putting(name: str, *shown: str) -> tuple[Command, tuple[str, ...]]:
        def put(given: Given) -> Mapping[str, object]:
            if name != "clock" or given.get("to"):
                with sandbox.gate.lock:
                    sandbox.settings.put(name, given)
            listed = sandbox.settings.listed()
            return {each: listed[each] for each in shown}

        return put, sandbox.settings.known[name][1]

    def add_account(given: Given) -> Mapping[str, object]:
        sandbox.key_of(account_of(given))
        return {"accounts": list(sandbox.world.accounts.all())}

    return {
        "clock": putting("clock", "time", "offset_seconds", "strict"),
        "delay": putting("delay", "delay_seconds"),
        "shared-oidc": putting("shared-oidc", "shared_oidc"),
        "limit": putting("limit", "limits"),
        "fault": putting("fault", "faults"),
        "add-account": (add_account, ("account",)),
    }


def _obstacles(sandbox: Sandbox) -> Commands:
    """Give the commands that list and drop faults and limits."""
    obstacles = sandbox.gate.obstacles
    injections, limits = obstacles.injections, obstacles.limits
    return {
        "faults": (lambda _: {"faults": injections.listed(), "fired": injections.fired()}, ()),
        "no-faults": (lambda _: {"cleared": injections.clear()}, ()),
        "limits": (lambda _: {"limits": limits.listed()}, ()),
        "no-limits": (lambda _: {"cleared": limits.clear()}, ()),
    }


def _issuers(sandbox: Sandbox) -> Commands:
    def token(given: Given) -> Mapping[str, object]:
        made, claims = mint(sandbox.world.issuers, given, sandbox.clock.now())
        sandbox.mark()
        return {"token": made, "claims": claims}

    def issuer(given: Given) -> Mapping[str, object]:
        try:
            keys = json.loads(given.get("body", ""))
        except (ValueError, RecursionError):
            raise ValueError("the keys are no JSON") from None
        count = sandbox.world.issuers.give(given.get("url", ""), keys)
        sandbox.mark()
        return {"issuer": given["url"], "keys": count}

    return {"token": (token, tuple(WORDS)), "issuer": (issuer, ("url", "body"))}


def _spoken(command: Command, fields: tuple[str, ...]) -> Command:
    def answered(given: Given) -> Mapping[str, object]:
        try:
            refuse_strangers(given, fields)
            return command(given)
        except ValueError as error:
            return {"error": str(error)}

    return answered
