"""Which names count as the same, and what is wrong with one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantik.lib.names import LONGEST_KEY, LOOK_ALIKE, name_key, problem_with

BASELINE = "Cape Hope"
SAME = {
    "capitals": "CAPE hope",
    "spaces": "  Cape \u00a0\u2003 Hope\t",
    "full width": "Ｃａｐｅ Ｈｏｐｅ",  # noqa: RUF001
    "no width": "Ca\u200bpe\u2060 Ho\ufe0fpe\u00ad",
    "Cyrillic": "Саре Норе",  # noqa: RUF001
    "control": "Cape\x00 Hope\x7f",
    "line break": "Cape\r\nHope",
}


@pytest.mark.parametrize("name", SAME.values(), ids=SAME)
def test_names_that_look_the_same_have_one_key(name: str) -> None:
    assert name_key(name) == name_key(BASELINE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("ﬁne", "FINE"),
        ("café", "cafe\u0301"),
        ("İstanbul", "istanbul"),
        ("Iğdır", "ığdir"),  # noqa: RUF001
        ("Ωmega", "\u2126mega"),
    ],
)
def test_what_is_written_in_several_ways_has_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("run 1", "run1"),
        ("5 µs", "5 ms"),
        ("a-b", "a_b"),
        ("cafe", "café"),
        ("résumé", "resume"),
        ("猫", "犬"),
        ("x²y", "xy"),
    ],
)
def test_names_that_people_tell_apart_have_two_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_no_alphabet_loses_a_letter() -> None:
    """Two letters of one alphabet that counted as one would make one word of two."""
    for script in ("CYRILLIC", "GREEK"):
        letters = [letter for letter in LOOK_ALIKE if unicodedata.name(letter).startswith(script)]
        assert len({LOOK_ALIKE[letter] for letter in letters}) == len(letters)


@given(st.text())
def test_a_key_fits_its_column_and_has_no_line_break(name: str) -> None:
    key = name_key(name)
    assert len(key) <= LONGEST_KEY
    assert "\n" not in key


@given(st.text(), st.sampled_from([" ", "\u200b", "\u2060", "\t"]))
def test_what_cannot_be_seen_at_the_ends_changes_no_key(name: str, unseen: str) -> None:
    assert name_key(f"{unseen}{name}{unseen}") == name_key(name)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cn", "Co"])))
def test_a_composed_name_has_the_key_of_its_parts(name: str) -> None:
    assert name_key(unicodedata.normalize("NFD", name)) == name_key(unicodedata.normalize("NFC", name))


def test_long_names_that_begin_alike_have_two_keys() -> None:
    assert name_key("ﷺ" * 80 + "a") != name_key("ﷺ" * 80 + "b")


@pytest.mark.parametrize(
    "name", ["Baseline", "Прогноз 2027", "実験5 v2", "Δt", "λmax", "5 μm", "train/Москва-1", "naïve", "Σ_loss"]
)
def test_names_in_one_alphabet_or_with_symbols_are_fine(name: str) -> None:
    assert problem_with(name) == ""


def test_an_odd_letter_among_others_is_pointed_at() -> None:
    assert problem_with("Bаseline") == (  # noqa: RUF001
        'In "Bаseline", the character 2, а, is a Cyrillic letter among Latin ones. It could be taken for one of them. '  # noqa: RUF001
        "Write the whole word in one alphabet, or part the letters by a space or hyphen."
    )
    assert "Latin letter among Cyrillic ones" in problem_with("run Прогнoз")  # noqa: RUF001


@pytest.mark.parametrize("name", ["\u200b", "\u2060\ufe0f", "\u00ad \u200d"])
def test_a_name_can_be_seen(name: str) -> None:
    assert problem_with(name) == "A name needs at least one character that can be seen. Enter another name."
