"""The page of a run: it changes by itself, and tails its log."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from runs.models import Run
from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.support.factories import append_log


def run_url(run: Run, tab: str = "") -> str:
    url = reverse("runs:detail", args=[run.project.slug, run.uuid])
    return f"{url}?tab={tab}" if tab else url


def finish(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(
        state=RunState.FINISHED,
        ended_at=timezone.now(),
        exit_code=0,
        log_complete=True,
        outcome="The job ended with exit code 0.",
    )


def last_line(page: Page) -> str:
    return page.locator(".log-line:not(.log-remark) .log-text").last.inner_text()


def test_the_badge_changes_without_a_reload_and_polling_stops(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(run))
    page.evaluate("window.stillHere = true")
    expect(page.locator("#run-live .status").first).to_have_text("Running")
    finish(run)
    expect(page.locator("#run-live .status").first).to_have_text("Finished")
    expect(page.locator("#run-live")).not_to_have_attribute("hx-trigger", re.compile("."))
    assert page.evaluate("window.stillHere") is True
    assert visit.complaints == []


def test_a_list_shows_a_new_state_without_a_reload(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    page = open_page(scene.researcher).goto(reverse("runs:list", args=[scene.project.slug]))
    row = page.locator("tr", has_text=run.name)
    row.locator(".row-link").focus()
    finish(run)
    expect(row.locator(".status")).to_have_text("Finished")
    expect(row.locator(".row-link")).to_be_focused()


def test_cancelling_asks_and_then_says_that_it_was_asked_for(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    page = open_page(scene.researcher).goto(run_url(run))
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(page.locator("#run-live")).to_contain_text("Cancel requested just now")
    run.refresh_from_db()
    assert run.cancel_requested_by == scene.researcher


def test_the_log_is_tailed_until_it_is_complete(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(run, "log"))
    expect(page.locator("[data-log-state]")).to_have_text("following")
    expect(page.locator(".log-number").first).to_have_text("1")
    append_log(run, "epoch 10/40  \x1b[32mloss 0.08\x1b[0m\nhalf a li")
    expect(page.locator("[data-log-lines]")).to_contain_text("epoch 10/40  loss 0.08")
    append_log(run, "ne\n 10%\r 50%\r100%\n")
    expect(page.locator("[data-log-lines]")).to_contain_text("half a line")
    assert last_line(page) == "100%"
    expect(page.locator(".log-line.is-newest")).to_have_count(1)
    finish(run)
    expect(page.locator("[data-log-state]")).to_be_hidden()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/log/" in request.url else None)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.wait_for_timeout(2500)
    assert asked == []
    assert visit.complaints == []


def test_scrolling_up_pauses_the_log_and_the_button_goes_on(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    append_log(run, "".join(f"line {number}\n" for number in range(400)))
    page = open_page(scene.researcher).goto(run_url(run))
    box = page.locator("[data-log-view]")
    expect(page.locator("[data-log-lines]")).to_contain_text("line 399")
    box.hover()
    page.mouse.wheel(0, -2000)
    expect(page.locator("[data-log-state]")).to_have_text("paused")
    append_log(run, "the newest\n")
    page.get_by_role("button", name="Follow the end").click()
    expect(page.locator("[data-log-state]")).to_have_text("following")
    expect(page.get_by_text("the newest")).to_be_in_viewport()


def test_a_long_log_costs_few_elements_and_is_searched_whole(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    rows = [f"{number:06} {'needle' if number in (7, 59_000) else 'hay'} {'x' * 60}\n" for number in range(60_000)]
    append_log(run, "".join(rows))
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(run, "log"))
    expect(page.locator("[data-log-lines]")).to_contain_text("059999")
    # Only the end was loaded, so no line has a number yet.
    expect(page.get_by_text("The beginning of this log is not loaded.")).to_be_attached()
    page.get_by_role("button", name="Search the log").click()
    page.get_by_role("searchbox", name="Search the log").fill("needle")
    expect(page.locator("[data-log-hits]")).to_have_text("2 of 2")
    page.keyboard.press("Enter")
    expect(page.locator("[data-log-hits]")).to_have_text("1 of 2")
    hit = page.locator(".log-line.is-hit")
    expect(hit).to_be_in_viewport()
    # 13 lines stand before the first of these.
    expect(hit.locator(".log-number")).to_have_text("21")
    assert page.locator(".log-line").count() < 1500
    page.keyboard.press("Escape")
    expect(page.locator(".log-line.is-hit")).to_have_count(0)
    assert visit.complaints == []


def test_long_lines_wrap_on_demand(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    append_log(run, "x" * 2000 + "\n")
    page = open_page(scene.researcher).goto(run_url(run, "log"))
    expect(page.locator("[data-log-lines]")).to_contain_text("xxx")
    is_wide = "(box) => box.scrollWidth > box.clientWidth"
    box = page.locator("[data-log-view]")
    assert box.evaluate(is_wide)
    wrap = page.get_by_role("button", name="Wrap long lines")
    wrap.click()
    expect(wrap).to_have_attribute("aria-pressed", "true")
    assert not box.evaluate(is_wide)


def test_a_log_that_an_older_release_cut_says_so(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    Run.objects.filter(pk=run.pk).update(log_truncated=True, log_size=50_000_000)
    page = open_page(scene.researcher).goto(run_url(run, "log"))
    expect(page.locator(".log-remark", has_text="Only the first 50 MB of the log are kept")).to_be_visible()


def test_the_end_of_a_long_log_is_shown_while_the_rest_still_comes(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(run, "log"))
    lines = page.locator("[data-log-lines]")
    expect(lines).to_contain_text("epoch")
    numbers = page.locator(".log-number")
    expect(numbers.first).to_have_text("1")
    shown = "".join(f"step {number}\n" for number in range(500)).encode()
    start = run.log_size + len(shown)
    run.log_chunks.create(offset=start, content=b"the very end\n")
    Run.objects.filter(pk=run.pk).update(
        state=RunState.FINISHED, ended_at=timezone.now(), log_tail_from=start, log_tail_to=start + 13
    )
    expect(lines).to_contain_text(
        "of the log are missing here for now. The part that Mantik keeps is still being fetched."
    )
    expect(page.get_by_text("the very end")).to_be_in_viewport()
    expect(page.locator(".log-remark", has_text="The log is still being fetched.")).to_be_visible()
    # Nobody knows which line that is.
    expect(numbers.last).to_have_text("")

    run.log_chunks.create(offset=run.log_size, content=shown)
    whole = {"log_size": start + 13, "log_tail_from": None, "log_tail_to": None, "log_complete": True}
    Run.objects.filter(pk=run.pk).update(**whole)
    expect(lines).to_contain_text("step 499")
    expect(lines).not_to_contain_text("missing here for now")
    assert last_line(page) == "the very end"
    expect(page.locator(".log-remark:visible")).to_have_count(0)
    expect(numbers.last).not_to_have_text("")
    assert visit.complaints == []


def test_who_reads_while_the_rest_comes_loads_it_when_they_like(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    append_log(run, "".join(f"line {number}\n" for number in range(400)))
    page = open_page(scene.researcher).goto(run_url(run, "log"))
    lines = page.locator("[data-log-lines]")
    expect(lines).to_contain_text("line 399")
    start = run.log_size + 7
    run.log_chunks.create(offset=start, content=b"the very end\n")
    Run.objects.filter(pk=run.pk).update(
        state=RunState.FINISHED, ended_at=timezone.now(), log_tail_from=start, log_tail_to=start + 13
    )
    expect(lines).to_contain_text("missing here for now")
    page.locator("[data-log-view]").hover()
    page.mouse.wheel(0, -2000)
    run.log_chunks.create(offset=run.log_size, content=b"middle\n")
    whole = {"log_size": start + 13, "log_tail_from": None, "log_tail_to": None, "log_complete": True}
    Run.objects.filter(pk=run.pk).update(**whole)
    button = page.get_by_role("button", name="Load all of it")
    expect(button).to_be_attached()
    expect(lines).not_to_contain_text("middle")
    button.click()
    expect(button).not_to_be_attached()
    page.get_by_role("button", name="Search the log").click()
    page.get_by_role("searchbox", name="Search the log").fill("middle")
    expect(page.locator("[data-log-hits]")).to_have_text("1 of 1")
    expect(page.locator(".log-line.is-hit")).to_be_in_viewport()


def test_a_large_log_of_which_little_is_kept_is_shown_with_what_is_left_out(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    start = run.log_size + 250_000_000
    run.log_chunks.create(offset=start, content=b"the very end\n")
    Run.objects.filter(pk=run.pk).update(log_truncated=True, log_tail_from=start, log_tail_to=start + 13)
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(run, "log"))
    lines = page.locator("[data-log-lines]")
    expect(lines).to_contain_text("[mantik] 250,000,000 bytes")
    expect(lines).to_contain_text("epoch")
    # The log comes part by part.
    expect(lines).to_contain_text("the very end")
    assert last_line(page) == "the very end"
    # The beginning may be so long that only the end is loaded.
    append_log(run, ("y" * 99 + "\n") * 12_000)
    page.goto(run_url(run, "log"))
    expect(lines).to_contain_text("the very end")
    expect(page.get_by_text("The beginning of this log is not loaded.")).to_be_visible()
    expect(lines).not_to_contain_text("[mantik]")
    page.get_by_role("button", name="Load all of it").click()
    expect(page.locator(".log-remark:visible")).to_have_count(0)
    expect(lines).to_contain_text("[mantik] 248,800,000 bytes")
    assert visit.complaints == []


def test_a_log_that_the_job_begins_anew_is_shown_anew(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    page = open_page(scene.researcher).goto(run_url(run, "log"))
    lines = page.locator("[data-log-lines]")
    expect(lines).to_contain_text("epoch")
    run.log_chunks.all().delete()
    Run.objects.filter(pk=run.pk).update(log_size=0)
    run.refresh_from_db()
    append_log(run, "again\n")
    expect(lines).to_contain_text("again")
    expect(lines).not_to_contain_text("epoch")


def test_a_log_without_a_line_says_what_to_expect(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(run_url(scene.runs[RunState.QUEUED]))
    expect(page.get_by_text("Nothing yet. Lines appear here as the job writes them.")).to_be_visible()
    page.goto(run_url(scene.runs[RunState.CANCELLED]))
    expect(page.get_by_text("The job wrote no log.")).to_be_visible()


def test_artifacts_are_walked_by_folder(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(run_url(scene.runs[RunState.FINISHED], "artifacts"))
    page.get_by_role("link", name="model/").click()
    expect(page.get_by_role("link", name="model.pkl")).to_have_attribute("href", re.compile("path=model%2Fmodel.pkl"))
    page.get_by_role("navigation", name="Folders").get_by_role("link", name="Artifacts").click()
    expect(page.get_by_role("link", name="history.csv")).to_be_visible()


TRACEBACK = 'Traceback (most recent call last):\n  File "train.py", line 3, in <module>\nIndexError: list index\n'


def test_the_reason_comes_by_itself_and_the_log_stands_at_its_line(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(run, "log"))
    append_log(run, "".join(f"step {number}\n" for number in range(500)) + TRACEBACK + "wandb: done\n" * 90)
    Run.objects.filter(pk=run.pk).update(
        state=RunState.FAILED, ended_at=timezone.now(), exit_code=1, outcome="The job ended with exit code 1."
    )
    expect(page.locator(".failure-reason")).to_have_text("The job ended with exit code 1.")
    Run.objects.filter(pk=run.pk).update(outcome="IndexError: list index", outcome_line=516, log_complete=True)

    expect(page.locator(".failure-reason")).to_have_text("IndexError: list index")
    line = page.locator(".log-line.is-reason")
    expect(line).to_have_text("516IndexError: list index")
    expect(line).to_be_in_viewport()
    assert visit.complaints == []


def test_the_header_leads_to_the_line_of_the_log(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(run_url(scene.runs[RunState.FAILED]))
    page.get_by_role("link", name="line 9 of the log").click()
    expect(page).to_have_url(re.compile(r"\?tab=log#log-title$"))
    expect(page.locator(".log-line.is-reason .log-number")).to_have_text("9")


def test_without_the_beginning_of_a_log_no_line_is_pointed_at(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FAILED]
    append_log(run, "x" * 99 + "\n" + ("y" * 99 + "\n") * 12_000)
    page = open_page(scene.researcher).goto(run_url(run, "log"))
    expect(page.locator(".log-remark").first).to_contain_text("The beginning of this log is not loaded.")
    expect(page.locator(".is-reason")).to_have_count(0)
    page.get_by_role("button", name="Load all of it").click()
    expect(page.locator(".log-line.is-reason .log-number")).to_have_text("9")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["runs:list", "runs:submissions"])
def test_a_long_reason_makes_no_row_taller(scene: Scene, open_page: Opener, name: str, width: int) -> None:
    run = scene.runs[RunState.FAILED]
    columns = {"running_at": None, "batch_system_id": "", "name": "short"}
    Run.objects.filter(pk=run.pk).update(outcome="JUWELS does not know this account. " * 20, **columns)
    page = open_page(scene.researcher, width=width).goto(reverse(name, args=[run.project.slug]))
    detail = page.locator("tr", has_text="short").locator(".row-detail")
    height = detail.evaluate("one => one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight)")
    assert height == pytest.approx(1, abs=0.05)
    assert detail.bounding_box()["width"] > 150  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.RUNNING])
def test_the_header_takes_two_lines(scene: Scene, open_page: Opener, state: RunState) -> None:
    run = scene.runs[state]
    Run.objects.filter(pk=run.pk).update(batch_system_id="SANDBOX-20261123-1")
    page = open_page(scene.researcher).goto(run_url(run))
    # One line of title and buttons, one of text; nothing says once more that it is finished.
    head, lead = (page.locator(one).bounding_box() for one in (".run-head", ".run-head .lead-line"))
    assert head
    assert lead
    assert head["height"] < 80
    assert lead["height"] < 26
    expect(page.locator("#run-live .callout")).to_have_count(0)
