"""What people come for, from the first page to the last: with a mouse, with keys alone, on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from projects.models import Experiment
from runs.models import RegisteredModel, Run
from runs.states import RunState
from runs.tracking.summaries.models import MetricSummary
from tests.browser.conftest import Opener
from tests.browser.scene import ACCOUNT, CONFIG, MLPROJECT, Scene
from tests.browser.scene_experiments import build_experiment
from tests.support import factories as make

MOST_CLICKS = 9


class Mouse:
    """Clicks, and counts them."""

    def __init__(self) -> None:
        self.clicks = 0

    def __call__(self, target: Locator) -> None:
        target.click()
        self.clicks += 1


class Keys:
    """Reaches by Tab what it is asked for, as somebody without a mouse has to."""

    def __init__(self) -> None:
        self.presses = 0

    def __call__(self, target: Locator) -> None:
        self.reach(target)
        self.press(target.page, "Enter")

    def press(self, page: Page, key: str) -> None:
        page.keyboard.press(key)
        self.presses += 1

    def reach(self, target: Locator) -> None:
        expect(target).to_be_visible()
        page = target.page
        for _ in range(150):
            if target.evaluate("(element) => element === document.activeElement"):
                return
            self.press(page, "Tab")
        raise AssertionError(f"No Tab reaches {target}.")


@pytest.fixture
def experiment(scene: Scene) -> Experiment:
    experiment = build_experiment(scene.project, scene.researcher)
    experiment.runs.update(mlflow_run_id="one model", has_model=True)
    return experiment


def experiment_url(experiment: Experiment) -> str:
    return reverse("projects:experiment", args=[experiment.project.slug, experiment.uuid])


@pytest.mark.parametrize("width", [1280, 390])
def test_five_runs_are_compared_and_the_best_is_registered(
    scene: Scene, experiment: Experiment, open_page: Opener, width: int
) -> None:
    visit, click = open_page(scene.researcher, width=width), Mouse()
    page = visit.goto(experiment_url(experiment))
    for at in range(5):
        click(page.locator(".grid-experiment .tick").nth(at))
    click(page.get_by_role("button", name="Compare 5 runs"))
    _register_the_best(page, click, expected=_best(experiment))
    assert click.clicks <= MOST_CLICKS
    assert visit.complaints == []


def test_five_runs_are_compared_and_the_best_is_registered_by_keys_alone(
    scene: Scene, experiment: Experiment, open_page: Opener
) -> None:
    visit, keys = open_page(scene.researcher), Keys()
    page = visit.goto(experiment_url(experiment))
    for _ in range(5):
        keys.press(page, "j")
        keys.press(page, "x")
    expect(page.get_by_role("button", name="Compare 5 runs")).to_be_visible()
    keys.press(page, "c")
    _register_the_best(page, keys, expected=_best(experiment))
    assert visit.complaints == []


def _best(experiment: Experiment) -> Run:
    """By val_accuracy, of all: in the first row of the table, so among the five."""
    logged = MetricSummary.objects.filter(run__experiment=experiment, name__key="val_accuracy", last__isnull=False)
    return logged.latest("last").run


def _register_the_best(page: Page, use: Callable[[Locator], None], *, expected: Run) -> None:
    expect(page.get_by_role("heading", name="Compare 5 runs")).to_be_visible()
    results = page.get_by_role("region", name="Table of results", exact=True)
    best = results.get_by_role("row", name="val_accuracy, last").locator("td.is-best")
    column = best.evaluate("(cell) => cell.cellIndex")
    use(results.locator("thead tr").first.locator("th, td").nth(column).get_by_role("link"))
    expect(page.get_by_role("heading", name=expected.name)).to_be_visible()
    use(page.get_by_role("link", name="Register Model"))
    use(page.get_by_role("button", name="Register Model"))
    expect(page.locator("#model-live")).to_be_visible()
    assert RegisteredModel.objects.filter(run=expected).exists()


@pytest.fixture
def failed(scene: Scene) -> Run:
    """The same failed that had finished before with fewer epochs."""
    finished = scene.runs[RunState.FINISHED]
    Run.objects.filter(pk=finished.pk).update(parameters={"epochs": 40})
    return make.make_run(
        RunState.FAILED,
        project=scene.project,
        created_by=scene.researcher,
        name="more epochs",
        experiment=finished.experiment,
        code_repository=scene.repository,
        connection=scene.connection,
        mlproject_content=MLPROJECT,
        backend_config_content=CONFIG,
        compute_budget_account=ACCOUNT,
        parameters={"epochs": 400},
        outcome="torch.OutOfMemoryError: CUDA out of memory",
        exit_code=1,
    )


@pytest.mark.parametrize("how", ["mouse", "keys", "phone"])
def test_why_did_it_fail_what_changed_and_again(scene: Scene, failed: Run, open_page: Opener, how: str) -> None:
    visit = open_page(scene.researcher, width=390 if how == "phone" else 1280)
    use: Keys | Mouse = Keys() if how == "keys" else Mouse()
    page = visit.goto(reverse("runs:list", args=[scene.project.slug]))
    # Why: in its row already.
    expect(page.locator("tr", has_text=failed.name)).to_contain_text("CUDA out of memory")
    use(page.get_by_role("link", name=failed.name, exact=True))
    # What changed.
    since = page.get_by_role("region", name="Since it last worked")
    expect(since).to_contain_text("epochs")
    expect(since).to_contain_text("40")
    expect(since).to_contain_text("400")
    # Again, with what worked.
    use(page.get_by_role("link", name="Run Again"))
    field = page.get_by_label("epochs")
    if isinstance(use, Keys):
        use.reach(field)
        page.keyboard.press("Control+A")
        page.keyboard.type("40")
    else:
        field.fill("40")
    use(page.get_by_role("button", name="RUN!"))
    expect(page.locator("#run-live .status").first).to_be_visible()
    again = Run.objects.filter(project=scene.project).latest("pk")
    assert again.pk != failed.pk
    assert str(again.parameters["epochs"]) == "40"
    assert isinstance(use, Keys) or use.clicks <= 3
    assert visit.complaints == []
