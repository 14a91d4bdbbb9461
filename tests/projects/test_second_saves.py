"""Each form that changes what is stored: a second save that was drawn before the first does not undo it silently."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from connections.logins.kinds import Kind
from mantik.accounts.models import User
from projects.models import Project
from projects.roles import Role
from runs.states import RunState
from tests.support import factories as make
from tests.support.forms import as_browser_posts, said_at
from tests.support.pages import page_text
from tests.support.registered_models import make_model

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

SAVED = "After you opened this form, it was saved elsewhere."


@pytest.fixture
def pages(alice: User) -> dict[str, str]:
    project = make.make_project(slug="pv")
    make.join(project, Role.OWNER, alice)
    make.join(project, Role.OWNER)
    bob = make.join(project, Role.GUEST)
    group = make.make_group(admin=alice)
    make.make_group_membership(group=group, project=project)
    code = make.make_code_repository(project=project, created_by=alice)
    experiment = make.make_experiment(project=project, created_by=alice)
    model = make_model(run=make.make_run(RunState.FINISHED, project=project, created_by=alice))
    schedule = make.make_schedule(run=make.make_run(RunState.FINISHED, project=project, created_by=alice))
    connection = make.make_connection(owner=alice, kind=Kind.GIT_TOKEN)
    below = {
        "projects:settings": [],
        "projects:experiment-edit": [experiment.uuid],
        "projects:code-edit": [code.uuid],
        "projects:member-role": [bob.uuid],
        "projects:member-group-role": [group.uuid],
        "registered_models:edit": [model.uuid],
        "schedules:edit": [schedule.uuid],
        "runs:edit": [model.run.uuid],
    }
    found = {name: reverse(name, args=[project.slug, *rest]) for name, rest in below.items()}
    own = {
        "projects:group-rename": reverse("projects:group-rename", args=[group.uuid]),
        "connections:rename": reverse("connections:rename", args=[connection.uuid]),
    }
    return found | own | {"accounts:account": reverse("accounts:account")}


@pytest.mark.parametrize(
    ("name", "field", "first", "second"),
    [
        ("projects:settings", "summary", "one", "two"),
        ("projects:settings", "labels", "one", "two"),
        ("projects:settings", "description", "one", "two"),
        ("projects:experiment-edit", "description", "one", "two"),
        ("projects:code-edit", "name", "one", "two"),
        ("projects:member-role", "role", "reporter", "maintainer"),
        ("projects:member-group-role", "role", "reporter", "maintainer"),
        ("projects:group-rename", "name", "one", "two"),
        ("registered_models:edit", "description", "one", "two"),
        ("schedules:edit", "name", "one", "two"),
        ("schedules:edit", "cron_expression", "0 4 * * *", "0 5 * * *"),
        ("schedules:edit", "most_runs_per_day", "3", "4"),
        ("schedules:edit", "end_date", "2999-01-01", "2999-02-02"),
        ("runs:edit", "name", "one", "two"),
        ("runs:edit", "notes", "one", "two"),
        ("runs:edit", "tags", "one", "two"),
        ("connections:rename", "name", "one", "two"),
        ("accounts:account", "first_name", "One", "Two"),
    ],
)
def test_the_second_save_is_told_of_the_first(
    client: Client, alice: User, pages: dict[str, str], name: str, field: str, first: str, second: str
) -> None:
    client.force_login(alice)
    form = as_browser_posts(client.get(pages[name]))
    assert client.post(pages[name], form | {field: first}).status_code == 302
    answer = client.post(pages[name], form | {field: second})
    assert answer.status_code == 422
    assert SAVED in page_text(answer)
    assert first.casefold() in said_at(answer, field).casefold()
    assert second.casefold() in said_at(answer, field).casefold()
    assert stored(client, pages[name], field) == first
    # Whoever has read that may replace it.
    assert client.post(pages[name], as_browser_posts(answer)).status_code == 302
    assert stored(client, pages[name], field) == second


def test_two_who_change_different_fields_lose_nothing(client: Client, alice: User, pages: dict[str, str]) -> None:
    client.force_login(alice)
    url = pages["projects:settings"]
    form = as_browser_posts(client.get(url))
    client.post(url, form | {"summary": "one"})
    answer = client.post(url, form | {"description": "two"})
    assert client.post(url, as_browser_posts(answer)).status_code == 302
    project = Project.objects.get(slug="pv")
    assert (project.summary, project.description) == ("one", "two")


def stored(client: Client, url: str, field: str) -> Any:
    return as_browser_posts(client.get(url))[field]
