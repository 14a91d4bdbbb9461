"""The first run of somebody new: what their site takes is seen and chosen, not guessed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Route, expect
from pytest_django.fixtures import Settings

from connections.services.connections import test_connection as ask_the_site
from runs.following.poll import follow_runs
from runs.models import Run
from runs.services import watch
from runs.states import RunState
from runs.submission.submit import submit_run
from schedules.models import Schedule
from tests.browser.conftest import Opener
from tests.support.budget_accounts import tell
from tests.support.mlflow_server import MlflowServer
from tests.support.sites import RunningSite
from tests.support.world import World, make_world

PATIENCE_SECONDS = 60
# Its queue takes one account only; the sandbox itself would take two.
SOLE = {"batch": {"Project": ["demo"]}}


@pytest.fixture
def world(
    transactional_db: None,
    settings: Settings,
    tmp_path: Path,
    sandbox: RunningSite,
    mlflow_server: MlflowServer,
) -> World:
    """A new member, whose connection to the sandbox site was tested."""
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    user = sandbox.users["demo"]
    made = make_world(tmp_path, base_url=sandbox.base_url, login=user.login, password=user.password)
    ask_the_site(connection=made.connection, now=timezone.now())
    return made


def form_url(world: World) -> str:
    return reverse("runs:new", args=[world.project.slug])


def fill_in(page: Page, world: World) -> None:
    page.get_by_label("Name").fill("first light")
    page.get_by_label("Compute Backend config").fill("unicore.yaml")
    page.get_by_label("marks path").fill(str(world.marks))


def to_the_end(run: Run) -> Run:
    """What workers do."""
    submit_run(run_id=run.pk, clock=timezone.now)
    watch(run=run, now=timezone.now())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not run.is_terminal:
        assert time.monotonic() < deadline, f"{run.state}: {run.waiting_for}"
        follow_runs(run_ids=[run.pk], clock=timezone.now)
        run.refresh_from_db()
        time.sleep(0.05)
    return run


def test_a_first_run_finishes_with_the_account_that_stood_there(world: World, open_page: Opener) -> None:
    tell(world.connection, SOLE)
    visit = open_page(world.user)
    page = visit.goto(form_url(world))
    expect(page.get_by_label("Compute budget account")).to_have_value("demo")
    fill_in(page, world)
    expect(page.locator("#run-preview")).to_contain_text("account demo")
    assert visit.barriers() == []
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_role("heading", name="first light")).to_be_visible()
    run = to_the_end(Run.objects.get())
    assert (run.state, run.compute_budget_account) == (RunState.FINISHED, "demo"), (run.outcome, run.site_message)
    assert visit.complaints == []


def test_an_account_is_chosen_by_a_press_and_a_wrong_one_is_refused_by_name(world: World, open_page: Opener) -> None:
    visit = open_page(world.user)
    page = visit.goto(form_url(world))
    account, error = page.get_by_label("Compute budget account"), page.locator("#id_compute_budget_account_error")
    expect(account).to_have_value("")
    fill_in(page, world)
    account.fill("galaxies")
    expect(error).to_contain_text("takes demo or other, not 'galaxies'")
    visit.expect_status(422)
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_role("alert")).to_contain_text("What you typed is still there, except passwords and tokens.")
    expect(error).to_contain_text("takes demo or other")
    assert visit.barriers() == []
    page.get_by_role("button", name="other", exact=True).click()
    expect(account).to_have_value("other")
    expect(page.get_by_role("button", name="other", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(error).to_have_count(0)
    expect(page.get_by_label("Run anyway")).to_have_count(0)
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_role("heading", name="first light")).to_be_visible()
    assert Run.objects.get().compute_budget_account == "other"
    assert visit.complaints == []


def test_run_anyway_has_to_be_ticked(world: World, open_page: Opener) -> None:
    visit = open_page(world.user)
    page = visit.goto(form_url(world))
    fill_in(page, world)
    page.get_by_label("Compute budget account").fill("granted-today")
    page.get_by_label("Run anyway").check()
    expect(page.locator("#id_compute_budget_account_error")).to_have_count(0)
    expect(page.get_by_label("Run anyway")).to_be_checked()
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_role("heading", name="first light")).to_be_visible()
    assert Run.objects.get().compute_budget_account == "granted-today"
    assert visit.complaints == []


def test_a_late_answer_takes_back_nothing_that_was_filled_in_meanwhile(world: World, open_page: Opener) -> None:
    visit = open_page(world.user)
    page = visit.goto(form_url(world))
    held: list[Route] = []
    page.route("**/preview/**", lambda route: held.append(route), times=1)
    config = page.get_by_label("Compute Backend config")
    config.fill("unicore.yaml")
    with page.expect_request("**/preview/**"):
        config.blur()
    # Without its events, which would have the answer given up for a newer one, sooner or later.
    for label, value in (("marks path", str(world.marks)), ("Compute budget account", "other")):
        page.get_by_label(label).evaluate("(field, value) => { field.value = value }", value)
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    expect(page.locator("#run-preview")).to_contain_text("10 min, batch")
    expect(page.get_by_label("marks path")).to_have_value(str(world.marks))
    expect(page.get_by_label("Compute budget account")).to_have_value("other")
    assert visit.complaints == []


def test_enter_runs_and_does_not_choose_an_account(world: World, open_page: Opener) -> None:
    page = open_page(world.user).goto(form_url(world))
    fill_in(page, world)
    page.get_by_label("Compute budget account").fill("other")
    page.get_by_label("Compute budget account").press("Enter")
    expect(page.get_by_role("heading", name="first light")).to_be_visible()
    assert Run.objects.get().compute_budget_account == "other"


@pytest.mark.parametrize("width", [1280, 390])
def test_without_javascript_it_works_by_presses_and_ticks(world: World, open_page: Opener, width: int) -> None:
    visit = open_page(world.user, javascript=False, width=width)
    page = visit.goto(form_url(world))
    fill_in(page, world)
    page.locator("#id_compute_budget_account").fill("galaxies")
    page.get_by_role("button", name="RUN!").click()
    expect(page.locator("#id_compute_budget_account_error")).to_contain_text("takes demo or other")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="demo", exact=True).click()
    expect(page.locator("#id_compute_budget_account")).to_have_value("demo")
    expect(page.locator("#id_name")).to_have_value("first light")
    page.locator("#id_compute_budget_account").fill("granted-today")
    page.get_by_role("button", name="RUN!").click()
    page.locator("#id_run_anyway").check()
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_role("heading", name="first light")).to_be_visible()
    assert Run.objects.get().compute_budget_account == "granted-today"


def test_a_schedule_brings_the_account_with_its_connection(world: World, open_page: Opener) -> None:
    run = world.start_run("nightly")
    tell(world.connection, SOLE)
    visit = open_page(world.user)
    page = visit.goto(reverse("schedules:add", args=[world.project.slug]))
    page.get_by_label("Name").fill("each night")
    page.get_by_label("Run", exact=True).select_option(str(run.uuid))
    page.get_by_label("Cron expression").fill("30 2 * * *")
    account = page.get_by_label("Compute budget account")
    expect(account).to_have_value("")
    page.get_by_label("Connection").select_option(str(world.connection.uuid))
    expect(account).to_have_value("demo")
    account.fill("galaxies")
    expect(page.locator("#id_compute_budget_account_error")).to_contain_text("takes demo, not 'galaxies'")
    assert visit.barriers() == []
    page.get_by_role("button", name="demo", exact=True).click()
    expect(page.locator("#id_compute_budget_account_error")).to_have_count(0)
    page.get_by_role("button", name="Add schedule").click()
    expect(page.get_by_role("heading", name="each night")).to_be_visible()
    assert Schedule.objects.get().compute_budget_account == "demo"
    assert visit.complaints == []
