"""Turns the Markdown of the docs into HTML, and into sections that can be searched.

Raw HTML is shown as text, and no style attributes are produced, because the Content-Security-Policy forbids inline
styles and scripts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_LANGUAGES = {"sh": "Commands", "python": "Python", "json": "JSON", "yaml": "YAML", "properties": "Properties"}
_ALIGNED = {"text-align:center": "is-center", "text-align:right": "is-right"}
# A heading is parsed as its opening, its words and its closing.
_TOKENS_OF_HEADING = 3


@dataclass(frozen=True)
class Target:
    """Where a link leads. `label` is the page's name in lists, "" for a target that is not one of our pages."""

    url: str
    label: str = ""
    is_ours: bool = True


# From a link in the Markdown to its target; None if the target is not shown here.
Resolve = Callable[[str], Target | None]


@dataclass(frozen=True)
class Section:
    """A heading and the words below it, up to the next. The first is the page itself, and has no anchor."""

    title: str
    anchor: str
    level: int
    text: str


@dataclass(frozen=True)
class Rendered:
    """`html` leaves out the title, which the head of the page shows."""

    html: SafeString
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        return self.sections[0].title


@dataclass(frozen=True)
class Entry:
    """One page in the table of contents. `target` is its file, as the link says it."""

    target: str
    label: str
    summary: str


def render(source: str, *, resolve: Resolve) -> Rendered:
    """HTML of the Markdown `source`, which begins with its title. Anchors are made as git hosts make them."""
    tokens = _markdown.parse(source)
    for token in tokens:
        _resolve_links(token.children or [], resolve)
    parts = _parts(tokens)
    anchors: Counter[str] = Counter()
    sections = tuple(_section(part, anchors) for part in parts)
    for part, section in zip(parts, sections, strict=True):
        _label(part, section)
    body = [*parts[0][_TOKENS_OF_HEADING:], *chain.from_iterable(parts[1:])]
    _tidy_tables(body)
    html = _markdown.renderer.render(body, _markdown.options, {})
    return Rendered(mark_safe(html), sections)  # noqa: S308 - the library escapes all text, and takes no HTML


def read_contents(source: str) -> list[tuple[str, list[Entry]]]:
    """The groups of a table of contents: their headings, and the links of the lists below, each "label: summary"."""
    groups: list[tuple[str, list[Entry]]] = []
    for opening, inline in pairwise(_markdown.parse(source)):
        if opening.type == "heading_open" and opening.tag == "h2":
            groups.append((_plain(inline), []))
        elif groups and inline.children and (target := inline.children[0].attrGet("href")):
            label, _, summary = _plain(inline).partition(": ")
            groups[-1][1].append(Entry(str(target), label, summary))
    return groups


def _parts(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split into parts, each a heading with what follows it. Raises ValueError without a title."""
    if not tokens or tokens[0].tag != "h1":
        raise ValueError("A page of the docs begins with its title, as in `# Runs`.")
    parts: list[list[Token]] = []
    for token in tokens:
        if token.type == "heading_open":
            parts.append([])
        parts[-1].append(token)
    return parts


def _section(part: Sequence[Token], anchors: Counter[str]) -> Section:
    opening, heading = part[0], part[1]
    title, level = _plain(heading), int(opening.tag[1:])
    anchor = _anchor(title, anchors)
    words = " ".join(map(_plain, part[_TOKENS_OF_HEADING:])).split()
    return Section(title, anchor if level > 1 else "", level, " ".join(words))


def _label(part: Sequence[Token], section: Section) -> None:
    """Make the heading an anchor that links to itself, and note in the tokens below in which section they are."""
    opening, heading = part[0], part[1]
    opening.attrs["id"] = section.anchor
    heading.children = _linked(heading.children or [], f"#{section.anchor}")
    for token in part[_TOKENS_OF_HEADING:]:
        # Code and tables scroll; their renderers need an accessible name.
        token.meta["section"] = section.title


def _anchor(title: str, anchors: Counter[str]) -> str:
    """The anchor of a heading. `anchors` counts those made so far: a second one of the same name gets a number."""
    anchor = re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
    anchors[anchor] += 1
    return anchor if anchors[anchor] == 1 else f"{anchor}-{anchors[anchor] - 1}"


def _linked(tokens: Sequence[Token], href: str) -> list[Token]:
    return [Token("link_open", "a", 1, attrs={"href": href}), *tokens, Token("link_close", "a", -1)]


def _plain(token: Token) -> str:
    """The words of a block, without their markup."""
    if token.children is None:
        return token.content
    return "".join(" " if child.type.endswith("break") else child.content for child in token.children)


def _resolve_links(tokens: Sequence[Token], resolve: Resolve) -> None:
    """Point links to their targets. A file's name as link text becomes the page's label, a dead link becomes code."""
    for picture in (token for token in tokens if token.type == "image"):
        _resolve_picture(picture, resolve)
    for token, following in pairwise(tokens):
        if token.type != "link_open":
            continue
        target = resolve(str(token.attrs["href"]))
        token.meta["is_dead"] = target is None
        token.attrs = {"href": target.url} if target else {}
        if target and target.label and following.content.endswith(".md"):
            following.content = target.label
    _mark_dead_links(tokens)


def _resolve_picture(picture: Token, resolve: Resolve) -> None:
    """One that is not ours would tell another server who reads the page: then its words stand there."""
    target = resolve(str(picture.attrs["src"]))
    if target is None or not target.is_ours:
        picture.type, picture.content = "text", _plain(picture)
        return
    picture.attrs |= {"src": target.url, "class": "docs-picture", "loading": "lazy"}


def _mark_dead_links(tokens: Sequence[Token]) -> None:
    is_dead = False
    for token in tokens:
        if token.type == "link_open":
            is_dead = token.meta["is_dead"]
        if is_dead and token.type in ("link_open", "link_close"):
            token.tag = "code"


def _tidy_tables(tokens: Sequence[Token]) -> None:
    for index, token in enumerate(tokens):
        if aligned := _ALIGNED.get(str(token.attrs.pop("style", ""))):
            token.attrs["class"] = aligned
        if token.type == "th_open" and not tokens[index + 1].content:
            # An empty header cell is announced as a heading; make it a plain cell.
            token.tag = tokens[index + 2].tag = "td"


def _code_block(_renderer: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    label = f"{_LANGUAGES.get(token.info.strip(), 'Text')}: {token.meta['section']}"
    context = {"code": token.content.rstrip("\n"), "label": label, "copy": True}
    return render_to_string("components/code_block.html", context)


def _table_open(renderer: Any, tokens: Sequence[Token], index: int, options: Any, _env: Any) -> str:
    label = f"Table: {tokens[index].meta['section']}"
    around = format_html('<div class="docs-table" tabindex="0" role="group" aria-label="{}">', label)
    return f"{around}{renderer.renderToken(tokens, index, options, {})}"


def _table_close(renderer: Any, tokens: Sequence[Token], index: int, options: Any, _env: Any) -> str:
    return f"{renderer.renderToken(tokens, index, options, {})}</div>\n"


_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_markdown.add_render_rule("fence", _code_block)
_markdown.add_render_rule("code_block", _code_block)
_markdown.add_render_rule("table_open", _table_open)
_markdown.add_render_rule("table_close", _table_close)
