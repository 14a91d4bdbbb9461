"""What a release has left behind goes on: runs, schedules, secrets, passwords, tokens, mail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.models import Connection, Site
from mantik.demo.sandbox.sandbox_site import SandboxSite
from mantik.demo.sandbox.users import SiteUser
from mantik.lib import schema
from mantik.notices import outbox
from mantik.notices.models import Letter, SealedLetter
from projects.models import CodeRepository
from runs.following.kept_log import raw_log
from runs.following.poll import follow_runs
from runs.models import Run
from runs.states import RunState
from runs.submission.submit import submit_run
from schedules.firing import engine
from schedules.models import Schedule
from schedules.states import CodePolicy, Outcome
from tests.support.carried import carry_home
from tests.support.mlflow_server import MlflowServer
from tests.upgrade import known
from tests.upgrade.sources import fetch_as, write_code

PATIENCE_SECONDS = 60


@pytest.fixture
def polar_cluster(tmp_path: Path) -> Iterator[SandboxSite]:
    """A site that lets in with the secret that is sealed in the data, and has had no job yet.

    Another test's runs are these very runs, so it would know them.
    """
    users = [SiteUser(known.SITE_LOGIN, known.SITE_PASSWORD, "CN=Noor,O=Mantik,C=EU")]
    with SandboxSite(tmp_path / "site", users=users) as site:
        yield site


@pytest.fixture
def at_work(
    upgraded: None, settings: Settings, polar_cluster: SandboxSite, mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    """The site, MLflow and the code that the runs name are there."""
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    Site.objects.filter(name=known.SITE).update(base_url=polar_cluster.base_url)
    code = CodeRepository.objects.get(name=known.CODE)
    fetch_as(code.url, code.uuid, write_code(tmp_path / "code").path)


def finish(run: Run) -> None:
    """As the workers do it, from wherever the run is."""
    submit_run(run_id=run.pk, clock=timezone.now)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not run.is_terminal or run.next_poll_at:
        assert time.monotonic() < deadline, f"{run.state}: {run.waiting_for} {run.outcome}"
        follow_runs(run_ids=[run.pk], clock=timezone.now)
        run.refresh_from_db()
        if run.is_terminal:
            carry_home(run)
        time.sleep(0.05)


@pytest.mark.usefixtures("upgraded")
def test_the_database_is_one_that_the_present_code_can_use() -> None:
    """`check` raises for what `migrate` and `/readyz` refuse."""
    schema.check(connection)


@pytest.mark.usefixtures("at_work")
def test_a_run_that_waited_for_a_worker_goes_on_to_its_end() -> None:
    run = Run.objects.get(name=known.PENDING_RUN)
    finish(run)
    assert run.state == RunState.FINISHED, run.outcome
    assert b"cover of 2025" in b"".join(raw_log(run))


@pytest.mark.usefixtures("at_work")
def test_a_run_that_waited_for_the_answer_of_its_site_asks_there_first_and_then_goes_on_to_its_end() -> None:
    run = Run.objects.get(name=known.POSTED_RUN)
    finish(run)
    assert run.state == RunState.FINISHED, run.outcome
    assert b"cover of 2025" in b"".join(raw_log(run))
    kinds = [event.kind for event in run.events.order_by("pk")]
    assert kinds.index("submission.absent") < kinds.index("submission.accepted")


@pytest.mark.usefixtures("at_work")
def test_a_schedule_fires_and_what_it_starts_goes_to_its_end() -> None:
    schedule = Schedule.objects.get(name=known.SCHEDULE)
    due = schedule.next_due_at
    assert due
    assert engine.fire_due(now=due, only=[schedule.pk]) == 1
    slot = schedule.slots.get(due_at=due)
    assert (slot.outcome, slot.reason) == (Outcome.FIRED, "Started on time.")
    assert slot.run
    finish(slot.run)
    assert slot.run.state == RunState.FINISHED
    schedule.refresh_from_db()
    assert schedule.next_due_at == due + timedelta(days=1)


@pytest.mark.usefixtures("upgraded")
def test_code_that_was_read_is_read_again_for_what_pages_need_of_it() -> None:
    read = CodeRepository.objects.filter(fetched_at__isnull=False)
    assert read
    assert all(code.awaits_fetch and code.fetch_requested_at for code in read)
    assert not CodeRepository.objects.filter(fetch_requested__gt=F("fetch_served") + 1).exists()


@pytest.mark.usefixtures("upgraded")
def test_every_schedule_that_was_enabled_fires_when_it_is_due() -> None:
    enabled = list(Schedule.objects.enabled())
    for schedule in enabled:
        assert schedule.next_fire_at
        engine.fire_due(now=schedule.next_fire_at, only=[schedule.pk])
    outcomes = {one.name: one.slots.latest("due_at").outcome for one in enabled if one.project.slug == known.PROJECT}
    assert set(outcomes.values()) == {Outcome.FIRED}, outcomes
    newest = Schedule.objects.get(code_policy=CodePolicy.NEWEST)
    assert newest.slots.latest("due_at").run.commit_pending  # type: ignore[union-attr]


@pytest.mark.usefixtures("upgraded")
def test_after_years_asleep_no_schedule_is_set_aside() -> None:
    """Nobody was there since; what was missed meanwhile is one slot or many, and no mistake."""
    enabled = [schedule.pk for schedule in Schedule.objects.enabled()]
    long_after = known.MOMENT + timedelta(days=4 * 365)
    engine.fire_due(now=long_after)
    for schedule in Schedule.objects.filter(pk__in=enabled):
        assert schedule.dealt_with_until > known.MOMENT
        assert "mistake" not in schedule.state_reason


@pytest.mark.usefixtures("upgraded")
def test_the_secret_of_a_connection_is_what_its_owner_typed() -> None:
    assert Connection.objects.get(name="polar").reveal_secret() == known.SITE_PASSWORD
    assert Connection.objects.get(kind=Connection.Kind.UNICORE_OIDC).reveal_access() == "an access token"
    assert Site.objects.exclude(sealed_oidc_secret="").get().reveal_oidc_secret() == "of the client"


@pytest.mark.usefixtures("upgraded")
def test_a_password_signs_in(client: Client) -> None:
    response = client.post("/accounts/sign-in/", {"username": known.MEMBER, "password": known.PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/projects/")


@pytest.mark.usefixtures("upgraded")
def test_a_second_factor_is_asked_for_and_lets_in(client: Client) -> None:
    asked = client.post("/accounts/sign-in/", {"username": known.OTHER, "password": known.PASSWORD})
    assert asked["Location"] == "/accounts/second-factor/"
    code = format_hotp_value(hotp_value(known.TOTP_SECRET, int(time.time()) // 30))
    assert client.post("/accounts/second-factor/", {"code": code})["Location"] == "/projects/"


@pytest.mark.usefixtures("upgraded")
def test_a_personal_access_token_is_accepted(client: Client) -> None:
    response = client.get("/api/whoami/", headers={"Authorization": f"Bearer {known.TOKEN}"})
    assert response.status_code == 200
    assert response.json()["user_name"] == known.MEMBER
    # As before, it is for all projects of its owner.
    assert response.json()["projects"]


@pytest.mark.usefixtures("upgraded")
def test_every_letter_that_was_not_sent_is_sent() -> None:
    waiting = sorted([letter.subject for kind in (Letter, SealedLetter) for letter in kind._default_manager.all()])
    assert waiting
    outbox.send_due()
    assert sorted(message.subject for message in mail.outbox) == waiting
    assert not Letter.objects.exists()
    assert not SealedLetter.objects.exists()
