"""Live parts of pages: what changes is replaced and nothing else; and a server that does not answer is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from connections.services.connections import serve_test
from mantik.accounts.models import User
from runs.models import Run
from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.support import factories
from tests.support.forwarding import Front, front_of

# Promised is that a silent server is told within this time.
TOLD_WITHIN = 10_000
SILENT = "Mantik does not answer. What you see may be out of date. Trying again."


@pytest.fixture
def front(live_server: LiveServer) -> Iterator[Front]:
    with front_of(live_server.thread.port) as front:
        yield front


def list_url(scene: Scene) -> str:
    return reverse("runs:list", args=[scene.project.slug])


def run_url(run: Run) -> str:
    return reverse("runs:detail", args=[run.project.slug, run.uuid])


def bar_of(page: Page) -> Locator:
    return page.locator("#connection")


def signed_in_at(front: Front, context: BrowserContext, user: User) -> None:
    client = Client()
    client.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": front.url}])


def test_a_card_shows_what_a_test_has_found(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto("/settings/connections/")
    page.get_by_role("button", name="Test site-a").click()
    card = page.locator(f"#connection-{scene.connection.uuid}")
    expect(card.locator(".status")).to_have_text("Being tested")
    serve_test(connection_id=scene.connection.pk, clock=timezone.now)
    expect(card.locator(".status")).to_have_text("No answer")
    expect(card.locator(".callout").last).to_contain_text("cannot be reached")
    expect(card.get_by_role("button", name="Test site-a")).to_be_enabled()


def test_a_list_takes_what_is_new_and_leaves_the_rest(scene: Scene, open_page: Opener) -> None:
    running, finished = scene.runs[RunState.RUNNING], scene.runs[RunState.FINISHED]
    failed = scene.runs[RunState.FAILED]
    visit = open_page(scene.researcher)
    page = visit.goto(list_url(scene))
    other = page.locator(f"#run-{finished.short_id}")
    other.evaluate("row => { row.stillHere = true; getSelection().selectAllChildren(row.querySelector('.col-by')) }")
    selected = page.evaluate("String(getSelection())")
    page.locator(f"#run-{running.short_id} .row-link").focus()
    Run.objects.filter(pk=running.pk).update(
        state=RunState.FINISHED, ended_at=timezone.now(), exit_code=0, log_complete=True
    )
    Run.objects.filter(pk=failed.pk).delete()
    newest = factories.make_run(RunState.QUEUED, project=scene.project, name="quite new", created_at=timezone.now())

    expect(page.locator(f"#run-{running.short_id} .status")).to_have_text("Finished")
    expect(page.locator("#run-rows tbody tr").first).to_have_id(f"run-{newest.short_id}")
    expect(page.locator(f"#run-{failed.short_id}")).to_have_count(0)
    expect(page.locator(f"#run-{running.short_id} .row-link")).to_be_focused()
    assert other.evaluate("row => row.stillHere && row.cells.length > 5")
    assert page.evaluate("String(getSelection())") == selected != ""
    assert visit.complaints == []


def test_while_nothing_is_new_nothing_is_touched_but_durations_go_on(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(run_url(scene.runs[RunState.RUNNING]))
    page.wait_for_event("response", lambda one: one.status == 204 and "/live/" in one.url)
    growing = page.locator("#run-live [data-seconds]")
    expect(growing).not_to_have_text(growing.inner_text())


def test_what_somebody_has_opened_stays_open(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FAILED]
    Run.objects.filter(pk=run.pk).update(
        log_complete=False, ended_at=timezone.now(), exit_code=1, site_message="slurmstepd: error: oom-kill"
    )
    page = open_page(scene.researcher).goto(run_url(run))
    words = page.locator(".failure-words")
    words.locator("summary").click()
    Run.objects.filter(pk=run.pk).update(outcome="It needed more memory.")
    expect(page.locator(".failure-reason")).to_have_text("It needed more memory.")
    expect(words).to_have_attribute("open", "")


@pytest.mark.parametrize("name", ["list", "run"])
def test_a_server_that_hangs_is_told_and_taken_back(name: str, scene: Scene, open_page: Opener, front: Front) -> None:
    page = open_page().page
    signed_in_at(front, page.context, scene.researcher)
    path = list_url(scene) if name == "list" else run_url(scene.runs[RunState.RUNNING])
    page.goto(f"{front.url}{path}")
    expect(bar_of(page)).to_be_hidden()
    front.freeze()
    expect(bar_of(page)).to_be_visible(timeout=TOLD_WITHIN)
    expect(bar_of(page)).to_have_text(SILENT)
    # It was sent with the page.
    assert page.evaluate("document.querySelector('#connection svg path').getBoundingClientRect().width > 5")
    expect(page.locator("#toasts p")).to_have_count(0)
    front.thaw()
    expect(bar_of(page)).to_be_hidden()


def test_a_network_that_is_cut_is_told_and_taken_back(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(list_url(scene))
    page.context.set_offline(True)
    expect(bar_of(page)).to_be_visible(timeout=TOLD_WITHIN)
    expect(bar_of(page)).to_have_text("This device is offline. What you see may be out of date.")
    page.context.set_offline(False)
    expect(bar_of(page)).to_be_hidden()


def test_a_page_without_live_parts_tells_it_when_somebody_wants_to_go_on(
    scene: Scene, open_page: Opener, front: Front
) -> None:
    page = open_page().page
    signed_in_at(front, page.context, scene.researcher)
    page.goto(f"{front.url}{reverse('projects:list')}")
    front.freeze()
    # As a browser does before it asks for the next page. If it did ask, Playwright would look at nothing until then.
    page.evaluate("window.dispatchEvent(new Event('beforeunload'))")
    expect(bar_of(page)).to_be_visible(timeout=TOLD_WITHIN)
    front.thaw()
    expect(bar_of(page)).to_be_hidden()


def test_a_slow_answer_is_no_silence(scene: Scene, open_page: Opener) -> None:
    """A download leaves the page where it is, and says nothing of a server that answers."""
    page = open_page(scene.researcher).goto(run_url(scene.runs[RunState.FINISHED]))
    page.evaluate("window.dispatchEvent(new Event('beforeunload'))")
    page.wait_for_event("response", lambda one: one.url.endswith("/healthz"))
    expect(bar_of(page)).to_be_hidden()
