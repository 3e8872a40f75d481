"""Which services somebody may use, when each was last asked for something, and which policies grant it.

True from the calls that were made, refused ones too.
Source: IAM API Reference, GenerateServiceLastAccessedDetails, GetServiceLastAccessedDetails,
GetServiceLastAccessedDetailsWithEntities, ListPoliciesGrantingServiceAccess.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from leastkey.iam.catalog import service_title, services
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import listed, text
from leastkey.sandbox.rules.iam_pages import page_of
from leastkey.sandbox.rules.iam_sources import entity_at, groups_of, kind_of, policy_source, sources_of
from leastkey.sandbox.rules.iam_xml import answer
from leastkey.sandbox.state.last_used import uses_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.rules.iam_sources import Source
    from leastkey.sandbox.state.last_used import Use
    from leastkey.sandbox.state.world import World

__all__ = ["generate", "last_accessed", "policies_granting", "with_entities"]

_GRANULARITIES: Final = ("SERVICE_LEVEL", "ACTION_LEVEL")
_JOBS: Final = 50
"""Reports kept an account; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom or what a report is about: the policies it reads, and the users and roles whose calls it counts."""

    sources: tuple[Source, ...]
    callers: tuple[Any, ...]


def generate(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Make a report of this moment, and give the number to fetch it by."""
    arn = text(parameters, "Arn")
    granularity = text(parameters, "Granularity") or "SERVICE_LEVEL"
    if granularity not in _GRANULARITIES:
        return Refusal(400, "ValidationError", f"granularity: takes {' and '.join(_GRANULARITIES)}")
    subject = _subject(arn, request.account, world)
    if subject is None:
        return _nobody(arn)
    entries = [
        _service(prefix, subject.callers, request.account, world, is_by_action=granularity == "ACTION_LEVEL")
        for prefix in _granted(subject.sources)
    ]
    iam, job = world.iam(request.account), str(uuid4())
    jobs = {**getattr(iam, "last_accessed_jobs", {}), job: (arn, granularity, request.now, entries)}
    iam.last_accessed_jobs = dict(list(jobs.items())[-_JOBS:])
    return answer(request, operation, {"JobId": job})


