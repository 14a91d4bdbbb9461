"""Registered models as they change under the eyes of who looks."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from runs.models import RegisteredModel
from runs.registered_models.states import ModelState
from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene


def url(scene: Scene, name: str, model: str = "dust") -> str:
    return reverse(f"registered_models:{name}", args=[scene.project.slug, RegisteredModel.objects.get(name=model).uuid])


def test_a_name_is_judged_while_one_types_it(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(reverse("runs:register", args=[scene.project.slug, scene.runs[RunState.FINISHED].uuid]))
    name = page.get_by_label("Name")
    name.fill("")
    name.press_sequentially("PV-yield")
    expect(page.locator("#name-field .field-error")).to_contain_text("is already named pv-yield.")
    expect(name).to_have_value("PV-yield")
    expect(name).to_be_focused()
    name.press_sequentially("-2")
    expect(page.locator("#name-field .is-good")).to_be_visible()
    expect(name).to_have_value("PV-yield-2")
    page.get_by_text("Folder among the run's artifacts").click()
    page.get_by_label("Description").fill("From *artifacts*.")
    page.get_by_role("button", name="Register Model").click()
    expect(page.get_by_role("heading", name="PV-yield-2")).to_be_visible()
    assert RegisteredModel.objects.get(name="PV-yield-2").artifact_path == "model"
    assert visit.complaints == []


def test_who_watches_sees_it_registered(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(url(scene, "detail"))
    expect(page.locator(".callout.hue-wait")).to_contain_text("MLflow did not answer in time.")
    RegisteredModel.objects.filter(name="dust").update(
        state=ModelState.REGISTERED,
        waiting_for="",
        certificate_sha256="0" * 64,
        registry_version="1",
        registered_at=timezone.now(),
    )
    expect(page.locator("#model-live .status")).to_have_text("Registered")
    expect(page.locator(".callout.hue-wait")).to_have_count(0)
    assert visit.complaints == []


def test_who_watches_it_go_is_led_to_the_list(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(url(scene, "detail", "pv-yield"))
    model = RegisteredModel.objects.get(name="pv-yield")
    page.get_by_role("link", name="Unregister Model").click()
    page.get_by_role("dialog").get_by_role("button", name="Unregister Model").click()
    expect(page.locator("#model-live .status")).to_have_text("Unregistering")
    # A worker does the rest.
    RegisteredModel.objects.filter(pk=model.pk).delete()
    expect(page.locator("#messages")).to_contain_text("pv-yield is no longer registered.")
    assert page.url.endswith(reverse("registered_models:list", args=[scene.project.slug]))
    assert visit.complaints == []


def test_metrics_are_chosen_for_what_was_searched(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(reverse("registered_models:list", args=[scene.project.slug]))
    page.get_by_label("Search models").fill("champion")
    expect(page.locator(".row-link")).to_have_count(1)
    page.locator("#model-metrics summary").click()
    page.get_by_role("link", name="loss", exact=True).click()
    expect(page.locator("th.col-metric")).to_have_text(["val_acc", "loss"])
    expect(page.locator(".row-link")).to_have_text(["pv-yield"])
    assert visit.complaints == []
