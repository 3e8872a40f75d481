"""Documents cannot rot: their links lead somewhere, their blocks are run or read, and what they name is there."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.house.documents import DOCUMENTS, Block, anchors, blocks, prose
from tests.house.sources import ROOT, nothing, sources
from tests.transcripts.test_documents import DOCUMENTS as RUN

from leastkey.cli.topics import TOPICS
from leastkey.errors import LeastkeyError
from leastkey.sandbox.server.settings import check
from leastkey.sandbox.server.settings_file import read_settings
from leastkey.spec.parse import parse_spec

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house.conftest import Measured

ALL_BLOCKS = [(path, block) for path in DOCUMENTS for block in blocks(path)]
KINDS = {"console", "json", "mermaid", "python", "sh", "text", "yaml"}
PLACES = (ROOT, ROOT / "src/leastkey")
POLICY = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}}'
"""What a file that a spec names is taken to hold."""
AT_A_TERMINAL = {"docs/tutorial.md": "tests/e2e/test_init_dialogue.py"}
"""Documents that show a dialogue, which needs a terminal and stands in a `text` block; each with the test that holds it."""
NOT_RUN = {
    ("docs/how-to/clients.md", "sh"): "needs Debian's AWS CLI; tests/clients does the same where it is",
    ("docs/how-to/clients.md", "js"): "needs node; tests/clients does the same where it is",
}
"""Blocks of programs that not every computer has: one of a kind in a document, each with its reason."""
OF_THE_USER = {"leastkey.yaml", "~/.aws/config"}
FILE = re.compile(r"(?:[\w.*-]+/)*[\w.*-]+\.(?:py|md|json|toml|lock|ya?ml|sh|cfg)|(?:src|tests|docs|tools|cases|examples|benchmarks|requirements|\.ci)/[\w./*-]*")  # fmt: skip


def _kind_in(path: Path, block: Block) -> tuple[str, str]:
    return str(path.relative_to(ROOT)), block.kind


BLOCKS = [(path, block) for path, block in ALL_BLOCKS if _kind_in(path, block) not in NOT_RUN]


def test_a_block_that_is_not_run_has_its_reason_and_is_the_only_one() -> None:
    left_out = [_kind_in(path, block) for path, block in ALL_BLOCKS if _kind_in(path, block) in NOT_RUN]
    assert sorted(left_out) == sorted(NOT_RUN), "run it as a `console` block, or take it out of NOT_RUN"


def test_every_console_block_is_run(measured: Measured) -> None:
    consoles = [(path, block) for path, block in BLOCKS if block.kind == "console"]
    commands = sum(line.startswith("$ ") for _, block in consoles for line in block.text.splitlines())
    measured("console blocks", f"{len(consoles)} of {len(consoles)} run, {commands} commands")
    assert commands > 20
    nothing(
        [block.place for path, block in consoles if path not in RUN],
        "tests/transcripts runs README.md, docs/ and examples/; put the document there",
    )
    nothing(
        [block.place for _, block in consoles if not block.text.startswith("$ ")],
        "a console block begins with a command: `$ command`",
    )


def test_every_block_says_what_it_is_and_none_hides_a_command() -> None:
    nothing(
        [f"{block.place} ```{block.kind}" for _, block in BLOCKS if block.kind not in KINDS],
        f"say one of: {', '.join(sorted(KINDS))}",
    )
    shown = [
        (str(path.relative_to(ROOT)), block)
        for path, block in BLOCKS
        if block.kind == "text" and re.search(r"^\$ ", block.text, re.MULTILINE)
    ]
    nothing(
        [block.place for name, block in shown if name not in AT_A_TERMINAL],
        "a block with commands is a `console` block, which is run",
    )
    assert [name for name, _ in shown] == list(AT_A_TERMINAL), "one dialogue a document"
    for name, test in AT_A_TERMINAL.items():
        assert name in (ROOT / test).read_text(), f"{test} does not read {name}"


def test_a_shell_block_holds_targets_of_the_makefile_and_nothing_else() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = [
        (block.place, line.partition("#")[0].split())
        for _, block in BLOCKS
        if block.kind == "sh"
        for line in block.text.splitlines()
    ]
    nothing(
        [f"{place} {' '.join(words)}" for place, words in lines if words[:1] != ["make"] or {*words[1:]} - targets],
        "other commands stand in a `console` block, which is run",
    )  # fmt: skip
    named = {
        (str(path.relative_to(ROOT)), target)
        for path in DOCUMENTS
        for target in re.findall(r"`make ([a-z-]+)", path.read_text())
    }
    nothing([pair for pair in named if pair[1] not in targets], "the Makefile has no such target")


def test_every_yaml_block_is_a_spec_or_settings_and_every_other_block_is_read() -> None:
    nothing([fault for _, block in BLOCKS if (fault := _fault(block))], "write what can be read")


def _fault(block: Block) -> str | None:
    try:
        match block.kind:
            case "yaml" if "docs/how-to/sandbox-in-ci.md" in block.place:
                check(read_settings(block.text, block.place))
            case "yaml" if re.search(r"^[^#\n]", block.text, re.MULTILINE):
                parse_spec(block.text, block.place, lambda _: POLICY)
            case "json":
                json.loads(block.text)
            case "python":
                ast.parse(block.text)
            case _:
                pass
    except (LeastkeyError, ValueError, SyntaxError) as error:
        return f"{block.place}: {error}"
    return None


def test_every_link_and_every_anchor_leads_somewhere(measured: Measured) -> None:
    links = [
        (path, target)
        for path in DOCUMENTS
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(path))
        if not re.match(r"https?://|mailto:", target)
    ]
    measured("links", f"{len(links)} of {len(links)} lead to a file or a heading")
    nothing([f"{path.relative_to(ROOT)}: {target}" for path, target in links if not _leads(path, target)],
            "correct the path or the heading")  # fmt: skip


def _leads(path: Path, target: str) -> bool:
    name, _, anchor = unquote(target).partition("#")
    goal = (path.parent / name).resolve() if name else path
    return (
        goal.exists()
        and goal.is_relative_to(ROOT)
        and (not anchor or (goal.suffix == ".md" and anchor in anchors(goal)))
    )


def test_every_file_named_in_backticks_is_there(measured: Measured) -> None:
    named = [
        (path, word)
        for path in DOCUMENTS
        for word in re.findall(r"`([^`\s]+)`", prose(path))
        if FILE.fullmatch(word) and word not in OF_THE_USER and "NAME" not in word
    ]
    measured("files in docs", f"{len(named)} of {len(named)} named files are there")
    assert len(named) > 20
    nothing(
        [
            f"{path.relative_to(ROOT)}: {word}"
            for path, word in named
            if not any(list(place.glob(word.rstrip("/"))) for place in (*PLACES, path.parent))
        ],
        "name a file by its path from the repository's root or from src/leastkey",
    )


def test_every_word_of_the_glossary_is_used() -> None:
    words = [line.split()[0] for line in TOPICS["words"].split("\n\n", maxsplit=1)[0].splitlines()]
    assert len(words) == 5, "a sixth coined word needs a decision in docs/decisions"
    texts = [path.read_text().lower() for path in DOCUMENTS if path.name != "words.md"]
    texts += [each.text.lower() for each in sources("src") if not each.path.stem.startswith("topic")]
    nothing(
        [word for word in words if not any(re.search(rf"\b{word}\b", text) for text in texts)],
        "drop the word",
    )


def test_the_changelog_is_open_and_the_readme_starts_with_two_commands() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased", "CHANGELOG.md begins with `## Unreleased`"
    first = next(block for path, block in BLOCKS if path == ROOT / "README.md")
    assert [line.split("#")[0].split() for line in first.text.splitlines()] == [
        ["make", "demo"],
        ["make", "test"],
    ]
