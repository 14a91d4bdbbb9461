"""Finding words in the docs."""

from __future__ import annotations

import pytest
from django.utils.safestring import SafeString

from mantik.docs.library import Group, Library, Page
from mantik.docs.rendering import Section
from mantik.docs.searching import MOST_SHOWN, Found, clean, find

FILLING = "word " * 100


def page(slug: str, *sections: Section) -> Page:
    return Page(slug, slug.title(), "", sections[0].title, SafeString(""), sections)


RUNS = page(
    "runs",
    Section("Runs", "", 1, "What a member starts."),
    Section("The log", "the-log", 2, "It is kept up to 50 MB, see MANTIK_LOG_MAX_BYTES."),
    Section("Its end", "its-end", 3, f"{FILLING}The Reason is in the log. {FILLING}"),
)
SCHEDULES = page(
    "schedules",
    Section("Schedules", "", 1, "A log of slots."),
    Section("Straße", "strasse", 2, "0 3 * * *"),
)
LIBRARY = Library("Docs", "", (Group("All", (RUNS, SCHEDULES)),))


def anchors(found: Found) -> list[str]:
    return [f"{hit.page.slug}#{hit.section.anchor}" for hit in found.hits]


def test_a_word_is_found_in_headings_first_and_in_text() -> None:
    found = find("log", LIBRARY)
    assert anchors(found)[0] == "runs#the-log"
    assert set(anchors(found)) == {"runs#the-log", "runs#its-end", "schedules#"}
    assert found.total == 3
    assert found.has_all


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("LOG reason", "runs#its-end"),
        ("mantik_log_max", "runs#the-log"),
        ("* * *", "schedules#strasse"),
        ("straße", "schedules#strasse"),
        ("schedules slots", "schedules#"),
    ],
)
def test_all_words_have_to_be_there_in_any_case(query: str, place: str) -> None:
    found = find(query, LIBRARY)
    assert anchors(found)[0] == place
    assert found.has_all


def test_without_all_of_them_the_most_of_them_are_enough_and_it_is_said() -> None:
    found = find("slots of nothing-like-it", LIBRARY)
    assert anchors(found) == ["schedules#"]
    assert not found.has_all


def test_what_is_nowhere_is_not_found() -> None:
    assert find("never-heard-of", LIBRARY) == Found([], 0, has_all=False)


def test_a_hit_says_where_it_is_and_shows_the_words_where_they_stand() -> None:
    (hit,) = find("reason", LIBRARY).hits
    assert hit.trail == ("Runs", "The log", "Its end")
    assert [text for text, is_word in hit.extract if is_word] == ["Reason"]
    shown = "".join(text for text, _ in hit.extract)
    assert shown.startswith("… word ")
    assert "word The Reason is in the log. word" in shown
    assert shown.endswith("word …")
    assert len(shown) < 300


def test_a_hit_in_a_heading_shows_how_its_text_begins() -> None:
    (hit,) = find("straße", LIBRARY).hits
    assert hit.extract == [("0 3 * * *", False)]


def test_text_without_a_space_is_cut_all_the_same() -> None:
    library = Library("Docs", "", (Group("All", (page("runs", Section("Runs", "", 1, "x" * 5000)),)),))
    (hit,) = find("runs", library).hits
    assert len("".join(text for text, _ in hit.extract)) < 300


def test_no_more_are_shown_than_one_reads() -> None:
    many = [Section("Runs", "", 1, ""), *(Section(f"Part {n}", f"part-{n}", 2, "same") for n in range(MOST_SHOWN + 5))]
    found = find("same", Library("Docs", "", (Group("All", (page("runs", *many),)),)))
    assert (len(found.hits), found.total) == (MOST_SHOWN, MOST_SHOWN + 5)


@pytest.mark.parametrize(
    ("asked", "left"),
    [("  a \t b\n", "a b"), ("a\0b", "ab"), ("\ud800", ""), ("\u202egol", "gol"), ("é", "é"), (" \0 ", "")],
)
def test_what_cannot_be_shown_is_left_out_of_a_query(asked: str, left: str) -> None:
    assert clean(asked) == left


def test_a_word_is_found_where_one_begins_with_it_and_marked_to_its_end() -> None:
    text = "The catalogue of logs, and MANTIK_LOG_LEVEL."
    library = Library("Docs", "", (Group("All", (page("runs", Section("Runs", "", 1, text)),)),))
    (hit,) = find("log", library).hits
    assert hit.extract == [
        ("The catalogue of ", False),
        ("logs", True),
        (", and MANTIK_", False),
        ("LOG", True),
        ("_LEVEL.", False),
    ]
    assert [text for text, is_word in find("talog", library).hits[0].extract if is_word] == ["talog"]


@pytest.mark.parametrize("query", ["pause", "Pauses", "paused", "pausing"])
def test_another_ending_of_a_word_is_the_same_word(query: str) -> None:
    text = "Pausing a schedule."
    library = Library("Docs", "", (Group("All", (page("runs", Section("Runs", "", 1, text)),)),))
    (hit,) = find(query, library).hits
    assert hit.extract == [("Pausing", True), (" a schedule.", False)]
