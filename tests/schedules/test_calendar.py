"""The calendar of a project's schedules, and what its overview says of them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from schedules.models import Schedule, Slot
from schedules.states import Outcome
from tests.support.pages import page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]


def test_the_calendar_has_what_ran_and_what_is_to_come(by_ada: Client, schedule: Schedule) -> None:
    today = timezone.localtime().replace(hour=0, minute=0, second=1)
    Slot.objects.create(
        schedule=schedule, due_at=today, outcome=Outcome.MISSED, reason="It was missed.", recorded_at=today
    )
    url = reverse("schedules:calendar", args=[schedule.project.slug])
    text = page_text(by_ada.get(url))
    assert "nightly" in text
    assert "Missed" in text
    later = page_text(by_ada.get(url, {"week": (timezone.localdate() + timedelta(days=14)).isoformat()}))
    assert later.count("To come") == 7
    for odd in ("nonsense", "9999-12-31", "0001-01-01", "2026-02-30"):
        assert page_text(by_ada.get(url, {"week": odd})) == text


def test_the_calendar_leads_no_further_than_there_is_something_to_see(by_ada: Client, schedule: Schedule) -> None:
    url = reverse("schedules:calendar", args=[schedule.project.slug])
    begun = timezone.localdate() - timedelta(days=20)
    Schedule.objects.update(created_at=timezone.now() - timedelta(days=20))
    seen = _weeks(by_ada, url, "Earlier") + _weeks(by_ada, url, "Later")
    assert min(seen) <= begun < min(seen) + timedelta(days=7)
    assert max(seen) <= timezone.localdate() + timedelta(days=366) < max(seen) + timedelta(days=7)
    long_ago = page_text(by_ada.get(url, {"week": "2001-01-01"}))
    assert long_ago == page_text(by_ada.get(url, {"week": begun.isoformat()}))


def _weeks(client: Client, url: str, label: str) -> list[date]:
    """The weeks that the calendar's link leads to, one after the other."""
    found = []
    link = re.compile(rf'href="([^"]+\?week=([0-9-]+))"[^>]*>(?:<svg.*?</svg>)?{label}')
    while hit := link.search(client.get(url).content.decode()):
        url = hit[1]
        found.append(date.fromisoformat(hit[2]))
        assert len(found) < 100
    return found


def test_the_overview_tells_what_is_due_next(by_ada: Client, schedule: Schedule) -> None:
    text = page_text(by_ada.get(reverse("projects:overview", args=[schedule.project.slug])))
    assert "Next slots" in text
    assert "nightly" in text
