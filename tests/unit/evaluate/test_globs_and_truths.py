"""The two smallest pieces: globs, and truths that may rest on an open question."""

from __future__ import annotations

import pytest

from leastkey.evaluate.match import glob, literal, tokens
from leastkey.evaluate.truth import Reading, all_of, any_of, either

A, B = frozenset({"a"}), frozenset({"b"})


@pytest.mark.parametrize("pattern", ["", "a", "*", "?", "a*b?c**", "?*"])
def test_tokens_are_given_back_as_they_were_written(pattern: str) -> None:
    assert literal(tokens(pattern)) == pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("ab", ["ab"], ["a", "abc", "AB"]),
        ("a*", ["a", "ab"], ["", "ba"]),
        ("*a", ["a", "ba"], ["", "ab"]),
        ("aa*aa", ["aaaa", "aabaa"], ["aaa", "aaab", "baaa"]),
        ("a*b*c", ["abc", "axbxc", "abbc"], ["ac", "acb", "bbc", "abcb"]),
        ("a*b*b", ["abb"], ["axb"]),
        ("a**b*c", ["abc"], ["axxc"]),
        ("*a?*b*", ["axb", "aabb"], ["ab", "bax"]),
        ("*a?*ab", ["axab"], ["xxab"]),
        ("*a*a*", ["aa", "bab ab"], ["a", "bab"]),
        ("*ab*bc*", ["abbc"], ["abc"]),
        ("?", ["a", "*"], ["", "ab"]),
        ("a?c", ["abc"], ["ac", "abbc", "abd"]),
        ("?*?", ["ab", "abc"], ["a"]),
        ("*b?*", ["abc", "bc"], ["ab", "ac"]),
        ("*a?a*", ["aba", "xaaax"], ["aa", "abb"]),
        ("a*?b", ["axb", "axxb"], ["ab"]),
        ("*.txt", ["x.txt"], ["xtxt"]),
    ],
)
def test_a_glob_matches_whole_texts(pattern: str, matching: list[str], others: list[str]) -> None:
    matches = glob(tokens(pattern))
    assert [text for text in (*matching, *others) if matches(text)] == matching


def test_what_is_certain_wins_over_what_is_open_and_open_questions_add_up() -> None:
    assert any_of((False, A, B)) == all_of((True, A, B)) == A | B
    assert any_of((A, True)) is True
    assert all_of((A, False)) is False
    assert any_of(()) is False
    assert all_of((True,)) is True
    assert either(True, True, "a") is True
    assert either(True, False, "a") == A


def test_an_open_question_is_read_against_the_request() -> None:
    plain = frozenset({"short-arn-pattern", "wildcard-resource-type"})
    for truth, allow in ((A, False), (plain, True), (plain | A, False)):
        reading = Reading()
        assert (reading.settle(truth, "Allow"), reading.settle(truth, "Deny")) == (allow, True)
        assert reading.met == truth
        assert Reading(truth).settle(truth, "Deny") is False
