"""Read the account in bulk: caller, alias, summary, credential report, and the dump, a page of 1,000 entities at a time.

A project that is as described costs ceil(entities / 1000) + 5 requests. Keys are listed by id only where the report
and this computer differ; a report row older than what we did to a user last is ignored, since AWS serves reports
hours old.
Source: IAM API Reference, GetAccountAuthorizationDetails, GenerateCredentialReport, GetAccountSummary.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from leastkey.apply.refusals import refusal
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.marks import path_of
from leastkey.iam.refusals import DENIED, is_missing
from leastkey.plan.ownership import own_roles, owns
from leastkey.plan.providers import providers_of
from leastkey.plan.seen import Seen, SeenInstanceProfile
from leastkey.ports.local import ProjectKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from datetime import datetime

    from leastkey.iam.arn import AccountId, Arn
    from leastkey.iam.credentials import AccessKeyId
    from leastkey.iam.document import PolicyDocument
    from leastkey.plan.seen import Caller, SeenProvider, SeenUser
    from leastkey.ports.aws import Connect, CredentialReport, Details, Iam, KeyList, UserReport
    from leastkey.ports.local import Local
    from leastkey.ports.people import Progress

__all__ = ["observe", "seen_entities"]

T = TypeVar("T")

_THREADS: Final = 8
_PROFILES: Final = "InstanceProfiles"
_CLOCKS_APART: Final = timedelta(days=1)
"""How far this computer's clock may be from AWS's before a journal entry is missed."""


def observe(
    connect: Connect,
    *,
    project: str,
    named: tuple[Arn, ...] = (),
    instance_profiles: bool = False,
    progress: Progress,
    local: Local | None = None,
    endpoint: str | None = None,
    caller: Caller | None = None,
) -> Seen:
    """Give what is there. `named` are AWS-managed policies, two requests each, and OpenID Connect providers to read.

    `instance_profiles` also lists instance profiles when the account has one without a role, which the dump leaves
    out. Providers that a role of the project trusts are read as well; where there is none, none is asked for. With
    `local` and `endpoint` the keys of the project's users are compared with what this computer knows; without, every
    one of them is asked about. A `caller` that is known already is not asked for again. Raises LeastkeyError.
    """
    try:
        return _observe(
            connect,
            project,
            named,
            instance_profiles=instance_profiles,
            progress=progress,
            memory=_Memory(local, endpoint),
            caller=caller,
        )
    except AwsError as error:
        raise refusal(error) from None


def seen_entities(connect: Connect) -> Seen:
    """Read the dump alone. Raises AwsError."""
    return _assemble(connect.admin_sts().caller(), connect.iam().account_authorization_details())


class _Memory:
    """What this computer remembers of keys: whose is in use, and when we last did something to a user's keys."""

    def __init__(self, local: Local | None, endpoint: str | None) -> None:
        self._local = local
        self._endpoint = endpoint

    def pointers(self, account: AccountId, project: str) -> dict[str, AccessKeyId]:
        """Give the keys in use by lower-case user name."""
        if self._local is None:
            return {}
        here = ProjectKey(account, self._endpoint, project)
        return {
            binding.user.lower(): binding.access_key
            for binding in self._local.bindings.all()
            if here.holds(binding.key) and binding.access_key is not None
        }

    def last_written(self, report: CredentialReport | None) -> dict[str, datetime]:
        """Give when the journal last speaks of a user's keys, by lower-case user name, as far as a report may be older."""
        times: dict[str, datetime] = {}
        if self._local is None or report is None:
            return times
        for entry in self._local.journal.entries(report.generated - _CLOCKS_APART):
            if entry.call == "iam:CreateUser" or entry.call.endswith("AccessKey"):
                user = entry.target.split(" ", 1)[0].lower()
                times[user] = max(entry.time, times.get(user, entry.time))
        return times


def _observe(
    connect: Connect,
    project: str,
    named: tuple[Arn, ...],
    *,
    instance_profiles: bool,
    progress: Progress,
    memory: _Memory,
    caller: Caller | None,
) -> Seen:
    caller = connect.admin_sts().caller() if caller is None else caller
    iam = connect.iam()
    with ThreadPoolExecutor(_THREADS) as pool:
        dump = pool.submit(iam.account_authorization_details)
        alias = pool.submit(_if_allowed, iam.account_alias, "the account's alias", progress)
        quotas = pool.submit(_if_allowed, iam.account_summary, "the account's quotas", progress)
        report = pool.submit(_if_allowed, iam.credential_report, "the credential report", progress)
        documents = {
            str(arn): pool.submit(iam.managed_policy, arn)
            for arn in named
            if arn.resource.startswith("policy/")
        }
        seen = _assemble(replace(caller, alias=alias.result() or caller.alias), dump.result())
        profiles = dict(seen.instance_profiles)
        figures = quotas.result() or {}
        if instance_profiles and _has_empty_profiles(seen, figures):
            listed = iam.list_instance_profiles(path_of(project))
            profiles.update({each.name.lower(): each for each in listed})
        news = _news(project, seen.users, report.result(), memory.last_written(report.result()))
        pointers = None if report.result() is None else memory.pointers(caller.account, project)
        users = _with_keys(
            project, seen.users, news, pointers, lambda user: pool.submit(iam.list_access_keys, user)
        )
        return replace(
            seen,
            users=users,
            quotas=figures,
            managed=_results(documents),
            instance_profiles=profiles,
            providers=_providers(project, seen, named, iam, pool),
        )


