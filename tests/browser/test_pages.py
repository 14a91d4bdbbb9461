"""Every page, in both themes and from a telephone to a desktop: readable by everybody, quiet, and never too wide."""

from __future__ import annotations

import os

import pytest

from tests.browser.conftest import Opener
from tests.browser.pages import PAGES
from tests.browser.scene import Scene
from tests.browser.visit import Visit
from tests.support.places import TOP

THEMES = ("light", "dark")
WIDTHS = (1280, 390)
NARROWEST = 320
PICTURES = TOP / "screenshots"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_barrier_no_complaint_and_fits_its_window(name: str, scene: Scene, open_page: Opener) -> None:
    entry = PAGES[name]
    url = entry.url(scene)
    visit = open_page(scene.people[entry.role] if entry.role else None, confirmed=entry.confirmed)
    visit.goto(url)
    visit.settle()
    found = {
        f"{theme} at {width}": problems
        for theme in THEMES
        for width in WIDTHS
        if (problems := problems_of(visit, name, theme, width))
    }
    visit.look("light", NARROWEST)
    assert found == {}
    assert visit.overflow() == []
    assert visit.complaints == []


def problems_of(visit: Visit, name: str, theme: str, width: int) -> list[str]:
    visit.look(theme, width)
    if os.environ.get("MANTIK_TEST_SCREENSHOTS"):
        PICTURES.mkdir(exist_ok=True)
        visit.picture(PICTURES / f"{name}-{width}-{theme}.png")
    return visit.barriers() + visit.overflow()
