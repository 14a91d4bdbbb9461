"""A job and its files are kept at the site as long as they may be needed. If the site refuses, pages say so."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.models import SiteOutage
from connections.unicore.client import SiteClient
from connections.unicore.credentials import password_credential
from connections.unicore.errors import JobGone, SiteError, SiteRefused, SiteUnavailable
from connections.unicore.sites import make_client
from connections.unicore.values import JobState, JobStatus
from mantik.demo.sandbox.sandbox_site import SandboxSite
from mantik.lib.humanize import absolute_time
from runs.following import job_lifetime, poll
from runs.following.job_lifetime import hurried, keep_files, keep_job
from runs.models import Run
from runs.states import RunState
from tests.exactly_once.conftest import site_label
from tests.support import factories
from tests.support.fault_proxy import FaultProxy
from tests.support.pages import page_text
from tests.support.sites import RunningSite, running_sandbox
from tests.support.waiting import wait_until

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
# Moments that differ by less are the same: a request takes time, and sites tell whole seconds.
ABOUT = timedelta(minutes=2)
# More than MANTIK_JOB_DAYS, by a day.
ASKED = 15 * DAY


def about(moment: datetime | None, expected: datetime) -> bool:
    return moment is not None and abs(moment - expected) < ABOUT


def client_at(site: RunningSite) -> SiteClient:
    credential = password_credential("demo", site.users["demo"].password)
    return make_client(site.base_url, credential, site.ca_bundle.read_text() if site.ca_bundle else None)


Submit = Callable[..., str]


@pytest.fixture
def submit() -> Iterator[Submit]:
    """Submits a job that waits for its start, and removes it in the end."""
    made: list[tuple[SiteClient, str]] = []

    def submit(site: RunningSite, **more: Any) -> str:
        client = client_at(site)
        job = client.submit({"Executable": "sleep", "Arguments": ["60"], "haveClientStageIn": "true", **more})
        made.append((client, job))
        wait_until(lambda: client.status(job).state is JobState.READY)
        return job

    yield submit
    for client, job in made:
        try:
            client.delete(job)
        except (JobGone, SiteUnavailable):
            # A site of the test's own is not there any more.
            continue


def make_run(site: RunningSite, job_url: str, state: RunState = RunState.QUEUED, **columns: Any) -> Run:
    user = site.users["demo"]
    connection = factories.make_connection(
        site=factories.make_site(
            base_url=site.base_url, ca_bundle=site.ca_bundle.read_text() if site.ca_bundle else ""
        ),
        login_name=user.login,
        secret=user.password,
    )
    return factories.make_run(state, connection=connection, job_url=job_url, site_name="POLAR", **columns)


def ends_at(site: RunningSite, job_url: str) -> datetime:
    """When the site deletes the job, by its own clock."""
    told = client_at(site).status(job_url).terminates_at
    assert told
    return told


def follow(run: Run, *, ahead: timedelta = timedelta(0)) -> Run:
    """Follow the run with a worker whose clock is `ahead` of the site's. Returns the run as it is after that."""
    poll.follow_runs(run_ids=[run.pk], clock=lambda: timezone.now() + ahead)
    return Run.objects.get(pk=run.pk)


# At sites


@pytest.mark.django_db
@pytest.mark.parametrize("ahead", [timedelta(0), 7 * HOUR, -7 * HOUR], ids=["in step", "behind", "ahead"])
def test_a_queued_job_is_lengthened_at_the_first_look_whatever_the_clock_of_the_site_says(
    site: RunningSite, submit: Submit, ahead: timedelta
) -> None:
    job = submit(site)
    run = follow(make_run(site, job), ahead=ahead)
    ends = ends_at(site, job)
    assert about(ends, timezone.now() + ASKED)
    assert about(run.job_expires_at, timezone.now() + ahead + ASKED)
    assert (run.state, run.job_lifetime) == (RunState.QUEUED, None)
    # That is enough for now, so it is not lengthened again.
    run = follow(run, ahead=ahead + 2 * DAY)
    assert ends_at(site, job) == ends


