"""Counts on badges: no more rows are read than a badge shows, and it says when there are more."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mantik.accounts.models import User
from mantik.lib.badges import MOST_SHOWN, badge_text, count_for_badge
from projects.models import Project
from runs.models import Run
from runs.states import RunState
from tests.conftest import ClientOf
from tests.support.factories import make_run
from tests.support.pages import page_text


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (99, "99"), (100, "99+"), (5000, "99+")])
def test_beyond_99_it_says_that_there_are_more(count: int, text: str) -> None:
    assert badge_text(count) == text


def test_the_sidebar_says_so(project: Project, researcher: User, client_of: ClientOf) -> None:
    url = reverse("projects:overview", args=[project.slug])
    for _ in range(MOST_SHOWN):
        make_run(RunState.FAILED, project=project, created_by=researcher)
    assert "Runs 99 to look at" in page_text(client_of(researcher).get(url))
    make_run(RunState.FAILED, project=project, created_by=researcher)
    assert "Runs 99+ to look at" in page_text(client_of(researcher).get(url))


@pytest.mark.django_db
def test_no_more_rows_are_read_than_it_shows() -> None:
    with CaptureQueriesContext(connection) as queries:
        count_for_badge(Run.objects.all())
    assert f"LIMIT {MOST_SHOWN + 1}" in queries[0]["sql"]
