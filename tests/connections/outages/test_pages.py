"""What members and operators see of a site that does not answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import Connection, SiteOutage
from mantik.accounts.models import User
from runs.models import Run
from runs.states import RunState
from tests.conftest import ClientOf
from tests.support.factories import make_connection, make_outage, make_run, make_site
from tests.support.pages import count_queries, page_text

pytestmark = pytest.mark.django_db

REASON = "jupiter:8080 took too long to answer."


@pytest.fixture
def mine(outsider: User) -> Connection:
    return make_connection(owner=outsider, site=make_site(name="Jupiter"))


def silent(connection: Connection, *, minutes_ago: int = 5, minutes: int | None = None) -> SiteOutage:
    """For so many `minutes`, or still."""
    assert connection.site
    began_at = timezone.now() - timedelta(minutes=minutes_ago)
    ended_at = began_at + timedelta(minutes=minutes) if minutes is not None else None
    next_try_at = timezone.now() + timedelta(seconds=41)
    return make_outage(connection.site, began_at=began_at, ended_at=ended_at, reason=REASON, next_try_at=next_try_at)


def test_the_card_says_that_it_does_not_answer_since_when_and_when_it_is_asked_again(
    mine: Connection, client_of: ClientOf
) -> None:
    silent(mine)
    text = page_text(client_of(mine.owner).get("/settings/connections/"))
    assert f"Jupiter does not answer. {REASON} Runs that need it wait. Since" in text
    assert "( 5 min ago ); next try in 4" in text


def test_the_card_has_the_last_three_outages(mine: Connection, client_of: ClientOf) -> None:
    for day in range(1, 5):
        silent(mine, minutes_ago=day * 24 * 60, minutes=day)
    text = page_text(client_of(mine.owner).get("/settings/connections/"))
    assert "does not answer" not in text
    lengths = [f"for {day} min" for day in range(1, 4)]
    assert [text.count(length) for length in lengths] == [1, 1, 1]
    assert "for 4 min" not in text


def test_the_cards_cost_the_same_whatever_is_silent(mine: Connection, client_of: ClientOf) -> None:
    browser = client_of(mine.owner)
    before = count_queries(browser, "/settings/connections/")
    silent(mine)
    silent(mine, minutes_ago=90, minutes=12)
    assert count_queries(browser, "/settings/connections/") == before


@pytest.mark.parametrize("state", [RunState.PENDING, RunState.SUBMITTING, RunState.QUEUED, RunState.RUNNING])
def test_a_list_says_what_its_runs_wait_for(client: Client, state: RunState) -> None:
    """Not that no worker has come, however long it takes."""
    run = waiting_run(state)
    assert run.connection
    silent(run.connection)
    client.force_login(run.created_by)
    there = " The job may be running there." if state in (RunState.QUEUED, RunState.RUNNING) else ""
    text = page_text(client.get(f"/projects/{run.project.slug}/runs/"))
    assert f"{run.site_name} does not answer. {REASON}{there}" in text
    assert "worker" not in text


def waiting_run(state: RunState) -> Run:
    an_hour_ago = timezone.now() - timedelta(hours=1)
    return make_run(state, next_attempt_at=an_hour_ago, next_poll_at=an_hour_ago)


def test_just_after_an_outage_its_runs_say_that_they_go_on(client: Client) -> None:
    """Not that no worker has come: they were due all the time."""
    run = waiting_run(RunState.PENDING)
    assert run.connection
    silent(run.connection, minutes_ago=60, minutes=59)
    client.force_login(run.created_by)
    text = page_text(client.get(f"/projects/{run.project.slug}/runs/"))
    assert f"{run.site_name} answers again. The run continues in a moment." in text
    assert "worker" not in text


def test_if_nobody_asks_any_more_that_is_said(client: Client) -> None:
    run = waiting_run(RunState.PENDING)
    assert run.connection
    outage = silent(run.connection)
    outage.next_try_at = timezone.now() - timedelta(minutes=4)
    outage.save()
    client.force_login(run.created_by)
    text = page_text(client.get(f"/projects/{run.project.slug}/runs/"))
    not_checked = f"Mantik has not checked {run.site_name} for a while. If this does not change, ask an operator"
    assert f"{REASON} {not_checked}" in text


def test_a_run_that_is_over_waits_for_nothing(client: Client) -> None:
    run = make_run(RunState.FINISHED)
    assert run.connection
    silent(run.connection)
    client.force_login(run.created_by)
    assert "does not answer" not in page_text(client.get(f"/projects/{run.project.slug}/runs/"))


def test_operators_see_which_sites_answer_and_all_outages(
    client_of: ClientOf, operator: User, mine: Connection
) -> None:
    browser = client_of(operator)
    make_site(name="Juwels")
    silent(mine)
    silent(mine, minutes_ago=90, minutes=12)
    sites = page_text(browser.get("/admin/connections/site/"))
    assert "Answers" in sites
    outages = page_text(browser.get("/admin/connections/siteoutage/"))
    assert outages.count(REASON) == 2
    assert "12 min" in outages
    assert browser.get("/admin/connections/siteoutage/add/").status_code == 403
