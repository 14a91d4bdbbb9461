"""Experiments: editing and deleting them."""

from __future__ import annotations

import pytest

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Experiment, Project
from runs.models import Run
from runs.states import RunState
from schedules.states import ScheduleState
from tests.conftest import ClientOf
from tests.support.factories import make_experiment, make_run, make_schedule
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

PAGE = "/projects/pv-yield/experiments/"


@pytest.fixture
def experiment(project: Project, researcher: User) -> Experiment:
    return make_experiment(project=project, name="Baseline", created_by=researcher)


def test_who_added_an_experiment_edits_it(client_of: ClientOf, researcher: User, experiment: Experiment) -> None:
    client = client_of(researcher)
    assert 'value="Baseline"' in client.get(f"{PAGE}{experiment.uuid}/edit/").content.decode()
    form = {"name": "Baseline 2", "description": "With weather"}
    text = page_text(client.post(f"{PAGE}{experiment.uuid}/edit/", form, follow=True))
    assert "Baseline 2 is saved." in text
    assert "With weather" in text
    event = AuditEvent.objects.get(verb="experiment.edited")
    assert event.before == {"name": "Baseline", "description": ""}
    assert event.after == form


def test_of_others_experiments_only_maintainers_edit_and_delete(
    client_of: ClientOf, project: Project, researcher: User, maintainer: User
) -> None:
    foreign = make_experiment(project=project, created_by=maintainer)
    client = client_of(researcher)
    content = client.get(PAGE).content.decode()
    for action in ("edit", "delete"):
        assert f"{PAGE}{foreign.uuid}/{action}/" not in content
        assert client.post(f"{PAGE}{foreign.uuid}/{action}/", {"name": "Mine"}).status_code == 403
    own = make_experiment(project=project, created_by=researcher)
    assert client_of(maintainer).post(f"{PAGE}{own.uuid}/delete/").status_code == 302
    assert list(project.experiments.all()) == [foreign]


def test_a_name_that_is_taken_comes_back(
    client_of: ClientOf, project: Project, researcher: User, experiment: Experiment
) -> None:
    make_experiment(project=project, name="Other")
    client = client_of(researcher)
    response = client.post(f"{PAGE}{experiment.uuid}/edit/", {"name": "OTHER", "description": "kept"})
    assert response.status_code == 422
    assert '"OTHER" is taken by' in page_text(response)
    assert client.post(f"{PAGE}{experiment.uuid}/edit/", {"name": "BASELINE"}).status_code == 302
    experiment.refresh_from_db()
    assert experiment.name == "BASELINE"


def test_an_experiment_with_runs_stays_and_says_how_many(
    client_of: ClientOf, project: Project, researcher: User, experiment: Experiment
) -> None:
    for _ in range(2):
        make_run(RunState.FINISHED, project=project, experiment=experiment, created_by=researcher)
    client = client_of(researcher)
    assert "Delete the experiment Baseline?" in page_text(client.get(f"{PAGE}{experiment.uuid}/delete/"))
    text = page_text(client.post(f"{PAGE}{experiment.uuid}/delete/", follow=True))
    assert "Baseline holds 2 runs. Delete that first: only an empty experiment can be deleted." in text
    assert Experiment.objects.filter(pk=experiment.pk).exists()
    assert not AuditEvent.objects.filter(verb="experiment.deleted").exists()


def test_so_does_one_with_a_schedule_even_if_that_has_ended(
    client_of: ClientOf, project: Project, researcher: User, experiment: Experiment
) -> None:
    other = make_experiment(project=project)
    make_schedule(project=project, experiment=experiment, created_by=researcher, state=ScheduleState.ENDED)
    client = client_of(researcher)
    question = page_text(client.get(f"{PAGE}{experiment.uuid}/delete/"))
    assert "Only an experiment without runs and schedules can be deleted; schedules that have ended count" in question
    Run.objects.update(experiment=other)
    text = page_text(client.post(f"{PAGE}{experiment.uuid}/delete/", follow=True))
    assert "Baseline holds the schedule" in text
    assert Experiment.objects.filter(pk=experiment.pk).exists()


def test_an_experiment_of_another_project_is_not_there(client_of: ClientOf, maintainer: User) -> None:
    foreign = make_experiment()
    assert client_of(maintainer).post(f"{PAGE}{foreign.uuid}/delete/").status_code == 404
    assert Experiment.objects.filter(pk=foreign.pk).exists()
