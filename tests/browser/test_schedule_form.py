"""The form of a schedule in a browser: the preview follows what is typed, and errors come to their fields."""

from __future__ import annotations

import re

from django.urls import reverse
from playwright.sync_api import expect

from runs.states import RunState
from schedules.models import Schedule
from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.browser.test_pages import problems_in


def test_the_preview_and_the_fields_follow_what_is_typed(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(reverse("schedules:add", args=[scene.project.slug]))
    cron, preview = page.get_by_label("Cron expression"), page.locator("#schedule-preview")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    cron.press_sequentially("0 3 * * 1-5")
    expect(page.locator("#cron-field")).to_contain_text("Every weekday at 03:00")
    expect(preview.locator("li")).to_have_count(10)
    expect(preview).to_contain_text(re.compile(r"03:00 CES?T"))
    cron.fill("@daily")
    expect(page.locator("#cron-field .field-error")).to_contain_text("0 0 * * *")
    expect(cron).to_be_focused()
    expect(cron).to_have_value("@daily")
    page.get_by_role("button", name="Use 0 0 * * *").click()
    expect(page.locator("#cron-field")).to_contain_text("Every day at 00:00")
    expect(page.get_by_role("button", name="Use 0 0 * * *")).to_have_count(0)
    expect(cron).to_be_focused()
    expect(cron).to_have_value("0 0 * * *")
    page.get_by_label("Find a run").press_sequentially("oversize")
    expect(page.get_by_label("Run", exact=True).locator("option")).to_have_count(1)
    assert visit.complaints == []


def test_a_date_is_said_as_all_pages_write_dates(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher, locale="en-US")
    page = visit.goto(reverse("schedules:add", args=[scene.project.slug]))
    end = page.locator("#end-field")
    end.get_by_label("End date").fill("2031-03-04")
    expect(end).to_contain_text("Tue 4 Mar 2031")
    # It is still there when the preview has drawn the field again.
    page.get_by_label("Cron expression").fill("0 3 * * *")
    expect(page.locator("#cron-field")).to_contain_text("Every day at 03:00")
    expect(end.locator("[data-date-words]")).to_have_text("Tue 4 Mar 2031")
    end.get_by_label("End date").fill("")
    expect(end.locator("[data-date-words]")).to_have_count(0)
    assert visit.complaints == []


def test_choices_put_the_expression_together_and_follow_what_is_typed(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(reverse("schedules:add", args=[scene.project.slug]))
    cron, often = page.get_by_label("Cron expression"), page.get_by_label("How often")
    often.select_option("On days of the week")
    expect(cron).to_have_value("30 2 * * 1-5")
    expect(page.locator("#cron-field")).to_contain_text("Every weekday at 02:30")
    page.get_by_label("Fri").uncheck()
    expect(cron).to_have_value("30 2 * * 1,2,3,4")
    page.locator("#id_repeat_at").fill("22:15")
    page.locator("#id_repeat_at").press("Tab")
    expect(cron).to_have_value("15 22 * * 1,2,3,4")
    assert problems_in(visit, "schedule-by-choices") == {}
    cron.fill("0 3 1 * *")
    expect(often).to_have_value("month")
    expect(cron).to_be_focused()
    cron.fill("*/20 * * * *")
    expect(often).to_have_value("")
    assert visit.complaints == []


def test_a_schedule_is_added_from_the_page_of_a_run(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    page = open_page(scene.researcher).goto(reverse("runs:detail", args=[scene.project.slug, run.uuid]))
    page.get_by_role("link", name="Schedule", exact=True).click()
    page.get_by_label("Name").fill("every morning")
    page.get_by_label("Cron expression").fill("0 6 * * *")
    page.get_by_role("button", name="Add schedule").click()
    expect(page.get_by_role("heading", name="every morning")).to_be_visible()
    assert Schedule.objects.get(name="every morning").run == run


def test_enter_saves_and_does_not_take_what_is_offered(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(reverse("schedules:add", args=[scene.project.slug]))
    cron = page.get_by_label("Cron expression")
    cron.fill("@daily")
    expect(page.get_by_role("button", name="Use 0 0 * * *")).to_be_visible()
    with page.expect_navigation():
        cron.press("Enter")
    expect(cron).to_have_value("@daily")
    expect(page.locator("#cron-field .field-error")).to_contain_text("0 0 * * *")
