"""The docs, read from their files once per process: which pages there are, and what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from posixpath import normpath

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString

from mantik.docs.rendering import Entry, Resolve, Section, Target, read_contents, render

# The table of contents: which pages there are, in which order, and their names in lists.
CONTENTS = "docs/README.md"
# They are static files below docs/ (STATICFILES_DIRS).
PICTURES = "docs/pictures/"
# A page's outline goes no deeper.
_DEEPEST = 3
_ELSEWHERE = re.compile(r"[a-z]+:|#")


@dataclass(frozen=True)
class Page:
    """`label` and `summary` are its line in the table of contents, `title` its own heading."""

    slug: str
    label: str
    summary: str
    title: str
    html: SafeString
    sections: tuple[Section, ...]

    @property
    def outline(self) -> list[Section]:
        return [section for section in self.sections[1:] if section.level <= _DEEPEST]


@dataclass(frozen=True)
class Group:
    """Pages for the same people."""

    title: str
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Library:
    """All pages, in groups. `title` and `lead` head the table of contents."""

    title: str
    lead: str
    groups: tuple[Group, ...]

    @cached_property
    def pages(self) -> dict[str, Page]:
        """By their slug, in the order in which one reads them."""
        return {page.slug: page for group in self.groups for page in group.pages}

    def neighbours(self, page: Page) -> tuple[Page | None, Page | None]:
        """The page before and the page after, None where there is none."""
        pages = [None, *self.pages.values(), None]
        place = pages.index(page)
        return pages[place - 1], pages[place + 1]


@cache
def library() -> Library:
    """The docs of this installation, as they were when this process first needed them."""
    return read_library(settings.BASE_DIR)


def read_library(top: Path) -> Library:
    """The docs of the checkout `top`. Raises OSError if a file is missing, ValueError for a page without a title."""
    source = (top / CONTENTS).read_text(encoding="utf-8")
    groups = read_contents(source)
    targets = {CONTENTS: Target(reverse("docs:index"))}
    for entry in (entry for _, entries in groups for entry in entries):
        targets[_file_of(entry)] = Target(reverse("docs:page", args=[_slug_of(entry)]), entry.label)
    front = render(source, resolve=_resolver(CONTENTS, targets))
    return Library(
        title=front.title,
        lead=front.sections[0].text,
        groups=tuple(Group(title, tuple(_page(top, entry, targets) for entry in entries)) for title, entries in groups),
    )


def _page(top: Path, entry: Entry, targets: Mapping[str, Target]) -> Page:
    file = _file_of(entry)
    rendered = render((top / file).read_text(encoding="utf-8"), resolve=_resolver(file, targets))
    return Page(_slug_of(entry), entry.label, entry.summary, rendered.title, rendered.html, rendered.sections)


def _file_of(entry: Entry) -> str:
    return _linked_file(CONTENTS, entry.target)


def _slug_of(entry: Entry) -> str:
    return PurePosixPath(entry.target).stem.lower()


def _resolver(file: str, targets: Mapping[str, Target]) -> Resolve:
    def resolve(href: str) -> Target | None:
        if _ELSEWHERE.match(href):
            return Target(href, is_ours=href.startswith("#"))
        name, hash_sign, anchor = href.partition("#")
        linked = _linked_file(file, name)
        if linked.startswith(PICTURES):
            return Target(static(f"docs/{linked.removeprefix(PICTURES)}"))
        target = targets.get(linked)
        return target and Target(f"{target.url}{hash_sign}{anchor}", target.label)

    return resolve


def _linked_file(file: str, target: str) -> str:
    """The path, from the top of the checkout, of the file that a link to `target` in `file` leads to."""
    return normpath(str(PurePosixPath(file).parent / target))
