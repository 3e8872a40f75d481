"""How to call each command so that it does its work: a command that has no row here fails the test that reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CASES", "STAYS", "Case"]

STAYS: Final = frozenset({("serve",), ("agent", "run")})
"""Commands that go on until they are stopped."""


@dataclass(frozen=True, slots=True)
class Case:
    """The words behind a command; `{NAME}` is put in by the test."""

    more: tuple[str, ...] = ()
    gives: frozenset[str] = frozenset()
    """The secrets that its stdout is asked for."""
    stdin: str = ""
    asks_aws: bool = False
    is_there: bool = False
    """It is run on the computer that a key is sent to."""
    codes: frozenset[int] = frozenset({0})
    """How it may end when nothing is in its way."""
    undone_by: tuple[tuple[str, ...], ...] = ()
    """The commands that put right what it changed."""


_OTHER: Final = ("--state-dir", "{OTHER}")
_SESSION: Final = frozenset({"session"})

CASES: Final[dict[tuple[str, ...], Case]] = {
    ("sandbox", "start"): Case(_OTHER),
    ("sandbox", "status"): Case(_OTHER),
    ("sandbox", "env"): Case(_OTHER, gives=frozenset({"sandbox root"})),
    ("sandbox", "accounts"): Case(("--add", "444455556666", *_OTHER)),
    ("sandbox", "clock"): Case(("+1s", *_OTHER)),
    ("sandbox", "delay"): Case(("1s", *_OTHER)),
    ("sandbox", "events"): Case(_OTHER),
    ("sandbox", "export"): Case(_OTHER),
    ("sandbox", "import"): Case(("{ACCOUNT_FILE}", *_OTHER)),
    ("sandbox", "fault", "add"): Case(("iam:CreateAccessKey", "--kind", "lost", "--count", "1", *_OTHER)),
    ("sandbox", "fault", "list"): Case(_OTHER),
    ("sandbox", "fault", "clear"): Case(_OTHER),
    ("sandbox", "issuer"): Case(("https://issuer.example", "--jwks", "jwks.json", *_OTHER)),
    ("sandbox", "limit"): Case(("iam:*", "--rate", "5", "--burst", "10", *_OTHER)),
    ("sandbox", "shared-oidc"): Case(("permit", *_OTHER)),
    ("sandbox", "token", "generic"): Case(
        ("--issuer", "https://issuer.example", "--subject", "job-7", "--audience", "x", *_OTHER)
    ),
    ("sandbox", "token", "github"): Case(("--repo", "acme/app", "--ref", "refs/heads/main", *_OTHER)),
    ("sandbox", "token", "gitlab"): Case(("--project", "acme/app", "--ref", "refs/tags/v1", *_OTHER)),
    ("sandbox", "why"): Case(("last-denied", *_OTHER), codes=frozenset({0, 2})),
    ("sandbox", "reset"): Case(_OTHER),
    ("sandbox", "stop"): Case(_OTHER),
    ("demo",): Case(),
    ("help",): Case(("words",)),
    ("init",): Case(("--yes", "--spec", "{NEW}.yaml")),
    ("explain",): Case(("s3:GetObject", "arn:aws:s3:::acme-reports/nightly/x")),
    ("export", "workflow"): Case(("deploy", "--spec", "ci.yaml")),
    ("policy", "simulate"): Case(
        ("--policy", "policy.json", "--action", "s3:GetObject", "--resource", "arn:aws:s3:::a/b")
    ),
    ("bootstrap-policy",): Case(("--account", "111122223333")),
    ("vault", "status"): Case(),
    ("vault", "move"): Case(("age-file",)),
    ("unlock",): Case(
        ("--vault", "kernel", "--stdin", "--for", "5m"), stdin="{PASSPHRASE}\n", codes=frozenset({0, 4})
    ),
    ("lock",): Case(("--vault", "kernel")),
    ("up",): Case(("--yes",), asks_aws=True),
    ("plan",): Case(asks_aws=True),
    ("apply",): Case(("--yes",), asks_aws=True),
    ("verify",): Case(asks_aws=True),
    ("creds",): Case(gives=_SESSION, asks_aws=True),
    ("run",): Case(("--", "true"), asks_aws=True),
    ("serve",): Case(asks_aws=True),
    ("agent", "run"): Case(),
    ("agent", "start"): Case(),
    ("agent", "status"): Case(),
    ("agent", "stop"): Case(),
    ("status",): Case(asks_aws=True),
    ("doctor",): Case(asks_aws=True, codes=frozenset({0, 13})),
    ("rotate",): Case(("nightly", "--grace", "0s", "--yes"), asks_aws=True, undone_by=(("up", "--yes"),)),
    ("key", "request"): Case(is_there=True),
    ("key", "send"): Case(("nightly", "--to", "{RECIPIENT}", "--again", "--yes"), asks_aws=True),
    ("key", "receive"): Case(("{MESSAGE}", "--yes"), asks_aws=True, is_there=True),
    ("revoke",): Case(
        ("nightly", "--yes"),
        asks_aws=True,
        undone_by=(("revoke", "nightly", "--restore", "--yes"), ("up", "--yes")),
    ),
    ("destroy",): Case(("--yes",), asks_aws=True, undone_by=(("up", "--yes"),)),
}
"""In an order in which each finds what it needs."""
