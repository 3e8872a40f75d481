"""The part of docs/explain/keys.md that is made from the table the key protocol runs by."""

from __future__ import annotations

from typing import Final

from leastkey.keys.machine import PHASES, STEPS

__all__ = ["BEGIN", "END", "keys_page"]

BEGIN: Final = "<!-- Made by tools/keys_page.py from keys/machine.py; `make docs` makes it again. -->\n"
END: Final = "<!-- End of what is made. -->\n"
_ENDS: Final = {"start": "[*]", "done": "[*]"}


def keys_page(text: str) -> str:
    """Give the page with its made part as the code says; what stands around it is kept. Raises ValueError."""
    head, found, rest = text.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not found or not ended:
        raise ValueError("docs/explain/keys.md has lost the marks around what is made")
    return f"{head}{BEGIN}{_made()}{END}{tail}"


def _made() -> str:
    picture = "\n".join(
        f"    {_ENDS.get(step.source, step.source)} --> {_ENDS.get(step.target, step.target)}: {_label(step.when)}"
        for step in STEPS
    )
    rows = "\n".join(f"| `{name}` | {means} | {next_does} |" for name, (means, next_does) in PHASES.items())
    return (
        f"```mermaid\nstateDiagram-v2\n{picture}\n```\n\n"
        f"| phase | what is true while it stands on the disk | what the next command does that finds it |\n|---|---|---|\n{rows}\n"
    )


def _label(when: str) -> str:
    """Give a text as Mermaid takes it behind an arrow, where `:` and `;` mean something."""
    return when.replace(": ", ", ").replace(";", ",").replace("`", "")
