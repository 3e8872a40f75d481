"""Who calls: the root user, a user or a role's session, with its keys, its clients, and the questions about it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leastkey.sandbox.testing.question import ask
from leastkey.sandbox.testing.served import variables
from leastkey.sandbox.testing.words import why

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.evaluate.request import Context
    from leastkey.iam.credentials import AccessKey
    from leastkey.sandbox.testing.served import Served
    from leastkey.secret import Secret

__all__ = ["Identity", "nobody"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller of the sandbox. `arn` is the principal's own, `role_arn` the role's behind a session, else ""."""

    arn: str
    key: AccessKey
    region: str
    served: Served = field(repr=False)
    token: Secret | None = None
    role_arn: str = ""

    def client(self, service: str, **options: Any) -> Any:
        """Give a boto3 client that calls as this identity; it takes boto3's own options and is closed after the test."""
        return self.served.client(service, self.env(), options)

    def env(self) -> dict[str, str]:
        """Give the variables with which AWS tools call as this identity. They hold its secret, which opens nothing but the sandbox."""
        return {
            "AWS_ENDPOINT_URL": self.served.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.key.id,
            "AWS_SECRET_ACCESS_KEY": self.key.secret.reveal(),
            **({} if self.token is None else {"AWS_SESSION_TOKEN": self.token.reveal()}),
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let code that makes its own clients, as a Lambda function does, call as this identity."""
        with variables(self.env()):
            yield

    def allows(self, action: str, resource: str = "*", context: Context | None = None) -> bool:
        """Say whether the engine allows an action on a resource, on the sandbox's state as it is. Nothing is called.

        `context` states condition keys of the call itself, such as `s3:prefix`. Raises ValueError for an action that AWS does not list.
        """
        return ask(self, action, resource, context or {}).decision.is_allowed

    def assert_allowed(self, action: str, resource: str = "*", context: Context | None = None) -> None:
        """Fail with the engine's explanation unless the action is allowed."""
        __tracebackhide__ = True
        answer = ask(self, action, resource, context or {})
        if not answer.decision.is_allowed:
            raise AssertionError(f"this should be allowed, and is not\n{why(answer)}")

    def assert_denied(self, action: str, resource: str = "*", context: Context | None = None) -> None:
        """Fail with the statements that allow it unless the action is denied."""
        __tracebackhide__ = True
        answer = ask(self, action, resource, context or {})
        if answer.decision.is_allowed:
            raise AssertionError(f"this should be denied, and is not\n{why(answer)}")


def nobody(root: Identity) -> dict[str, str]:
    """Give the variables of a test that is nobody yet: the sandbox's address, and no credentials."""
    return {
        name: value
        for name, value in root.env().items()
        if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }
