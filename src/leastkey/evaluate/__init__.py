"""The evaluation engine: what AWS decides about one request under a set of policies, and why.

Pure. Deciding is complete in its inputs: the context is taken as it is. Filling in what AWS supplies is a step of its own
(`context`), which whoever has half a context takes first.
Nothing here knows specs, plans or AWS calls.

What other programs may rely on is named here: policies are read once (`load_document`), compiled once (`Compiled`) and
asked many times. Every value is frozen.
"""

from leastkey.evaluate.asked import RequestError
from leastkey.evaluate.context import Filled, KeyNote, fill
from leastkey.evaluate.context_keys import CallFacts
from leastkey.evaluate.decide import Compiled, decide
from leastkey.evaluate.missing import Missing, missing
from leastkey.evaluate.request import (
    Decision,
    LayerResult,
    NamedDocument,
    NearMiss,
    Policies,
    Principal,
    Reason,
    Request,
    Verdict,
)
from leastkey.evaluate.trust import decide_trust
from leastkey.iam.document import DocumentError, PolicyDocument, load_document

__all__ = [
    "CallFacts",
    "Compiled",
    "Decision",
    "DocumentError",
    "Filled",
    "KeyNote",
    "LayerResult",
    "Missing",
    "NamedDocument",
    "NearMiss",
    "Policies",
    "PolicyDocument",
    "Principal",
    "Reason",
    "Request",
    "RequestError",
    "Verdict",
    "decide",
    "decide_trust",
    "fill",
    "load_document",
    "missing",
]
