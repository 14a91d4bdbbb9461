"""Everything works without JavaScript: links, forms, questions, the end of the log."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from connections.services.connections import serve_test
from projects.models import Experiment
from runs.models import Run
from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene


def test_the_end_of_the_log_is_in_the_page(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    page = open_page(scene.researcher, javascript=False).goto(
        reverse("runs:detail", args=[scene.project.slug, run.uuid]) + "?tab=log"
    )
    expect(page.locator(".log-plain")).to_contain_text("epoch  9/40")
    expect(page.get_by_role("link", name="Whole log as text")).to_be_visible()


def test_a_run_is_deleted_after_a_question_on_a_page_of_its_own(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher, javascript=False).goto(reverse("runs:list", args=[scene.project.slug]))
    page.get_by_role("link", name="Delete resnet50-finished").click()
    page.get_by_role("button", name="Delete run").click()
    expect(page.locator("#messages")).to_contain_text("resnet50-finished was deleted")
    assert not Run.objects.filter(name="resnet50-finished").exists()


def test_an_experiment_is_added_and_a_wrong_one_keeps_what_was_typed(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher, javascript=False).goto(
        reverse("projects:experiment-add", args=[scene.project.slug])
    )
    page.get_by_label("Name").fill("baseline")
    page.get_by_label("Description").fill("once more")
    page.get_by_role("button", name="Add experiment").click()
    expect(page.locator(".field-error")).to_contain_text("already has an experiment")
    expect(page.get_by_label("Description")).to_have_value("once more")
    page.get_by_label("Name").fill("transfer")
    page.get_by_role("button", name="Add experiment").click()
    expect(page.get_by_role("link", name="transfer", exact=True)).to_be_visible()
    assert Experiment.objects.get(name="transfer").description == "once more"


def test_a_connection_is_tested_and_the_sites_own_words_are_shown(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher, javascript=False).goto("/settings/connections/")
    page.get_by_role("button", name="Test site-a").click()
    expect(page.locator(f"#connection-{scene.connection.uuid} .status")).to_have_text("Being tested")
    serve_test(connection_id=scene.connection.pk, clock=timezone.now)
    page.reload()
    expect(page.locator(f"#connection-{scene.connection.uuid} .callout")).to_contain_text("cannot be reached")
    expect(page.locator(f"#connection-{scene.connection.uuid} .status")).to_have_text("No answer")


def test_menus_and_filters_are_links(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher, javascript=False).goto(reverse("runs:list", args=[scene.project.slug]))
    page.get_by_role("link", name="Failed", exact=True).click()
    expect(page.locator(".row-link")).to_have_count(2)
    page.locator(".switcher > summary").click()
    page.get_by_role("link", name="Wind farm").click()
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()


def test_the_docs_are_searched_by_who_is_not_signed_in(scene: Scene, open_page: Opener) -> None:
    page = open_page(javascript=False).goto("/accounts/sign-in/")
    page.get_by_role("link", name="Help").click()
    page.get_by_label("Search docs").fill("clocks go forward")
    page.get_by_label("Search docs").press("Enter")
    page.get_by_role("link", name="Schedules / When clocks change").click()
    expect(page.get_by_role("heading", name="When clocks change")).to_be_in_viewport()
