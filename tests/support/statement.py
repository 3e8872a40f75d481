"""Ask the engine about one statement alone."""

from __future__ import annotations

from typing import Any, Final

from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import Context, NamedDocument, Policies, Principal, Request, Verdict
from leastkey.iam.document import DocumentKind, parse_document

ACCOUNT: Final = "111122223333"
OTHER: Final = "444455556666"
ALICE: Final = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT)


def matches(
    statement: dict[str, Any],
    context: Context | None = None,
    *,
    resource: str = "arn:aws:s3:::b/k",
    who: Principal = ALICE,
    version: str = "2012-10-17",
) -> bool | str:
    """Say whether a statement matches; the names of the open questions where it depends on them.

    A Deny is asked, which matches also where only one reading does.
    """
    entry = {"Effect": "Deny", "Action": "*", **statement}
    if not {"Resource", "NotResource"} & entry.keys():
        entry["Resource"] = "*"
    kind: DocumentKind = "resource" if {"Principal", "NotPrincipal"} & entry.keys() else "identity"
    named = NamedDocument("p", parse_document({"Version": version, "Statement": entry}, kind))
    request = Request("svc:Act", resource, who, ACCOUNT, context or {})
    policies = Policies(resource=named) if kind == "resource" else Policies(identity=(named,))
    decision = decide(request, policies)
    if decision.verdict is not Verdict.EXPLICITLY_DENIED:
        assert decision.undocumented == ()
        return False
    return " ".join(decision.undocumented) or True
