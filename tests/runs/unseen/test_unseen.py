"""What failed since somebody has looked, on the overview, and putting it away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mantik.accounts.models import User
from projects.models import Experiment, Project
from runs.models import FailuresSeen, Run
from runs.states import RunState
from runs.table.pinning import pin_metric
from runs.unseen.failures import DAYS
from tests.conftest import ClientOf
from tests.support.factories import make_experiment, make_run
from tests.support.pages import count_queries, page_text
from tests.support.tables import log


@pytest.fixture
def by_ada(client_of: ClientOf, ada: User) -> Client:
    return client_of(ada)


def failed(project: Project, name: str, *, days: float = 0) -> Run:
    ended = timezone.now() - timedelta(days=days, minutes=1)
    return make_run(RunState.FAILED, project=project, name=name, ended_at=ended, outcome=f"{name} ran out of memory.")


def overview(client: Client, project: Project) -> str:
    text = page_text(client.get(reverse("projects:overview", args=[project.slug])))
    return text.partition("Failed since you looked")[2].partition("Active now")[0]


def put_away(client: Client, project: Project, **sent: str) -> str:
    url = reverse("runs:failures-seen", args=[project.slug])
    return page_text(client.post(url, sent, follow=True))


def test_each_is_put_away_for_oneself(by_ada: Client, client_of: ClientOf, researcher: User, project: Project) -> None:
    first, second = failed(project, "first"), failed(project, "second")
    failed(project, "long ago", days=DAYS + 1)
    assert "first ran out of memory." in overview(by_ada, project)
    assert "long ago" not in overview(by_ada, project)
    put_away(by_ada, project, run=str(first.uuid))
    put_away(by_ada, project, run=str(first.uuid))
    assert "first" not in overview(by_ada, project)
    assert "second" in overview(by_ada, project)
    assert "first" in overview(client_of(researcher), project)
    put_away(by_ada, project, run=str(second.uuid))
    assert "Nothing." in overview(by_ada, project)


def test_all_are_put_away_up_to_the_last_that_was_shown(by_ada: Client, project: Project) -> None:
    one = failed(project, "early", days=2)
    shown = failed(project, "shown", days=1)
    put_away(by_ada, project, run=str(one.uuid))
    assert shown.ended_at
    failed(project, "meanwhile")
    put_away(by_ada, project, until=shown.ended_at.isoformat())
    found = overview(by_ada, project)
    assert "meanwhile" in found
    assert "shown" not in found
    assert "early" not in found
    # It never goes back.
    put_away(by_ada, project, until=(shown.ended_at - timedelta(days=1)).isoformat())
    assert "shown" not in overview(by_ada, project)
    assert FailuresSeen.objects.get().runs == []


@pytest.mark.parametrize(
    "until", ["2999-01-01T00:00:00+00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]
)
def test_no_moment_hides_what_fails_later(by_ada: Client, project: Project, until: str) -> None:
    put_away(by_ada, project, until=until)
    later = timezone.now() + timedelta(seconds=1)
    make_run(RunState.FAILED, project=project, name="later", ended_at=later, outcome="later ran out of memory.")
    assert "later" in overview(by_ada, project)


@pytest.mark.parametrize("sent", [{}, {"run": "x"}, {"until": "soon"}, {"until": "2026-11-30T10:00"}])
def test_what_is_not_there_is_said(by_ada: Client, project: Project, sent: dict[str, str]) -> None:
    assert "Nothing was put away" in put_away(by_ada, project, **sent)


def test_who_is_not_signed_in_puts_nothing_away(client: Client, public_project: Project) -> None:
    failed(public_project, "open to all")
    assert "open to all" in overview(client, public_project)
    assert "Put" not in overview(client, public_project)


def test_monday_shows_what_runs_the_best_and_what_was_used(by_ada: Client, ada: User, project: Project) -> None:
    experiment: Experiment = make_experiment(project=project, name="resnet")
    pin_metric(experiment=experiment, actor=ada, metric="loss", more_is_better=False)
    for name, loss in (("worse", 0.5), ("better", 0.25)):
        ended = {
            "ended_at": timezone.now() - timedelta(hours=1),
            "core_hours": 2.0,
            "compute_budget_account": "climate",
        }
        log(
            make_run(RunState.FINISHED, project=project, experiment=experiment, name=name, **ended),
            metrics={"loss": loss},
        )
    make_run(RunState.RUNNING, project=project, experiment=experiment, name="goes on")
    page = reverse("projects:overview", args=[project.slug])
    text = page_text(by_ada.get(page))
    assert "goes on" in text.partition("Active now")[2].partition("Latest runs")[0]
    assert "resnet better loss 0.25" in text.partition("Best runs")[2]
    assert "climate 4.0 core-hours" in text.partition("Best runs")[2].partition("Core-hours")[2].replace("\xa0", " ")
    few = count_queries(by_ada, page)
    for number in range(8):
        failed(project, f"failed {number}")
        make_run(RunState.RUNNING, project=project, experiment=experiment)
    assert count_queries(by_ada, page) == few
