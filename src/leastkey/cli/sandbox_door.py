"""The embedded AWS as the commands see it: started when needed, its root handed to the wiring only."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from pathlib import Path

    from leastkey.aws.connect import AwsConnect
    from leastkey.sandbox.lifecycle import SandboxEnv

__all__ = ["connect_root", "require_sandbox", "root_variables", "sandbox_root"]


def require_sandbox() -> None:
    """Refuse when the sandbox's libraries are not installed."""
    missing = [name for name in ("moto", "cheroot", "flask") if importlib.util.find_spec(name) is None]
    if missing:
        raise LeastkeyError(
            "no-sandbox",
            "the embedded AWS is not installed",
            why=f"missing  {', '.join(missing)}",
            remedy="python -m pip install 'leastkey[sandbox]'",
        )


def sandbox_root(home: Path, account: str | None) -> SandboxEnv:
    """Start the sandbox of this state folder where it does not run yet, and give an account's root."""
    require_sandbox()
    from leastkey.sandbox import lifecycle

    folder = home / "sandbox"
    lifecycle.start(folder)
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