@pytest.mark.django_db
def test_a_running_job_is_lengthened_again_when_less_is_left_than_has_to_be(site: RunningSite, submit: Submit) -> None:
    job = submit(site)
    client = client_at(site)
    client.start(job)
    wait_until(lambda: client.status(job).state is JobState.RUNNING)
    run = follow(make_run(site, job))
    assert run.state == RunState.RUNNING
    # As if it had run for five days.
    client.keep_until(job, timezone.now() + 10 * DAY)
    run = follow(run, ahead=HOUR)
    assert about(ends_at(site, job), timezone.now() + 10 * DAY)
    assert about(run.job_expires_at, timezone.now() + HOUR + 10 * DAY)
    run = follow(run, ahead=5 * HOUR)
    assert about(ends_at(site, job), timezone.now() + ASKED)


@pytest.mark.django_db
def test_a_run_that_has_just_ended_keeps_its_files(site: RunningSite, submit: Submit) -> None:
    job = submit(site, Executable="true", Arguments=[])
    client = client_at(site)
    client.start(job)
    wait_until(lambda: client.status(job).state.is_over)
    run = follow(make_run(site, job))
    assert run.state == RunState.FINISHED
    assert about(ends_at(site, job), timezone.now() + ASKED)


@pytest.mark.django_db
def test_so_does_one_whose_log_is_still_to_be_fetched(site: RunningSite, submit: Submit) -> None:
    job = submit(site)
    client_at(site).keep_until(job, timezone.now() + HOUR)
    over = {"ended_at": timezone.now(), "log_complete": False, "tracking_closed": True}
    follow(make_run(site, job, RunState.FAILED, job_expires_at=timezone.now() + HOUR, **over))
    assert about(ends_at(site, job), timezone.now() + ASKED)


@pytest.mark.django_db
def test_a_site_that_allows_less_at_a_time_is_asked_again_and_again(strict_site: RunningSite, submit: Submit) -> None:
    job = submit(strict_site)
    before = ends_at(strict_site, job)
    run = follow(make_run(strict_site, job))
    assert about(ends_at(strict_site, job), before)
    assert about(run.job_expires_at, before)
    assert run.job_lifetime
    assert DAY - ABOUT < run.job_lifetime <= DAY
    # As if half of that were over.
    client_at(strict_site).keep_until(job, timezone.now() + 11 * HOUR)
    run = follow(run, ahead=4 * HOUR)
    assert about(ends_at(strict_site, job), timezone.now() + DAY)
    [event] = run.events.all()
    assert event.kind == "job.lengthened"
    assert event.message == (
        f"POLAR keeps the job and its files until {absolute_time(before, zone=UTC)}, which is less than Mantik asked "
        "for. Mantik asks again before then, while it still needs them. It says: Error setting property: "
        "Requested lifetime is larger than maximum configured on the system."
    )


@pytest.mark.django_db
def test_where_the_site_refuses_page_and_events_say_until_when_the_files_live(
    tmp_path: Path, submit: Submit, client: Client
) -> None:
    with SandboxSite(tmp_path, most_lifetime=3600) as sandbox:
        site = running_sandbox(sandbox)
        job = submit(site)
        before = ends_at(site, job)
        run = follow(make_run(site, job))
        assert ends_at(site, job) == before
        run = follow(run, ahead=4 * HOUR)
    assert run.job_expires_at
    [event] = run.events.all()
    assert event.kind == "job.not-lengthened"
    assert event.message == (
        f"POLAR will delete the job and its files on {absolute_time(before, zone=UTC)}, and refused to keep them "
        "longer. It says: Error setting property: Requested lifetime is larger than maximum configured on the system."
    )
    client.force_login(run.created_by)
    page = page_text(client.get(f"/projects/{run.project.slug}/runs/{run.uuid}/"))
    assert "POLAR will delete the job and its files on " in page
    assert ", and refused to keep them longer." in page


@pytest.mark.django_db
def test_a_job_whose_time_is_over_is_lost_and_its_run_says_so(site: RunningSite, submit: Submit) -> None:
    job = submit(site)
    client = client_at(site)
    run = follow(make_run(site, job))
    client.keep_until(job, timezone.now() - HOUR)

    def is_lost() -> bool:
        nonlocal run
        run = follow(run, ahead=-HOUR)
        return run.state == RunState.LOST

    wait_until(is_lost)
    assert run.outcome.startswith("POLAR no longer knows the job. ")


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (None, "It was deleted there, or has expired."),
        (HOUR, "It was deleted there, or has expired."),
        (timedelta(0), "Its time there ended on 25 Nov 2026 12:00 UTC."),
        (-HOUR, "Its time there ended on 25 Nov 2026 11:00 UTC."),
    ],
)
def test_a_job_that_is_gone_has_expired_or_was_deleted(left: timedelta | None, why: str) -> None:
    run = Run(job_expires_at=None if left is None else NOW + left)
    assert job_lifetime.why_gone(run, now=NOW) == why


