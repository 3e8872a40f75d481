"""Variables for the next steps of a GitHub Actions job: its environment file, and a mask over the secret.

Source: GitHub Docs, "Workflow commands for GitHub Actions": setting an environment variable, masking a value in a log.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leastkey.disk.environment_file import append_variables
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leastkey.cli.show import Show

__all__ = ["to_next_steps"]

_FILE: Final = "GITHUB_ENV"
_SECRET: Final = "AWS_SECRET_ACCESS_KEY"  # noqa: S105  # the name of a variable


def to_next_steps(show: Show, variables: Mapping[str, str], others: Sequence[str]) -> None:
    """Set variables for the steps that follow. A variable in `others` cannot be taken away there, and would win."""
    file = os.environ.get(_FILE)
    if not file:
        raise LeastkeyError(
            "usage",
            f"`--github` needs {_FILE}, which is not set",
            why="it names the file from which a job on GitHub Actions takes variables for its next steps",
            remedy='`eval "$(leastkey sandbox env)"`',
        )
    given = [name for name in others if os.environ.get(name)]
    if given:
        raise LeastkeyError(
            "usage",
            f"an earlier step set {', '.join(given)}, which would win over the sandbox",
            state="nothing was changed",
            remedy="start the sandbox in a job that has no other AWS credentials",
        )
    show.write(f"::add-mask::{variables[_SECRET]}\n")  # before anything can print it
    append_variables(Path(file), variables)
    show.document("sandbox env", {"github": sorted(variables)})
    show.data(f"Set for the next steps: {', '.join(variables)}")
