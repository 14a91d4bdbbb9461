"""The calendar of a project's schedules, and what its overview says of them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from schedules.models import Schedule
from schedules.states import Outcome
from tests.support.factories import make_schedule, make_slot
from tests.support.pages import count_queries, page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]


def test_the_calendar_has_what_ran_and_what_is_to_come(by_ada: Client, schedule: Schedule) -> None:
    today = timezone.localtime().replace(hour=0, minute=0, second=1)
    make_slot(schedule, today, Outcome.MISSED, reason="It was missed.")
    url = reverse("schedules:calendar", args=[schedule.project.slug])
    text = page_text(by_ada.get(url))
    assert "nightly" in text
    assert "Missed" in text
    later = page_text(by_ada.get(url, {"week": (timezone.localdate() + timedelta(days=14)).isoformat()}))
    assert later.count("To come") == 7
    for odd in ("nonsense", "10000-01-01", "0000-01-01", "9999-W53-1", "2026-02-30"):
        assert page_text(by_ada.get(url, {"week": odd})) == text


def test_the_calendar_begins_with_today_and_shows_two_weeks(by_ada: Client, schedule: Schedule) -> None:
    Schedule.objects.update(created_at=timezone.now() - timedelta(days=30))
    url = reverse("schedules:calendar", args=[schedule.project.slug])
    today = timezone.localdate()
    answer = by_ada.get(url)
    dates = [day["date"] for day in answer.context["week"]["days"]]
    assert dates == [today + timedelta(days=place) for place in range(14)]
    assert answer.context["week"]["days"][0]["is_today"]
    assert "From today" not in page_text(answer)
    # What the links lead to leaves no day out.
    [earlier, *_], [later, *_] = _weeks(by_ada, url, "Earlier"), _weeks(by_ada, url, "Later")
    assert earlier < today <= earlier + timedelta(days=7)
    assert later <= today + timedelta(days=14)
    assert "From today" in page_text(by_ada.get(url, {"week": later.isoformat()}))


def test_the_calendar_leads_no_further_than_there_is_something_to_see(by_ada: Client, schedule: Schedule) -> None:
    url = reverse("schedules:calendar", args=[schedule.project.slug])
    begun = timezone.localdate() - timedelta(days=20)
    Schedule.objects.update(created_at=timezone.now() - timedelta(days=20))
    seen = _weeks(by_ada, url, "Earlier") + _weeks(by_ada, url, "Later")
    assert min(seen) <= begun < min(seen) + timedelta(days=7)
    assert max(seen) <= timezone.localdate() + timedelta(days=366) < max(seen) + timedelta(days=7)
    for edge, beyond in (
        (min(seen), ("2001-01-01", "1999-12-27", "0001-01-01")),
        (max(seen), ("2201-01-05", "9999-12-31")),
    ):
        at_edge = page_text(by_ada.get(url, {"week": edge.isoformat()}))
        for day in beyond:
            assert page_text(by_ada.get(url, {"week": day})) == at_edge, day


def _weeks(client: Client, url: str, label: str) -> list[date]:
    """The weeks that the calendar's link leads to, one after the other."""
    found = []
    link = re.compile(rf'href="([^"]+\?week=([0-9-]+))"[^>]*>(?:<svg.*?</svg>)?{label}')
    while hit := link.search(client.get(url).content.decode()):
        url = hit[1]
        found.append(date.fromisoformat(hit[2]))
        assert len(found) < 100
    return found


def test_a_day_tells_when_and_how_often_each_came_to_what(by_ada: Client, schedule: Schedule) -> None:
    monday = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=7)
    monday -= timedelta(days=monday.weekday())
    Schedule.objects.update(created_at=monday)
    for hours, outcome in enumerate([Outcome.FIRED, Outcome.FIRED, Outcome.MISSED, Outcome.FIRED]):
        due_at = monday + timedelta(hours=20 + 2 * hours)
        make_slot(schedule, due_at, outcome)
    days = by_ada.get(calendar(schedule), {"week": monday.date().isoformat()}).context["week"]["days"]
    [[line], [later]] = days[0]["lines"], days[1]["lines"]
    assert (line.times, later.times) == ("20:00 to 22:00", "00:00 to 02:00")
    assert [(badge.label, count) for badge, count in line.badges] == [("Fired", 2)]
    assert [(badge.label, count) for badge, count in later.badges] == [("Fired", 1), ("Missed", 1)]
    assert not any(day["lines"] for day in days[2:])


