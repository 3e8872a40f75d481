"""Access levels as actions, and actions as the shortest list of names and safe wildcards.

An action counts at its highest level. A wildcard stands only after a whole verb and only where everything the
catalogue knows below it was to be listed anyway: it shortens and never widens.
Source: Service Authorization Reference, "Access levels in policy summaries".
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from leastkey.iam.catalog import service_catalog

if TYPE_CHECKING:
    from leastkey.iam.catalog import CatalogAction
    from leastkey.spec.model import Level

__all__ = ["VERBS", "actions_of", "folded", "known", "matching"]

_VERBS_TEXT: Final = """
Abort Accept Acknowledge Activate Add AdminDelete AdminDisable AdminGet AdminList AdminSet AdminUpdate
Allocate Analyze Approve Archive Assign Associate Assume Attach Authorize BatchAdd BatchAssociate
BatchCreate BatchDelete BatchDescribe BatchDetect BatchDisassociate BatchGet BatchPut BatchRemove
BatchUpdate Calculate Cancel Change Check Complete Configure Confirm Connect Copy Count Create Deactivate
Delete Deprecate Deprovision Deregister Describe Detach Detect Disable Disassociate Disconnect Discover
Dissociate Download Enable Evaluate Execute Export Failover Generate Get Import Initiate Invite Invoke Join
List Lookup Merge Modify Move Notify Open Pass Poll Populate Post Predict Prepare Promote Provision Publish
Purchase Put Query Read Reboot Recognize Record Redeem Register Reject Release Reload Remove Replace
Replicate Request Resend Reset Resolve Respond Restart Restore Resume Retrieve Retry Revoke Rollback Rotate
Run Search Select Send Set Signal Simulate Start Stop Store Submit Switchover Tag Terminate Test Transfer
Translate Unarchive Unassign Undeprecate Unlink Untag Update Upgrade Upload Validate Verify View Withdraw
Write
"""
VERBS: Final = tuple(_VERBS_TEXT.split())
"""The first words of actions that are verbs. What is not here is spelled out."""


@cache
def actions_of(service: str, levels: frozenset[Level]) -> tuple[CatalogAction, ...]:
    """Give a service's actions of some levels, in alphabetical order. `full` is no level of any action."""
    names = {level.value for level in levels}
    return tuple(action for action in service_catalog(service).actions.values() if action.level in names)


@lru_cache(maxsize=4096)
def matching(action: str) -> tuple[CatalogAction, ...]:
    """Give the catalogue's actions that `service:Pattern` matches; none for a service that is itself a pattern."""
    service, _, pattern = action.partition(":")
    try:
        catalog = service_catalog(service.lower())
    except KeyError:
        return ()
    return catalog.matching(pattern)


def known(action: str) -> str:
    """Give an action in the catalogue's spelling; patterns and strangers stay as they are."""
    found = () if "*" in action or "?" in action else matching(action)
    return found[0].full_name if found else action


def folded(names: frozenset[str]) -> tuple[str, ...]:
    """Give the shortest list of names and wildcards that stands for exactly these actions today."""
    by_service: dict[str, set[str]] = defaultdict(set)
    for name in names:
        service, _, action = name.partition(":")
        by_service[service].add(action)
    return tuple(
        f"{service}:{entry}"
        for service in sorted(by_service)
        for entry in _fold_one(service, frozenset(by_service[service]))
    )


@lru_cache(maxsize=1024)
def _fold_one(service: str, names: frozenset[str]) -> tuple[str, ...]:
    by_verb = _by_verb(service)
    verbs = [verb for verb, found in by_verb.items() if len(found) > 1 and found <= names]
    left = names.difference(*(by_verb[verb] for verb in verbs))
    return tuple(sorted([*left, *(f"{verb}*" for verb in verbs)]))


@cache
def _by_verb(service: str) -> dict[str, frozenset[str]]:
    """Give what `verb*` matches in a service, for each verb: AWS compares actions ignoring case."""
    names = {action: found.name for action, found in service_catalog(service).actions.items()}
    return {
        verb: frozenset(name for action, name in names.items() if action.startswith(verb.lower()))
        for verb in VERBS
    }
