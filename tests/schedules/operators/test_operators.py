"""What operators switch in the admin, in whose name, and what they cannot change there."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Project
from schedules.firing.upkeep import apply_switches
from schedules.models import Schedule
from schedules.states import ScheduleState
from tests.support.factories import make_schedule
from tests.support.pages import page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]


@pytest.fixture
def by_operator(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def schedules(project: Project, ada: User) -> list[Schedule]:
    return [make_schedule(project=project, created_by=ada, name=name) for name in ("nightly", "weekly")]


def page_of(task: int) -> str:
    return reverse("admin:django_celery_beat_periodictask_change", args=[task])


def in_bulk(client: Client, action: str, schedules: list[Schedule]) -> str:
    form = {"action": action, "_selected_action": [str(one.periodic_task_id) for one in schedules]}
    return page_text(client.post(reverse("admin:django_celery_beat_periodictask_changelist"), form, follow=True))


def recorded() -> list[tuple[str, str, str]]:
    return [(event.verb, event.target_name, event.actor_name) for event in AuditEvent.objects.order_by("pk")]


def test_the_switch_of_one_is_in_the_operators_name(
    by_operator: Client, operator: User, schedules: list[Schedule]
) -> None:
    schedule = schedules[0]
    assert by_operator.post(page_of(schedule.periodic_task_id), {}).status_code == 302
    schedule.refresh_from_db()
    assert (schedule.is_paused, schedule.state_changed_by) == (True, operator)
    by_operator.post(page_of(schedule.periodic_task_id), {"enabled": "on"})
    schedule.refresh_from_db()
    assert schedule.is_enabled
    assert recorded() == [("schedule.paused", "nightly", "otto"), ("schedule.resumed", "nightly", "otto")]


@pytest.mark.parametrize("action", ["disable_tasks", "toggle_tasks"])
def test_so_is_that_of_many(by_operator: Client, schedules: list[Schedule], action: str) -> None:
    in_bulk(by_operator, action, schedules)
    assert all(one.is_paused for one in Schedule.objects.all())
    in_bulk(by_operator, "enable_tasks", schedules[:1])
    assert [one.is_enabled for one in Schedule.objects.order_by("pk")] == [True, False]
    assert recorded() == [
        ("schedule.paused", "nightly", "otto"),
        ("schedule.paused", "weekly", "otto"),
        ("schedule.resumed", "nightly", "otto"),
    ]
    assert apply_switches(now=timezone.now()) == 0


def test_what_cannot_go_on_stays_off_and_the_operator_reads_why(by_operator: Client, schedules: list[Schedule]) -> None:
    paused, ended = schedules
    in_bulk(by_operator, "disable_tasks", [paused])
    Schedule.objects.filter(pk=paused.pk).update(connection=None)
    Schedule.objects.filter(pk=ended.pk).update(state=ScheduleState.ENDED, next_due_at=None, next_fire_at=None)
    PeriodicTask.objects.filter(pk=ended.periodic_task_id).update(enabled=False)
    text = page_text(by_operator.post(page_of(paused.periodic_task_id), {"enabled": "on"}, follow=True))
    assert "The schedule nightly was not switched on. Its connection was deleted." in text
    text = page_text(by_operator.post(page_of(ended.periodic_task_id), {"enabled": "on"}, follow=True))
    assert "The schedule weekly was not switched on. It has ended." in text
    assert not PeriodicTask.objects.filter(enabled=True).exists()


def test_nothing_else_of_a_schedule_is_changed_there(by_operator: Client, schedules: list[Schedule]) -> None:
    schedule = schedules[0]
    before = PeriodicTask.objects.values().get(pk=schedule.periodic_task_id)
    wished = {"enabled": "on", "name": "mine", "task": "other", "one_off": "on", "expires_0": "2020-01-01"}
    by_operator.post(page_of(schedule.periodic_task_id), wished)
    after = PeriodicTask.objects.values().get(pk=schedule.periodic_task_id)
    assert after | {"date_changed": None} == before | {"date_changed": None}
    delete = reverse("admin:django_celery_beat_periodictask_delete", args=[schedule.periodic_task_id])
    assert by_operator.post(delete, {"post": "yes"}).status_code == 403


def test_the_page_of_one_does_not_list_the_others(by_operator: Client, schedules: list[Schedule]) -> None:
    page = by_operator.get(page_of(schedules[0].periodic_task_id))
    assert "nightly" in page_text(page)
    assert "weekly" not in page.content.decode()


def test_tasks_that_are_no_schedules_are_changed_as_ever(by_operator: Client) -> None:
    often = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.HOURS)
    task = PeriodicTask.objects.create(name="cleaning", task="mantik.clean", interval=often)
    form = {"name": "tidying", "task": "mantik.clean", "interval": often.pk, "args": "[]", "kwargs": "{}"}
    answer = by_operator.post(page_of(task.pk), {**form, "headers": "{}", "start_time_0": "", "start_time_1": ""})
    assert answer.status_code == 302
    task.refresh_from_db()
    assert (task.name, task.enabled) == ("tidying", False)


def test_a_schedule_may_end_on_the_last_day_that_there_is() -> None:
    """Which people type for "never"."""
    schedule = make_schedule(end_date=date(9999, 12, 31))
    assert schedule.periodic_task.expires is None
    schedule = make_schedule(end_date=date(9999, 12, 30))
    assert schedule.periodic_task.expires == datetime(9999, 12, 31, tzinfo=UTC)