def _providers(
    project: str, seen: Seen, wanted: tuple[Arn, ...], iam: Iam, pool: ThreadPoolExecutor
) -> dict[str, SeenProvider]:
    """Read the providers that are needed or that a role of the project trusts: one list, and one request each."""
    ours = (str(arn) for arn in wanted if arn.resource.startswith("oidc-provider/"))
    named = set(ours).union(*(providers_of(role.trust) for role in own_roles(project, seen)))
    if not named:
        return {}
    there = [arn for arn in iam.list_oidc_providers() if str(arn) in named]
    return {str(each.arn): each for each in pool.map(iam.get_oidc_provider, there)}


def _results(documents: Mapping[str, Future[PolicyDocument]]) -> dict[str, PolicyDocument]:
    return {arn: _result(arn, document) for arn, document in documents.items()}


def _result(arn: str, document: Future[PolicyDocument]) -> PolicyDocument:
    try:
        return document.result()
    except AwsError as error:
        if not is_missing(error):
            raise
        raise LeastkeyError(
            "unknown-name",
            f"AWS keeps no policy `{arn.partition(':policy/')[2]}`",
            why=f"AWS says   {error.message}",
            remedy="look at the names: `aws iam list-policies --scope AWS --output text "
            '--query "Policies[].Arn"`',
        ) from None


def _if_allowed(read: Callable[[], T], what: str, progress: Progress) -> T | None:
    """Read what a plan can do without. Says so where the administrator may not."""
    try:
        return read()
    except AwsError as error:
        if error.code not in DENIED:
            raise
        progress.say(f"{what} cannot be read: AWS refused `{error.call}`")
        return None


def _assemble(caller: Caller, dump: Details) -> Seen:
    profiles: dict[str, SeenInstanceProfile] = {}
    for role in dump.roles:
        profiles.update({each.name.lower(): each for each in role.instance_profiles})
    return Seen(
        caller=caller,
        users={user.name.lower(): user for user in dump.users},
        roles={role.name.lower(): role for role in dump.roles},
        policies={policy.name.lower(): policy for policy in dump.policies},
        instance_profiles=profiles,
    )


def _has_empty_profiles(seen: Seen, quotas: Mapping[str, int]) -> bool:
    """Say whether the account has an instance profile without a role: the summary counts it, the dump leaves it out."""
    return quotas.get(_PROFILES, len(seen.instance_profiles) + 1) > len(seen.instance_profiles)


def _news(
    project: str,
    users: Mapping[str, SeenUser],
    report: CredentialReport | None,
    last_written: Mapping[str, datetime],
) -> dict[str, UserReport]:
    """Give the report's rows of the project's users, but none that is older than what we did last."""
    if report is None:
        return {}
    return {
        name: report.rows[name]
        for name, user in users.items()
        if name in report.rows
        and owns(project, user.path, user.tags)
        and (name not in last_written or report.generated > last_written[name])
    }


def _with_keys(
    project: str,
    users: Mapping[str, SeenUser],
    news: Mapping[str, UserReport],
    pointers: Mapping[str, AccessKeyId] | None,
    list_keys: Callable[[str], Future[KeyList]],
) -> dict[str, SeenUser]:
    """List the keys of those users of whom the report says something else than this computer knows.

    `pointers` None: the report could not be read, so every user of the project is asked about.
    """
    found = {
        name: replace(user, keys=news[name].keys, has_password=news[name].has_password)
        if name in news
        else user
        for name, user in users.items()
    }
    asked = {
        name: list_keys(user.name)
        for name, user in users.items()
        if owns(project, user.path, user.tags)
        and (pointers is None or name not in pointers or (name in news and _differs(news[name])))
    }
    return {
        **found,
        **{name: replace(found[name], listed=keys.result().keys) for name, keys in asked.items()},
    }


def _differs(row: UserReport) -> bool:
    """Say whether a row shows something else than the one active key in use."""
    return [key.active for key in row.keys] != [True]
