"""The report of a proof: rows, exit code, and how people and programs read it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from leastkey.errors import Exit

if TYPE_CHECKING:
    from leastkey.iam.statement import Json
    from leastkey.verify.matrix import Side

__all__ = ["Report", "Row", "Status"]

Status = Literal["ok", "NO", "engine-only", "not-judged", "disagree", "broken"]

_EXPECTED: Final = ("ok", "engine-only", "not-judged")
"""Statuses that are no failure."""
_MARKS: Final[dict[Status, str]] = {
    "ok": "ok",
    "NO": "NO",
    "engine-only": "ok",
    "not-judged": "--",
    "disagree": "BAD",
    "broken": "BAD",
}
_HEADS: Final[tuple[tuple[Side, str], ...]] = (("allowed", "must be allowed"), ("denied", "must be denied"))
_WIDTH: Final = 46


@dataclass(frozen=True, slots=True)
class Row:
    """One probe and what both judges say. `by_both` is true where engine and AWS each gave a verdict."""

    side: Side
    action: str
    resource: str
    shown: str
    engine: str
    aws: str
    status: Status
    note: str = ""
    by_both: bool = False

    def to_json(self) -> dict[str, Json]:
        """Give the row for programs."""
        return {
            "side": self.side,
            "action": self.action,
            "resource": self.resource,
            "engine": self.engine,
            "aws": self.aws,
            "status": self.status,
            "note": self.note,
        }

    def line(self) -> str:
        """Give the row for people."""
        what = f"  {_MARKS[self.status]:<3}  {self.action} {self.shown}".rstrip()
        return f"{what:<{_WIDTH}}  {self.engine:<7}  {self.aws}"


@dataclass(frozen=True, slots=True)
class Report:
    """The proof of one identity."""

    identity: str
    rows: tuple[Row, ...]

    @property
    def exit_code(self) -> Exit:
        """Give the exit code: allowed too much wins over denied too much, and both over what could not be proved."""
        failed = {row.side for row in self.rows if row.status == "NO"}
        if "denied" in failed:
            return Exit.ALLOWED_TOO_MUCH
        if "allowed" in failed:
            return Exit.DENIED_TOO_MUCH
        if any(row.status in ("broken", "disagree") for row in self.rows):
            return Exit.UNPROVED
        return Exit.OK

    @property
    def counts(self) -> dict[str, int]:
        """Count rows: in all, as expected, those on which both judges agree, and each status."""
        by_status = Counter(row.status for row in self.rows)
        return {
            "total": len(self.rows),
            "ok": sum(row.status in _EXPECTED for row in self.rows),
            "agree": sum(row.by_both and row.status == "ok" for row in self.rows),
            "engine_only": by_status["engine-only"],
            "not_judged": by_status["not-judged"],
            "no": by_status["NO"],
            "broken": by_status["broken"] + by_status["disagree"],
        }

    def to_json(self) -> dict[str, Json]:
        """Give the report for programs."""
        return {
            "identity": self.identity,
            "exit_code": int(self.exit_code),
            "counts": dict(self.counts),
            "rows": [row.to_json() for row in self.rows],
        }

    def lines(self, *, verbose: bool) -> tuple[str, ...]:
        """Give the report for people: with `verbose` each row, else only those that are not as expected."""
        found = (
            [] if verbose else ["Two judges: our engine (offline) and AWS (real calls that change nothing)"]
        )
        for side, head in _HEADS:
            rows = [row for row in self.rows if row.side == side]
            if not rows:
                continue
            good = sum(row.status in _EXPECTED for row in rows)
            found.append(
                f"  {head:<{_WIDTH - 2}}  engine   AWS"
                if verbose
                else f"  {head:<16}{good:>4} of {len(rows)} {'ok' if good == len(rows) else 'NO'}"
            )
            for row in rows:
                if verbose or row.status not in _EXPECTED:
                    found.append(row.line())
                    found.extend(f"       {row.note}" for _ in (0,) if row.note)
        return (*found, self._summary(verbose=verbose))

    def _summary(self, *, verbose: bool) -> str:
        counts = self.counts
        words = [
            f"{counts['ok']} of {counts['total']} as expected, judges agree on {counts['agree']}",
            *([f"{counts['engine_only']} by the engine alone"] if counts["engine_only"] else []),
            *([f"{counts['not_judged']} not judged"] if counts["not_judged"] else []),
        ]
        hint = "" if verbose else "   (leastkey verify shows each)"
        return f"{', '.join(words)}.{hint}"
