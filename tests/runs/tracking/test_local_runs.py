"""Local runs: every page and every act is right without a job, code and site."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow.values import ModelSource
from mantik.account_deletion.services import obstacles_of
from mantik.audit.models import AuditEvent
from projects.models import Project
from projects.roles import Role
from projects.services.deletion import ProjectInUse, delete_project
from projects.services.experiments import InUse, delete_experiment
from runs.following import poll
from runs.models import RegisteredModel, Run, TrackedItem
from runs.pages import figures
from runs.planning.prefill import cannot_be_repeated
from runs.registered_models import services as model_services
from runs.registered_models import worker
from runs.registered_models.candidates import find_candidates
from runs.registered_models.certificate import UNCHECKED
from runs.restored.mlflow_gaps import compare_with_mlflow
from runs.restored.unsent_runs import look_at_site_first
from runs.services import NotAllowed, cancel_run, delete_run, watch
from runs.states import TERMINAL, RunState
from runs.submission import turns
from runs.tracking.local_runs import SILENT_AFTER, end_local_run, silent_since
from runs.tracking.mlflow_run import ensure_tracking_run
from schedules.firing.timing import read_timing
from schedules.services.schedules import BadChoice, Policies, create_schedule
from tests.support import factories
from tests.support.forms import said_at
from tests.support.logged_models import log_metric, log_model
from tests.support.mlflow_server import HEADERS, MlflowServer
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    """Of Ada, Running, just heard of."""
    ada = factories.make_user("ada", first_name="Ada", last_name="Lovelace")
    project = factories.make_project()
    return factories.make_local_run(
        project=project,
        created_by=factories.join(project, Role.RESEARCHER, ada),
        name="notebook trial",
        source="trial.ipynb",
        last_logged_at=timezone.now(),
    )


@pytest.fixture
def client(run: Run) -> Client:
    """Signed in as who started the run."""
    client = Client()
    client.force_login(run.created_by)
    return client


def url(name: str, run: Run) -> str:
    return reverse(f"runs:{name}", args=[run.project.slug, run.uuid])


def page(client: Client, address: str, **query: Any) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return page_text(answer)


def silence(run: Run, *, since: datetime) -> None:
    Run.objects.filter(pk=run.pk).update(last_logged_at=since)
    run.refresh_from_db()


# What pages show


@pytest.mark.parametrize("state", [RunState.RUNNING, *TERMINAL])
@pytest.mark.parametrize("tab", ["overview", "metrics", "artifacts", "events"])
def test_it_has_a_page_in_every_state(run: Run, client: Client, state: RunState, tab: str) -> None:
    if state.is_terminal:
        end_local_run(run, to=state, now=timezone.now(), message="It is over.")
    text = page(client, url("detail", run), tab=tab)
    assert "Local run, started by Ada Lovelace" in text
    assert "Local" in text
    assert f"trial.ipynb · {run.commit_sha[:7]}" in text
    # That all went well is said by the badge, and among the events.
    says_how = tab == "events" if state is RunState.FINISHED else state.is_terminal
    assert ("It is over." in text) == says_how
    for absent in ("Run again", "Schedule ", "None", "Pending", "since deleted", "restored from a backup"):
        assert absent not in text.replace("Schedules", "")


def test_it_has_no_log_and_no_configuration(run: Run, client: Client) -> None:
    text = page(client, url("detail", run))
    assert "Configuration" not in text
    assert "Compute Backend config" not in text
    for tab in ("log", "configuration"):
        assert client.get(url("detail", run), {"tab": tab}).status_code == 404


def test_a_program_and_commit_that_are_not_known_are_said_to_be(client: Client, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(code_name="", commit_sha="")
    text = page(client, url("detail", run))
    assert "Program not known" in text
    assert "Commit not known" in text
    page(client, reverse("runs:list", args=[run.project.slug]))


def test_its_page_says_when_it_was_heard_of_last(client: Client, run: Run) -> None:
    silence(run, since=timezone.now() - timedelta(hours=3))
    text = page(client, url("detail", run))
    assert "last logged 3 h ago" in text
    assert "Silent" not in text


def test_the_list_marks_it_and_filters_by_where_runs_were_started(client: Client, run: Run) -> None:
    factories.make_run(project=run.project, name="submitted")
    address = reverse("runs:list", args=[run.project.slug])
    every = page(client, address)
    assert "notebook trial" in every
    assert "submitted" in every
    assert "trial.ipynb" in every
    local = page(client, address, started="local")
    assert "notebook trial" in local
    assert "submitted" not in local
    at_a_site = page(client, address, started="site")
    assert "notebook trial" not in at_a_site
    assert "submitted" in at_a_site
    assert "There is no place “abroad” here" in page(client, address, started="abroad")


def test_submissions_do_not_list_it_and_stay_up_to_date_without_it(client: Client, run: Run) -> None:
    address = reverse("runs:submissions", args=[run.project.slug])
    assert "notebook trial" not in page(client, address)
    submitted = factories.make_run(project=run.project, name="at a site")
    assert "at a site" in page(client, address)
    asked = client.get(address, headers={"Mantik-Live": ""})
    stamp = asked.content.decode().partition('data-live="')[2].partition('"')[0]
    Run.objects.filter(pk=run.pk).update(name="renamed")
    assert client.get(address, headers={"Mantik-Live": stamp}).status_code == 204
    Run.objects.filter(pk=submitted.pk).update(waiting_for="Site A.")
    assert client.get(address, headers={"Mantik-Live": stamp}).status_code == 200


def test_the_overview_and_experiments_count_it(client: Client, run: Run) -> None:
    text = page(client, reverse("projects:overview", args=[run.project.slug]))
    assert "Active 1 now" in text
    assert "notebook trial" in text
    assert figures.figures(run.project, since=run.created_at)["core_hours"] == 0
    assert "Running" in page(client, reverse("projects:experiments", args=[run.project.slug]))


def test_the_activity_says_who_started_and_ended_it(client: Client, run: Run) -> None:
    cancel_run(run=run, user=run.created_by, now=timezone.now())
    owner = Client()
    owner.force_login(factories.join(run.project, Role.OWNER))
    text = page(owner, reverse("projects:activity", args=[run.project.slug]))
    assert "started notebook trial as a local run" in text
    assert "ended the local run notebook trial" in text


def test_operators_find_it(run: Run) -> None:
    operator = Client()
    operator.force_login(factories.make_user(is_staff=True, is_superuser=True))
    assert "notebook trial" in page(operator, reverse("admin:runs_run_changelist"), origin__exact="local")
    assert operator.get(reverse("admin:runs_run_change", args=[run.pk])).status_code == 200


# Silence


def test_it_is_silent_after_a_while_without_a_sign(run: Run) -> None:
    last = timezone.now()
    silence(run, since=last)
    assert silent_since(run, now=last + SILENT_AFTER - timedelta(seconds=1)) is None
    assert silent_since(run, now=last + SILENT_AFTER) == last
    assert silent_since(factories.make_run(RunState.RUNNING), now=last + 2 * SILENT_AFTER) is None
    end_local_run(run, to=RunState.FINISHED, now=last, message="It is over.")
    assert silent_since(run, now=last + 2 * SILENT_AFTER) is None


def test_pages_and_lists_say_since_when_it_is_silent(client: Client, run: Run) -> None:
    since = timezone.now() - timedelta(days=3)
    silence(run, since=since)
    words = f"Silent since {since.day} {since:%B}: its program has not logged anything for 24 h or more."
    for address in (url("detail", run), reverse("runs:list", args=[run.project.slug])):
        text = page(client, address)
        assert words.replace(": its", f"{'' if since.year == timezone.now().year else f' {since.year}'}: its") in text
        assert "End the run if its program has ended." in text
        assert "Running" in text


# Ending, deleting


def test_ending_it_cancels_it_at_once_and_says_who_did(client: Client, run: Run) -> None:
    question = page(client, url("cancel", run))
    assert "End notebook trial?" in question
    assert "Mantik, which cannot stop it" in question
    assert client.post(url("cancel", run)).status_code == 302
    run.refresh_from_db()
    assert (run.state, run.outcome) == (RunState.CANCELLED, "Ended by Ada Lovelace.")
    assert run.events.latest("pk").actor == run.created_by
    assert AuditEvent.objects.filter(verb="run.ended").count() == 1
    text = page(client, url("detail", run))
    assert "Ended by Ada Lovelace." in text
    assert "End run" not in text


def test_what_is_over_cannot_be_ended(client: Client, run: Run) -> None:
    stale = Run.objects.get(pk=run.pk)
    end_local_run(run, to=RunState.FINISHED, now=timezone.now(), message="It is over.")
    for row in (run, stale):
        with pytest.raises(NotAllowed, match="has ended already \\(finished\\)"):
            cancel_run(run=row, user=run.created_by, now=timezone.now())
    answer = client.post(url("cancel", run))
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["The run has ended already (finished)."]
    run.refresh_from_db()
    assert (run.state, run.cancel_requested_by) == (RunState.FINISHED, None)


def test_who_may_not_cancel_it_may_not_end_it(run: Run) -> None:
    reporter = Client()
    reporter.force_login(factories.join(run.project, Role.REPORTER))
    answer = reporter.post(url("cancel", run))
    assert answer.status_code == 403
    assert "does not allow you to end this run." in page_text(answer)


def test_it_is_deleted_with_its_events_once_it_is_over(client: Client, run: Run) -> None:
    with pytest.raises(NotAllowed, match="End it first"):
        delete_run(run=run, actor=run.created_by, now=timezone.now())
    factories.make_tracked_item(run)
    end_local_run(run, to=RunState.FINISHED, now=timezone.now(), message="It is over.")
    question = page(client, url("delete", run))
    assert "its events" in question
    assert "job script" not in question
    assert client.post(url("delete", run)).status_code == 302
    assert not Run.objects.filter(pk=run.pk).exists()
    assert not TrackedItem.objects.exists()


def test_it_holds_its_project_experiment_and_account(run: Run) -> None:
    owner = factories.join(run.project, Role.OWNER)
    with pytest.raises(ProjectInUse, match="has 1 active run"):
        delete_project(project=run.project, actor=owner)
    with pytest.raises(InUse):
        delete_experiment(experiment=run.experiment, actor=owner, now=timezone.now())
    assert "Wait until it ends, or end it." in obstacles_of(run.created_by)[0].text
    cancel_run(run=run, user=owner, now=timezone.now())
    assert obstacles_of(run.created_by) == []
    delete_project(project=run.project, actor=owner)
    assert not Project.objects.filter(pk=run.project_id).exists()


# Nothing that is about jobs touches it


def test_no_sweep_touches_it(run: Run) -> None:
    later = timezone.now() + timedelta(days=40)
    before = Run.objects.filter(pk=run.pk).values().get()
    watch(run=run, now=later)
    assert not turns.any_due(now=later)
    turns.submit_next(clock=lambda: later)
    assert poll.due_connections(now=later) == []
    poll.follow_connection(connection_id=None, clock=lambda: later)
    assert look_at_site_first(Run.objects.all(), message="After a restore.", now=later) == 0
    assert worker.due_models(now=later, limit=10) == []
    assert Run.objects.filter(pk=run.pk).values().get() == before


# Repeating


def test_the_form_of_a_new_run_refuses_to_repeat_it(client: Client, run: Run) -> None:
    text = page(client, reverse("runs:new", args=[run.project.slug]), **{"from": str(run.uuid)})
    assert f"{cannot_be_repeated('notebook trial')} The form is not filled in; choose what to run." in text


def test_a_new_form_is_filled_in_from_the_last_run_at_a_site(client: Client, run: Run) -> None:
    connection = factories.make_connection(owner=run.created_by, name="my login")
    code = factories.make_code_repository(project=run.project)
    older = factories.make_run(
        RunState.FINISHED,
        project=run.project,
        created_by=run.created_by,
        connection=connection,
        code_repository=code,
        compute_budget_account="acc_of_older",
    )
    factories.make_local_run(project=run.project, created_by=run.created_by)
    answer = client.get(reverse("runs:new", args=[run.project.slug]))
    assert answer.status_code == 200
    assert older.compute_budget_account in answer.content.decode()


def test_the_form_of_a_schedule_does_not_offer_it(client: Client, run: Run) -> None:
    factories.make_run(RunState.FINISHED, project=run.project, name="at a site")
    address = reverse("schedules:add", args=[run.project.slug])
    text = page(client, address)
    assert "at a site" in text
    assert "notebook trial" not in text
    assert cannot_be_repeated("notebook trial") in page(client, address, run=str(run.uuid))


def test_a_schedule_of_it_is_refused(client: Client, run: Run) -> None:
    address = reverse("schedules:add", args=[run.project.slug])
    answer = client.post(address, {"name": "nightly", "run": str(run.uuid)})
    assert answer.status_code == 422
    assert said_at(answer, "run") == f"{cannot_be_repeated('notebook trial')} Choose another run."
    now = timezone.now()
    with pytest.raises(BadChoice, match="cannot be repeated"):
        create_schedule(
            project=run.project,
            user=run.created_by,
            name="nightly",
            run=run,
            connection=factories.make_connection(owner=run.created_by),
            compute_budget_account="acc",
            timing=read_timing(cron_expression="0 2 * * *", time_zone="UTC", end_date=None, jitter_seconds=0, now=now),
            policies=Policies(),
            now=now,
        )


# MLflow


@pytest.fixture
def mlflow(settings: Settings, mlflow_server: MlflowServer, run: Run) -> str:
    """Where the real MLflow server is, which has the run."""
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    run.mlflow_run_id = ""
    run.mlflow_experiment_id, run.mlflow_run_id = ensure_tracking_run(run, now=run.created_at)
    run.save()
    return mlflow_server.uri


def status_in_mlflow(uri: str, run: Run) -> str:
    query = {"run_id": run.mlflow_run_id}
    answer = httpx.get(f"{uri}/api/2.0/mlflow/runs/get", params=query, headers=HEADERS, trust_env=False)
    return str(answer.raise_for_status().json()["run"]["info"]["status"])


@pytest.mark.parametrize(
    ("end", "status"), [(RunState.FINISHED, "FINISHED"), (RunState.FAILED, "FAILED"), (RunState.CANCELLED, "KILLED")]
)
def test_a_worker_tells_mlflow_of_an_end_that_it_did_not_hear_of(
    mlflow: str, run: Run, end: RunState, status: str
) -> None:
    now = timezone.now()
    if end is RunState.CANCELLED:
        cancel_run(run=run, user=run.created_by, now=now)
    else:
        end_local_run(run, to=end, now=now, message="It is over.")
    later = now + timedelta(hours=1)
    assert poll.due_connections(now=later) == [None]
    poll.follow_connection(connection_id=None, clock=lambda: later)
    assert status_in_mlflow(mlflow, run) == status
    assert poll.due_connections(now=later + timedelta(days=1)) == []
    run.refresh_from_db()
    assert run.state == end


def test_the_comparison_after_a_restore_knows_it(mlflow: str, run: Run) -> None:
    assert mlflow
    (found,) = [gap for gap in compare_with_mlflow() if gap.kind == "run"]
    assert not [line for line in found.beyond + found.lacking if run.mlflow_run_id in line]
    Run.objects.filter(pk=run.pk).delete()
    (found,) = [gap for gap in compare_with_mlflow() if gap.kind == "run"]
    assert [line for line in found.beyond if run.mlflow_run_id in line]


def test_its_model_is_registered_with_a_certificate_of_what_is_known(mlflow: str, client: Client, run: Run) -> None:
    log_metric(mlflow, run, "accuracy", 0.93)
    log_model(mlflow, run)
    now = timezone.now()
    end_local_run(run, to=RunState.FINISHED, now=now, message="It is over.")
    (candidate,) = find_candidates(run).candidates
    assert "Register Model" in page(client, url("detail", run))
    model = _registered(run, candidate.source, now)
    certificate = json.loads(model.certificate)
    assert certificate["code"] == {"program": "trial.ipynb", "commit": run.commit_sha, "note": UNCHECKED}
    assert certificate["site"] is None
    assert certificate["run"]["entry_point"] is None
    assert certificate["metrics"] == {"accuracy": 0.93}
    for address in (
        reverse("registered_models:detail", args=[run.project.slug, model.uuid]),
        reverse("registered_models:certificate", args=[run.project.slug, model.uuid]),
        reverse("registered_models:list", args=[run.project.slug]),
    ):
        text = page(client, address)
        assert "None" not in text
        assert "entry point" not in text
    assert "local run" in page(client, reverse("registered_models:detail", args=[run.project.slug, model.uuid]))


def _registered(run: Run, source: ModelSource, now: datetime) -> RegisteredModel:
    made = model_services.register_model(
        run=run, actor=run.created_by, name="yield-forecast", description="", source=source, now=now
    )
    worker.tend(model_id=made.pk, clock=lambda: now)
    made.refresh_from_db()
    assert made.is_registered
    return made
