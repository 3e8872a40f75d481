"""The questions of `leastkey init`, one at a time: an answer that cannot be used is explained and asked for again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.spec.model import LevelGrant
from leastkey.spec.parse import parse_spec
from leastkey.spec.starter import ANY_DOCUMENT, Starter, starter_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.cli.init.found import Flags, Found
    from leastkey.ports.people import Prompter
    from leastkey.spec.model import Grant

__all__ = ["FIRST_GRANT", "ask_for_spec"]

FIRST_GRANT: Final = "ec2:DescribeRegions"
"""What a spec allows when nothing is asked for: the harmless call everybody tries first."""

_HERE: Final = "this computer"
_PLACES: Final = {
    _HERE: None,
    "computer": None,
    "here": None,
    "ec2": "ec2",
    "lambda": "lambda",
    "ecs": "ecs-tasks",
    "fargate": "ecs-tasks",
}
"""Answers to where a script runs, and the AWS service that wears the role there."""
_TOKENS: Final = ("github", "gitlab", "oidc")
_NO_MORE: Final = "no more"
_GRANT_HELP: Final = (
    "As actions, or a service with levels: list, read, write, tagging, permissions, full. Several with `;`:",
    "ec2:DescribeRegions; s3 list,read on s3://acme-reports/nightly/",
)


def ask_for_spec(prompter: Prompter, flags: Flags, found: Found) -> Starter:
    """Ask for what no flag says. Raises LeastkeyError when a flag cannot be used or the answers end."""
    known = Starter(
        project=found.project.value or "project",
        identity=flags.identity or "script",
        allow=(FIRST_GRANT,),
        region=found.region.value,
        output=flags.output,
        target=flags.target,
        account=flags.account if flags.sandbox else found.account.value or None,
        user=flags.user,
        service=flags.service,
    )
    starter_spec(known)  # a flag that cannot stand in a spec is refused before anybody answers
    if not found.project.value:
        known = _asked(
            prompter,
            lambda answer: replace(known, project=answer),
            "What is the project called",
            None,
            "--project NAME",
        )
    if flags.identity is None:
        fits = _fault(replace(known, identity=known.project)) is None
        default = known.project if fits else None
        known = _asked(
            prompter,
            lambda answer: replace(known, identity=answer),
            "What is the script called",
            default,
            "--identity NAME",
        )
    known = replace(known, allow=_grants(prompter, known))
    if flags.user is None and flags.service is None:
        known = replace(known, service=_service(prompter, known))
    return known


def _asked(
    prompter: Prompter, put: Callable[[str], Starter], question: str, default: str | None, flag: str
) -> Starter:
    """Ask until the answer, put into the spec, can stand there."""
    while True:
        tried = put(prompter.ask(question, default=default, flag=flag))
        fault = _fault(tried)
        if fault is None:
            return tried
        _explain(prompter, fault)


def _grants(prompter: Prompter, known: Starter) -> tuple[str, ...]:
    """Ask for grants until there is one and no more are wanted. What was understood stays."""
    prompter.tell(*_GRANT_HELP)
    grants: list[str] = []
    while True:
        question = "Anything else" if grants else "What does it call in AWS"
        answer = prompter.ask(question, default=_NO_MORE if grants else FIRST_GRANT, flag="--allow GRANT")
        if grants and answer.lower() in {_NO_MORE, "no", "n"}:
            return tuple(grants)
        for words in filter(None, map(str.strip, answer.split(";"))):
            grant = _grant(known, words)
            if isinstance(grant, LeastkeyError):
                _explain(prompter, grant)
            else:
                grants.append(_placed(prompter, known, words, grant))


def _placed(prompter: Prompter, known: Starter, words: str, grant: Grant) -> str:
    """Ask which prefix is meant, where levels of S3 name no place."""
    words = " ".join(words.split())
    if not isinstance(grant, LevelGrant) or grant.service != "s3" or grant.on or _names_a_place(words):
        return words
    prompter.tell("As in s3://acme-reports/nightly/, or * for every bucket.")
    while True:
        answer = prompter.ask(
            f"Which prefix, for `{words}`", default=None, flag=f"--allow '{words} on PLACE'"
        )
        placed = f"{words} on {' '.join(answer.split())}"
        fault = _grant(known, placed)
        if not isinstance(fault, LeastkeyError):
            return placed
        _explain(prompter, fault)


def _names_a_place(words: str) -> bool:
    """Say whether `on *` is written out, which the parser reads as no place at all."""
    return "on" in words.split()


def _service(prompter: Prompter, known: Starter) -> str | None:
    """Ask where the script runs; None for a computer that needs a key."""
    prompter.tell(f"A key is needed on {_HERE} only. In AWS the service wears the role: ec2, lambda, ecs.")
    while True:
        answer = prompter.ask("Where does it run", default=_HERE, flag="--service NAME, or --user NAME")
        word = answer.lower()
        if word in _PLACES:
            return _PLACES[word]
        if word.startswith(_TOKENS):
            prompter.tell(
                f"`{answer}` needs no key: put what `leastkey help keyless` shows under `used-by:` in the file.",
                "Asked for here are a key on a computer of yours, and AWS services.",
            )
            continue
        fault = _fault(replace(known, service=answer))
        if fault is None:
            return answer
        _explain(prompter, fault)


def _fault(tried: Starter) -> LeastkeyError | None:
    """Say why answers cannot stand in a spec."""
    try:
        starter_spec(tried)
    except LeastkeyError as fault:
        return fault
    return None


def _grant(known: Starter, words: str) -> Grant | LeastkeyError:
    """Read a grant in a few words, or say why it cannot be one."""
    try:
        text = starter_spec(replace(known, allow=(words,)))
    except LeastkeyError as fault:
        return fault
    return parse_spec(text, "leastkey.yaml", lambda _path: ANY_DOCUMENT).identities[0].allow[0]


def _explain(prompter: Prompter, fault: LeastkeyError) -> None:
    prompter.tell(fault.what, *fault.why, *fault.remedy)
