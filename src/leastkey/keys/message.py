"""What goes with a key to another computer: all that a binding needs there. What comes is believed only as far as it is well formed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from leastkey.iam.arn import AccountId, Arn
from leastkey.iam.credentials import AccessKeyId
from leastkey.iam.limits import SESSION_SECONDS_MAX, SESSION_SECONDS_MIN
from leastkey.iam.names import name_fault
from leastkey.ports.binding import Binding, BindingKey
from leastkey.spec.settings import NAME, REGION

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["fields_of", "read_fields"]

_KIND: Final = "leastkey-key"
_ACCESS_KEY: Final = re.compile(r"[A-Z0-9]{16,128}", re.ASCII)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_MOST_CHARACTERS: Final = 128
_URL: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?(/[a-z0-9/._-]*)?", re.ASCII)
_PARTITION: Final = re.compile(r"aws(-[a-z]+)*", re.ASCII)


def fields_of(binding: Binding, key: AccessKeyId) -> dict[str, object]:
    """Give what another computer has to know of a binding and its new key."""
    return {
        "kind": _KIND,
        "account": binding.key.account,
        "project": binding.key.project,
        "identity": binding.key.identity,
        "partition": binding.partition,
        "region": binding.region,
        "endpoint_url": binding.endpoint_url,
        "role": str(binding.role),
        "user": binding.user,
        "access_key": key,
        "session_seconds": binding.session_seconds,
        "profile": binding.profile or binding.key.identity,
    }


def read_fields(document: dict[str, Any], vault: str, now: datetime) -> Binding:
    """Give the binding a message speaks of; its `access_key` is the one that was sent. Raises ValueError.

    The embedded AWS of another computer is an endpoint like any other here.
    """
    try:
        return _read(document, vault, now)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a field is missing or of the wrong kind ({type(error).__name__})") from None


def _read(document: dict[str, Any], vault: str, now: datetime) -> Binding:
    if document["kind"] != _KIND:
        raise ValueError("it is no message with a key")
    account = AccountId(_matching(document, "account", _ACCOUNT))
    partition = _matching(document, "partition", _PARTITION)
    user, role = str(document["user"]), Arn.parse(document["role"])
    fault = name_fault("user", user)
    if fault is not None:
        raise ValueError(fault)
    if (role.partition, role.service, role.account) != (partition, "iam", account):
        raise ValueError("the role is not in the account it speaks of")
    seconds = document["session_seconds"]
    if not isinstance(seconds, int) or not SESSION_SECONDS_MIN <= seconds <= SESSION_SECONDS_MAX:
        raise ValueError("the length of a session is none AWS gives")
    endpoint = None if document["endpoint_url"] is None else _matching(document, "endpoint_url", _URL)
    target: Literal["aws"] = "aws"
    return Binding(
        key=BindingKey(
            account, endpoint, _matching(document, "project", NAME), _matching(document, "identity", NAME)
        ),
        partition=partition,
        region=_matching(document, "region", REGION),
        target=target,
        endpoint_url=endpoint,
        role=role,
        user=user,
        access_key=AccessKeyId(_matching(document, "access_key", _ACCESS_KEY)),
        vault=vault,
        session_seconds=seconds,
        profile=_matching(document, "profile", NAME),
        config_file=None,
        updated=now,
    )


def _matching(document: dict[str, Any], field: str, pattern: re.Pattern[str]) -> str:
    value = document[field]
    if not isinstance(value, str) or len(value) > _MOST_CHARACTERS or pattern.fullmatch(value) is None:
        raise ValueError(f"its `{field}` is none")
    return value
