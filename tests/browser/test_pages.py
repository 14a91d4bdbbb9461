"""Every page, in both themes and from a telephone to a desktop: readable by everybody, quiet, and never too wide."""

from __future__ import annotations

import os

import pytest

from tests.browser.conftest import Opener
from tests.browser.pages import PAGES
from tests.browser.scene import Scene
from tests.browser.visit import Visit
from tests.support.places import TOP
from tests.support.proofs import Proved, trials

NARROWEST = 320
PICTURES = TOP / "screenshots"
TAKES_PICTURES = bool(os.environ.get("MANTIK_TEST_SCREENSHOTS"))
LOOKS = [("light", 1280), ("dark", 390), ("dark", 1280), ("light", 390)]
# Of each page; the next page is looked at in the next look. In a proof, and for pictures, each in all of them.
LOOKS_EACH = len(LOOKS) if TAKES_PICTURES else trials(1, len(LOOKS))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_barrier_no_complaint_and_fits_its_window(
    name: str, scene: Scene, open_page: Opener, proved: Proved
) -> None:
    entry = PAGES[name]
    url = entry.url(scene)
    visit = open_page(scene.people[entry.role] if entry.role else None, confirmed=entry.confirmed)
    visit.goto(url)
    visit.settle()
    found = problems_in(visit, name)
    proved(pages=1, looks=LOOKS_EACH, pages_with_problems=bool(found))
    assert found == {}
    assert visit.complaints == []


def problems_in(visit: Visit, name: str) -> dict[str, list[str]]:
    """By look: what axe finds on the page as it is now, what is wider than the window, and what is squeezed."""
    found = {f"{theme} at {width}": _problems_of(visit, name, theme, width) for theme, width in looks_at(name)}
    for width in (NARROWEST, 390, 1280):
        visit.look("light", width)
        found[f"at {width}"] = visit.overflow()
    return {look: problems for look, problems in found.items() if problems}


def looks_at(name: str) -> list[tuple[str, int]]:
    begin = sum(name.encode())
    return [LOOKS[(begin + number) % len(LOOKS)] for number in range(LOOKS_EACH)]


def _problems_of(visit: Visit, name: str, theme: str, width: int) -> list[str]:
    visit.look(theme, width)
    if TAKES_PICTURES:
        PICTURES.mkdir(exist_ok=True)
        visit.picture(PICTURES / f"{name}-{width}-{theme}.png")
    return visit.barriers() + visit.overflow() + visit.squeezed()
