"""The charts on a schedule's page: the pinned metric and the duration of its last runs."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mantik.accounts.models import User
from projects.models import Project
from runs.models import Run
from runs.states import RunState
from runs.table.trends import LAST
from schedules.models import Schedule
from tests.schedules.conftest import client_of
from tests.support.factories import make_run, make_schedule, make_slot
from tests.support.pages import count_queries
from tests.support.tables import log

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def schedule(project: Project, ada: User) -> Schedule:
    return make_schedule(run=make_run(project=project, created_by=ada))


def fired(schedule: Schedule, *, nights_ago: int, minutes: int, state: RunState = RunState.FINISHED) -> Run:
    """The run of one of its nights."""
    assert schedule.run
    due = NOW - timedelta(days=nights_ago)
    is_over = state is not RunState.RUNNING
    times: dict[str, Any] = {"created_at": due, "ended_at": due + timedelta(minutes=minutes) if is_over else None}
    run = make_run(
        state,
        name=f"night {nights_ago}",
        project=schedule.project,
        experiment=schedule.run.experiment,
        created_by=schedule.created_by,
    )
    Run.objects.filter(pk=run.pk).update(**times)
    make_slot(schedule, due, run=run)
    return run


def address(schedule: Schedule) -> str:
    return reverse("schedules:detail", args=[schedule.project.slug, schedule.uuid])


def page(client: Client, schedule: Schedule) -> str:
    answer = client.get(address(schedule))
    assert answer.status_code == 200
    return answer.content.decode()


def summaries(text: str) -> list[str]:
    found = re.findall(r'<p class="visually-hidden">(.*? of the last .*?)</p>', text)
    return [sentence.replace("\u00a0", " ") for sentence in found]


def pin(schedule: Schedule, metric: str, *, more_is_better: bool = True) -> None:
    assert schedule.run
    experiment = schedule.run.experiment
    experiment.pinned_metric, experiment.more_is_better = metric, more_is_better
    experiment.save()


def test_the_duration_of_runs_that_are_over(schedule: Schedule, ada: User) -> None:
    fired(schedule, nights_ago=3, minutes=10)
    fired(schedule, nights_ago=2, minutes=25, state=RunState.FAILED)
    fired(schedule, nights_ago=1, minutes=0, state=RunState.RUNNING)
    text = page(client_of(ada), schedule)
    assert summaries(text) == [
        "Duration of the last 2 runs that are over, in order: from 10 min to 25 min; the longest is night 2."
    ]
    assert re.findall(r"dot dot-(\w+)", text) == ["ok", "bad"]


def test_the_pinned_metric_in_its_direction(schedule: Schedule, ada: User) -> None:
    for night, value in ((4, 0.5), (3, 0.25), (2, math.nan), (1, 0.75)):
        log(fired(schedule, nights_ago=night, minutes=10), metrics={"loss": value, "acc": 1 - value})
    pin(schedule, "loss", more_is_better=False)
    loss, duration = summaries(page(client_of(ada), schedule))
    assert loss == "loss of the last 3 runs, in order: from 0.25 to 0.75; the best is 0.25, of night 3."
    assert duration.startswith("Duration of the last 4 runs that are over")


def test_runs_of_others_are_in_no_chart(schedule: Schedule, ada: User) -> None:
    other = make_schedule(run=schedule.run, created_by=ada, name="other")
    log(fired(schedule, nights_ago=2, minutes=10), metrics={"acc": 0.5})
    for night in (1, 2, 3):
        log(fired(other, nights_ago=night, minutes=10), metrics={"acc": 0.5})
    pin(schedule, "acc")
    assert summaries(page(client_of(ada), schedule)) == []


def test_a_metric_that_no_run_has_logged_is_no_chart(schedule: Schedule, ada: User) -> None:
    for night in (1, 2):
        fired(schedule, nights_ago=night, minutes=10)
    pin(schedule, "acc")
    (only,) = summaries(page(client_of(ada), schedule))
    assert only.startswith("Duration")


def test_only_the_last_are_shown_with_the_same_queries(schedule: Schedule, ada: User) -> None:
    client = client_of(ada)
    pin(schedule, "acc")
    for night in range(1, 3):
        log(fired(schedule, nights_ago=night, minutes=night), metrics={"acc": 1 / night})
    few = count_queries(client, address(schedule))
    for night in range(3, LAST + 6):
        log(fired(schedule, nights_ago=night, minutes=night), metrics={"acc": 1 / night})
    assert count_queries(client, address(schedule)) == few
    acc, duration = summaries(page(client, schedule))
    assert acc.startswith(f"acc of the last {LAST} runs, in order: from 0.03333 to 1;")
    assert duration.startswith(f"Duration of the last {LAST} runs that are over, in order: from 1 min to {LAST} min;")
