"""Lists that go on on a next page are drawn by one component, which each of them fills."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from projects.models import Project
from projects.roles import Role
from tests.conftest import ClientOf
from tests.support.factories import join, make_run
from tests.support.pages import page_text

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
COMPONENT = "components/rows.html"
LISTS = [path for path in TEMPLATES.rglob("*.html") if f'{{% extends "{COMPONENT}" %}}' in path.read_text()]


def test_nothing_else_draws_pages_of_rows() -> None:
    pager = '{% include "components/pager.html"'
    found = [
        path for path in TEMPLATES.rglob("*.html") if pager in path.read_text() or 'class="rows' in path.read_text()
    ]
    assert [path.relative_to(TEMPLATES).as_posix() for path in found] == [COMPONENT]
    assert LISTS


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_every_list_fills_what_it_has_to(path: Path) -> None:
    blocks = re.findall(r"{% block (\w+) %}", path.read_text())
    assert {"caption", "head", "row", "empty"} <= set(blocks)
    assert set(blocks) <= set(re.findall(r"{% block (\w+) %}", (TEMPLATES / COMPONENT).read_text()))
    assert ("matches" in blocks) is ("all" in blocks)


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "noun"), [("runs/", "run"), ("runs/submissions/", "submission")])
def test_a_filter_that_leaves_nothing_says_so_and_leads_to_all(
    client_of: ClientOf, project: Project, path: str, noun: str
) -> None:
    make_run(project=project, name="nightly")
    client = client_of(join(project, Role.GUEST))
    url = f"/projects/{project.slug}/{path}"
    answer = client.get(url, {"q": "never heard of"})
    assert f"No {noun} matches the filter. Show all {noun}s" in page_text(answer)
    assert f'href="{url}">Show all {noun}s<' in answer.content.decode()
    assert "nightly" in page_text(client.get(url))
