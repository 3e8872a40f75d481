"""The stolen-key test of the demo: what the long-lived key is worth without the role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.aws.connect import connect_as
from leastkey.clock import SystemClock
from leastkey.disk.bindings import FileBindings
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import AccessKey
from leastkey.ports.local import vault_entry
from leastkey.vault.choose import open_vault

if TYPE_CHECKING:
    from leastkey.cli.demo_stage import Stage

__all__ = ["try_key_alone"]

_TRIES = (
    ("ec2", "DescribeRegions"),
    ("s3", "ListBuckets"),
    ("iam", "ListUsers"),
    ("iam", "ListAccessKeys"),
)


def try_key_alone(here: Stage) -> str:
    """Sign calls with the key from the vault, as a thief would; give what came of it."""
    (binding,) = FileBindings(here.state).all()
    if binding.access_key is None:
        raise LeastkeyError("internal", "the demo's identity has no key")
    entry = vault_entry(binding.key.account, binding.key.endpoint, binding.user, binding.access_key)
    secret = open_vault(binding.vault, VaultFiles(here.state)).get(entry)
    if secret is None:
        raise LeastkeyError("secret-missing", "the demo's vault does not hold the key")
    thief = connect_as(
        AccessKey(binding.access_key, secret),
        SystemClock(),
        region=binding.region,
        endpoint_url=here.root.endpoint_url,
        source="a stolen key",
    ).own_calls()
    let_in = [operation for service, operation in _TRIES if not thief.call(service, operation, {}).code]
    if let_in:
        raise LeastkeyError("sandbox-failed", f"the key alone may call {', '.join(let_in)}")
    return f"{len(_TRIES)} of {len(_TRIES)} calls denied"
