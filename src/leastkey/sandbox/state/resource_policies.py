"""The policies that stand on resources of other services than S3: tables, KMS keys, queues, topics, secrets.

Source: IAM User Guide, "AWS services that work with IAM", resource-based policies.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.request import NamedDocument
from leastkey.sandbox.state.world import document

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.sandbox.state.world import World

__all__ = ["function_of", "policy_of"]


def policy_of(arn: str, world: World) -> NamedDocument | None:
    """Give the policy on the resource that an ARN names, None where there is none."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] not in _READERS or not world.accounts.has(parts[4]):
        return None
    if not parts[3]:  # of no region: a global table has no policy
        return None
    name, read = _READERS[parts[2]]
    text = read(world.backend(parts[2], parts[4], parts[3]), arn, parts[5])
    return NamedDocument(name, document(str(text), "resource")) if text else None


_GRANTEE: Final = re.compile(
    r"arn:aws:(?:iam::[0-9]{12}:(?:root|(?:user|role)/[\w+=,.@/-]+)|sts::[0-9]{12}:assumed-role/[\w+=,.@/-]+)",
    re.ASCII,
)


def _key(backend: Any, arn: str, name: str) -> Any:
    """Give a key's policy; one that is not there is hidden by the identity's policies alone, as under the default policy.

    Source: KMS Developer Guide, "Default key policy".
    """
    if not name.startswith("key/"):
        return None
    key = backend.keys.get(name.removeprefix("key/"))
    if key is None:
        return _default_key_policy(arn.split(":", 5)[4])
    granted = [found for each in key.grants.values() if (found := _granted(each))]
    return _with_grants(key.policy, granted) if granted else key.policy


def _with_grants(policy: str, granted: list[dict[str, Any]]) -> str:
    """Give a key policy that says what the key's grants say too: both allow, and a Deny anywhere wins over both.

    Source: KMS Developer Guide, "Grants in AWS KMS".
    """
    document = json.loads(policy)
    own = document.get("Statement", [])
    return json.dumps({**document, "Statement": [*(own if isinstance(own, list) else [own]), *granted]})


def _granted(grant: Any) -> dict[str, Any] | None:
    """Give a grant as a statement, None for one whose grantee is no user, role, session or root of an account.

    A grant to make grants or to retire them is left out: what it may not reach no statement can say.
    """
    actions = [f"kms:{each}" for each in grant.operations or () if each not in ("CreateGrant", "RetireGrant")]
    if not actions or not _GRANTEE.fullmatch(str(grant.grantee_principal)):
        return None
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": grant.grantee_principal},
        "Action": actions,
        "Resource": "*",
    }
    conditions = _constrained(grant.constraints or {})
    return {**statement, "Condition": conditions} if conditions else statement


def _constrained(constraints: dict[str, Any]) -> dict[str, Any]:
    """Give the constraints of a grant as conditions on the encryption context."""
    subset, whole = constraints.get("EncryptionContextSubset"), constraints.get("EncryptionContextEquals")
    pairs = {
        f"kms:EncryptionContext:{name}": value for name, value in {**(subset or {}), **(whole or {})}.items()
    }
    found: dict[str, Any] = {"StringEquals": pairs} if pairs else {}
    if whole:
        found["ForAllValues:StringEquals"] = {"kms:EncryptionContextKeys": list(whole)}
    return found


def _default_key_policy(account: str) -> str:
    owner = {"AWS": f"arn:aws:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": owner, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _queue(backend: Any, arn: str, name: str) -> Any:
    del arn
    queue = backend.queues.get(name)
    return None if queue is None else queue.policy


def _topic(backend: Any, arn: str, name: str) -> Any:
    del name
    topic = backend.topics.get(arn)
    return None if topic is None else topic.policy


def _secret(backend: Any, arn: str, name: str) -> Any:
    del name
    return next((each.policy for each in backend.secrets.values() if each.arn == arn), None)


def _table(backend: Any, arn: str, name: str) -> Any:
    """Give a table's policy, which speaks for its indexes too."""
    table = arn if name.count("/") < 2 else ":".join((*arn.split(":")[:5], "/".join(name.split("/")[:2])))
    found = backend.resource_policies.get(table)
    return None if found is None else found.policy_doc


def function_of(backend: Any, name: str) -> Any | None:
    """Give a function by its name, its latest version."""
    return next((each for each in backend.list_functions() if each.function_name == name), None)


def _function(backend: Any, arn: str, name: str) -> Any:
    """Give the policy of a function; statements that were given for a version or alias name that one."""
    del arn
    found = function_of(backend, name.split(":")[1]) if name.startswith("function:") else None
    statements = () if found is None else found.policy.statements
    named = [{**each, "Principal": _principal(each["Principal"])} for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": named}) if named else None


def _principal(given: Any) -> Any:
    """Give a principal as documents write it: AddPermission takes an account's number too."""
    if not isinstance(given, str) or given == "*":
        return given
    return {"AWS": f"arn:aws:iam::{given}:root" if given.isdecimal() else given}


_READERS: Final[dict[str, tuple[str, Callable[[Any, str, str], Any]]]] = {
    "dynamodb": ("policy of the table", _table),
    "kms": ("key policy", _key),
    "lambda": ("policy of the function", _function),
    "secretsmanager": ("policy of the secret", _secret),
    "sns": ("policy of the topic", _topic),
    "sqs": ("policy of the queue", _queue),
}
