"""Where links lead that stand in the docs, or lead into them."""

from __future__ import annotations

import re
from html import unescape

from django.urls import reverse

from mantik.docs.library import Page, library
from tests.support.places import DOCS

# Beside the files in docs/, two that stand at the top.
SLUGS = [*sorted({path.stem for path in DOCS.glob("*.md")} - {"README"}), "changelog", "contributing"]


def links_of(page: Page) -> list[str]:
    """All that stand in the text of `page`, in full."""
    own = reverse("docs:page", args=[page.slug])
    found = [unescape(href) for href in re.findall(r'<a [^>]*?href="([^"]*)"', page.html)]
    return [f"{own}{href}" if href.startswith("#") else href for href in found]


def is_there(url: str) -> bool:
    """Whether an address below /docs/ is that of a page and, if it names one, of a heading of its HTML."""
    path, _, anchor = url.partition("#")
    if path == reverse("docs:index"):
        return not anchor
    for page in library().pages.values():
        if path == reverse("docs:page", args=[page.slug]):
            return not anchor or f' id="{anchor}"' in page.html
    return False
