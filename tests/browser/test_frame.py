"""The frame of every page: theme, keyboard, menus, questions, and the sidebar of small screens."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Dialog, Page, expect

from projects.roles import Role
from runs.models import Run
from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.browser.test_pages import problems_in
from tests.support.factories import make_connection


def expect_theme(page: Page, theme: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)


def runs_url(scene: Scene) -> str:
    return reverse("runs:list", args=[scene.project.slug])


def open_menu(page: Page) -> None:
    page.locator("summary", has_text="Your menu").click()


def test_the_theme_follows_the_system_until_one_is_chosen(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher, theme="dark")
    page = visit.goto("/projects/")
    expect_theme(page, "dark")
    page.emulate_media(color_scheme="light")
    expect_theme(page, "light")
    open_menu(page)
    page.get_by_role("button", name="Dark").click()
    expect_theme(page, "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect_theme(page, "dark")
    open_menu(page)
    page.get_by_role("button", name="System").click()
    expect_theme(page, "light")
    assert visit.complaints == []


def test_the_form_of_the_account_counts_more_than_what_was_chosen_a_moment_ago(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto("/settings/account/")
    open_menu(page)
    page.get_by_role("button", name="Dark").click()
    expect_theme(page, "dark")
    page.keyboard.press("Escape")
    page.get_by_label("Theme optional").select_option("light")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your account was saved.")).to_be_visible()
    expect_theme(page, "light")


def test_the_zone_of_the_browser_is_proposed_once(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher, timezone_id="America/New_York")
    page = visit.goto(f"{runs_url(scene)}?state=finished")
    offer = page.locator(".zone-offer")
    expect(offer).to_contain_text("Pages show times in UTC. Your browser is in America/New_York.")
    assert problems_in(visit, "zone-offer") == {}
    offer.get_by_role("button", name="Use America/New_York").click()
    expect(page.get_by_text("Pages now show times in America/New_York.")).to_be_visible()
    assert page.url.endswith("?state=finished")
    expect(offer).to_have_count(0)


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+3"])
def test_no_zone_is_proposed_that_pages_use_already_or_that_is_no_place(
    scene: Scene, open_page: Opener, zone: str
) -> None:
    page = open_page(scene.researcher, timezone_id=zone).goto(runs_url(scene))
    expect(page.locator(".zone-offer")).to_have_count(0)


def test_the_theme_is_set_before_the_page_is_painted(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher, theme="dark").page
    page.add_init_script(
        "new MutationObserver(() => { if (document.body && !('atBody' in window)) "
        "window.atBody = document.documentElement.dataset.bsTheme; })"
        ".observe(document, { childList: true, subtree: true })"
    )
    page.goto("/projects/")
    assert page.evaluate("window.atBody") == "dark"


def test_the_skip_link_is_the_first_stop_and_leads_to_the_content(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(runs_url(scene))
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_menu_opens_walks_and_closes_by_keyboard(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(runs_url(scene))
    summary = page.locator(".switcher > summary")
    summary.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".switcher")).to_have_attribute("open", "")
    expect(page.locator(".switcher").get_by_role("link", name="Solar cells")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".switcher").get_by_role("link", name="Wind farm")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".switcher")).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()


def test_only_one_menu_is_open_and_a_click_elsewhere_closes_it(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(runs_url(scene))
    page.locator(".switcher > summary").click()
    open_menu(page)
    expect(page.locator("details[data-menu][open]")).to_have_count(1)
    page.get_by_role("heading", name="Runs", exact=True).click()
    expect(page.locator("details[data-menu][open]")).to_have_count(0)


def test_a_row_is_reached_walked_and_opened_by_keyboard(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(runs_url(scene))
    links = page.locator(".row-link")
    links.first.focus()
    page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    name = links.nth(1).inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_a_click_anywhere_in_a_row_opens_it(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(runs_url(scene))
    page.locator("tr", has_text="resnet50-finished").locator(".col-by").click(force=True)
    expect(page.get_by_role("heading", name="resnet50-finished")).to_be_visible()


def test_slash_goes_to_the_search_and_can_be_switched_off(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(runs_url(scene))
    search = page.get_by_role("searchbox", name="Search runs by name, notes, tags, commit or user name")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    search.blur()
    open_menu(page)
    page.get_by_role("button", name=re.compile("Keyboard shortcuts")).click()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(search).not_to_be_focused()


def test_searching_narrows_the_rows_and_the_address_keeps_it(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(runs_url(scene))
    page.get_by_role("searchbox").fill("vit-large-long")
    expect(page.locator(".row-link")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=vit-large-long"))


def test_deleting_asks_in_a_dialog_that_keeps_the_focus_and_gives_it_back(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(runs_url(scene))
    delete = page.get_by_role("link", name="Delete resnet50-finished")
    delete.click()
    dialog = page.get_by_role("dialog", name=re.compile("Delete"))
    expect(dialog).to_contain_text("resnet50-finished")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(delete).to_be_focused()
    delete.click()
    dialog.get_by_role("button", name="Delete run").click()
    expect(page.locator("#messages")).to_contain_text("resnet50-finished was deleted")
    assert not Run.objects.filter(name="resnet50-finished").exists()


def test_the_dialog_has_no_barrier_and_says_back_first(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(runs_url(scene))
    page.get_by_role("link", name="Delete resnet50-finished").click()
    expect(page.get_by_role("dialog").get_by_role("link", name="Back")).to_be_focused()
    assert visit.barriers() == []
    page.get_by_role("dialog").get_by_role("link", name="Back").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert visit.complaints == []


def test_a_message_can_be_dismissed(scene: Scene, open_page: Opener) -> None:
    make_connection(owner=scene.researcher, name="spare")
    page = open_page(scene.researcher).goto("/settings/connections/")
    page.get_by_role("link", name="Delete spare").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete connection").click()
    expect(page.locator("#messages")).to_contain_text("spare was deleted")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#messages .callout")).to_have_count(0)


def test_a_small_screen_has_the_rooms_in_a_drawer(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher, width=390)
    page = visit.goto(runs_url(scene))
    sidebar = page.get_by_role("navigation", name="Solar cells")
    expect(sidebar).to_be_hidden()
    page.get_by_role("button", name="Project menu").click()
    expect(sidebar).to_be_visible()
    expect(sidebar.get_by_role("link", name=re.compile("^Runs"))).to_be_focused()
    assert visit.barriers() == []
    page.keyboard.press("Escape")
    expect(sidebar).to_be_hidden()
    page.get_by_role("button", name="Project menu").click()
    sidebar.get_by_role("link", name="Code").click()
    expect(page.get_by_role("heading", name="Code", exact=True)).to_be_visible()


def test_the_commit_is_copied_whole(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher, permissions=["clipboard-read", "clipboard-write"]).goto(
        reverse("runs:detail", args=[scene.project.slug, scene.runs[RunState.FINISHED].uuid])
    )
    page.get_by_role("button", name="Copy the commit a41f9c2").click()
    expect(page.locator("#whisper")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == scene.runs[RunState.FINISHED].commit_sha


def test_leaving_a_form_that_was_filled_in_asks_first(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(reverse("projects:experiment-add", args=[scene.project.slug]))
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_label("Name").fill("transfer")
    page.get_by_role("link", name="Back").click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    expect(page.get_by_label("Name")).to_have_value("transfer")


def test_a_form_is_sent_once_and_its_button_says_so(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(reverse("projects:experiment-add", args=[scene.project.slug]))
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.get_by_label("Name").fill("transfer")
    button = page.get_by_role("button", name="Add experiment")
    button.evaluate("(button) => { button.click(); button.click(); }")
    expect(page.locator("#messages")).to_contain_text("transfer is ready for runs")
    assert len(posts) == 1


def test_somebody_signs_in_and_out(scene: Scene, open_page: Opener) -> None:
    visit = open_page()
    page = visit.goto("/accounts/sign-in/?next=/settings/connections/")
    page.get_by_label("User name or e-mail address").fill("researcher")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    page.get_by_label("User name or e-mail address").fill("researcher")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Connections")).to_be_visible()
    open_menu(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert visit.complaints == []


def test_a_guest_is_offered_nothing_they_may_not_do(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.people[Role.GUEST]).goto(runs_url(scene))
    expect(page.locator(".row-link")).to_have_count(scene.project.runs.count())
    expect(page.get_by_role("link", name="New run")).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile("^Delete"))).to_have_count(0)


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_form_that_is_out_of_date_leads_to_a_page_that_says_so(
    scene: Scene, open_page: Opener, signed_in: bool
) -> None:
    visit = open_page(scene.researcher if signed_in else None)
    page = visit.goto(
        reverse("projects:experiment-add", args=[scene.project.slug]) if signed_in else reverse("account_login")
    )
    # As after signing in in another tab: the cookie is another one than the form has.
    page.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    page.evaluate("document.querySelectorAll('main form').forEach((form) => form.noValidate = true)")
    page.locator("main form button[type=submit], main form button:not([type])").first.click()
    # What a member has typed is kept; there is none before they have signed in.
    title = "Your form was not sent yet" if signed_in else "This form is out of date"
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    assert problems_in(visit, f"form-out-of-date-{signed_in}") == {}
