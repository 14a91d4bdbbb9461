"""The session ends while a form is filled in: signing in again ends on what was asked for, with what was typed."""

from __future__ import annotations

import re

from django.urls import reverse
from playwright.sync_api import Page, expect

from connections.models import Connection
from mantik.accounts.models import Session
from projects.models import Experiment
from projects.roles import Role
from runs.models import Run
from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.browser.test_new_run import fill_in, form_url
from tests.browser.test_pages import problems_in
from tests.browser.visit import Visit
from tests.support.factories import PASSWORD

A_RUN = re.compile(r"/runs/[0-9a-f-]{36}/$")


def end_all_sessions() -> None:
    Session.objects.all().delete()


def sign_in(page: Page, scene: Scene, role: Role = Role.RESEARCHER) -> None:
    page.get_by_label("User name or e-mail address").fill(scene.people[role].username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_in_in_another_tab(visit: Visit, scene: Scene, role: Role = Role.RESEARCHER) -> None:
    tab = visit.page.context.new_page()
    tab.goto("/accounts/sign-in/")
    sign_in(tab, scene, role)
    expect(tab.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
    tab.close()


def send_again(visit: Visit, name: str) -> None:
    page = visit.page
    expect(page.get_by_role("heading", name="Your form was not sent yet")).to_be_visible()
    visit.settle()
    assert problems_in(visit, name) == {}
    page.get_by_role("button", name="Send again").click()


def test_a_run_is_started_by_who_signs_in_after_run(scene: Scene, open_page: Opener) -> None:
    before = Run.objects.count()
    visit = open_page(scene.researcher)
    page = visit.goto(form_url(scene))
    fill_in(page)
    end_all_sessions()
    page.get_by_role("button", name="RUN!").click()
    sign_in(page, scene)
    send_again(visit, "kept-form-run")
    expect(page).to_have_url(A_RUN)
    assert (Run.objects.count(), Run.objects.latest("pk").name) == (before + 1, "resnet50-sweep-15")


def test_a_run_is_started_by_who_signs_in_in_another_tab(scene: Scene, open_page: Opener) -> None:
    """The form goes on changing with what is chosen, and RUN! leads to the run at once."""
    visit = open_page(scene.researcher)
    visit.expect_status(403)
    page = visit.goto(form_url(scene))
    fill_in(page)
    end_all_sessions()
    sign_in_in_another_tab(visit, scene)
    for branch in ("main", "rounds"):
        with page.expect_response(lambda answer: "/preview/" in answer.url and answer.status == 200):
            page.get_by_label("Branch").select_option(branch)
    expect(page.get_by_label("Name")).to_have_value("resnet50-sweep-15")
    page.get_by_role("button", name="RUN!").click()
    expect(page).to_have_url(A_RUN)


def test_what_changes_by_itself_says_what_to_do(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    visit.expect_status(403)
    page = visit.goto(form_url(scene))
    fill_in(page)
    end_all_sessions()
    page.get_by_label("Branch").select_option("rounds")
    expect(page.locator("#toasts")).to_contain_text("You are signed out. What you typed is still here")
    sign_in_in_another_tab(visit, scene)
    page.get_by_label("Branch").select_option("main")
    expect(page.locator("#toasts p")).to_have_count(0)
    expect(page.get_by_label("Name")).to_have_value("resnet50-sweep-15")


def test_a_plain_form_comes_back_after_another_tab(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.people[Role.OWNER])
    page = visit.goto(reverse("projects:experiment-add", args=[scene.project.slug]))
    page.get_by_label("Name").fill("thin film")
    end_all_sessions()
    sign_in_in_another_tab(visit, scene, Role.OWNER)
    page.get_by_role("button", name="Add experiment").click()
    send_again(visit, "kept-form-experiment")
    expect(page.get_by_text("thin film is ready for runs.")).to_be_visible()
    assert Experiment.objects.filter(name="thin film").count() == 1


def test_without_javascript_too(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.people[Role.OWNER], javascript=False)
    page = visit.goto(reverse("projects:experiment-add", args=[scene.project.slug]))
    page.get_by_label("Name").fill("thin film")
    end_all_sessions()
    page.get_by_role("button", name="Add experiment").click()
    sign_in(page, scene, Role.OWNER)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("thin film is ready for runs.")).to_be_visible()


def test_somebody_else_who_signs_in_neither_sends_nor_sees_it(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(reverse("projects:experiment-add", args=[scene.project.slug]))
    page.get_by_label("Name").fill("thin film")
    end_all_sessions()
    sign_in_in_another_tab(visit, scene, Role.OWNER)
    page.get_by_role("button", name="Add experiment").click()
    expect(page.get_by_text("the form was opened by another account")).to_be_visible()
    assert "thin film" not in page.content()
    assert problems_in(visit, "form-out-of-date") == {}


def test_a_secret_is_asked_for_again_and_kept_nowhere(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher, confirmed=True)
    page = visit.goto("/settings/connections/add/?kind=git-token")
    page.locator("input[name=name]").fill("our git host")
    secret = page.locator("input[name=secret]")
    secret.fill("hunter2-hunter2")
    end_all_sessions()
    page.get_by_role("button", name="Add connection").click()
    sign_in(page, scene)
    expect(secret).to_have_value("")
    assert "hunter2" not in page.content() + page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    secret.fill("hunter3-hunter3")
    send_again(visit, "kept-form-secret")
    expect(page.get_by_text("our git host is stored.")).to_be_visible()
    assert Connection.objects.get(name="our git host").reveal_secret() == "hunter3-hunter3"
