"""An account of the sandbox, fresh for each test: its root, identities made from policies, and proofs about real calls."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.request import NamedDocument
from leastkey.iam.arn import AccountId, root_arn, session_arn
from leastkey.iam.credentials import AccessKey, AccessKeyId
from leastkey.iam.document import load_document
from leastkey.sandbox.state.accounts import new_key
from leastkey.sandbox.state.sessions import Session, new_token
from leastkey.sandbox.state.world import PARTITION
from leastkey.sandbox.testing.identity import Identity
from leastkey.sandbox.testing.policies import is_arn, several, text_of
from leastkey.sandbox.testing.question import known_action
from leastkey.sandbox.testing.recording import Recording
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leastkey.sandbox.testing.policies import Policies, Policy
    from leastkey.sandbox.testing.served import Served

__all__ = ["SandboxAccount"]

_HOUR: Final = timedelta(hours=1)
_SESSION: Final = "test"


class SandboxAccount:
    """What the fixture `leastkey_sandbox` gives."""

    def __init__(self, served: Served, account: AccountId, region: str) -> None:
        self._served = served
        self._made = 0
        self.account = account
        self.region = region
        key = served.sandbox.key_of(account)
        self.root = Identity(
            str(root_arn(PARTITION, account)),
            AccessKey(AccessKeyId(str(key["access_key_id"])), Secret(str(key["secret_access_key"]))),
            region,
            served,
        )
        """The account's root user: it makes what a test needs, and no policy of the account limits it."""

    @property
    def endpoint_url(self) -> str:
        """The address of the sandbox."""
        return self._served.endpoint_url

    def as_role(
        self,
        policy: Policies = None,
        *,
        name: str = "",
        trust: Policy | None = None,
        boundary: Policy | None = None,
        session_policy: Policy | None = None,
    ) -> Identity:
        """Make a role and give a session of it, as the service that runs the code would have it.

        The session is handed out without asking `trust`; to try a trust policy, call AssumeRole as a user.
        What IAM refuses (a malformed document, a name that exists) is raised as boto3 raises it.
        """
        iam = self.root.client("iam")
        name = name or self._name("role")
        limit = {} if boundary is None else {"PermissionsBoundary": self._boundary(iam, name, boundary)}
        made = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=text_of(trust or self._trust()), **limit
        )["Role"]
        self._give(
            policy,
            lambda **given: iam.put_role_policy(RoleName=name, **given),
            lambda arn: iam.attach_role_policy(RoleName=name, PolicyArn=arn),
        )
        session = self._session(made, session_policy)
        arn = session_arn(PARTITION, self.account, name, session.name)
        key = AccessKey(AccessKeyId(session.key_id), session.secret)
        return Identity(str(arn), key, self.region, self._served, session.token, made["Arn"])

    def as_user(self, policy: Policies = None, *, name: str = "", boundary: Policy | None = None) -> Identity:
        """Make a user with an access key."""
        iam = self.root.client("iam")
        name = name or self._name("user")
        limit = {} if boundary is None else {"PermissionsBoundary": self._boundary(iam, name, boundary)}
        made = iam.create_user(UserName=name, **limit)["User"]
        self._give(
            policy,
            lambda **given: iam.put_user_policy(UserName=name, **given),
            lambda arn: iam.attach_user_policy(UserName=name, PolicyArn=arn),
        )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        access_key = AccessKey(AccessKeyId(key["AccessKeyId"]), Secret(key["SecretAccessKey"]))
        return Identity(made["Arn"], access_key, self.region, self._served)

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """Record what is called in a block, by whomever. To an error that leaves it, why calls were denied is added."""
        found = Recording(self._served.sandbox.trail)
        try:
            yield found
        except Exception as error:
            for line in found.why_denied():
                error.add_note(line)
            raise
        finally:
            found.end()

    @contextmanager
    def expect_denied(self, action: str, resource: str | None = None) -> Iterator[Recording]:
        """Fail unless a call in the block is denied this action; boto3's error about it ends here.

        Errors about anything else go on to the test.
        """
        __tracebackhide__ = True
        from botocore.exceptions import ClientError

        known_action(action)
        seen = Recording(self._served.sandbox.trail)
        error: ClientError | None = None
        try:
            yield seen
        except ClientError as raised:
            error = raised
        finally:
            seen.end()
        denied = {call.request_id for call in seen.denials(action, resource)}
        told = "" if error is None else error.response["ResponseMetadata"].get("RequestId", "")
        if error is not None and told not in {call.request_id for call in seen.calls if call.is_denied}:
            raise error
        if not denied or (told and told not in denied):
            on = f" on {resource}" if resource else ""
            raise AssertionError(
                f"{action}{on} should be denied, and this happened\n{seen.explanation()}"
            ) from error

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made}"

    def _trust(self) -> dict[str, Any]:
        let_in = {"Effect": "Allow", "Principal": {"AWS": self.account}, "Action": "sts:AssumeRole"}
        return {"Version": "2012-10-17", "Statement": [let_in]}

    def _boundary(self, iam: Any, name: str, boundary: Policy) -> str:
        if isinstance(boundary, str) and is_arn(boundary):
            return boundary
        made = iam.create_policy(PolicyName=f"{name}-boundary", PolicyDocument=text_of(boundary))
        return str(made["Policy"]["Arn"])

    def _give(self, policies: Policies, put: Callable[..., Any], attach: Callable[[str], Any]) -> None:
        for number, policy in enumerate(several(policies), 1):
            if isinstance(policy, str) and is_arn(policy):
                attach(policy)
            else:
                put(PolicyName=_title(policy, number), PolicyDocument=text_of(policy))

    def _session(self, role: dict[str, Any], policy: Policy | None) -> Session:
        """Hand out a session of a role."""
        sandbox, key = self._served.sandbox, new_key("ASIA")
        now = sandbox.clock.now()
        narrowed = (
            ()
            if policy is None
            else (NamedDocument("session policy", load_document(text_of(policy), "identity")),)
        )
        session = Session(
            key_id=key.id,
            secret=key.secret,
            token=new_token(),
            account=self.account,
            role_name=role["RoleName"],
            role_id=role["RoleId"],
            name=_SESSION,
            issued_at=now,
            expires=now.replace(microsecond=0) + _HOUR,
            policies=narrowed,
        )
        with sandbox.gate.lock:
            sandbox.world.sessions.add(session, keep_after=now - _HOUR)
        return session


def _title(policy: Policy, number: int) -> str:
    """Call a policy by its file, so that an explanation names it; another one by its number."""
    is_file = isinstance(policy, PathLike) or (
        isinstance(policy, str) and not policy.lstrip().startswith("{")
    )
    return Path(str(policy)).stem if is_file else f"policy-{number}"
