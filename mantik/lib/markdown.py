"""Markdown that members write, as HTML that is safe to show.

Raw HTML is shown as text, and the result is cleaned once more, so that nothing depends on one library alone. Headings
begin below those of the page. Pictures become links: a page that loaded them from elsewhere would tell others who
reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

# The page's own headings are the first two levels.
_DEMOTED_BY = 2
_DEEPEST = 6
_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


# Text made to be slow takes a second: thanks to the cache only once, not for every reader.
@lru_cache(maxsize=64)
def render(text: str) -> SafeString:
    """HTML of the Markdown `text`."""
    html = _cleaner.clean(_markdown.render(text))
    return mark_safe(html)  # noqa: S308 - it was cleaned in the line above


def _demote(state: Any) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + _DEMOTED_BY, _DEEPEST)}"


def _link_to_image(state: Any) -> None:
    """A picture is a link with its description; within a link it is the description alone."""
    for block in state.tokens:
        if block.type == "inline":
            block.children = list(_without_images(block.children or []))


def _without_images(tokens: Sequence[Token]) -> list[Token]:
    found: list[Token] = []
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        found += [token] if token.type != "image" else _as_link(token, inside=depth > 0)
    return found


def _as_link(image: Token, *, inside: bool) -> list[Token]:
    href = str(image.attrs.get("src", ""))
    text = Token("text", "", 0, content=image.content or href)
    if inside:
        return [text]
    return [Token("link_open", "a", 1, attrs={"href": href}), text, Token("link_close", "a", -1)]


_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_markdown.core.ruler.push("demote", _demote)
_markdown.core.ruler.push("link_to_image", _link_to_image)
_cleaner = nh3.Cleaner(
    tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="nofollow noopener noreferrer"
)