def last_accessed(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Give one page of a report."""
    job = _job(request, parameters, world)
    if isinstance(job, Refusal):
        return job
    _, granularity, made, entries = job
    page = page_of(entries, text(parameters, "Marker"), text(parameters, "MaxItems"))
    if isinstance(page, Refusal):
        return page
    shown, marker = page
    result = {
        "JobStatus": "COMPLETED",
        "JobType": granularity,
        "JobCreationDate": made,
        "ServicesLastAccessed": list(shown),
        "JobCompletionDate": made,
        "IsTruncated": bool(marker),
        "Marker": marker or None,
    }
    return answer(request, operation, result)


def with_entities(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Give the users and roles behind one service of a report, who used it last first."""
    job = _job(request, parameters, world)
    if isinstance(job, Refusal):
        return job
    arn, _, made, _ = job
    namespace = text(parameters, "ServiceNamespace")
    subject = _subject(arn, request.account, world)
    if subject is None or namespace not in _granted(subject.sources):
        return Refusal(404, "NoSuchEntity", f"The service {namespace} is not in the report.")
    found = [(entity, _last(namespace, entity, request.account, world)) for entity in subject.callers]
    found.sort(key=lambda each: each[1][0].timestamp() if each[1] else 0.0, reverse=True)
    page = page_of(found, text(parameters, "Marker"), text(parameters, "MaxItems"))
    if isinstance(page, Refusal):
        return page
    shown, marker = page
    result = {
        "JobStatus": "COMPLETED",
        "JobCreationDate": made,
        "JobCompletionDate": made,
        "EntityDetailsList": [
            {"EntityInfo": _info(entity), "LastAuthenticated": use[0] if use else None}
            for entity, use in shown
        ],
        "IsTruncated": bool(marker),
        "Marker": marker or None,
    }
    return answer(request, operation, result)


def policies_granting(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """List, a service each, the policies of a user, group or role that allow something of it."""
    arn = text(parameters, "Arn")
    entity = entity_at(arn, request.account, world)
    if entity is None:
        return _nobody(arn)
    wanted = listed(parameters, "ServiceNamespaces")
    unknown = next((each for each in wanted if each not in services()), None)
    if unknown is not None or not wanted:
        return Refusal(400, "InvalidInput", f"Invalid service namespace: {unknown or ''}")
    sources = sources_of(entity, request.account, world)
    found = [
        {
            "ServiceNamespace": prefix,
            "Policies": [_granting(each) for each in sources if prefix in _granted((each,))],
        }
        for prefix in wanted
    ]
    page = page_of(found, text(parameters, "Marker"), "")
    if isinstance(page, Refusal):
        return page
    shown, marker = page
    result = {
        "PoliciesGrantingServiceAccess": list(shown),
        "IsTruncated": bool(marker),
        "Marker": marker or None,
    }
    return answer(request, operation, result)


def _nobody(arn: str) -> Refusal:
    return Refusal(404, "NoSuchEntity", f"The entity {arn} cannot be found.")


def _job(request: AwsRequest, parameters: Parameters, world: World) -> Any | Refusal:
    job = text(parameters, "JobId")
    found = getattr(world.iam(request.account), "last_accessed_jobs", {}).get(job)
    return found or Refusal(404, "NoSuchEntity", f"The job {job} cannot be found.")


def _subject(arn: str, account: str, world: World) -> _Subject | None:
    iam = world.iam(account)
    policy = iam.managed_policies.get(arn)
    if policy is not None:
        entities = (*iam.users.values(), *iam.roles.values())
        callers = [each for each in entities if _has(arn, each, account, world)]
        return _Subject((policy_source(policy),), tuple(callers))
    entity = entity_at(arn, account, world)
    if entity is None:
        return None
    callers = list(entity.users) if kind_of(entity) == "group" else [entity]
    return _Subject(tuple(sources_of(entity, account, world)), tuple(callers))


def _has(arn: str, entity: Any, account: str, world: World) -> bool:
    return any(arn in each.managed_policies for each in (entity, *groups_of(entity, account, world)))


def _granted(sources: Iterable[Source]) -> list[str]:
    """Give the services that an Allow speaks of."""
    found: set[str] = set()
    for source in sources:
        for statement in source.named.document.statements:
            if statement.effect == "Allow":
                found.update(services() if statement.not_actions else _services_in(statement.actions))
    return sorted(found)


def _services_in(actions: Iterable[str]) -> Iterator[str]:
    for action in actions:
        pattern = action.partition(":")[0].lower()
        if "*" in pattern or "?" in pattern:
            yield from (prefix for prefix in services() if fnmatchcase(prefix, pattern))
        elif pattern in services():
            yield pattern


def _service(
    prefix: str, callers: tuple[Any, ...], account: str, world: World, *, is_by_action: bool
) -> dict[str, Any]:
    used = [(use, entity) for entity in callers if (use := _last(prefix, entity, account, world))]
    entry: dict[str, Any] = {"ServiceName": service_title(prefix), "ServiceNamespace": prefix}
    if used:
        use, entity = max(used, key=lambda each: each[0])
        entry |= {
            "LastAuthenticated": use[0],
            "LastAuthenticatedEntity": entity.arn,
            "LastAuthenticatedRegion": use[1],
        }
    entry["TotalAuthenticatedEntities"] = len(used)
    if is_by_action and used:
        entry["TrackedActionsLastAccessed"] = _actions(prefix, callers, account, world)
    return entry


def _actions(prefix: str, callers: tuple[Any, ...], account: str, world: World) -> list[dict[str, Any]]:
    latest: dict[str, tuple[Use, Any]] = {}
    for entity in callers:
        for action, use in _of_service(prefix, entity, account, world).items():
            name = action.partition(":")[2]
            if name and (name not in latest or use > latest[name][0]):
                latest[name] = (use, entity)
    return [
        {
            "ActionName": name,
            "LastAccessedEntity": entity.arn,
            "LastAccessedTime": use[0],
            "LastAccessedRegion": use[1],
        }
        for name, (use, entity) in sorted(latest.items())
    ]


def _of_service(prefix: str, entity: Any, account: str, world: World) -> Mapping[str, Use]:
    uses = uses_of(entity.id, account, world)
    return {action: use for action, use in uses.items() if action.startswith(f"{prefix}:")}


def _last(prefix: str, entity: Any, account: str, world: World) -> Use | None:
    return max(_of_service(prefix, entity, account, world).values(), default=None)


def _info(entity: Any) -> dict[str, str]:
    return {
        "Arn": entity.arn,
        "Name": entity.name,
        "Type": kind_of(entity).upper(),
        "Id": entity.id,
        "Path": entity.path,
    }


def _granting(source: Source) -> dict[str, str]:
    if source.arn:
        return {"PolicyName": source.title, "PolicyType": "MANAGED", "PolicyArn": source.arn}
    return {
        "PolicyName": source.title,
        "PolicyType": "INLINE",
        "EntityType": kind_of(source.owner).upper(),
        "EntityName": source.owner.name,
    }