def test_the_busiest_are_shown_and_it_says_that_there_are_others(
    by_ada: Client, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        make_schedule(run=schedule.run, created_by=schedule.created_by, name=f"hourly {number}")
    Schedule.objects.exclude(pk=schedule.pk).update(cron_expression="0 * * * *")
    next_week = {"week": (timezone.localdate() + timedelta(days=7)).isoformat()}
    assert "Shows the" not in page_text(by_ada.get(calendar(schedule), next_week))
    monkeypatch.setattr("schedules.pages.week.MOST_SHOWN", 4)
    text = page_text(by_ada.get(calendar(schedule), next_week))
    assert "Shows the 4 busiest of 5 schedules that are due in this week." in text
    assert "nightly" not in text
    assert text.count("24\N{MULTIPLICATION SIGN} To come") == 4 * 7
    # Just as many as are looked at.
    monkeypatch.setattr("schedules.pages.week.MOST_LOOKED_AT", 5)
    assert page_text(by_ada.get(calendar(schedule), next_week)) == text
    make_schedule(run=schedule.run, created_by=schedule.created_by, name="one more", cron_expression="30 * * * *")
    assert "of the first 5 schedules that are due in this week. There may be more." in page_text(
        by_ada.get(calendar(schedule), next_week)
    )


def test_what_is_not_due_in_the_week_does_not_count(
    by_ada: Client, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    for _ in range(4):
        make_schedule(run=schedule.run, created_by=schedule.created_by, cron_expression=f"0 12 {tomorrow.day} * *")
    monkeypatch.setattr("schedules.pages.week.MOST_SHOWN", 2)
    in_two_weeks = {"week": (timezone.localdate() + timedelta(days=14)).isoformat()}
    text = page_text(by_ada.get(calendar(schedule), in_two_weeks))
    assert text.count("To come") == 7
    assert "Shows the" not in text


def test_a_past_week_says_too_that_there_may_be_more(
    by_ada: Client, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [make_schedule(run=schedule.run, created_by=schedule.created_by) for _ in range(2)]
    Schedule.objects.update(created_at=timezone.now() - timedelta(days=30))
    last_week = timezone.now() - timedelta(days=7)
    for one in (schedule, *others):
        make_slot(one, last_week)
    asked = {"week": timezone.localdate(last_week).isoformat()}
    # Just as many as are looked at.
    monkeypatch.setattr("schedules.pages.week.MOST_LOOKED_AT", 3)
    assert "Not all schedules were looked at" not in page_text(by_ada.get(calendar(schedule), asked))
    monkeypatch.setattr("schedules.pages.week.MOST_LOOKED_AT", 2)
    assert "Not all schedules were looked at: more may be due" in page_text(by_ada.get(calendar(schedule), asked))
    monkeypatch.setattr("schedules.pages.week.MOST_SHOWN", 1)
    assert "Shows the 1 busiest of the first 2 schedules that are due in this week. There may be more." in page_text(
        by_ada.get(calendar(schedule), asked)
    )


def test_it_costs_the_same_whatever_is_in_it(by_ada: Client, schedule: Schedule) -> None:
    # Of this week there may be nothing left, which costs less.
    next_week = f"{calendar(schedule)}?week={timezone.localdate() + timedelta(days=7)}"
    before = count_queries(by_ada, next_week)
    for _ in range(5):
        make_schedule(run=schedule.run, created_by=schedule.created_by)
    assert count_queries(by_ada, next_week) == before


def test_the_load_of_the_night_is_seen(by_ada: Client, schedule: Schedule) -> None:
    monday = timezone.localdate() - timedelta(days=timezone.localdate().weekday() - 14)
    asked = {"week": monday.isoformat()}
    assert "Peak" not in page_text(by_ada.get(calendar(schedule), asked)), "one due time an hour is no load"
    for name, expression in (("other", "0 2 * * *"), ("often", "*/20 1-2 * * *"), ("mondays", "0 5 * * 1")):
        make_schedule(run=schedule.run, created_by=schedule.created_by, name=name, cron_expression=expression)
    # As the reader's clock goes.
    Schedule.objects.update(time_zone=timezone.get_current_timezone_name())
    days = by_ada.get(calendar(schedule), asked).context["week"]["days"]
    assert [(day["load"]["busiest"], day["load"]["most"]) for day in days] == [("02:00", 5)] * 7
    # 3 and 5 of 5, and on Monday 1 more, in a picture that is 12 high.
    assert days[0]["load"]["bars"] == [(2, 4, 8), (4, 0, 12), (10, 9, 3)]
    assert days[1]["load"]["bars"] == [(2, 4, 8), (4, 0, 12)]


def test_what_ran_counts_as_load_too(by_ada: Client, schedule: Schedule) -> None:
    Schedule.objects.update(created_at=timezone.now() - timedelta(days=30))
    monday = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=14)
    monday -= timedelta(days=monday.weekday())
    for minutes in (0, 15, 90):
        due_at = monday + timedelta(hours=3, minutes=minutes)
        make_slot(schedule, due_at, Outcome.FIRED)
    days = by_ada.get(calendar(schedule), {"week": monday.date().isoformat()}).context["week"]["days"]
    assert days[0]["load"] == {"bars": [(6, 0, 12), (8, 6, 6)], "busiest": "03:00", "most": 2}
    assert all(day["load"] is None for day in days[1:])


def test_what_comes_after_the_connection_has_ended_is_marked(by_ada: Client, schedule: Schedule) -> None:
    assert schedule.connection
    monday = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=14)
    monday -= timedelta(days=monday.weekday())
    schedule.connection.expires_at = monday + timedelta(days=2, hours=12)
    schedule.connection.save()
    text = page_text(by_ada.get(calendar(schedule), {"week": monday.date().isoformat()}))
    assert (text.count("To come"), text.count("After the secret expires")) == (3, 4)

    schedule.connection.renew_at = monday
    schedule.connection.save()
    text = page_text(by_ada.get(calendar(schedule), {"week": monday.date().isoformat()}))
    assert (text.count("To come"), text.count("After the secret expires")) == (7, 0)


def calendar(schedule: Schedule) -> str:
    return reverse("schedules:calendar", args=[schedule.project.slug])


def test_the_overview_tells_what_is_due_next(by_ada: Client, schedule: Schedule) -> None:
    text = page_text(by_ada.get(reverse("projects:overview", args=[schedule.project.slug])))
    assert "Next due times" in text
    assert "nightly" in text
