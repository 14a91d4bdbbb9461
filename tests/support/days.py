"""`--days`: each test on days on which calendars and clocks are odd, instead of today.

Each takes a third of them, by its name, so that all days come up; with `--prove` each takes all.

What is moved is `django.utils.timezone.now`, the one clock that Mantik's pages, forms and services read, and so do
their tests; from there it goes on at its usual pace. Processes that tests start have the right time, so this is for
tests that start none: `make test-days` names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

import pytest
from django.test import override_settings
from django.utils import timezone

from tests.support.proofs import trials

BERLIN = "Europe/Berlin"


@dataclass(frozen=True)
class Day:
    """A moment in UTC, and the zone in which pages are read that is not the reader's own."""

    begins: str
    zone: str = "UTC"

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(f"{self.begins}+00:00")


DAYS = {
    "monday-just-begun": Day("2026-11-30T00:00:01"),
    "tuesday": Day("2026-12-01T08:00:00"),
    "wednesday-nearly-over": Day("2026-12-02T23:59:50"),
    "thursday": Day("2026-12-03T12:34:56"),
    "friday": Day("2026-12-04T17:05:00"),
    "saturday": Day("2026-12-05T11:00:00"),
    "sunday-evening": Day("2026-12-06T22:30:00"),
    "end-of-month": Day("2027-04-30T23:40:00"),
    "end-of-year": Day("2026-12-31T23:30:00"),
    "new-year": Day("2027-01-01T00:10:00"),
    "day-before-leap-day": Day("2028-02-28T23:59:30"),
    "leap-day": Day("2028-02-29T13:00:00"),
    "clocks-go-forward": Day("2027-03-28T00:45:00", BERLIN),
    "evening-before-they-do": Day("2027-03-27T22:45:00", BERLIN),
    "clocks-go-back-first-half-past-two": Day("2026-10-25T00:30:00", BERLIN),
    "clocks-go-back-second-half-past-two": Day("2026-10-25T01:30:00", BERLIN),
    "already-tomorrow-in-berlin": Day("2027-06-13T22:15:00", BERLIN),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--days", action="store_true", help="Run each test on days of tests/support/days.py.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.config.getoption("--days"):
        days = [pytest.param(DAYS[name], id=name, marks=pytest.mark.proof(days=1)) for name in days_of(metafunc)]
        metafunc.parametrize("_day", days, indirect=True)


def days_of(metafunc: pytest.Metafunc) -> list[str]:
    """The same at each run: a test that fails is to fail again."""
    step = trials(3, 1)
    return list(DAYS)[crc32(metafunc.definition.nodeid.encode()) % step :: step]


@pytest.fixture(autouse=True)
def _day(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    day: Day | None = getattr(request, "param", None)
    if day is None:
        yield
        return
    right = timezone.now
    ahead: timedelta = day.moment - right()
    monkeypatch.setattr(timezone, "now", lambda: right() + ahead)
    with override_settings(TIME_ZONE=day.zone):
        yield
