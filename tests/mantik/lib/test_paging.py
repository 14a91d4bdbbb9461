from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from mantik.lib.paging import Page, page_by_pk
from projects.models import Project
from tests.support.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers() -> list[int]:
    """Primary keys of seven projects, newest first."""
    return [make_project().pk for _ in range(7)][::-1]


def page(cursor: str = "") -> Page[Project]:
    return page_by_pk(Project.objects.all(), cursor=cursor, size=3)


def shown(found: Page[Project]) -> list[int]:
    return [project.pk for project in found.rows]


def test_it_walks_to_the_oldest_and_back(numbers: list[int]) -> None:
    first = page()
    assert (shown(first), first.newer) == (numbers[:3], None)
    second = page(first.older or "")
    assert shown(second) == numbers[3:6]
    third = page(second.older or "")
    assert (shown(third), third.older) == (numbers[6:], None)
    again = page(third.newer or "")
    assert shown(again) == numbers[3:6]
    top = page(again.newer or "")
    assert (shown(top), top.newer) == (numbers[:3], None)


def test_a_page_is_one_query_wherever_it_lies(
    numbers: list[int], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for cursor in ("", f"-{numbers[2]}", f"+{numbers[5]}"):
        with django_assert_num_queries(1):
            assert len(page(cursor).rows) == 3


def test_rows_that_are_added_meanwhile_move_nothing(numbers: list[int]) -> None:
    older = page().older or ""
    make_project()
    assert shown(page(older)) == numbers[3:6]


def test_exactly_one_page_has_no_neighbours() -> None:
    numbers = [make_project().pk for _ in range(3)]
    found = page()
    assert (shown(found), found.newer, found.older) == (numbers[::-1], None, None)


def test_nothing_is_an_empty_page() -> None:
    assert page() == Page([], None, None)


@pytest.mark.parametrize("cursor", ["x", "-", "+", "-x", "--1", "7", "-1.5", "- 1", "-²"])
def test_what_is_no_cursor_shows_the_newest(numbers: list[int], cursor: str) -> None:
    assert shown(page(cursor)) == numbers[:3]


@pytest.mark.parametrize("cursor", ["-0", "-1" + "0" * 30, "+1" + "0" * 30])
def test_a_cursor_beyond_all_rows_shows_the_newest(numbers: list[int], cursor: str) -> None:
    assert shown(page(cursor)) == numbers[:3]


def test_a_page_whose_rows_were_deleted_is_no_dead_end(numbers: list[int]) -> None:
    older = page().older or ""
    Project.objects.filter(pk__in=numbers[3:]).delete()
    assert shown(page(older)) == numbers[:3]
