"""The session layer: policies passed when a session was made. Several count as one; they grant nothing themselves.

Source: IAM User Guide, "Session policies".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.evaluate.identity import PRINCIPALS
from leastkey.evaluate.layer import NOT_APPLICABLE, Outcome, ask

if TYPE_CHECKING:
    from leastkey.evaluate.asked import Asked
    from leastkey.evaluate.request import Policies
    from leastkey.evaluate.truth import Reading

__all__ = ["session"]


def session(asked: Asked, policies: Policies, reading: Reading, *, briefly: bool) -> Outcome:
    """Ask the session policies."""
    if not policies.sessions or asked.principal.type not in PRINCIPALS:
        return NOT_APPLICABLE
    return ask(policies.sessions, asked, reading, briefly=briefly)
