"""The temporary credentials our STS hands out. They end with their time, and with the role or user behind them."""

from __future__ import annotations

import os
import threading
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from leastkey.evaluate.request import NamedDocument
from leastkey.iam.document import load_document
from leastkey.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

__all__ = ["Session", "Sessions", "new_token"]

_TOKEN_BYTES: Final = 192
"""256 characters: about as long as AWS's own, so that clients meet no shorter one here."""


def new_token() -> Secret:
    """Mint a session token."""
    return Secret(b64encode(os.urandom(_TOKEN_BYTES)).decode())


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials: whose, since when and until when, and what narrows them.

    `kind` says what they make of their holder: a session of a role, the `user` or `root` that asked for them, or a
    federated user. `role_name` and `role_id` are those of the role or user behind: one that is made again under the
    same name is another; both are "" where root is behind. `mfa` says that a second factor was shown.
    """

    key_id: str
    secret: Secret
    token: Secret
    account: str
    role_name: str
    role_id: str
    name: str
    issued_at: datetime
    expires: datetime
    policies: tuple[NamedDocument, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    source_identity: str = ""
    mfa: bool = False
    kind: Literal["role", "user", "root", "feduser"] = "role"
    transitive: tuple[str, ...] = ()
    provider: str = ""


class Sessions:
    """Sessions by key id; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def get(self, key_id: str) -> Session | None:
        """Give a session, expired ones too until they are dropped."""
        return self._sessions.get(key_id)

    def add(self, session: Session, *, keep_after: datetime) -> None:
        """Add a session and drop those that ended before `keep_after`."""
        with self._lock:
            alive = {key: each for key, each in self._sessions.items() if each.expires > keep_after}
            self._sessions = {**alive, session.key_id: session}

    def dump(self) -> list[dict[str, object]]:
        """Give the sessions for the snapshot, secrets in plain text."""
        return [_plain(session) for session in self._sessions.values()]

    def load(self, dumped: Iterable[Mapping[str, object]]) -> None:
        """Take over the sessions of a snapshot, in place of what is here."""
        with self._lock:
            self._sessions = {session.key_id: session for session in map(_session, dumped)}


def _plain(session: Session) -> dict[str, object]:
    return {
        "key_id": session.key_id,
        "secret": session.secret.reveal(),
        "token": session.token.reveal(),
        "account": session.account,
        "role_name": session.role_name,
        "role_id": session.role_id,
        "name": session.name,
        "issued_at": session.issued_at,
        "expires": session.expires,
        "policies": [(each.name, each.document.text()) for each in session.policies],
        "tags": session.tags,
        "source_identity": session.source_identity,
        "mfa": session.mfa,
        "kind": session.kind,
        "transitive": session.transitive,
        "provider": session.provider,
    }


def _session(plain: Mapping[str, object]) -> Session:
    values: dict[str, object] = dict(plain)
    values["secret"] = Secret(str(values["secret"]))
    values["token"] = Secret(str(values["token"]))
    policies = values["policies"]
    values["policies"] = tuple(
        NamedDocument(name, load_document(text, "identity"))
        for name, text in (policies if isinstance(policies, list) else ())
    )
    return Session(**values)  # type: ignore[arg-type]  # the keys are those `_plain` wrote
