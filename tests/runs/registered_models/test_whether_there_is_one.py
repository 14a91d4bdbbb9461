"""Register Model is offered for runs that may have a model, which workers find out at the end; with a real MLflow."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from mantik.accounts.models import User
from projects.models import Project
from runs.following.finish import wrap_up
from runs.models import ModelListing, Run
from runs.registered_models.listing import look_after_the_end
from runs.states import RunState
from runs.tasks import list_models
from tests.support.factories import make_run
from tests.support.logged_models import log_model
from tests.support.messages import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_ada(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def pages_that_offer(client: Client, run: Run) -> list[str]:
    project = run.project
    pages = {
        "run": reverse("runs:detail", args=[project.slug, run.uuid]),
        "list": reverse("runs:list", args=[project.slug]),
    }
    return [name for name, url in pages.items() if "Register Model" in client.get(url).content.decode()]


def ended(run: Run, sent: list[Message], capture: DjangoCaptureOnCommitCallbacks) -> None:
    """Workers finish it up, and find out what they are asked to."""
    with capture(execute=True):
        wrap_up(run, clock=timezone.now)
    assert ("runs.tasks.list_models", {"run_id": run.pk}) in sent
    list_models(run_id=run.pk)
    run.refresh_from_db()


def test_a_run_without_a_model_offers_none(
    run: Run,
    by_ada: Client,
    sent: list[Message],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    assert pages_that_offer(by_ada, run) == ["run", "list"]
    ended(run, sent, django_capture_on_commit_callbacks)
    assert run.has_model is False
    assert pages_that_offer(by_ada, run) == []


def test_a_run_with_a_model_offers_it(
    run: Run,
    mlflow: str,
    by_ada: Client,
    sent: list[Message],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    log_model(mlflow, run)
    ended(run, sent, django_capture_on_commit_callbacks)
    assert run.has_model is True
    assert pages_that_offer(by_ada, run) == ["run", "list"]


def test_what_mlflow_does_not_answer_stays_unknown(run: Run, by_ada: Client) -> None:
    Run.objects.filter(pk=run.pk).update(mlflow_run_id="0" * 32)
    look_after_the_end(run, now=timezone.now())
    list_models(run_id=run.pk)
    run.refresh_from_db()
    assert run.has_model is None
    assert ModelListing.objects.get(run=run).problem
    assert pages_that_offer(by_ada, run) == ["run", "list"]


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.CANCELLED])
def test_nobody_looks_for_the_model_of_a_run_that_is_not_finished(
    state: RunState,
    project: Project,
    ada: User,
    sent: list[Message],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    run = make_run(state, project=project, created_by=ada, log_complete=True)
    with django_capture_on_commit_callbacks(execute=True):
        wrap_up(run, clock=timezone.now)
    assert "runs.tasks.list_models" not in {task for task, _ in sent}
