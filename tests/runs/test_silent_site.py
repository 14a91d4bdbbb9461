"""A site that does not answer costs a worker at most one wait; whatever needs it waits for its answer, in order.

What reaches the site is counted between us and the site.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.models import SiteOutage
from connections.outages import breaker
from runs.following import poll
from runs.models import Run
from runs.services import cancel_run
from runs.states import AT_SITE, RunState
from runs.submission import submit
from tests.exactly_once.conftest import site_label
from tests.support import factories
from tests.support.fault_proxy import FaultProxy
from tests.support.mlflow_server import MlflowServer
from tests.support.outages import ask_silent_sites
from tests.support.pages import page_text
from tests.support.sites import RunningSite
from tests.support.world import World, make_world

LATER = timedelta(minutes=10)


@pytest.fixture
def proxy(site: RunningSite) -> Iterator[FaultProxy]:
    with FaultProxy(site.base_url, label=site_label, patience=1, kill=lambda: None) as proxy:
        yield proxy


@pytest.fixture
def world(
    transactional_db: None,
    settings: Settings,
    tmp_path: Path,
    site: RunningSite,
    proxy: FaultProxy,
    mlflow_server: MlflowServer,
) -> World:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    settings.MANTIK_SITE_READ_TIMEOUT = settings.MANTIK_SITE_SEND_TIMEOUT = 1
    user = site.users["demo"]
    address = proxy.url + urlsplit(site.base_url).path
    return make_world(tmp_path, base_url=address, login=user.login, password=user.password)


def later() -> datetime:
    return timezone.now() + LATER


def submit_what_is_due(now: datetime) -> list[int]:
    """One sweep of submissions, with the tasks that it sends."""
    due = list(Run.objects.due_for_submission(now).order_by("next_attempt_at", "pk").values_list("pk", flat=True))
    for run_id in due:
        submit.submit_run(run_id=run_id, clock=lambda: now)
    return due


def follow_what_is_due(now: datetime) -> int:
    """Run one sweep of jobs, with the tasks that it sends. Returns how many runs were due."""
    due = Run.objects.due_for_following(now).count()
    for connection_id in poll.due_connections(now=now):
        while batch := poll.claim_due(connection_id=connection_id, now=now):
            poll.follow_runs(run_ids=batch, clock=lambda: now)
    return due


def test_after_the_first_nothing_is_sent_and_after_the_answer_all_go_in_order(
    world: World, proxy: FaultProxy, client: Client
) -> None:
    runs = [world.start_run(f"run {number}") for number in range(5)]
    with proxy.silence():
        assert submit_what_is_due(timezone.now()) == [run.pk for run in runs]
        # The first has found it silent; the others were no longer due when their turn came.
        assert proxy.seen.total() == 1
        assert [Run.objects.get(pk=run.pk).attempts for run in runs] == [1, 0, 0, 0, 0]
        assert submit_what_is_due(later()) == []
        ask_silent_sites(later)
        assert proxy.seen.total() == 2
        page = client_page(client, world, runs[3])
        assert f"{runs[3].site_name} does not answer." in page
        assert "Waiting since" in page
        assert "it is being asked again now" in page or "next try in" in page
    proxy.seen.clear()
    ask_silent_sites(lambda: later() + LATER)
    assert proxy.seen.total() == 1
    assert submit_what_is_due(later() + LATER) == [run.pk for run in runs]
    assert {Run.objects.get(pk=run.pk).state for run in runs} == {RunState.QUEUED}
    handed_over = Run.objects.order_by("submitted_at", "pk").values_list("pk", flat=True)
    assert list(handed_over) == [run.pk for run in runs]


def client_page(client: Client, world: World, run: Run) -> str:
    client.force_login(world.user)
    return page_text(client.get(f"/projects/{world.project.slug}/runs/{run.uuid}/"))


def test_all_jobs_of_a_site_are_one_question(world: World, proxy: FaultProxy) -> None:
    """Also those of the second batch."""
    address = f"{world.site.base_url}/jobs"
    runs = [
        factories.make_run(
            RunState.RUNNING,
            project=world.project,
            created_by=world.user,
            connection=world.connection,
            job_url=f"{address}/{number}",
            next_poll_at=timezone.now(),
        )
        for number in range(poll.RUNS_PER_BATCH + 100)
    ]
    with proxy.silence():
        assert follow_what_is_due(timezone.now()) == len(runs)
        assert proxy.seen.total() == 1
        assert follow_what_is_due(later()) == 0
        ask_silent_sites(later)
        assert follow_what_is_due(later() + LATER) == 0
        assert proxy.seen.total() == 2
    assert not Run.objects.exclude(state=RunState.RUNNING).exists()
    ask_silent_sites(lambda: later() + LATER)
    assert follow_what_is_due(later() + LATER) == len(runs)


def test_a_site_that_tells_states_but_serves_no_files_costs_one_wait_for_all_its_jobs(
    world: World, proxy: FaultProxy
) -> None:
    runs = [at_site(world, parameters={"seconds": "60"}) for _ in range(4)]
    Run.objects.update(state=RunState.RUNNING, watched_until=later())
    with proxy.silence(to=lambda message: b"/files/" in message.split(b"\r\n", 1)[0]):
        proxy.seen.clear()
        assert follow_what_is_due(timezone.now() + timedelta(minutes=1)) == len(runs)
        assert proxy.seen["other"] == 1
    # Those that were not looked at are due as soon as it answers; the other is tried again a little later.
    waited_for = [run.waiting_for != "" for run in Run.objects.order_by("pk")]
    assert waited_for.count(True) == 1
    ask_silent_sites(lambda: timezone.now() + timedelta(minutes=1))
    due = poll.claim_due(connection_id=world.connection.pk, now=timezone.now() + timedelta(minutes=1))
    assert len(due) == len(runs) - 1
    for run in Run.objects.all():
        cancel_run(run=run, user=world.user, now=timezone.now())
    follow_what_is_due(later())


def test_a_batch_that_was_under_way_when_the_site_fell_silent_asks_nothing(world: World, proxy: FaultProxy) -> None:
    run = at_site(world)
    batch = poll.claim_due(connection_id=world.connection.pk, now=timezone.now())
    factories.make_outage(world.site)
    proxy.seen.clear()
    poll.follow_runs(run_ids=batch, clock=timezone.now)
    assert (proxy.seen.total(), follow_what_is_due(later())) == (0, 0)
    breaker.note_answer(world.connection, now=timezone.now())
    # Not only when the claim is over.
    assert follow_what_is_due(timezone.now()) == 1
    assert Run.objects.get(pk=run.pk).waiting_for == ""


def at_site(world: World, **choices: object) -> Run:
    run = world.start_run(**choices)  # type: ignore[arg-type]
    submit_what_is_due(timezone.now())
    run.refresh_from_db()
    assert run.state in AT_SITE
    return run


def test_a_run_that_has_ended_does_not_ask_for_its_log_either_but_its_mlflow_run_is_ended(
    world: World, proxy: FaultProxy
) -> None:
    run = at_site(world)
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, ended_at=timezone.now(), outcome="Done.")
    factories.make_outage(world.site)
    proxy.seen.clear()
    assert follow_what_is_due(timezone.now()) == 1
    run.refresh_from_db()
    assert (run.tracking_closed, run.log_complete, proxy.seen.total()) == (True, False, 0)
    # Only the log is left, for which the site is needed.
    assert follow_what_is_due(later()) == 0
    breaker.note_answer(world.connection, now=timezone.now())
    assert follow_what_is_due(later()) == 1
    assert proxy.seen.total() > 0


def test_a_slow_site_is_waited_for(world: World, proxy: FaultProxy, settings: Settings) -> None:
    settings.MANTIK_SITE_READ_TIMEOUT = settings.MANTIK_SITE_SEND_TIMEOUT = 20
    proxy.delay = 2
    run = at_site(world)
    assert follow_what_is_due(later()) == 1
    assert not SiteOutage.objects.exists()
    assert Run.objects.get(pk=run.pk).waiting_for == ""


def test_a_run_of_which_nothing_was_sent_can_be_cancelled_all_the_same(world: World, proxy: FaultProxy) -> None:
    run = world.start_run()
    factories.make_outage(world.site)
    cancel_run(run=run, user=world.user, now=timezone.now())
    submit_what_is_due(timezone.now())
    assert Run.objects.get(pk=run.pk).state == RunState.CANCELLED
    assert proxy.seen.total() == 0


def test_who_is_about_to_run_something_there_is_warned(world: World) -> None:
    assert world.plan().warnings == []
    factories.make_outage(world.site)
    assert world.plan().warnings == [f"{world.site.name} is not answering at the moment. The run waits until it does."]


def test_what_needs_another_site_or_none_goes_on(world: World, proxy: FaultProxy, sandbox: RunningSite) -> None:
    other = factories.make_connection(
        owner=world.user,
        site=factories.make_site(base_url=sandbox.base_url),
        login_name="demo",
        secret=sandbox.users["demo"].password,
    )
    silent, goes_on = world.start_run("silent"), world.start_run("goes on", connection=other)
    Run.objects.filter(pk=goes_on.pk).update(connection=other)
    factories.make_outage(world.site)
    assert submit_what_is_due(timezone.now()) == [goes_on.pk]
    assert Run.objects.get(pk=silent.pk).state == RunState.PENDING
