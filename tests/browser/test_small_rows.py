"""On a telephone, a row of a list still says whose it is, and when it was."""

from __future__ import annotations

import os

import pytest
from django.urls import reverse

from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.browser.test_pages import PICTURES

LISTS = {
    "runs:list": (".col-by", ".col-when"),
    "runs:submissions": (".col-by", ".col-when"),
    "projects:experiments": (".col-by", ".col-when"),
    "registered_models:list": (".col-when",),
    "schedules:list": (".col-by",),
}


@pytest.mark.parametrize("width", [390, 320])
def test_rows_keep_time_and_owner(scene: Scene, open_page: Opener, width: int) -> None:
    visit = open_page(scene.researcher, width=width, theme="dark")
    for name, columns in LISTS.items():
        page = visit.goto(reverse(name, args=[scene.project.slug]))
        row = page.locator(".grid-owned tbody tr").first
        main = row.locator(".col-main").bounding_box()
        assert main, name
        for column in columns:
            cell = row.locator(column).first
            box = cell.bounding_box()
            assert cell.inner_text().strip(), (name, column)
            # Below the name, so that it takes nothing away from it.
            assert box, (name, column)
            assert box["y"] >= main["y"] + main["height"] - 1, (name, column)
        if os.environ.get("MANTIK_TEST_SCREENSHOTS"):
            PICTURES.mkdir(exist_ok=True)
            visit.picture(PICTURES / f"small-{name.replace(':', '-')}-{width}.png")
        assert visit.overflow() == []
        assert visit.barriers() == []
    assert visit.complaints == []
