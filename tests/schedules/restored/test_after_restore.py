"""The command, with jobs at a real site of which the database has forgotten the runs."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.logins.site_clients import open_connection
from connections.mlflow.for_workers import control, registry
from connections.unicore.values import JobState
from mantik.up.ports import LOOPBACK, free_port
from runs.following.poll import follow_runs
from runs.models import Installation, RegisteredModel, Restore, Run
from runs.registered_models.entry import TAG as MODEL_TAG
from runs.restored.unsent_runs import look_at_site_first
from runs.states import RunState
from runs.submission.submit import submit_run
from runs.tracking.tags import RUN_TAG
from schedules.models import Schedule, Slot
from schedules.restored import service
from schedules.services.running import resume_schedule
from schedules.states import CatchUp, Outcome, ScheduleState
from tests.schedules.conftest import fire
from tests.support.factories import (
    make_connection,
    make_experiment,
    make_installation,
    make_run,
    make_schedule,
    make_site,
)
from tests.support.mlflow_server import MlflowServer
from tests.support.registered_models import make_model
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until
from tests.support.world import World, make_world

LATER = timedelta(minutes=10)


@pytest.fixture
def world(
    transactional_db: None, settings: Settings, tmp_path: Path, sandbox: RunningSite, mlflow_server: MlflowServer
) -> World:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    user = sandbox.users["demo"]
    return make_world(tmp_path, base_url=sandbox.base_url, login=user.login, password=user.password)


def after_restore(*options: str) -> str:
    output = io.StringIO()
    call_command("after_restore", *options, stdout=output)
    return output.getvalue()


def submit(run: Run, after: timedelta = timedelta()) -> Run:
    submit_run(run_id=run.pk, clock=lambda: timezone.now() + after)
    run.refresh_from_db()
    return run


def until_over(run: Run) -> Run:
    def is_over() -> bool:
        follow_runs(run_ids=[run.pk], clock=timezone.now)
        run.refresh_from_db()
        return run.is_terminal

    wait_until(is_over, seconds=90)
    return run


def forget(run: Run) -> None:
    """As a backup from before it."""
    Slot.objects.filter(run=run).delete()
    run.delete()


def go_back(run: Run) -> None:
    """As a backup from before a worker took it up."""
    fresh = Run(submission_tag=run.submission_tag)
    kept = {"id", "uuid", "submission_tag", "project_id", "created_by_id", "created_at", "name", *run.recipe}
    columns = [field.attname for field in Run._meta.concrete_fields if field.attname not in kept]
    Run.objects.filter(pk=run.pk).update(**{name: getattr(fresh, name) for name in columns})
    Run.objects.filter(pk=run.pk).update(next_attempt_at=timezone.now())
    run.refresh_from_db()
    assert (run.state, run.job_url, run.mlflow_run_id) == (RunState.PENDING, "", "")


def test_a_waiting_run_whose_job_has_run_shows_how_it_ended(world: World) -> None:
    run = until_over(submit(world.start_run()))
    job, mlflow_run = run.job_url, run.mlflow_run_id
    go_back(run)

    said = after_restore()

    assert "1 run that waits for submission looks for the job at the site before anything is sent." in said
    assert submit(run).state == RunState.QUEUED
    assert (until_over(run).state, run.job_url, run.mlflow_run_id) == (RunState.FINISHED, job, mlflow_run)
    assert world.starts_of(run) == 1


def test_code_that_was_uploaded_is_not_uploaded_to_a_job_that_has_run(world: World, settings: Settings) -> None:
    settings.MANTIK_SUBMIT_INLINE_BYTES = 0
    run = until_over(submit(world.start_run()))
    Run.objects.filter(pk=run.pk).update(
        state=RunState.SUBMITTING, start_sent_at=None, submitted_at=None, code_uploaded=False, ended_at=None
    )
    # Nothing could be packed any more.
    Run.objects.filter(pk=run.pk).update(code_sha256="0" * 64)
    run.refresh_from_db()
    look_at_site_first(Run.objects.all(), message="So.", now=timezone.now())
    assert submit(run).state == RunState.QUEUED
    assert (until_over(run).state, world.starts_of(run)) == (RunState.FINISHED, 1)


def test_of_several_jobs_the_started_one_is_the_runs_own(world: World) -> None:
    """The lost database had a job started, and knew of a second one whose answer had come too late."""
    run = until_over(submit(world.start_run()))
    site = open_connection(world.connection)
    doubles = [
        site.submit({"Executable": "true", "Tags": [run.submission_tag], "haveClientStageIn": "true"}) for _ in range(5)
    ]
    job = run.job_url
    go_back(run)
    look_at_site_first(Run.objects.all(), message="So.", now=timezone.now())
    submit(run)
    assert (until_over(run).job_url, run.state) == (job, RunState.FINISHED)
    assert world.starts_of(run) == 1
    assert set(site.find_jobs(run.submission_tag)).isdisjoint(doubles)


def test_a_job_that_never_started_is_replaced_by_one_that_the_database_knows_all_of(world: World) -> None:
    run = world.start_run()
    site = open_connection(world.connection)
    unstarted = site.submit({"Executable": "true", "Tags": [run.submission_tag], "haveClientStageIn": "true"})
    wait_until(lambda: site.status(unstarted).state == JobState.READY)
    after_restore()
    assert submit(run).state == RunState.QUEUED
    assert run.job_url != unstarted
    assert (until_over(run).state, world.starts_of(run)) == (RunState.FINISHED, 1)
    assert site.find_jobs(run.submission_tag) == [site.urls.job(run.job_url)]


def test_one_that_was_never_sent_rests_before_it_is(world: World) -> None:
    run = world.start_run()
    after_restore()
    submit(run)
    assert run.job_url == ""
    assert "Before sending the job again, Mantik checks whether it is already there" in run.waiting_for
    assert submit(run, LATER).state == RunState.QUEUED
    assert until_over(run).state == RunState.FINISHED


@pytest.fixture
def schedule(world: World) -> Schedule:
    run = until_over(submit(world.start_run()))
    now = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    return make_schedule(run=run, now=now, name="nightly", cron_expression="* * * * *")


def test_a_job_of_a_due_time_gets_its_run_back(world: World, schedule: Schedule) -> None:
    begun, due = schedule.created_at, schedule.next_due_at
    assert due
    fire(due)
    run = until_over(submit(Run.objects.get(slot__schedule=schedule)))
    uuid, job, before = run.uuid, run.job_url, Schedule.objects.filter(pk=schedule.pk)
    forget(run)
    before.update(next_due_at=due, next_fire_at=due, dealt_with_until=begun)

    listed = after_restore(f"--backup-of={begun.isoformat()}")
    assert f"{job} (nightly, SUCCESSFUL), of the schedule nightly, due {due:%Y-%m-%d %H:%M} UTC." in listed
    assert "The sites have 1 job without a run." in listed
    assert "No schedule catches up on these due times; each continues with its next one." in listed
    slot = Slot.objects.get(schedule=schedule, due_at=due)
    assert (slot.outcome, slot.run) == (Outcome.UNKNOWN, None)

    said = after_restore("--adopt")
    assert "Schedules and waiting runs were dealt with on" in said
    assert "It is adopted." in said
    slot.refresh_from_db()
    assert slot.run
    assert (slot.outcome, slot.run.uuid) == (Outcome.FIRED, uuid)
    assert submit(slot.run).job_url == job
    assert (until_over(slot.run).state, world.starts_of(slot.run)) == (RunState.FINISHED, 1)
    assert "No site has a job of this installation that no run knows" in after_restore("--adopt")


def test_one_of_a_schedule_that_is_paused_again_is_not_caught_up_once_more(world: World, schedule: Schedule) -> None:
    begun, due = schedule.created_at, schedule.next_due_at
    assert due
    fire(due)
    run = until_over(submit(Run.objects.get(slot__schedule=schedule)))
    forget(run)
    Schedule.objects.filter(pk=schedule.pk).update(
        state=ScheduleState.PAUSED, next_due_at=None, next_fire_at=None, dealt_with_until=begun, overlap="allow"
    )
    assert "It is adopted." in after_restore("--adopt", f"--backup-of={begun.isoformat()}")
    resume_schedule(schedule=schedule, actor=world.user, catch_up=CatchUp.ALL, now=due + timedelta(minutes=1))
    slots = schedule.slots.order_by("due_at")
    assert [(slot.due_at, slot.outcome) for slot in slots] == [
        (due, Outcome.FIRED),
        (due + timedelta(minutes=1), Outcome.FIRED),
    ]


def test_of_a_run_by_hand_nothing_is_left_to_adopt_but_its_job_can_be_aborted(world: World) -> None:
    run = submit(world.start_run(parameters={"seconds": "60"}))
    job = run.job_url
    site = open_connection(world.connection)
    wait_until(lambda: site.status(job).state == JobState.RUNNING)
    run.delete()

    assert "of a run that is lost. It cannot be adopted" in after_restore("--adopt")
    assert "It would be aborted." in after_restore("--abort", "--dry-run")
    assert site.status(job).state == JobState.RUNNING
    assert f"{job} (nightly, RUNNING), of a run that is lost. It is aborted." in after_restore("--abort")
    wait_until(lambda: site.status(job).state.is_over)


def test_jobs_of_another_installation_are_none_of_its_business(world: World) -> None:
    run = submit(world.start_run())
    job = run.job_url
    run.delete()
    Installation.objects.all().delete()
    assert job not in after_restore("--abort")


def test_a_site_that_does_not_answer_is_named_once_asked_and_the_rest_goes_on(world: World) -> None:
    run = submit(world.start_run())
    job = run.job_url
    run.delete()
    away = make_site(name="A site that is away", base_url=f"http://{LOOPBACK}:{free_port()}/rest/core")
    for name in ("first", "second"):
        make_connection(owner=world.user, site=away, name=name)
    said = after_restore()
    assert f"A site that is away, connection first of {world.user.username}: " in said
    assert f"A site that is away, connection second of {world.user.username}: The site was not asked: " in said
    assert job in said


def test_a_refused_login_is_named_too(world: World) -> None:
    make_connection(owner=world.user, site=world.site, name="wrong", login_name="demo", secret="wrong")
    said = after_restore()
    (line,) = (line for line in said.splitlines() if "connection wrong" in line)
    assert "refused" in line.lower() or "does not" in line.lower()


def test_a_dry_run_changes_nothing(world: World) -> None:
    run = world.start_run()
    make_schedule(run=run, now=timezone.now() - timedelta(hours=1))
    before = list(Run.objects.values()), list(Slot.objects.values()), list(Schedule.objects.values())
    said = after_restore("--dry-run", "--adopt", "--abort")
    assert "Nothing was changed: this was a dry run." in said
    assert (list(Run.objects.values()), list(Slot.objects.values()), list(Schedule.objects.values())) == before
    assert not Restore.objects.exists()
    assert Installation.objects.get().marked_at is None


def test_it_says_what_mlflow_lacks_and_what_it_has_beyond(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # Other tests have left theirs in the same MLflow.
    monkeypatch.setattr(service, "MOST_NAMED", 1_000_000)
    lost = until_over(submit(world.start_run(name="lost")))
    experiment_id = lost.mlflow_experiment_id
    lost_id = lost.mlflow_run_id
    Run.objects.all().delete()
    missing = make_run(RunState.FINISHED, project=world.project, name="missing", mlflow_run_id="f" * 32)
    gone = make_experiment(project=world.project, name="gone", mlflow_experiment_id="987654")
    beyond = control().ensure_experiment("pv/beyond (00000000-0000-4000-8000-000000000000)")
    model = make_model(run=missing, registry_name="lacking", state="registered")
    name = f"beyond-{lost_id[:8]}"
    registry().create(name, tags={MODEL_TAG: "00000000-0000-4000-8000-000000000001"})
    try:
        said = after_restore()
    finally:
        registry().delete(name)
        control().delete_experiment(beyond)
    assert f"  lost, id {lost_id}" in said
    assert f"  missing, run {missing.short_id}, id {'f' * 32}" in said
    assert f"  {gone.mlflow_name}, id 987654" in said
    assert "  pv/beyond (00000000-0000-4000-8000-000000000000)" in said
    assert f"  {name}" in said
    assert f"  {model.registry_name}" in said
    assert control().find_run(experiment_id, RUN_TAG, "nobody") is None
    assert RegisteredModel.objects.count() == 1


def test_mlflow_may_be_away(world: World, settings: Settings) -> None:
    settings.MANTIK_MLFLOW_URI = f"http://{LOOPBACK}:{free_port()}"
    assert "MLflow was not compared: " in after_restore()


@pytest.mark.django_db
def test_how_old_the_backup_is(settings: Settings) -> None:
    settings.MANTIK_MLFLOW_URI = f"http://{LOOPBACK}:{free_port()}"
    marked = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    make_installation(marked_at=marked)
    said = after_restore()
    assert "The backup is of 2026-03-01 08:00 UTC: the last minute that beat has noted in the database." in said
    assert "A site that did not allow an extension keeps a job for only a day" in said
    assert Restore.objects.get().backup_of == marked
    assert "Schedules and waiting runs were dealt with on" in after_restore()
    assert Restore.objects.count() == 1
    after_restore("--backup-of=2026-03-01T09:00+01:00")
    assert list(Restore.objects.order_by("pk").values_list("backup_of", flat=True)) == [marked, marked]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["yesterday", "2999-01-01T00:00"])
def test_a_time_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match=r"is not a time|is in the future"):
        after_restore(f"--backup-of={text}")
    assert not Restore.objects.exists()
