"""The docs as they are: each page is found, each link leads somewhere, and nothing needs what browsers refuse."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest
from django.contrib.staticfiles import finders

from mantik.docs.library import library, read_library
from runs.backend_config import parse_backend_config
from runs.mlproject import parse_mlproject
from tests.mantik.docs.walking import SLUGS, is_there, links_of
from tests.support.places import DOCS, TOP

# Bytes. A page of the docs is read on a telephone, too.
LARGEST_PICTURE = 120_000


def test_every_file_of_the_docs_is_a_page() -> None:
    assert sorted(library().pages) == sorted(SLUGS)


def test_every_page_has_a_line_of_its_own_in_the_contents() -> None:
    assert library().lead
    for page in library().pages.values():
        assert page.label
        assert page.summary


def test_a_page_has_its_neighbours() -> None:
    first, second, *_, last = library().pages.values()
    assert library().neighbours(first) == (None, second)
    assert library().neighbours(second)[0] == first
    assert library().neighbours(last)[1] is None


@pytest.mark.parametrize("slug", SLUGS)
def test_every_link_in_a_page_leads_somewhere(slug: str) -> None:
    links = links_of(library().pages[slug])
    here = [link for link in links if not re.match(r"https?://", link)]
    assert [link for link in here if not is_there(link)] == []


def test_links_between_pages_are_followed_at_all() -> None:
    found = {link for page in library().pages.values() for link in links_of(page)}
    assert "/docs/projects/#running-again" in found
    assert "/docs/changelog/" in found


@pytest.mark.parametrize("slug", SLUGS)
def test_nothing_in_a_page_needs_what_a_browser_refuses(slug: str) -> None:
    html = library().pages[slug].html
    assert re.findall(r"<(?:script|style|iframe)\b|\sstyle=|\son[a-z]+=|javascript:", html) == []
    assert [source for source in pictures_of(slug) if not source.startswith("/static/docs/")] == []


def test_every_picture_is_there_and_every_one_is_used_and_small() -> None:
    shown = {source.rpartition("/")[2] for slug in SLUGS for source in pictures_of(slug)}
    files = {path.name: path for path in (DOCS / "pictures").iterdir()}
    assert shown == set(files)
    assert all(path.stat().st_size < LARGEST_PICTURE for path in files.values())
    assert all(finders.find(f"docs/{name}") for name in files)


def test_every_picture_says_what_is_in_it() -> None:
    for slug in SLUGS:
        assert all(len(words) > 20 for words in re.findall(r'<img [^>]*alt="([^"]*)"', library().pages[slug].html))


def pictures_of(slug: str) -> list[str]:
    return re.findall(r'<img [^>]*?src="([^"]*)"', library().pages[slug].html)


@pytest.mark.parametrize("slug", SLUGS)
def test_what_can_be_scrolled_has_a_name(slug: str) -> None:
    html = library().pages[slug].html
    assert html.count('tabindex="0"') == len(re.findall(r'tabindex="0" role="group" aria-label="[^"]+: [^"]+"', html))


def test_examples_of_files_are_such_as_mantik_takes() -> None:
    text = "".join((DOCS / name).read_text() for name in ("start.md", "runs.md"))
    examples = [dedent(found) for found in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    projects = [example for example in examples if "entry_points" in example]
    configs = [example for example in examples if "Resources" in example]
    assert (len(projects), len(configs)) == (1, 2)
    assert parse_mlproject(projects[0].encode(), path="MLproject").warnings == ()
    for example in configs:
        assert parse_backend_config(example.encode(), path="unicore.yaml").warnings == ()


def test_docs_that_are_not_there_are_an_error_and_no_empty_page(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_library(tmp_path)
    assert read_library(TOP).title == library().title
