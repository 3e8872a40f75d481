"""Changes to the engine that no test notices are listed, each with the reason why that is no hole in the tests."""

from __future__ import annotations

import ast
import re
import tomllib
from typing import TYPE_CHECKING

from tests.house.sources import ROOT, nothing
from tools.mutants import mutants

if TYPE_CHECKING:
    from tests.house.conftest import Measured

LISTED = tomllib.loads((ROOT / "tests/mutation/survivors.toml").read_text(encoding="utf-8"))
REASON = re.compile(r"(same|speed|types|limit): \S.+")


def test_every_survivor_listed_can_still_be_made_and_says_why_it_may_survive(measured: Measured) -> None:
    wrong = []
    for file, survivors in LISTED.items():
        path = ROOT / "src/leastkey/evaluate" / file
        there = {mutant.name for mutant in mutants(ast.parse(path.read_text(encoding="utf-8")))}
        wrong += [f"{file} {name}: is there no more" for name in survivors if name not in there]
        wrong += [f"{file} {name}: {why}" for name, why in survivors.items() if not REASON.fullmatch(why)]
    measured("mutants", f"{sum(map(len, LISTED.values()))} may survive, each with its reason")
    nothing(
        wrong,
        "take it out of tests/mutation/survivors.toml, or say there why it changes nothing; `make mutate` tells",
    )
