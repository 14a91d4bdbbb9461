from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from mantik.lib.paging import Page, in_batches, page_by
from projects.models import Project
from tests.support.factories import make_project

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 12, 0, 0, 1, tzinfo=UTC)


@pytest.fixture(params=["pk", "created_at"])
def field(request: pytest.FixtureRequest) -> str:
    """The one by which there are pages. Moments come three at a time, a microsecond apart."""
    name: str = request.param
    return name


@pytest.fixture
def numbers() -> list[int]:
    """Primary keys of seven projects, newest first."""
    return make(7)[::-1]


def make(count: int) -> list[int]:
    made = []
    for _ in range(count):
        project = make_project()
        moment = NOON + timedelta(microseconds=Project.objects.count() // 3)
        Project.objects.filter(pk=project.pk).update(created_at=moment)
        made.append(project.pk)
    return made


def page(field: str, cursor: str | None = "") -> Page[Project]:
    return page_by(field, Project.objects.all(), cursor=cursor or "", size=3)


def shown(found: Page[Project]) -> list[int]:
    return [project.pk for project in found.rows]


def test_it_walks_to_the_oldest_and_back(field: str, numbers: list[int]) -> None:
    first = page(field)
    assert (shown(first), first.newer) == (numbers[:3], None)
    second = page(field, first.older)
    assert shown(second) == numbers[3:6]
    third = page(field, second.older)
    assert (shown(third), third.older) == (numbers[6:], None)
    again = page(field, third.newer)
    assert shown(again) == numbers[3:6]
    top = page(field, again.newer)
    assert (shown(top), top.newer) == (numbers[:3], None)


def test_a_page_is_one_query_wherever_it_lies(
    field: str, numbers: list[int], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    second = page(field, page(field).older)
    for cursor in ("", page(field).older, second.newer):
        with django_assert_num_queries(1):
            assert len(page(field, cursor).rows) == 3


def test_rows_that_are_added_meanwhile_move_nothing(field: str, numbers: list[int]) -> None:
    older = page(field).older
    make(1)
    assert shown(page(field, older)) == numbers[3:6]


def test_exactly_one_page_has_no_neighbours(field: str) -> None:
    numbers = make(3)
    found = page(field)
    assert (shown(found), found.newer, found.older) == (numbers[::-1], None, None)


def test_nothing_is_an_empty_page(field: str) -> None:
    assert page(field) == Page([], None, None)


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "-", "+", "-x", "--1", "7", "-1.5", "- 1", "-²", "-1.", "-.1", "-1.1.1", "-1\n"),
        *("-" + "9" * 5000, "-1." + "9" * 5000),
    ],
)
def test_what_is_no_cursor_shows_the_newest(numbers: list[int], cursor: str) -> None:
    assert shown(page("pk", cursor)) == numbers[:3]


@pytest.mark.parametrize("cursor", ["-1", "+1", "-x.1", "-1.x", "-1" + "0" * 30 + ".1", "+1.1.1"])
def test_what_is_no_moment_shows_the_newest(numbers: list[int], cursor: str) -> None:
    assert shown(page("created_at", cursor)) == numbers[:3]


@pytest.mark.parametrize("cursor", ["-0", "-1" + "0" * 30, "+1" + "0" * 30])
def test_a_cursor_beyond_all_rows_shows_the_newest(numbers: list[int], cursor: str) -> None:
    assert shown(page("pk", cursor)) == numbers[:3]


@pytest.mark.parametrize("cursor", ["-0.0", "-1.1" + "0" * 30, "+253402300799999999.1"])
def test_a_moment_beyond_all_rows_shows_the_newest(numbers: list[int], cursor: str) -> None:
    assert shown(page("created_at", cursor)) == numbers[:3]


def test_a_page_whose_rows_were_deleted_is_no_dead_end(field: str, numbers: list[int]) -> None:
    older = page(field).older
    Project.objects.filter(pk__in=numbers[3:]).delete()
    assert shown(page(field, older)) == numbers[:3]


def test_the_place_of_a_row_that_was_deleted_still_is_one(field: str, numbers: list[int]) -> None:
    older = page(field).older
    Project.objects.filter(pk=numbers[2]).delete()
    assert shown(page(field, older)) == numbers[3:6]


def test_a_field_may_have_another_order_than_the_keys(numbers: list[int]) -> None:
    """And none is lost or doubled where rows are alike in it, on the way there and back."""
    places = {pk: place for place, pk in enumerate(numbers)}
    for pk, place in places.items():
        Project.objects.filter(pk=pk).update(created_at=NOON + timedelta(days=place % 2))
    by_hand = sorted(numbers, key=lambda pk: (places[pk] % 2, pk), reverse=True)
    walked = [pk for found in pages("created_at") for pk in shown(found)]
    assert walked == by_hand


def pages(field: str) -> Iterator[Page[Project]]:
    found = page(field)
    yield found
    while found.older:
        before, found = found, page(field, found.older)
        assert shown(page(field, found.newer)) == shown(before)
        yield found


@pytest.mark.parametrize("size", [1, 3, 7, 8])
def test_batches_have_every_row_once_also_if_some_go_meanwhile(numbers: list[int], size: int) -> None:
    assert [row.pk for row in in_batches(Project.objects.all(), size=size, newest_first=True)] == numbers
    read = []
    for row in in_batches(Project.objects.order_by("-name"), size=size):
        read.append(row.pk)
        row.delete()
    assert read == numbers[::-1]


def test_a_batch_is_one_query(numbers: list[int], django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(3):
        assert len(list(in_batches(Project.objects.all(), size=4))) == len(numbers)