@pytest.mark.django_db
def test_the_sandbox_site_lets_a_job_live_for_as_long_as_it_is_told(tmp_path: Path, submit: Submit) -> None:
    with SandboxSite(tmp_path, lifetime=3600) as sandbox:
        site = running_sandbox(sandbox)
        assert about(ends_at(site, submit(site)), timezone.now() + HOUR)


# A site that does not answer, or cannot


@pytest.mark.django_db
def test_silence_at_that_request_opens_the_breaker_and_leaves_the_run_alone(
    sandbox: RunningSite, submit: Submit, settings: Settings
) -> None:
    settings.MANTIK_SITE_READ_TIMEOUT = 1
    job = submit(sandbox)
    before = ends_at(sandbox, job)
    with FaultProxy(sandbox.base_url, label=site_label, patience=1, kill=lambda: None) as proxy:
        address = proxy.url + urlsplit(sandbox.base_url).path
        through = replace(sandbox, base_url=address)
        run = make_run(through, address + job.removeprefix(sandbox.base_url))
        with proxy.silence(lambda request: request.startswith(b"PUT ")):
            run = follow(run)
        assert (run.state, run.waiting_for) == (RunState.QUEUED, "")
        assert SiteOutage.objects.open().count() == 1
        assert about(run.job_expires_at, before)
        # As soon as it answers, and some time has passed.
        SiteOutage.objects.update(ended_at=timezone.now())
        run = follow(run)
        assert ends_at(sandbox, job) == before
        run = follow(run, ahead=4 * HOUR)
    assert about(ends_at(sandbox, job), timezone.now() + ASKED)


READY = JobStatus(
    state=JobState.READY,
    message="",
    exit_code=None,
    batch_system_id=None,
    queue=None,
    consumed_seconds={},
    submitted_at=NOW - HOUR,
    terminates_at=NOW + 23 * HOUR,
    answered_at=NOW,
)


@dataclass
class Site:
    """Stands for a site with a fault that no real one can be made to have."""

    most: timedelta | None = None
    errors: list[SiteError] = field(default_factory=list)
    asked: list[datetime] = field(default_factory=list)
    status_: JobStatus = READY

    def keep_until(self, _job_url: str, when: datetime) -> None:
        self.asked.append(when)
        if self.errors:
            raise self.errors.pop(0)
        if self.most is not None and when - NOW > self.most:
            raise SiteRefused("no", code="refused.lifetime", site_words="Too long.")

    def status(self, _job_url: str) -> JobStatus:
        return self.status_

    def statuses(self, job_urls: Sequence[str]) -> Iterator[tuple[str, JobStatus]]:
        for job_url in job_urls:
            yield job_url, self.status_


def keep(site: Site, run: Run, status: JobStatus = READY, *, now: datetime = NOW) -> Run:
    keep_job(site, run, status, now=now)  # type: ignore[arg-type]
    stored = Run.objects.get(pk=run.pk)
    for column in ("job_expires_at", "job_lengthen_at", "job_lifetime"):
        assert getattr(stored, column) == getattr(run, column)
    return stored


@pytest.fixture
def run(db: None) -> Run:
    return factories.make_run(RunState.QUEUED, posted_at=NOW - HOUR)


def test_a_site_is_asked_once_for_one_lengthening(run: Run) -> None:
    site = Site()
    run = keep(site, run)
    assert (site.asked, run.job_expires_at) == ([NOW + ASKED], NOW + ASKED)
    # The site accepts, but changes nothing.
    for minutes in (1, 60, 179):
        run = keep(site, run, now=NOW + timedelta(minutes=minutes))
    assert len(site.asked) == 1
    keep(site, run, now=NOW + 3 * HOUR)
    assert len(site.asked) == 2


def test_a_site_that_keeps_a_job_long_enough_is_never_asked(run: Run) -> None:
    site = Site()
    run = keep(site, run, replace(READY, terminates_at=NOW + 30 * DAY))
    assert (site.asked, run.job_expires_at) == ([], NOW + 30 * DAY)


def test_neither_is_one_that_does_not_say_how_long_it_does(run: Run) -> None:
    site = Site()
    run = keep(site, run, replace(READY, terminates_at=None))
    assert (site.asked, run.job_expires_at) == ([], None)


