"""An explanation as people and programs read it: the verdict, the spec's line, and what differs, underlined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leastkey.cli.context import absent_keys
from leastkey.cli.wrap import wrapped
from leastkey.evaluate.cases import answer as as_json
from leastkey.evaluate.context import filled_as_json
from leastkey.evaluate.explain import common_start
from leastkey.evaluate.missing import missing_as_json
from leastkey.evaluate.request import Verdict

if TYPE_CHECKING:
    from leastkey.cli.explaining import Answer
    from leastkey.cli.show import Show
    from leastkey.evaluate.request import NearMiss, Reason

__all__ = ["MATCHES_UP_TO", "VERDICTS", "differing", "show_answer"]

VERDICTS: Final = {
    Verdict.ALLOWED: "allow",
    Verdict.IMPLICITLY_DENIED: "deny (implicit)",
    Verdict.EXPLICITLY_DENIED: "deny (explicit)",
}
MATCHES_UP_TO: Final = {
    "action": "",
    "resource": "action matches, resource does not:",
    "condition": "action and resource match, a condition does not:",
}
_SHOWN: Final = 6


def show_answer(show: Show, answer: Answer, spec: str) -> None:
    """Print the verdict, the lines that decide it, those that nearly do, and what would allow it."""
    show.document("explain", _document(answer, spec))
    decision = answer.decision
    is_open = answer.unread and decision.verdict is not Verdict.EXPLICITLY_DENIED
    show.data(f"{VERDICTS[decision.verdict]}{', as far as was read' if is_open else ''}")
    for reason in decision.because:
        show.data(f"  {_where(answer, reason):<24} {'allows' if reason.effect == 'Allow' else 'denies'} it")
    if decision.verdict is Verdict.IMPLICITLY_DENIED:
        _show_misses(show, answer)
    for key, words in absent_keys(answer.missing, answer.filled):
        for line in wrapped(f"  {'absent':<24} ", f"{key}: {words}", 27, columns=show.columns):
            show.data(line)
    for slug in decision.undocumented:
        show.data(f"  AWS does not document    {slug}")
    for name in answer.unread:
        show.data(f"  not judged               AWS's own policy {name}: `leastkey verify` asks AWS")
    if answer.remedy:
        head = f"To allow it, add to {spec}:"
        for index, line in enumerate(answer.remedy):
            show.data(f"{head if index == 0 else '':<{len(head)}}   {line}")


def _show_misses(show: Show, answer: Answer) -> None:
    speaking = [miss for miss in answer.decision.near_misses if MATCHES_UP_TO.get(miss.element)]
    misses = [miss for miss in speaking if miss.effect == "Allow"]
    for miss in misses[:_SHOWN]:
        show.data(f"  {_where(answer, miss):<24} {MATCHES_UP_TO[miss.element]}")
        for line in differing(miss.element, miss.pattern, miss.asked):
            show.data(f"    {line}")
    if len(misses) > _SHOWN:
        show.data(f"  {len(misses) - _SHOWN} more match the action and not the rest")
    if answer.decision.decided_by != "identity":
        show.data(f"  the {answer.decision.decided_by} does not allow it")
    other = "no other statement" if misses else "no statement"
    show.data(f"  {other} {'speaks about' if misses == speaking else 'allows'} {answer.request.action}")


def _where(answer: Answer, hit: Reason | NearMiss) -> str:
    places = answer.places.get((hit.policy, hit.statement), ())
    if hit.layer == "identity" and places:
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        return f"{places[0].file}:{places[0].line}{more}"
    return f"{hit.layer} {hit.policy.rsplit('/', 1)[-1]}, statement {hit.statement + 1}"


def differing(element: str, pattern: str, asked: str) -> list[str]:
    """Give the pattern, and under what differs in it the marks, with what was asked."""
    if element != "resource" or pattern.startswith("not "):
        return [pattern, f"asked: {asked}"]
    same = common_start(pattern, asked)
    marks = "^" * max(1, len(pattern) - same)
    return [pattern, f"{' ' * same}{marks}", f"asked: {asked}"]


def _document(answer: Answer, spec: str) -> dict[str, Any]:
    found = as_json(answer.decision)
    for entry in found["because"]:
        places = answer.places.get((entry["policy"], entry["statement"]), ())
        entry["places"] = [str(place) for place in places] if entry["layer"] == "identity" else []
    return {
        "spec": spec,
        "identity": answer.identity,
        "action": answer.request.action,
        "resource": answer.request.resource,
        **found,
        **filled_as_json(answer.filled),
        **({"missing": missing_as_json(answer.missing)} if answer.missing else {}),
        "to_allow": list(answer.remedy),
        "not_judged": list(answer.unread),
    }
