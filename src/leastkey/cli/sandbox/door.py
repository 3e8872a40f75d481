"""The embedded AWS as the commands see it: started when needed, its root handed to the wiring only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leastkey.aws.connect import AwsConnect
    from leastkey.cli.machine import Machine
    from leastkey.sandbox.server.lifecycle import SandboxEnv

__all__ = ["connect_root", "root_variables", "sandbox_root"]


def sandbox_root(here: Machine, account: str | None, vault: str | None = None) -> SandboxEnv:
    """Start the sandbox of this computer where it does not run yet, a new key of its in `vault`; give an account's root."""
    from leastkey.cli.sandbox.vaults import SandboxVaults
    from leastkey.sandbox.server import lifecycle

    folder = here.home / "sandbox"
    lifecycle.start(folder, vaults=SandboxVaults(here, preferred=vault))
    return lifecycle.env(account, folder)


def connect_root(root: SandboxEnv, region: str) -> AwsConnect:
    """Connect as an account's root."""
    from leastkey.aws.connect import connect_as
    from leastkey.clock import SystemClock
    from leastkey.iam.credentials import AccessKey, AccessKeyId

    return connect_as(
        AccessKey(AccessKeyId(root.access_key_id), root.secret),
        SystemClock(),
        region=region,
        endpoint_url=root.endpoint_url,
        source="the sandbox's root",
    )


def root_variables(root: SandboxEnv) -> dict[str, str]:
    """Give an account's root as the variables AWS tools read."""
    return {
        "AWS_ENDPOINT_URL": root.endpoint_url,
        "AWS_ACCESS_KEY_ID": root.access_key_id,
        "AWS_SECRET_ACCESS_KEY": root.secret.reveal(),
        "AWS_DEFAULT_REGION": root.region,
    }
