"""Forms as a browser has them: what it would post, and what is said at each field."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from mantik.demo.visitor import read_page


def as_browser_posts(answer: Any) -> dict[str, str]:
    """The fields of the page's form, unchanged. A select without a selected option stands on its first."""
    page = answer.content.decode()
    texts = re.findall(r'<textarea name="([^"]+)"[^>]*>(?:\r?\n)?(.*?)</textarea>', page, re.DOTALL)
    chosen = re.findall(r'<input type="radio" name="([^"]+)" value="([^"]*)"[^>]* checked', page)
    return read_page(page).fields | {name: unescape(value) for name, value in (*texts, *chosen)}


def said_at(answer: Any, field: str) -> str:
    """The error at a field of the form, "" if there is none."""
    found = re.search(rf'id="id_{re.escape(field)}_error">(.*?)</p>', answer.content.decode(), re.DOTALL)
    return unescape(found[1]) if found else ""
