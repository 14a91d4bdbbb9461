"""The pages of the search."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mantik.accounts.models import User
from projects.models import Project
from tests.conftest import ClientOf
from tests.support.factories import make_experiment, make_project, make_run, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
PAGE, PART = reverse("search:search"), reverse("search:found")


def test_page_and_part_show_what_is_found(client_of: ClientOf, project: Project, researcher: User) -> None:
    run = make_run(project=project, name="<rooftop> & co")
    client = client_of(researcher)
    for path in (PAGE, PART):
        text = client.get(path, {"q": "ROOFTOP", "project": project.slug}).content.decode()
        assert "&lt;rooftop&gt; &amp; co" in text
        assert reverse("runs:detail", args=[project.slug, run.uuid]) in text
    assert "New run" in client.get(PART, {"project": project.slug}).content.decode()


def test_the_name_of_a_project_that_one_may_not_see_is_nowhere(client: Client, project: Project) -> None:
    make_run(project=project, name="rooftop")
    answer = client.get(PAGE, {"q": "rooftop", "project": project.slug})
    assert answer.status_code == 200
    assert project.name not in answer.content.decode()


@pytest.mark.parametrize("asked", ["\0", "%", "_", "'", "\\", "\ud7ff", " ", "a" * 100, "-1"])
def test_any_text_is_searched_for(client_of: ClientOf, researcher: User, project: Project, asked: str) -> None:
    make_run(project=project, name="rooftop")
    answer = client_of(researcher).get(PAGE, {"q": asked, "project": asked})
    assert answer.status_code == 200
    assert "rooftop" not in answer.content.decode()


def test_a_text_that_is_too_long_is_not_searched_for(client: Client) -> None:
    text = client.get(PAGE, {"q": "x" * 101}).content.decode()
    assert "This is too long: search for 100 characters at most." in text


def test_it_takes_as_many_queries_for_many_as_for_few(client_of: ClientOf, project: Project, researcher: User) -> None:
    client = client_of(researcher)
    experiment = make_experiment(project=project)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(PART, {"q": "rooftop", "project": project.slug}).status_code == 200
        return len(seen)

    def fill(*numbers: int) -> None:
        for at in numbers:
            make_run(project=project, experiment=experiment, name=f"rooftop {at}")
            make_schedule(project=project, name=f"rooftop {at}")
            make_project(name=f"Rooftop {at}", is_public=True)

    fill(1, 2)
    queries()
    few = queries()
    fill(3, 4, 5)
    assert queries() == few


def test_the_keys_have_a_page(client: Client) -> None:
    assert "Compare the ticked runs" in client.get(reverse("search:keys")).content.decode()
