"""Pages through lists that follow each other; `tests/runs/table/test_order.py` walks through real ones."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from mantik.lib.paging import Page
from mantik.lib.sorted_paging import Of, Section, page_through
from projects.models import Project
from tests.support.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def projects() -> None:
    for name in ("a", "b", "c", "d"):
        make_project(name=name, is_public=name < "c")


def lists() -> list[Section[Project]]:
    every = Project.objects.all()
    return [
        Section(every.filter(is_public=True), "name", Of.TEXT),
        Section(every.filter(is_public=False), "tracked_bytes", Of.NUMBER, is_descending=True),
    ]


def page(cursor: str | None = "", size: int = 3) -> Page[Project]:
    return page_through(lists(), cursor=cursor or "", size=size)


def names(found: Page[Project]) -> str:
    return "".join(project.name for project in found.rows)


@pytest.mark.usefixtures("projects")
def test_a_page_goes_over_the_end_of_a_list() -> None:
    first = page()
    assert (names(first), first.newer) == ("abd", None)
    second = page(first.older)
    assert (names(second), second.older) == ("c", None)
    assert names(page(second.newer)) == "abd"


@pytest.mark.usefixtures("projects")
@pytest.mark.parametrize("cursor", ["x", "-9.1.0", "-1.1.nan", "-1.1.x", "-0.999999.", "+1.1."])
def test_a_cursor_that_names_no_place_is_taken_for_the_first_page(cursor: str) -> None:
    assert names(page(cursor)) == "abd"


@pytest.mark.usefixtures("projects")
def test_what_a_text_sorted_page_began_behind_is_gone() -> None:
    cursor = page(size=1).older
    Project.objects.filter(name="a").delete()
    assert names(page(cursor)) == "bdc"


def test_without_rows_there_is_an_empty_page() -> None:
    assert page() == Page([], None, None)


@pytest.mark.usefixtures("projects")
def test_a_full_page_asks_no_further_list(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        page(size=1)
