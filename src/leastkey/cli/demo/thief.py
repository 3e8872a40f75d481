"""The stolen key of the demo: what the long-lived key is worth without the role, and what an old one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.aws.connect import connect_as
from leastkey.clock import SystemClock
from leastkey.disk.bindings import FileBindings
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import AccessKey
from leastkey.ports.binding import vault_entry
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from leastkey.cli.demo.stage import Stage
    from leastkey.ports.aws import Calls

__all__ = ["key_in_use", "try_key_alone", "try_old_key"]

_TRIES = (
    ("ec2", "DescribeRegions"),
    ("s3", "ListBuckets"),
    ("iam", "ListUsers"),
    ("iam", "ListAccessKeys"),
)


_REFUSED: Final = "InvalidClientTokenId"


def key_in_use(here: Stage) -> AccessKey:
    """Give the key the profile uses, as a thief would have copied it."""
    (binding,) = FileBindings(here.state).all()
    if binding.access_key is None:
        raise LeastkeyError("internal", "the demo's identity has no key")
    entry = vault_entry(binding.key.account, binding.key.endpoint, binding.user, binding.access_key)
    secret = open_vault(binding.vault, VaultFiles(here.state)).get(entry)
    if secret is None:
        raise LeastkeyError("secret-missing", "the demo's vault does not hold the key")
    return AccessKey(binding.access_key, secret)


def try_key_alone(here: Stage) -> str:
    """Sign calls with the key from the vault, as a thief would; give what came of it."""
    thief = _calls(here, key_in_use(here))
    let_in = [operation for service, operation in _TRIES if not thief.call(service, operation, {}).code]
    if let_in:
        raise LeastkeyError("sandbox-failed", f"the key alone may call {', '.join(let_in)}")
    return f"{len(_TRIES)} of {len(_TRIES)} calls denied"


def try_old_key(here: Stage, key: AccessKey) -> str:
    """Sign a call that needs no permission with a key that was replaced; give AWS's refusal."""
    code = _calls(here, key).call("sts", "GetCallerIdentity", {}).code
    if code != _REFUSED:
        raise LeastkeyError("sandbox-failed", f"the old key was answered with `{code or 'success'}`")
    return f"refused: {_REFUSED}"


def _calls(here: Stage, key: AccessKey) -> Calls:
    return connect_as(
        key,
        SystemClock(),
        region="eu-west-1",
        endpoint_url=here.root.endpoint_url,
        source="a stolen key",
    ).own_calls()
