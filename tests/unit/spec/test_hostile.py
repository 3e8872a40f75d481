"""Files made to hurt: each is refused, or read, within a bound on time and memory."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from leastkey.errors import LeastkeyError
from leastkey.spec.parse import parse_spec
from leastkey.spec.yaml_nodes import TEXT_CHARACTERS

FULL = TEXT_CHARACTERS - 100


def filled(unit: str, start: str = "") -> str:
    return start + unit * ((FULL - len(start)) // len(unit))


HOSTILE = {
    "ten megabytes": "version: 1\n" + "# padding\n" * 1_000_000,
    "ten megabytes on one line": "a" * 10_000_000,
    "brackets": filled("["),
    "braces": filled("{"),
    "dashes": filled("- "),
    "question marks": filled("? "),
    "indented tables": "\n".join(" " * depth + "a:" for depth in range(700)),
    "aliases of aliases": "a0: &a0 [x, x]\n"
    + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 100)),
    "one key over and over": filled("a: 1\n"),
    "keys": "".join(f"k{number}: 1\n" for number in range(20_000)),
    "small flow lists": filled("[],", "a: ["),
    "small block tables": filled("- x: {y: z}\n", "a:\n"),
    "words": filled("x ", "a: "),
    "escapes": filled("\\n", 'a: "'),
    "blank lines in quotes": filled("\n", "a: '"),
    "lines of a plain text": filled("  x\n", "a: x\n"),
    "lines of a block text": filled(" x\n", "a: |\n"),
    "folded lines": filled(" x\n\n", "a: >\n"),
    "a tag": filled("x", "a: !"),
    "tag directives": "".join(f"%TAG !a{number}! b\n" for number in range(15_000)),
    "directives": filled("%A b\n"),
    "documents": filled("---\n"),
    "comments": filled("#\n"),
    "blank lines": filled("\n"),
    "stars in one action": "version: 1\nidentities: {a: {allow: [actions: ['ec2:" + "*e" * 50_000 + "']]}}",
    "a long level": "version: 1\nidentities: {a: {allow: [s3: " + "x" * 200_000 + "]}}",
    "a long service": "version: 1\nidentities: {a: {allow: [" + "x" * 1_000 + ": list]}}",
    "a long ARN": "version: 1\nidentities: {a: {allow: [{s3: list, on: 'arn:" + "${" * 90_000 + "'}]}}",
    "a long number": "version: 1\nidentities: {a: {session: " + "9" * 200_000 + "h}}",
    "a long address": "version: 1\nidentities: {a: {allow: [{s3: list, when: {IpAddress: {aws:SourceIp: "
    + "1." * 90_000
    + "}}}]}}",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HOSTILE.items()])
def test_a_hostile_file_is_refused_in_little_time(text: str) -> None:
    began = time.process_time()
    with pytest.raises(LeastkeyError):
        parse_spec(text, "leastkey.yaml", lambda path: path)
    assert time.process_time() - began < 5  # less than one second where nothing else runs


@pytest.mark.parametrize("name", ["ten megabytes", "aliases of aliases", "small flow lists", "keys", "words"])
def test_a_hostile_file_is_refused_in_little_memory(name: str) -> None:
    tracemalloc.start()
    with pytest.raises(LeastkeyError):
        parse_spec(HOSTILE[name], "leastkey.yaml", lambda path: path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * 2**20


def test_hundreds_of_identities_are_no_hostile_file() -> None:
    one = "{allow: [ec2: [list, read], {s3: [read], on: 's3://acme/x/'}], used-by: [user]}"
    text = "version: 1\nidentities:\n" + "".join(f"  bot-{number}: {one}\n" for number in range(1_000))
    assert len(parse_spec(text, "f", lambda path: path).identities) == 1_000
