"""The commands of the control door: each takes strings, and refuses what it does not know."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from leastkey.iam.arn import ACCOUNT, AccountId
from leastkey.sandbox.gate.injection import Injection
from leastkey.sandbox.server.clock import read_span
from leastkey.sandbox.server.exchange import exchange_commands
from leastkey.sandbox.server.trail_commands import trail_commands
from leastkey.sandbox.sts.mint import WORDS, mint

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from leastkey.sandbox.gate.injection import Kind
    from leastkey.sandbox.server.process import Sandbox
    from leastkey.sandbox.server.runfile import RunInfo

    Given = Mapping[str, str]
    Command = Callable[[Given], Mapping[str, object]]

__all__ = ["control_commands"]

_LONGEST_DELAY: Final = timedelta(hours=1)
_FAULT: Final = ("operation", "kind", "count", "after", "seconds", "code")


def control_commands(sandbox: Sandbox, run: list[RunInfo], stop: threading.Event) -> Mapping[str, Command]:
    """Give the commands of a running sandbox; what one refuses is answered as its error."""

    def ping(_: Given) -> Mapping[str, object]:
        return {
            "pid": run[0].pid,
            "accounts": list(sandbox.world.accounts.all()),
            "enforced": True,
            "encrypted": not run[0].is_ephemeral,
            "trouble": sandbox.trouble,
            **_clock_of(sandbox),
        }

    def env(given: Given) -> Mapping[str, object]:
        return sandbox.key_of(_account(given))

    def reset(_: Given) -> Mapping[str, object]:
        sandbox.reset()
        return {"reset": True}

    def end(_: Given) -> Mapping[str, object]:
        stop.set()
        return {"stopping": True}

    known = {
        "ping": ping,
        "env": env,
        "reset": reset,
        "stop": end,
        **_settings(sandbox),
        **_limits(sandbox),
        **_iam(sandbox),
        **trail_commands(sandbox.trail),
        **exchange_commands(sandbox),
        **_issuers(sandbox),
    }
    return {name: _spoken(command) for name, command in known.items()}


def _settings(sandbox: Sandbox) -> Mapping[str, Command]:
    injections = sandbox.gate.obstacles.injections

    def clock(given: Given) -> Mapping[str, object]:
        _only(given, "to", "strict")
        if given.get("to"):
            sandbox.clock.move(given["to"], strict=given.get("strict") == "yes")
        return _clock_of(sandbox)

    def fault(given: Given) -> Mapping[str, object]:
        injections.add(_injection(given))
        return {"faults": injections.listed()}

    def faults(_: Given) -> Mapping[str, object]:
        return {"faults": injections.listed(), "fired": injections.fired()}

    def no_faults(_: Given) -> Mapping[str, object]:
        return {"cleared": injections.clear()}

    def add_account(given: Given) -> Mapping[str, object]:
        sandbox.key_of(_account(given))
        return {"accounts": list(sandbox.world.accounts.all())}

    return {
        "clock": clock,
        "fault": fault,
        "faults": faults,
        "no-faults": no_faults,
        "add-account": add_account,
    }


def _limits(sandbox: Sandbox) -> Mapping[str, Command]:
    limits = sandbox.gate.obstacles.limits

    def limit(given: Given) -> Mapping[str, object]:
        _only(given, "operation", "rate", "burst")
        limits.put(given.get("operation", ""), _number(given, "rate", 0), int(_number(given, "burst", 0)))
        return {"limits": limits.listed()}

    def all_limits(_: Given) -> Mapping[str, object]:
        return {"limits": limits.listed()}

    def no_limits(_: Given) -> Mapping[str, object]:
        return {"cleared": limits.clear()}

    return {"limit": limit, "limits": all_limits, "no-limits": no_limits}


def _iam(sandbox: Sandbox) -> Mapping[str, Command]:
    def shared_oidc(given: Given) -> Mapping[str, object]:
        """Take, or refuse as AWS does, roles that trust everybody at a shared identity provider."""
        if given.keys() != {"set"} or given["set"] not in ("permit", "refuse"):
            raise ValueError("set is `permit` or `refuse`")
        sandbox.world.permits_shared_oidc = given["set"] == "permit"
        return {"shared_oidc": given["set"]}

    def delay(given: Given) -> Mapping[str, object]:
        _only(given, "span")
        span = read_span(given.get("span", ""))
        if span > _LONGEST_DELAY:
            raise ValueError("changes take at most an hour to spread")
        with sandbox.gate.lock:
            sandbox.world.propagation.delay = span
        return {"delay_seconds": round(span.total_seconds())}

    return {"delay": delay, "shared-oidc": shared_oidc}


def _issuers(sandbox: Sandbox) -> Mapping[str, Command]:
    def token(given: Given) -> Mapping[str, object]:
        _only(given, *WORDS)
        made, claims = mint(sandbox.world.issuers, given, sandbox.clock.now())
        sandbox.mark()
        return {"token": made, "claims": claims}

    def issuer(given: Given) -> Mapping[str, object]:
        _only(given, "url", "body")
        try:
            keys = json.loads(given.get("body", ""))
        except (ValueError, RecursionError):
            raise ValueError("the keys are no JSON") from None
        count = sandbox.world.issuers.give(given.get("url", ""), keys)
        sandbox.mark()
        return {"issuer": given["url"], "keys": count}

    return {"token": token, "issuer": issuer}


def _spoken(command: Command) -> Command:
    def answered(given: Given) -> Mapping[str, object]:
        try:
            return command(given)
        except ValueError as error:
            return {"error": str(error)}

    return answered


def _clock_of(sandbox: Sandbox) -> dict[str, object]:
    clock = sandbox.clock
    return {
        "time": clock.now().isoformat(timespec="seconds"),
        "offset_seconds": round(clock.offset.total_seconds()),
        "strict": clock.is_strict,
    }


def _account(given: Given) -> AccountId:
    account = given.get("account", "")
    if not ACCOUNT.fullmatch(account):
        raise ValueError(f"`{account}` is no account id, which is twelve digits")
    return AccountId(account)


def _injection(given: Given) -> Injection:
    _only(given, *_FAULT)
    return Injection(
        given.get("operation", ""),
        cast("Kind", given.get("kind", "")),
        int(_number(given, "count", 1)),
        int(_number(given, "after", 0)),
        _number(given, "seconds", 0),
        given.get("code", ""),
    )


def _only(given: Given, *names: str) -> None:
    strangers = sorted(set(given) - set(names))
    if strangers:
        raise ValueError(f"unknown: {', '.join(strangers)}")


def _number(given: Given, name: str, default: float) -> float:
    try:
        number = float(given.get(name, default))
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"`{name}` is no number")
    return number
