"""The fields that put a cron expression together: they follow it, and it follows them, whichever was changed last."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from connections.models import Connection
from mantik.accounts.models import User
from runs.models import Run
from schedules.forms import ScheduleForm
from schedules.models import Schedule
from tests.schedules.conftest import client_of
from tests.schedules.pages.test_pages import add_url, preview_url, typed

pytestmark = pytest.mark.django_db

WEEKLY = {"repeat": "week", "repeat_at": "02:30", "repeat_days": ["1", "3"]}


@pytest.fixture
def by_ada(ada: User) -> Client:
    return client_of(ada)


def previewed(client: Client, run: Run, data: dict[str, Any]) -> ScheduleForm:
    form: ScheduleForm = client.post(preview_url(run.project), data, headers={"HX-Request": "true"}).context["form"]
    return form


def fields_of(form: ScheduleForm) -> dict[str, Any]:
    """What the browser would send of them."""
    return {name: form[name].value() for name in (*form.repeat_fields, "repeat_of", "cron_expression")}


def test_choices_write_the_expression(by_ada: Client, run: Run) -> None:
    chosen = previewed(by_ada, run, {"repeat": "month", "repeat_of": "", "cron_expression": ""})
    assert fields_of(chosen) == {
        "repeat": "month",
        "repeat_day": "1",
        "repeat_at": "02:30",
        "repeat_of": "30 2 1 * *",
        "cron_expression": "30 2 1 * *",
    }
    later = previewed(by_ada, run, fields_of(chosen) | {"repeat_at": "23:05", "repeat_day": "15"})
    assert later.value("cron_expression") == "5 23 15 * *"
    weekly = previewed(by_ada, run, fields_of(later) | {"repeat": "week"})
    assert weekly.value("cron_expression") == "5 23 * * 1-5"
    two = previewed(by_ada, run, fields_of(weekly) | {"repeat_days": ["1", "0"]})
    assert two.value("cron_expression") == "5 23 * * 1,0"
    hourly = previewed(by_ada, run, fields_of(two) | {"repeat": "hour"})
    assert (hourly.value("cron_expression"), hourly.value("repeat_minute")) == ("5 * * * *", "5")


def test_choices_follow_what_is_typed(by_ada: Client, run: Run) -> None:
    before = WEEKLY | {"repeat_of": "30 2 * * 1,3"}
    typed_one = previewed(by_ada, run, before | {"cron_expression": "0 7 * * *"})
    assert fields_of(typed_one) == {
        "repeat": "day",
        "repeat_at": "07:00",
        "repeat_of": "0 7 * * *",
        "cron_expression": "0 7 * * *",
    }
    no_pattern = previewed(by_ada, run, before | {"cron_expression": "*/30 1 * * *"})
    assert fields_of(no_pattern) == {"repeat": "", "repeat_of": "*/30 1 * * *", "cron_expression": "*/30 1 * * *"}


def test_an_expression_is_left_as_it_was_written(by_ada: Client, run: Run) -> None:
    kept = previewed(by_ada, run, WEEKLY | {"repeat_of": "30 02 * * mon,wed", "cron_expression": "30 02 * * mon,wed"})
    assert kept.value("cron_expression") == "30 02 * * mon,wed"


@pytest.mark.parametrize(
    ("wrong", "name", "sentence"),
    [
        ({"repeat_days": []}, "repeat_days", "Tick at least one day."),
        ({"repeat_days": ["8"]}, "repeat_days", "Select a valid choice. 8 is not one of the available choices."),
        ({"repeat_at": "25:00"}, "repeat_at", "Enter a time of day with hours from 0 to 23, such as 02:30."),
        ({"repeat": "month", "repeat_day": "32"}, "repeat_day", "Enter 31 or less."),
        ({"repeat": "hour", "repeat_minute": "x"}, "repeat_minute", "Enter a whole number."),
        ({"repeat": "year"}, "repeat", "Select a valid choice. year is not one of the available choices."),
    ],
)
def test_wrong_choices_write_nothing_and_say_so(
    by_ada: Client, run: Run, connection: Connection, wrong: dict[str, Any], name: str, sentence: str
) -> None:
    data = WEEKLY | {"repeat_of": "30 2 * * 1,3", "cron_expression": "30 2 * * 1,3"} | wrong
    form = previewed(by_ada, run, data)
    assert form.errors[name] == [sentence]
    assert form.value("cron_expression") == "30 2 * * 1,3"
    answer = by_ada.post(add_url(run.project), typed(run, connection) | data)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    # Whoever types an expression instead need not mend them first.
    assert by_ada.post(add_url(run.project), typed(run, connection) | data | {"cron_expression": "0 7 * * *"})
    assert Schedule.objects.get().cron_expression == "0 7 * * *"


def test_what_was_chosen_last_is_kept_even_if_nothing_was_drawn_since(
    by_ada: Client, run: Run, connection: Connection
) -> None:
    """Without JavaScript, or quicker than the preview."""
    data = typed(run, connection) | WEEKLY | {"repeat_of": "30 2 * * *", "cron_expression": "30 2 * * *"}
    by_ada.post(add_url(run.project), data)
    made = Schedule.objects.get()
    assert made.cron_expression == "30 2 * * 1,3"
    form = by_ada.get(reverse("schedules:edit", args=[run.project.slug, made.uuid])).context["form"]
    assert {name: form[name].value() for name in form.repeat_fields} == WEEKLY
