"""The report of a proof: rows, exit code, and how people and programs read it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from leastkey.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.iam.statement import Json
    from leastkey.verify.matrix import Side

__all__ = ["Report", "Row", "Status", "exit_of"]

Status = Literal["ok", "NO", "engine-only", "not-judged", "disagree", "broken"]

_EXPECTED: Final = ("ok", "engine-only")
"""Statuses of rows that are as expected. What neither judge could say is no failure either, but proves nothing."""
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
_WIDTH_MAX: Final = 50


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

    @property
    def what(self) -> str:
        """The row's mark, action and resource, for people."""
        return f"  {_MARKS[self.status]:<3}  {self.action} {self.shown}".rstrip()


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
        # A proof in which nothing was proved is none.
        return Exit.OK if any(row.status in _EXPECTED for row in self.rows) else Exit.UNPROVED

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

    def lines(self, *, verbose: bool, most: int | None = None) -> tuple[str, ...]:
        """Give the report for people: with `verbose` each row, else only those that are not as expected.

        `most` is how many rows a side shows at least; further ones are counted unless they are not as expected.
        """
        width = max([_WIDTH, *(len(row.what) for row in self.rows if len(row.what) <= _WIDTH_MAX)])
        found = (
            [] if verbose else ["Two judges: our engine (offline) and AWS (real calls that change nothing)"]
        )
        # What holds for every row is said once.
        same = len(self.rows) > 1 and len({row.note for row in self.rows}) == 1
        found.extend([f"  {self.rows[0].note}"] if same and self.rows[0].note else [])
        for side, head in _HEADS:
            rows = [row for row in self.rows if row.side == side]
            if rows and verbose:
                found.append(f"  {head:<{width - 2}}  engine   AWS")
            elif rows:
                found.append(f"  {head:<16}{_score(rows)}")
            shown = [
                row
                for index, row in enumerate(rows)
                if (verbose and (most is None or index < most)) or row.status not in _EXPECTED
            ]
            for row in shown:
                found.append(f"{row.what:<{width}}  {row.engine:<7}  {row.aws}")
                found.extend([f"       {row.note}"] if row.note and not same else [])
            if verbose and len(shown) < len(rows):
                found.append(f"       ... {len(rows) - len(shown)} more, all ok   (-v shows them)")
        return (*found, self._summary)

    @property
    def _summary(self) -> str:
        counts = self.counts
        words = [
            f"{counts['ok']} of {counts['total']} as expected, judges agree on {counts['agree']}",
            *([f"{counts['engine_only']} by the engine alone"] if counts["engine_only"] else []),
            *([f"{counts['not_judged']} not judged"] if counts["not_judged"] else []),
        ]
        return f"{', '.join(words)}."


def exit_of(reports: Sequence[Report]) -> int:
    """Give the exit code that matters most: allowed too much wins over denied too much, over unproved, over any other."""
    codes = {int(report.exit_code) for report in reports}
    for code in (Exit.ALLOWED_TOO_MUCH, Exit.DENIED_TOO_MUCH, Exit.UNPROVED):
        if int(code) in codes:
            return int(code)
    # Nothing proved is not a pass.
    return max(codes, default=int(Exit.UNPROVED))


def _score(rows: Sequence[Row]) -> str:
    good = sum(row.status in _EXPECTED for row in rows)
    failed = any(row.status in ("NO", "disagree", "broken") for row in rows)
    return f"{good:>4} of {len(rows)} {'NO' if failed else 'ok'}"
