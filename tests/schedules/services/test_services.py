"""What members do with schedules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from connections.logins.uses import uses_of
from connections.models import Connection
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import CodeRepository, Membership, Project
from projects.roles import Role
from projects.services.code_repositories import InUse as CodeInUse
from projects.services.code_repositories import delete_code_repository
from projects.services.deletion import delete_project
from projects.services.experiments import InUse, delete_experiment
from runs.models import Run
from runs.states import RunState
from schedules.firing.timing import BadTiming, Timing, read_timing
from schedules.models import Schedule, Slot
from schedules.services import schedules
from schedules.services.schedules import Policies
from schedules.states import CatchUp, CodePolicy, Overlap, ScheduleState
from tests.conftest import ClientOf
from tests.schedules.conftest import DUE, EARLIER, fire, runs_of, slots_of
from tests.support.factories import join, make_connection, make_project, make_run, make_schedule, make_site
from tests.support.pages import page_text

FIVE = timedelta(minutes=5)


def timing(
    cron_expression: str = "*/5 * * * *", time_zone: str = "UTC", end_date: date | None = None, **rest: Any
) -> Timing:
    return read_timing(
        cron_expression=cron_expression, time_zone=time_zone, end_date=end_date, **{"now": EARLIER} | rest
    )


@pytest.fixture
def run(project: Project, ada: User) -> Run:
    return make_run(RunState.FINISHED, project=project, created_by=ada)


@pytest.fixture
def schedule(project: Project, ada: User) -> Schedule:
    return make_schedule(project=project, created_by=ada, now=EARLIER)


def create(run: Run, **columns: Any) -> Schedule:
    usual: dict[str, Any] = {
        "project": run.project,
        "user": run.created_by,
        "name": "nightly",
        "run": run,
        "connection": run.connection,
        "compute_budget_account": "acc_sol",
        "timing": timing(),
        "policies": Policies(),
        "now": EARLIER,
    }
    return schedules.create_schedule(**usual | columns)


def edit(schedule: Schedule, actor: User, **columns: Any) -> None:
    usual: dict[str, Any] = {
        "revision": schedule.revision,
        "name": schedule.name,
        "run": schedule.run,
        "connection": schedule.connection,
        "compute_budget_account": schedule.compute_budget_account,
        "timing": timing(schedule.cron_expression, schedule.time_zone, schedule.end_date),
        "policies": Policies(),
        "now": EARLIER,
    }
    schedules.edit_schedule(schedule=schedule, actor=actor, **usual | columns)


def events() -> list[str]:
    return list(AuditEvent.objects.filter(verb__startswith="schedule.").order_by("pk").values_list("verb", flat=True))


# Times


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"cron_expression": "@daily"}, "cron_expression", "0 0 * * *"),
        ({"cron_expression": "*/2 * * * *"}, "cron_expression", "more often than every 5\u00a0min"),
        ({"time_zone": "Europe/Berlinn"}, "time_zone", "Europe/Berlin"),
        ({"end_date": date(2027, 2, 28)}, "end_date", "is in the past"),
        ({"cron_expression": "0 7 * * *", "end_date": date(2027, 3, 1)}, "end_date", "no due time left"),
        ({"jitter_seconds": 300}, "jitter_seconds", "shorter than the 5\u00a0min"),
    ],
)
def test_times_that_will_not_do_are_refused_with_the_reason(typed: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(BadTiming) as refused:
        timing(**typed)
    assert list(refused.value.problems) == [field]
    assert said in refused.value.problems[field][0]


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(BadTiming) as refused:
        timing("61 * * * *", "Mars/Olympus")
    assert set(refused.value.problems) == {"cron_expression", "time_zone"}


# Adding


def test_a_schedule_begins_with_the_first_due_time_to_come(run: Run, ada: User) -> None:
    schedule = create(run, timing=timing("30 2 * * 1-5", "Europe/Berlin", date(2027, 6, 30)))
    assert schedule.next_due_at == datetime(2027, 3, 2, 1, 30, tzinfo=UTC)
    assert (schedule.state, schedule.created_by, schedule.recipe) == (
        ScheduleState.ENABLED,
        ada,
        run.recipe | {"compute_budget_account": "acc_sol"},
    )
    task = schedule.periodic_task
    crontab = task.crontab
    assert (crontab.minute, crontab.hour, crontab.day_of_week, str(crontab.timezone)) == (
        "30",
        "2",
        "1-5",
        "Europe/Berlin",
    )
    assert task.expires == datetime(2027, 6, 30, 22, tzinfo=UTC)
    assert task.enabled
    assert events() == ["schedule.added"]


def test_a_name_is_had_once_in_a_project(run: Run) -> None:
    create(run, name="Nightly")
    with pytest.raises(schedules.NameTaken):
        create(run, name="nightly")
    assert PeriodicTask.objects.filter(task="schedules.tasks.fire_schedule").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_deleted_meanwhile_is_not_told_as_a_taken_name(run: Run, schedule: Schedule) -> None:
    connection = run.connection
    assert connection is not None
    Connection.objects.filter(pk=connection.pk).delete()
    with pytest.raises(schedules.ChangedMeanwhile):
        create(run, connection=connection)
    with pytest.raises(schedules.ChangedMeanwhile):
        edit(schedule, schedule.created_by, connection=connection, run=run)
    assert PeriodicTask.objects.filter(task="schedules.tasks.fire_schedule").count() == 1


def test_it_takes_a_connection_of_ones_own(run: Run, maintainer: User) -> None:
    with pytest.raises(schedules.NotYours):
        create(run, connection=make_connection(owner=maintainer))


def test_the_connection_has_to_be_for_the_site_of_the_config(project: Project, ada: User) -> None:
    site = make_site(base_url="https://a.example.org/A/rest/core")
    config = f"UnicoreApiUrl: {site.base_url}\nResources: {{Queue: gpu, Runtime: 30m, Nodes: 1}}\n"
    run = make_run(RunState.FINISHED, project=project, created_by=ada, backend_config_content=config)
    with pytest.raises(schedules.BadChoice, match=r"Choose a\s+connection to the\s+site that"):
        create(run)
    create(run, connection=make_connection(owner=ada, site=site))


def join_another(user: User) -> Project:
    project = make_project()
    join(project, Role.RESEARCHER, user)
    return project


@pytest.mark.parametrize("change", ["other project", "no code", "moved code", "pending", "git connection"])
def test_what_cannot_be_repeated_is_refused(run: Run, ada: User, change: str) -> None:
    chosen: dict[str, Any] = {}
    if change == "other project":
        chosen["project"] = join_another(ada)
    elif change == "no code":
        run.code_repository = None
    elif change == "moved code":
        CodeRepository.objects.filter(pk=run.code_repository_id or 0).update(url="https://elsewhere.example.org/x.git")
        run.refresh_from_db()
    elif change == "pending":
        run.commit_pending = True
    else:
        chosen["connection"] = make_connection(owner=ada, kind="git-token")
    with pytest.raises(schedules.BadChoice):
        create(run, **chosen)


def test_the_newest_commit_is_left_to_the_worker(run: Run) -> None:
    schedule = create(run, policies=Policies(code_policy=CodePolicy.NEWEST))
    fire(DUE)
    (made,) = runs_of(schedule)
    assert made.commit_pending
    assert AuditEvent.objects.get(verb="run.scheduled").after["commit"] == "the newest commit of main"


# Editing


def test_an_edit_never_replays_the_past(schedule: Schedule, ada: User) -> None:
    now = DUE + timedelta(hours=5, minutes=2)
    fire(now)
    before = slots_of(schedule)
    schedule.refresh_from_db()
    edit(schedule, ada, timing=timing("*/10 * * * *"), now=now)
    assert schedule.next_due_at == datetime(2027, 3, 1, 13, 10, tzinfo=UTC)
    assert slots_of(schedule) == before
    assert schedule.periodic_task.crontab.minute == "*/10"


def test_what_was_due_before_an_edit_is_dealt_with_by_the_rules_that_held_then(schedule: Schedule, ada: User) -> None:
    edit(schedule, ada, timing=timing("0 0 * * *"), policies=Policies(missed=CatchUp.SKIP), now=DUE + FIVE)
    assert slots_of(schedule) == [("08:00", "missed"), ("08:05", "fired")]
    assert schedule.next_due_at == datetime(2027, 3, 2, tzinfo=UTC)


def test_an_edit_is_told_field_by_field(schedule: Schedule, ada: User) -> None:
    edit(schedule, ada, name="weekly", timing=timing("0 4 * * 1"))
    event = AuditEvent.objects.get(verb="schedule.edited")
    assert event.before == {"name": event.before["name"], "cron expression": "*/5 * * * *"}
    assert event.after == {"name": "weekly", "cron expression": "0 4 * * 1"}
    assert (schedule.revision, schedule.last_edited_by) == (2, ada)


def test_an_edit_that_changes_nothing_is_none(schedule: Schedule, ada: User) -> None:
    edit(schedule, ada)
    assert (schedule.revision, events()) == (1, [])


def test_of_two_edits_the_second_is_told_of_the_first(schedule: Schedule, ada: User, maintainer: User) -> None:
    edit(schedule, maintainer, name="weekly")
    with pytest.raises(schedules.ChangedMeanwhile):
        edit(schedule, ada, revision=1, name="monthly")


def test_a_maintainer_may_change_when_but_not_what_somebody_elses_login_runs(
    schedule: Schedule, project: Project, maintainer: User
) -> None:
    edit(schedule, maintainer, timing=timing("0 4 * * *"))
    other = make_run(RunState.FINISHED, project=project, created_by=maintainer)
    for change in (
        {"run": other},
        {"compute_budget_account": "acc_bob"},
        {"policies": Policies(code_policy=CodePolicy.NEWEST)},
    ):
        with pytest.raises(schedules.NotYours):
            edit(schedule, maintainer, **change)
    edit(schedule, maintainer, run=other, connection=other.connection)
    fire(datetime(2027, 3, 2, 4, tzinfo=UTC))
    assert [made.created_by for made in runs_of(schedule)] == [maintainer]


def test_whoever_changes_when_it_runs_next_it_goes_on_with_the_connection_that_it_has(
    schedule: Schedule, project: Project, maintainer: User, ada: User
) -> None:
    other = make_run(RunState.FINISHED, project=project, created_by=maintainer)
    edit(schedule, maintainer, run=other, connection=other.connection)
    edit(schedule, ada, timing=timing("0 4 * * *"))
    fire(datetime(2027, 3, 2, 4, tzinfo=UTC))
    assert slots_of(schedule) == [("04:00", "fired")]
    assert [made.created_by for made in runs_of(schedule)] == [maintainer]


def test_a_schedule_that_had_ended_goes_on_with_a_later_end(project: Project, ada: User) -> None:
    schedule = make_schedule(
        project=project, created_by=ada, now=EARLIER, cron_expression="0 8 * * *", end_date=date(2027, 3, 1)
    )
    fire(DUE)
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.ENDED
    edit(schedule, ada, timing=timing("0 8 * * *", end_date=date(2027, 3, 2)), now=DUE + FIVE)
    assert (schedule.state, schedule.next_due_at) == (ScheduleState.ENABLED, DUE + timedelta(days=1))
    assert PeriodicTask.objects.get(pk=schedule.periodic_task_id).enabled


def test_a_paused_schedule_stays_paused_when_edited(schedule: Schedule, ada: User) -> None:
    schedules.pause_schedule(schedule=schedule, actor=ada, now=EARLIER)
    edit(schedule, ada, timing=timing("0 4 * * *"))
    assert (schedule.state, schedule.next_due_at) == (ScheduleState.PAUSED, None)
    assert not PeriodicTask.objects.get(pk=schedule.periodic_task_id).enabled


# Pausing and resuming


def test_while_paused_nothing_runs_and_afterwards_it_is_told_what_was_held(schedule: Schedule, ada: User) -> None:
    assert schedules.pause_schedule(schedule=schedule, actor=ada, now=EARLIER)
    assert schedule.state_reason == f"{ada.display_name} paused it."
    fire(DUE + FIVE)
    assert slots_of(schedule) == []
    assert schedules.resume_schedule(schedule=schedule, actor=ada, now=DUE + FIVE + timedelta(minutes=1))
    assert slots_of(schedule) == [("08:00", "held"), ("08:05", "held")]
    assert (schedule.state, schedule.next_due_at) == (ScheduleState.ENABLED, DUE + 2 * FIVE)
    assert events() == ["schedule.paused", "schedule.resumed"]


@pytest.mark.parametrize(
    ("catch_up", "outcomes"),
    [(CatchUp.ONE, ["held", "held", "held", "fired"]), (CatchUp.ALL, ["held", "held", "fired", "fired"])],
)
def test_who_resumes_says_what_is_made_up_for(
    project: Project, ada: User, catch_up: CatchUp, outcomes: list[str]
) -> None:
    schedule = make_schedule(project=project, created_by=ada, now=EARLIER, missed_cap=2, overlap=Overlap.ALLOW)
    schedules.pause_schedule(schedule=schedule, actor=ada, now=EARLIER)
    schedules.resume_schedule(schedule=schedule, actor=ada, catch_up=catch_up, now=DUE + 3 * FIVE)
    assert [outcome for _, outcome in slots_of(schedule)] == outcomes


def test_a_long_pause_lists_the_latest_due_times(schedule: Schedule, ada: User) -> None:
    schedules.pause_schedule(schedule=schedule, actor=ada, now=EARLIER)
    schedules.resume_schedule(schedule=schedule, actor=ada, now=DUE + timedelta(days=300))
    assert Slot.objects.count() == 500
    assert schedule.next_due_at == DUE + timedelta(days=300) + FIVE


def test_pausing_twice_is_told_once(schedule: Schedule, ada: User, maintainer: User) -> None:
    assert schedules.pause_schedule(schedule=schedule, actor=ada, now=EARLIER)
    assert not schedules.pause_schedule(schedule=schedule, actor=maintainer, now=EARLIER)
    assert schedule.state_changed_by == ada
    assert schedules.resume_schedule(schedule=schedule, actor=ada, now=EARLIER)
    assert not schedules.resume_schedule(schedule=schedule, actor=maintainer, now=EARLIER)


def test_one_that_would_be_refused_is_not_resumed(schedule: Schedule, ada: User) -> None:
    schedules.pause_schedule(schedule=schedule, actor=ada, now=EARLIER)
    assert schedule.connection
    schedule.connection.delete()
    with pytest.raises(schedules.NotAllowed, match="connection was deleted"):
        schedules.resume_schedule(schedule=schedule, actor=ada, now=DUE)
    schedule.refresh_from_db()
    assert schedule.is_paused


def test_resuming_forgives_failures(schedule: Schedule, ada: User) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(failures_in_a_row=5)
    fire(DUE)
    schedule.refresh_from_db()
    assert schedule.is_paused
    schedules.resume_schedule(schedule=schedule, actor=ada, now=DUE)
    fire(DUE + FIVE)
    assert slots_of(schedule) == [("08:00", "held"), ("08:05", "fired")]


def test_an_operator_pauses_and_resumes_in_the_admin(schedule: Schedule) -> None:
    task = PeriodicTask.objects.get(pk=schedule.periodic_task_id)
    task.enabled = False
    task.save()
    schedule.refresh_from_db()
    assert (schedule.state, schedule.state_reason) == (ScheduleState.PAUSED, "An operator switched it off.")
    task.enabled = True
    task.save()
    schedule.refresh_from_db()
    assert schedule.is_enabled


# Run now


def test_run_now_is_one_run_more(schedule: Schedule, maintainer: User, ada: User) -> None:
    run = schedules.run_now(schedule=schedule, actor=maintainer, now=EARLIER)
    slot = run.slot
    assert (slot.asked_by, slot.reason) == (maintainer, f"{maintainer.display_name} pressed Run now.")
    assert (run.created_by, run.name) == (ada, schedule.name)
    assert schedule.next_due_at == DUE
    assert events() == ["schedule.run_now"]


def test_run_now_says_what_it_cancels(schedule: Schedule, ada: User, project: Project, client_of: ClientOf) -> None:
    Schedule.objects.update(overlap=Overlap.CANCEL)
    first = schedules.run_now(schedule=schedule, actor=ada, now=EARLIER)
    asked = client_of(ada).get(reverse("schedules:run-now", args=[project.slug, schedule.uuid]))
    assert "A run of it that is still active is cancelled." in page_text(asked)
    second = schedules.run_now(schedule=schedule, actor=ada, now=EARLIER + timedelta(seconds=1))
    assert second.slot.reason.endswith(f"Its previous run, {first.short_id}, was still active and was cancelled.")
    first.refresh_from_db()
    assert first.cancel_requested_at is not None


def test_run_now_works_while_paused_and_leaves_it_paused(schedule: Schedule, ada: User) -> None:
    schedules.pause_schedule(schedule=schedule, actor=ada, now=EARLIER)
    schedules.run_now(schedule=schedule, actor=ada, now=DUE)
    assert schedule.is_paused
    assert events() == ["schedule.paused", "schedule.run_now"]


def test_run_now_heeds_overlap_and_rights(schedule: Schedule, ada: User) -> None:
    schedules.run_now(schedule=schedule, actor=ada, now=EARLIER)
    with pytest.raises(schedules.NotAllowed, match="still active"):
        schedules.run_now(schedule=schedule, actor=ada, now=EARLIER + timedelta(seconds=1))
    assert schedule.connection
    schedule.connection.delete()
    with pytest.raises(schedules.NotAllowed, match="connection was deleted"):
        schedules.run_now(schedule=Schedule.objects.get(), actor=ada, now=DUE)


# Copies and ends


def test_a_copy_is_ones_own_and_paused(schedule: Schedule, maintainer: User, ada: User) -> None:
    theirs = schedules.duplicate_schedule(schedule=schedule, actor=maintainer, now=EARLIER)
    own = schedules.duplicate_schedule(schedule=schedule, actor=ada, now=EARLIER)
    assert (theirs.name, theirs.created_by, theirs.connection) == (f"{schedule.name} copy", maintainer, None)
    assert (own.name, own.connection) == (f"{schedule.name} copy 2", schedule.connection)
    assert {theirs.state, own.state} == {ScheduleState.PAUSED}
    assert len({schedule.periodic_task_id, theirs.periodic_task_id, own.periodic_task_id}) == 3
    fire(DUE)
    assert Slot.objects.exclude(schedule=schedule).count() == 0


def test_what_was_deleted_meanwhile_is_not_copied(schedule: Schedule, ada: User, maintainer: User) -> None:
    schedules.delete_schedule(schedule=Schedule.objects.get(), actor=ada)
    with pytest.raises(schedules.ChangedMeanwhile):
        schedules.duplicate_schedule(schedule=schedule, actor=maintainer, now=EARLIER)


def test_deleting_it_leaves_its_runs(schedule: Schedule, ada: User) -> None:
    fire(DUE)
    schedules.delete_schedule(schedule=schedule, actor=ada)
    schedules.delete_schedule(schedule=schedule, actor=ada)
    assert Run.objects.filter(state=RunState.PENDING).count() == 1
    assert not Slot.objects.exists()
    assert not PeriodicTask.objects.filter(task="schedules.tasks.fire_schedule").exists()
    assert not CrontabSchedule.objects.filter(minute="*/5").exists()
    assert events() == ["schedule.deleted"]


def test_what_a_schedule_needs_is_not_deleted_under_it(schedule: Schedule, ada: User) -> None:
    assert schedule.connection
    assert schedule.code_repository
    assert [use.text for use in uses_of(schedule.connection)] == [
        f"the schedule {schedule.name} in {schedule.project.name}"
    ]
    with pytest.raises(CodeInUse, match=f"is used by the schedule {schedule.name}"):
        delete_code_repository(repository=schedule.code_repository, actor=ada)
    for name in ("hourly", "nightly", "weekly"):
        make_schedule(run=schedule.run, created_by=ada, experiment=schedule.experiment, name=name, now=EARLIER)
    Run.objects.all().delete()
    with pytest.raises(InUse, match=r"holds 4 schedules \(hourly, nightly, schedule-\d+ and 1 more\)"):
        delete_experiment(experiment=schedule.experiment, actor=ada, now=DUE)


def test_a_connection_can_go_when_its_owner_may_not_run_there_any_more(schedule: Schedule, ada: User) -> None:
    assert schedule.connection
    Membership.objects.filter(user=ada).update(role=Role.REPORTER)
    assert uses_of(schedule.connection) == []


def test_schedules_go_with_their_project(schedule: Schedule, project: Project, ada: User) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(name="other")
    delete_project(project=project, actor=ada)
    assert not Schedule.objects.exists()
    assert not PeriodicTask.objects.filter(task="schedules.tasks.fire_schedule").exists()


@pytest.mark.parametrize(
    ("role", "own", "others"),
    [(Role.REPORTER, False, False), (Role.RESEARCHER, True, False), (Role.MAINTAINER, True, True)],
)
def test_who_may_edit(schedule: Schedule, project: Project, role: Role, own: bool, others: bool) -> None:
    person = join(project, role)
    mine = make_schedule(project=project, created_by=person, now=EARLIER)
    assert (schedules.may_edit(person, mine), schedules.may_edit(person, schedule)) == (own, others)


def test_policies_and_columns_have_the_same_names(schedule: Schedule) -> None:
    assert replace(Policies()) == Policies(**{name: getattr(schedule, name) for name in vars(Policies())})
