"""Step 7, the proof: each probe judged twice, by our engine and by a real call that changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from leastkey.errors import AwsError
from leastkey.iam.limits import PROPAGATION_SECONDS
from leastkey.verify.answers import FRESH, NOT_ASKED, Heard, heard
from leastkey.verify.calls import bucket_targets
from leastkey.verify.conditions import unmet
from leastkey.verify.judge import Judge, Judgement
from leastkey.verify.matrix import Probe, matrix
from leastkey.verify.report import Report, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from leastkey.clock import Clock
    from leastkey.compile.wanted import Wanted, WantedIdentity
    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Condition
    from leastkey.ports.aws import Calls
    from leastkey.ports.people import Progress
    from leastkey.verify.lines import Chance
    from leastkey.verify.report import Status

__all__ = ["verify"]

_WORKERS: Final = 8
_NO_CALLS: Final = "nothing on this computer can wear the role, so AWS cannot be asked from here"
_AT_STAKE: Final = "not asked: an endpoint that ignored `If-Match` would write over the object"
_PAUSE_MAX: Final = 8.0


def verify(  # noqa: PLR0913  # one argument a fact of the proof
    identity: WantedIdentity,
    wanted: Wanted,
    managed: Mapping[str, PolicyDocument],
    calls: Calls | None,
    *,
    clock: Clock,
    progress: Progress,
    settling: bool = False,
    is_secure: bool = True,
    honours_conditions: bool = True,
) -> Report:
    """Prove what an identity may and may not do. Changes nothing.

    `calls` None: nothing on this computer can wear the role, and the engine judges alone. `settling`: a grant that AWS does
    not know of yet is asked for again, for up to a minute; a denial never is, and is judged after the grants.
    `is_secure`: calls go over TLS. `honours_conditions` False: the endpoint is not known to heed `If-Match`, so no object
    that may be there is asked to be written.
    """
    judge = Judge(identity, wanted, managed, now=clock.now(), is_secure=is_secure)
    probes = matrix(identity, wanted, judge)
    allowed = [probe for probe in probes if probe.side == "allowed"]
    denied = [probe for probe in probes if probe.side == "denied"]
    prover = _Prover(judge, wanted.partition, calls, honours_conditions=honours_conditions)
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = list(pool.map(prover.prove, allowed))
        if settling:
            found = _settled(allowed, found, lambda some: list(pool.map(prover.prove, some)), clock, progress)
        found += pool.map(prover.prove, denied)
    return Report(
        identity.name,
        tuple(_row(probe, proof) for probe, proof in zip((*allowed, *denied), found, strict=True)),
    )


@dataclass(frozen=True, slots=True)
class _Proof:
    """What both judges said about the target that was tried last."""

    chance: Chance | None
    judgement: Judgement
    heard: Heard
    note: str = ""

    @property
    def is_decided(self) -> bool:
        return self.heard.verdict in ("allow", "deny")

    @property
    def is_late(self) -> bool:
        """Say whether AWS may only not have heard of a change yet."""
        return self.judgement.verdict != "deny" and (self.heard.verdict == "deny" or self.heard.code in FRESH)


class _Prover:
    """Proves probes, several at a time."""

    def __init__(
        self, judge: Judge, partition: str, calls: Calls | None, *, honours_conditions: bool
    ) -> None:
        self._judge = judge
        self._partition = partition
        self._calls = calls
        self._honours_conditions = honours_conditions

    def prove(self, probe: Probe) -> _Proof:
        """Try a probe's targets until AWS's answer decides; else the first one stands, judged by the engine alone."""
        if not probe.chances:
            return _Proof(None, Judgement(None, "-"), NOT_ASKED, "nothing is known about it")
        first: _Proof | None = None
        for chance in probe.chances:
            proof = self._tried(probe, chance)
            if proof.is_decided or (proof.heard.verdict == "broken" and first is None):
                return proof
            first = first or proof
        assert first is not None  # noqa: S101  # there is at least one chance
        return first

    def _tried(self, probe: Probe, chance: Chance) -> _Proof:
        judgement = self._judgement(chance)
        if self._calls is None:
            return _Proof(chance, judgement, NOT_ASKED, _NO_CALLS)
        if not chance.is_real:
            return _Proof(chance, judgement, NOT_ASKED, _why_alone(chance))
        call = chance.target.call
        if call is not None and call.at_stake and not self._honours_conditions:
            return _Proof(chance, judgement, NOT_ASKED, _AT_STAKE)
        answer = self._asked(chance)
        if probe.side == "allowed" and answer.hides and not self._sees_absence(chance):
            note = "403 may hide a 404: without s3:ListBucket AWS does not say that an object is missing"
            answer = replace(answer, verdict="unknown", note=note)
        return _Proof(chance, judgement, answer, answer.note)

    def _judgement(self, chance: Chance) -> Judgement:
        values = chance.values
        if chance.assumed and unmet(chance.assumed, self._judge.request(chance.target, values)):
            return Judgement(None, "open")
        return self._judge.judge(chance.target, values)

    def _asked(self, chance: Chance) -> Heard:
        call = chance.target.call
        if call is None or self._calls is None:
            return NOT_ASKED
        try:
            answer = self._calls.call(call.service, call.operation, call.parameters)
        except AwsError as failure:
            return Heard("broken", failure.code or "no answer", failure.message, failure.code)
        return heard(chance.target, answer)

    def _sees_absence(self, chance: Chance) -> bool:
        """Say whether the role would be told that an object is missing: it may list the whole bucket."""
        bucket = chance.target.resource.split(":", 5)[-1].partition("/")[0]
        (listing,) = bucket_targets(self._partition, bucket, "")
        return self._judge.judge(listing).verdict == "allow"


def _settled(
    probes: Sequence[Probe],
    proofs: Sequence[_Proof],
    prove: Callable[[Sequence[Probe]], list[_Proof]],
    clock: Clock,
    progress: Progress,
) -> list[_Proof]:
    """Ask again for the grants that AWS denies right after a change."""
    found = list(proofs)
    until, pause = clock.monotonic() + PROPAGATION_SECONDS, 1.0
    while late := [index for index, proof in enumerate(found) if proof.is_late]:
        left = until - clock.monotonic()
        if left <= 0:
            break
        if pause == 1.0:
            progress.say(f"AWS does not know of {len(late)} of {len(found)} grants yet, asking again")
        clock.sleep(min(pause, left))
        pause = min(pause * 2, _PAUSE_MAX)
        for index, proof in zip(late, prove([probes[index] for index in late]), strict=True):
            found[index] = proof
    return found


def _why_alone(chance: Chance) -> str:
    if chance.assumed:
        return f"assumed to hold: {', '.join(_words(condition) for condition in chance.assumed)}"
    return "no call is known that changes nothing"


def _words(condition: Condition) -> str:
    return f"{condition.operator} {condition.key} {', '.join(condition.values)}"


def _row(probe: Probe, proof: _Proof) -> Row:
    if proof.chance is None:
        return Row(probe.side, probe.line, "", "", proof.judgement.text, "-", "not-judged", proof.note)
    target = proof.chance.target
    return Row(
        side=probe.side,
        action=target.action,
        resource=target.resource,
        shown=target.shown,
        engine=proof.judgement.text,
        aws=proof.heard.text,
        status=_status(probe, proof),
        note=proof.note,
        by_both=proof.is_decided and proof.judgement.verdict is not None,
    )


def _status(probe: Probe, proof: _Proof) -> Status:
    expected = "allow" if probe.side == "allowed" else "deny"
    engine, aws = proof.judgement.verdict, proof.heard.verdict
    if aws == "broken":
        return "broken"
    if aws == "unknown":
        if engine is None:
            return "not-judged"
        return "engine-only" if engine == expected else "NO"
    if aws != expected:
        return "NO"
    if proof.heard.wrote:
        return "broken"
    return "ok" if engine in (None, expected) else "disagree"
