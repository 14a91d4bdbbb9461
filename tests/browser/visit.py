"""A page being looked at, and what must never be seen on any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Response

WIDER = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > width + 0.5)
    .slice(0, 5)
    .map((e) => `<${e.localName} class="${e.getAttribute("class")}"> reaches ${e.getBoundingClientRect().right}`)
    .concat(`the page is ${document.documentElement.scrollWidth} wide`);
}"""

SQUEEZED = """() => [...document.querySelectorAll("input, select, textarea")]
  .filter((e) => !["hidden", "checkbox", "radio"].includes(e.type) && e.checkVisibility())
  .filter((e) => e.getBoundingClientRect().width < 60)
  .map((e) => `#${e.id} is ${e.getBoundingClientRect().width} wide`)"""

# What goes on for ever, as the badge of a running state does, is no transition.
_AT_REST = "() => document.getAnimations().every((one) => one.effect.getTiming().iterations === Infinity)"


class Visit:
    """`page` with its complaints kept: console errors, which include breaches of the CSP, and failed requests.

    A page's own status is not one: pages of errors are looked at, too. `expect_status` allows a fragment's.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self._allowed: set[int] = set()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("response", self._on_response)

    def expect_status(self, *statuses: int) -> None:
        self._allowed |= set(statuses)

    def goto(self, url: str) -> Page:
        self.page.goto(url)
        self.page.wait_for_load_state("load")
        return self.page

    def settle(self) -> None:
        """Until what scripts fetch at first is there, and fonts."""
        self.page.evaluate("document.fonts.ready")
        for selector, filled in (
            ("[data-metrics-charts]", "[data-metrics-charts] canvas, [data-metrics-note]:not(:empty)"),
            ("[data-log-lines]", "[data-log-lines] .log-number, .log-remark:not([hidden])"),
        ):
            if self.page.locator(selector).count():
                self.page.wait_for_selector(filled, state="attached")

    def look(self, theme: str, width: int) -> None:
        """See the page as it is, in another theme and width."""
        self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        self.page.set_viewport_size({"width": width, "height": 860})
        # Colours and charts follow a frame later.
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def picture(self, path: Path) -> None:
        """The whole page, in a window that is just as high: what sticks to an edge stays where it belongs."""
        size = self.page.viewport_size
        assert size
        height: int = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
        self.page.screenshot(path=path)
        self.page.set_viewport_size(size)

    def overflow(self) -> list[str]:
        """What makes the page wider than the window."""
        found: list[str] = self.page.evaluate(WIDER)
        return found

    def squeezed(self) -> list[str]:
        """Fields in which nobody can read what they type."""
        found: list[str] = self.page.evaluate(SQUEEZED)
        return found

    def barriers(self) -> list[str]:
        """What axe finds, one line each, once nothing moves any more. While something is on the way, too."""
        self.page.wait_for_function(_AT_REST)
        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [
            f"{violation['id']}: {node['html'][:160]} {' '.join(node.get('failureSummary', '').split())[:200]}"
            for violation in found
            for node in violation["nodes"]
        ]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        # A request that gave way to a newer one, or to the next page: as it should be, but htmx tells the console.
        if message.text.startswith(("htmx:afterRequest", "htmx:sendAbort")):
            return
        # Told by its response, which knows whether it was the page's own.
        if "Failed to load resource" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def _on_response(self, response: Response) -> None:
        if response.status < 400 or response.status in self._allowed:
            return
        if not response.request.is_navigation_request():
            self.complaints.append(f"{response.status}: {response.url}")
