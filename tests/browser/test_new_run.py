"""The new-run form: choices follow one another, the preview follows the form, and nothing typed is lost."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from runs.models import Run
from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.support.factories import make_run


def form_url(scene: Scene) -> str:
    return reverse("runs:new", args=[scene.project.slug])


def preview(page: Page) -> str:
    return page.locator("#run-preview").inner_text()


def fill_in(page: Page) -> None:
    page.get_by_label("Name").fill("resnet50-sweep-15")
    page.get_by_label("Connection").select_option(label="site-a · Site A")
    page.get_by_label("Compute budget account").fill("acc_sol")
    page.get_by_label("Compute Backend config").fill("hpc/unicore.yaml")


def test_branch_and_entry_point_bring_their_own_parameters(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(form_url(scene))
    expect(page.get_by_label("epochs int")).to_have_value("40")
    page.get_by_label("Branch").select_option("rounds")
    expect(page.get_by_label("rounds int")).to_have_value("7")
    expect(page.get_by_label("epochs int")).to_have_count(0)
    page.get_by_label("Entry point").select_option("evaluate")
    expect(page.get_by_label("checkpoint string")).to_have_value("")
    expect(page.get_by_label("Branch")).to_have_value("rounds")
    assert visit.complaints == []


def test_another_repository_brings_its_own_branches_and_what_is_wrong_with_it(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(form_url(scene))
    page.get_by_label("Code repository").select_option(label="unfinished")
    expect(page.locator("#run-preview")).to_contain_text("entry_points is a list")
    expect(page.get_by_label("Branch").locator("option")).to_have_count(1)
    page.get_by_label("Code repository").select_option(label="pv-yield")
    expect(page.get_by_label("epochs int")).to_have_value("40")
    expect(page.get_by_label("Branch").locator("option")).to_have_count(2)


def test_the_preview_shows_commit_resources_and_script_as_one_types(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(form_url(scene))
    expect(page.locator("#run-preview")).to_contain_text("Tune warm-up")
    fill_in(page)
    expect(page.locator("#run-preview")).to_contain_text("4 nodes, 30 min, gpu")
    expect(page.locator("#run-preview")).to_contain_text("python train.py --epochs 40 --lr 0.001")
    page.get_by_label("epochs int").fill("12")
    expect(page.locator("#run-preview")).to_contain_text("python train.py --epochs 12 --lr 0.001")
    page.get_by_label("Compute Backend config").fill("hpc/wrong.yaml")
    expect(page.locator("#run-preview")).to_contain_text("Nodes")
    assert visit.barriers() == []
    assert visit.complaints == []


_EPOCHS_12 = re.compile(r"epochs\W.{0,80}\b12\b", re.DOTALL)


def test_while_the_next_preview_is_on_the_way_the_last_one_can_be_read(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(form_url(scene))
    fill_in(page)
    expect(page.locator("#run-preview")).to_contain_text("4 nodes, 30 min, gpu")
    asked: list[Route] = []
    page.route("**/preview/**", lambda route: asked.append(route))
    # What was typed before may ask as well, and gives way.
    with page.expect_request(lambda request: bool(_EPOCHS_12.search(request.post_data or ""))):
        page.get_by_label("epochs int").fill("12")
    expect(page.locator("#run-preview.htmx-request")).to_be_visible()
    assert visit.barriers() == []
    asked[-1].continue_()
    expect(page.locator("#run-preview")).to_contain_text("python train.py --epochs 12 --lr 0.001")
    assert visit.complaints == []


def test_what_is_being_typed_is_never_replaced(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(form_url(scene))
    config = page.get_by_label("Compute Backend config")
    config.clear()
    config.press_sequentially("hpc/unico", delay=20)
    with page.expect_response(re.compile("/preview/")):
        page.wait_for_timeout(750)
    config.press_sequentially("re.yaml", delay=90)
    expect(page.locator("#run-preview")).to_contain_text("4 nodes, 30 min, gpu")
    expect(config).to_have_value("hpc/unicore.yaml")


def test_a_wrong_form_keeps_what_was_typed_and_says_what_is_wrong_in_place(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(form_url(scene))
    fill_in(page)
    page.get_by_label("epochs int").fill("many")
    page.get_by_label("Compute budget account").fill("")
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_role("alert")).to_contain_text("What you typed is still there, except passwords and tokens.")
    epochs = page.get_by_label("epochs int")
    expect(epochs).to_have_value("many")
    expect(epochs).to_have_attribute("aria-describedby", re.compile("error"))
    expect(page.locator("[id='id_param-epochs_error']")).to_contain_text("many")
    expect(page.get_by_label("Name")).to_have_value("resnet50-sweep-15")
    expect(page.locator("#id_compute_budget_account_error")).to_be_visible()
    assert visit.barriers() == []
    assert visit.overflow() == []
    assert not Run.objects.filter(name="resnet50-sweep-15").exists()


def test_run_stores_the_run_and_shows_it(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(form_url(scene))
    fill_in(page)
    page.get_by_label("epochs int").fill("12")
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_role("heading", name="resnet50-sweep-15")).to_be_visible()
    run = Run.objects.get(name="resnet50-sweep-15")
    assert run.parameters["epochs"] == "12"
    assert run.created_by == scene.researcher
    assert visit.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_without_javascript_the_form_works_by_reloading_choices(scene: Scene, open_page: Opener, width: int) -> None:
    page = open_page(scene.researcher, width=width, javascript=False).goto(form_url(scene))
    page.locator("#id_branch").select_option("rounds")
    page.locator("#id_name").fill("by hand")
    page.locator("#id_compute_budget_account").fill("acc_sol")
    page.locator("#id_backend_config_path").fill("hpc/unicore.yaml")
    page.get_by_role("button", name="Update form and preview").click()
    expect(page.locator("[id='id_param-rounds']")).to_have_value("7")
    expect(page.locator("#id_name")).to_have_value("by hand")
    expect(page.locator("#run-preview")).to_contain_text("4 nodes, 30 min, gpu")
    page.locator("#id_connection").select_option(label="site-a · Site A")
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_role("heading", name="by hand")).to_be_visible()


@pytest.fixture
def run_of_a_lost_branch(scene: Scene) -> Run:
    """Its branch was deleted at the host since."""
    return make_run(
        RunState.FINISHED,
        project=scene.project,
        created_by=scene.researcher,
        name="on a branch",
        experiment=scene.project.experiments.first(),
        code_repository=scene.repository,
        connection=scene.connection,
        branch="gone",
        parameters={"epochs": "12", "lr": "0.7", "data": "data/pv"},
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_run_again_of_a_branch_that_is_gone_stays_on_it_until_somebody_chooses(
    scene: Scene, open_page: Opener, run_of_a_lost_branch: Run, width: int
) -> None:
    visit = open_page(scene.researcher, width=width)
    visit.expect_status(422)
    page = visit.goto(f"{form_url(scene)}?from={run_of_a_lost_branch.uuid}")
    branch, error = page.get_by_label("Branch"), page.locator("#id_branch_error")
    expect(error).to_contain_text("has no branch 'gone'. Did you mean main or rounds?")
    expect(page.get_by_role("alert")).to_contain_text(
        "Filled in from the run “on a branch”, but not everything is available any more."
    )
    assert visit.barriers() == []
    assert visit.overflow() == []
    # A preview that is about something else changes nothing of it.
    config = page.get_by_label("Compute Backend config")
    with page.expect_response(re.compile("/preview/")):
        config.fill("hpc/unicore.yml")
    with page.expect_response(re.compile("/preview/")):
        config.fill("hpc/unicore.yaml")
    expect(branch).to_have_value("gone")
    expect(error).to_contain_text("has no branch 'gone'")
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(branch).to_have_value("gone")
    expect(error).to_contain_text("has no branch 'gone'. Did you mean main or rounds?")
    branch.select_option("main")
    expect(error).to_have_count(0)
    expect(page.get_by_label("epochs int")).to_have_value("12")
    expect(page.get_by_label("lr float")).to_have_value("0.7")
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_role("heading", name="on a branch")).to_be_visible()
    again = Run.objects.latest("pk")
    assert (again.branch, again.parameters["lr"]) == ("main", "0.7")
    assert visit.complaints == []


def test_parameters_that_another_entry_point_does_not_take_are_kept_until_they_are_left_out(
    scene: Scene, open_page: Opener
) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(form_url(scene))
    page.get_by_label("epochs int").fill("12")
    page.get_by_label("Entry point").select_option("evaluate")
    expect(page.locator("[id='id_param-epochs_error']")).to_contain_text("not a parameter of the entry point evaluate")
    expect(page.get_by_label("lr float")).to_have_count(0)
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator("[id='id_param-epochs']")).to_have_count(0)
    expect(page.get_by_label("checkpoint string")).to_have_value("")
    assert visit.complaints == []