@pytest.mark.parametrize("year", [1, 9999])
def test_a_time_that_makes_no_sense_stops_nobody(run: Run, year: int) -> None:
    run = keep(Site(), run, replace(READY, terminates_at=datetime(year, 1, 1, tzinfo=UTC), answered_at=NOW - 3 * HOUR))
    assert run.job_expires_at


@pytest.mark.parametrize("ahead", [5 * HOUR, -5 * HOUR])
def test_a_site_without_the_time_in_its_answer_has_told_it_when_it_got_the_job(run: Run, ahead: timedelta) -> None:
    site = Site()
    its = replace(READY, answered_at=None, submitted_at=NOW - HOUR + ahead, terminates_at=NOW + 23 * HOUR + ahead)
    run = keep(site, run, its)
    assert (site.asked, run.job_expires_at) == ([NOW + ahead + ASKED], NOW + ASKED)


@pytest.mark.parametrize(
    ("most", "allowed", "left", "requests"),
    [
        (30 * DAY, None, ASKED, 1),
        (10 * DAY, ASKED / 4, ASKED / 4, 2),
        (2 * DAY, 23 * HOUR, 23 * HOUR, 3),
        (23 * HOUR, 23 * HOUR, 23 * HOUR, 3),
        (22 * HOUR, timedelta(0), 23 * HOUR, 3),
    ],
)
def test_a_site_that_refuses_is_asked_for_less_and_at_least_for_what_is_left(
    run: Run, most: timedelta, allowed: timedelta | None, left: timedelta, requests: int
) -> None:
    site = Site(most)
    run = keep(site, run)
    assert (run.job_lifetime, run.job_expires_at, len(site.asked)) == (allowed, NOW + left, requests)
    assert run.events.count() == (0 if allowed is None else 1)


def test_it_is_asked_to_the_last_minute_and_not_too_often(run: Run) -> None:
    site, now = Site(-HOUR), NOW
    while now < NOW + 23 * HOUR:
        run = keep(site, run, replace(READY, answered_at=now), now=now)
        now += timedelta(minutes=2)
    assert 10 < len(site.asked) < 50
    assert [event.kind for event in run.events.all()] == ["job.not-lengthened"]


def test_a_site_that_confirms_only_the_end_that_it_has_set_refuses_more_time(run: Run) -> None:
    site, now = Site(23 * HOUR), NOW
    while now < NOW + 23 * HOUR:
        run = keep(site, run, replace(READY, answered_at=now), now=now)
        now += timedelta(minutes=2)
    # At the first look it may still be a site that allows 23 hours at a time.
    assert [event.kind for event in run.events.order_by("pk")] == ["job.lengthened", "job.not-lengthened"]
    assert (run.job_lifetime, run.job_expires_at) == (timedelta(0), NOW + 23 * HOUR)
    assert len(site.asked) < 50


@pytest.mark.parametrize("most", [None, 30 * HOUR])
def test_a_site_that_changes_its_mind_is_believed(run: Run, most: timedelta | None) -> None:
    site = Site(-HOUR)
    run = keep(site, run)
    assert run.job_lifetime == timedelta(0)
    site.most = most
    now = NOW
    while run.job_lifetime == timedelta(0):
        now += timedelta(minutes=2)
        run = keep(site, run, replace(READY, answered_at=now), now=now)
    assert run.job_lifetime
    assert run.job_expires_at == now + run.job_lifetime > NOW + 24 * HOUR
    event = run.events.get(kind="job.lengthened")
    until = absolute_time(run.job_expires_at, zone=UTC)
    assert event.message == (
        f"{run.site_name} keeps the job and its files until {until}. Mantik asks again before then, while it still "
        "needs them."
    )


@pytest.mark.parametrize(
    "error",
    [SiteUnavailable("It had an internal error."), JobGone("gone"), SiteRefused("no", code="refused.credentials")],
)
def test_what_is_no_answer_to_the_question_is_asked_again_later(run: Run, error: SiteError) -> None:
    site = Site(errors=[error])
    run = keep(site, run)
    assert (run.job_lifetime, run.job_expires_at, run.events.count()) == (None, NOW + 23 * HOUR, 0)
    run = keep(site, run, now=NOW + HOUR)
    assert len(site.asked) == 1
    run = keep(site, run, replace(READY, answered_at=NOW + 3 * HOUR), now=NOW + 3 * HOUR)
    assert (len(site.asked), run.job_expires_at) == (2, NOW + 3 * HOUR + ASKED)


