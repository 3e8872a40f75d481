"""Which account the administrator's credentials open, for a person who only looks: one question to AWS, never a wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leastkey.aws.connect import connect_admin
from leastkey.clock import within
from leastkey.errors import AwsError, LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.aws.connect import AwsConnect
    from leastkey.clock import Clock
    from leastkey.iam.arn import AccountId

__all__ = ["FoundAccount", "find_account"]

LIMIT_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An account and where its credentials come from; without one, `source` says why it is not known."""

    account: AccountId | None
    alias: str | None
    source: str


def find_account(
    environ: Mapping[str, str], clock: Clock, *, region: str, limit_seconds: float = LIMIT_SECONDS
) -> FoundAccount:
    """Ask AWS who the administrator is, and for the account's alias. Where no credentials are, no call is made."""
    try:
        return within(limit_seconds, lambda: _asked(connect_admin(environ, clock, region=region, quick=True)))
    except TimeoutError:
        return FoundAccount(None, None, f"AWS did not answer within {limit_seconds:g} seconds")
    except LeastkeyError as error:
        return FoundAccount(None, None, error.what)
    except AwsError as error:
        why = f"AWS refused the credentials ({error.code})" if error.code else "AWS did not answer"
        return FoundAccount(None, None, why)


def _asked(connect: AwsConnect) -> FoundAccount:
    caller = connect.admin_sts().caller()
    try:
        alias = connect.iam().account_alias()
    except AwsError:  # an alias is for people, and not every administrator may read it
        alias = None
    source = connect.administrator.source
    return FoundAccount(caller.account, alias, f"from {_SOURCES.get(source, source)}")


_SOURCES: Final = {
    "env": "AWS_ACCESS_KEY_ID",
    "shared-credentials-file": "profile `default`",
    "config-file": "profile `default`",
}
"""What botocore calls the places it finds keys in, in a user's words."""