def test_who_may_not_do_it_is_told_like_one_who_asks_for_too_much(run: Run) -> None:
    forbidden = SiteRefused("no", code="refused.forbidden", site_words="Only for owners.")
    run = keep(Site(errors=[forbidden] * 3), run)
    assert run.job_lifetime == timedelta(0)
    assert run.events.get(kind="job.not-lengthened").message.endswith("It says: Only for owners.")


def test_of_many_at_a_slow_site_those_that_go_first_are_first_and_the_others_do_not_wait_for_them(db: None) -> None:
    lives = (9 * DAY, HOUR, 3 * HOUR, 5 * HOUR)
    runs = [factories.make_run(RunState.QUEUED) for _ in lives]
    seen = [
        (run, replace(READY, terminates_at=NOW + life, answered_at=NOW)) for run, life in zip(runs, lives, strict=True)
    ]
    # Each look at the clock is six seconds after the last one.
    looks = (NOW + number * timedelta(seconds=6) for number in itertools.count())
    site = Site()
    job_lifetime.keep_jobs(site, seen, lambda: next(looks))  # type: ignore[arg-type]
    assert [run.job_expires_at is not None for run in runs] == [False, True, True, False]
    job_lifetime.keep_jobs(site, [seen[0], seen[3]], lambda: NOW)  # type: ignore[arg-type]
    assert len(site.asked) == 4


# Files that are still to be fetched


def test_of_runs_that_are_over_the_one_whose_files_go_first_is_first(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[int] = []
    monkeypatch.setattr(poll, "wrap_up", lambda run, **_: order.append(run.pk))
    lives = (None, 3 * HOUR, 9 * DAY, HOUR)
    runs = [factories.make_run(RunState.FAILED, job_expires_at=None if life is None else NOW + life) for life in lives]
    poll.follow_runs(run_ids=[run.pk for run in runs], clock=lambda: NOW)
    assert order == [runs[number].pk for number in (3, 1, 2, 0)]


@pytest.mark.parametrize(
    ("left", "pause"),
    [
        (None, 15),
        (9 * DAY, 15),
        (40 * timedelta(minutes=1), 10),
        (timedelta(minutes=2), 1),
        (timedelta(0), 15),
    ],
)
def test_the_nearer_their_end_the_sooner_it_is_tried_again(left: timedelta | None, pause: int) -> None:
    run = Run(job_expires_at=None if left is None else NOW + left)
    assert hurried(run, timedelta(minutes=15), now=NOW) == timedelta(minutes=pause)


def test_the_state_of_a_job_whose_run_is_over_is_asked_only_if_its_end_is_near(db: None) -> None:
    run = factories.make_run(RunState.FAILED, job_expires_at=NOW + ASKED, posted_at=NOW - HOUR)
    site = Site()
    keep_files(site, run, now=NOW)  # type: ignore[arg-type]
    assert site.asked == []
    Run.objects.filter(pk=run.pk).update(job_expires_at=NOW + HOUR)
    run.refresh_from_db()
    keep_files(site, run, now=NOW)  # type: ignore[arg-type]
    assert (site.asked, run.job_expires_at) == ([NOW + ASKED], NOW + ASKED)


def test_pages_say_no_more_of_it_when_everything_is_here(db: None) -> None:
    refused: dict[str, Any] = {"job_lifetime": timedelta(0), "job_expires_at": NOW + HOUR}
    assert job_lifetime.is_refused_more_time(factories.make_run(RunState.QUEUED, **refused), now=NOW)
    for has_log, is_carried in ((False, True), (True, False)):
        done = {"log_complete": has_log, "tracking_closed": is_carried}
        incomplete = factories.make_run(RunState.FAILED, **refused | done)
        assert job_lifetime.is_refused_more_time(incomplete, now=NOW)
    complete = factories.make_run(RunState.FAILED, tracking_closed=True, **refused)
    assert not job_lifetime.is_refused_more_time(complete, now=NOW)
    assert not job_lifetime.is_refused_more_time(factories.make_run(RunState.QUEUED, **refused), now=NOW + HOUR)
    refused["job_lifetime"] = DAY
    assert not job_lifetime.is_refused_more_time(factories.make_run(RunState.QUEUED, **refused), now=NOW)
