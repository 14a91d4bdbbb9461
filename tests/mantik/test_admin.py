"""The operators' pages: every noun can be looked up, and no secret is among them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connections.models import Connection, SiteOutage
from mantik.accounts.models import User
from mantik.lib import large_tables
from projects.models import FormerAddress, GitHostOutage, Invitation, Project
from runs.models import JobTracking, RegisteredModel, Run, RunToken
from runs.states import RunState
from runs.tracking.run_tokens import make_run_token
from tests.conftest import ClientOf
from tests.support.factories import (
    add_event,
    append_log,
    make_code_repository,
    make_connection,
    make_former_address,
    make_git_outage,
    make_group,
    make_invitation,
    make_job_tracking,
    make_label,
    make_outage,
    make_run,
    make_user,
)
from tests.support.pages import count_queries, page_text
from tests.support.registered_models import make_model

pytestmark = pytest.mark.django_db

SECRET = "hunter2-and-more"
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
OURS = [model for model in MODELS if model._meta.app_label in ("accounts", "connections", "projects", "runs")]


@pytest.fixture
def rows(project: Project, researcher: User) -> dict[type[Model], Model]:
    """At least one of each of ours."""
    connection = make_connection(owner=researcher, secret=SECRET)
    token = make_connection(owner=researcher, secret=SECRET, kind=Connection.Kind.GIT_TOKEN)
    code = make_code_repository(project=project, created_by=researcher, connection=token)
    run = make_run(RunState.FAILED, project=project, created_by=researcher, connection=connection, code_repository=code)
    add_event(run, "The site refused it.")
    append_log(run, "hello\n")
    former = make_former_address(project, "pv")
    invitation = make_invitation(project=project, user=make_user("ivy"))
    group, label = make_group(researcher), make_label("solar")
    model = make_model(run=make_run(RunState.FINISHED, project=project, created_by=researcher))
    found: list[Model] = [researcher, connection, project, code, run, run.experiment, former, invitation, group, label]
    make_run_token(run, now=timezone.now())
    found += [model, RunToken.objects.get(run=run), make_job_tracking(run)]
    assert connection.site
    found += [make_outage(connection.site), make_git_outage()]
    return {type(row): row for row in [*found, connection.site]}


@pytest.fixture
def client(client_of: ClientOf, operator: User) -> Client:
    return client_of(operator)


def admin_url(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_noun_of_ours_is_there() -> None:
    assert {model.__name__ for model in OURS} == {
        "CodeRepository",
        "Connection",
        "Experiment",
        "FormerAddress",
        "GitHostOutage",
        "Invitation",
        "JobTracking",
        "Label",
        "Project",
        "RegisteredModel",
        "Run",
        "RunToken",
        "Site",
        "SiteOutage",
        "User",
        "UserGroup",
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_can_be_looked_at_and_searched(
    client: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    listed = client.get(admin_url(model, "changelist"))
    assert listed.status_code == 200
    assert SECRET not in listed.content.decode()
    if admin.site._registry[model].search_fields:
        assert client.get(admin_url(model, "changelist"), {"q": "x"}).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_row_can_be_looked_at_and_holds_no_secret(
    client: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    response = client.get(admin_url(model, "change", rows[model].pk))
    assert response.status_code == 200
    content = response.content.decode()
    sealed = list(Connection.objects.values_list("sealed_secret", flat=True))
    for secret in (SECRET, *sealed, *secrets_of(rows)):
        assert secret not in content


def secrets_of(rows: dict[type[Model], Model]) -> list[str]:
    """Values of columns whose names say that they are secret."""
    return [
        value
        for row in rows.values()
        for field in row._meta.concrete_fields
        if any(word in field.name for word in ("secret", "token", "password", "digest", "hash"))
        and isinstance(value := getattr(row, field.attname), str)
        and len(value) > 8
    ]


@pytest.mark.parametrize(
    "model",
    [Run, RunToken, RegisteredModel, JobTracking, Connection, FormerAddress, GitHostOutage, Invitation, SiteOutage],
    ids=lambda model: model._meta.label,
)
def test_what_the_product_writes_is_only_read_here(
    client: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    assert client.get(admin_url(model, "add")).status_code == 403
    row = rows[model]
    assert client.post(admin_url(model, "change", row.pk), {"name": "changed"}).status_code == 403
    stored = model._default_manager.get(pk=row.pk)
    assert str(stored) == str(row)


def test_a_run_shows_its_events(client: Client, rows: dict[type[Model], Model]) -> None:
    assert "The site refused it." in page_text(client.get(admin_url(Run, "change", rows[Run].pk)))


def test_an_operator_does_not_move_a_project_past_its_former_addresses(
    client: Client, rows: dict[type[Model], Model], project: Project
) -> None:
    page = client.get(admin_url(Project, "change", project.pk)).content.decode()
    assert 'name="slug"' not in page
    assert 'name="name"' in page
    assert 'name="slug"' in client.get(admin_url(Project, "add")).content.decode()


def test_an_operator_can_catalogue_a_site(client: Client) -> None:
    from connections.models import Site

    form = {"name": "JSC", "base_url": "https://hpc.example.org:8080/SITE/rest/core", "is_offered": "on"}
    assert client.post(admin_url(Site, "add"), form).status_code == 302
    assert Site.objects.get().name == "JSC"


def test_an_operator_can_make_an_account(client: Client) -> None:
    form = {
        "username": "newcomer",
        "password1": "correct horse",
        "password2": "correct horse",
        "usable_password": "true",
    }
    response = client.post(admin_url(User, "add"), form)
    assert response.status_code == 302, page_text(response)
    assert User.objects.get(username="newcomer").check_password("correct horse")


def test_members_have_no_business_here(client_of: ClientOf, researcher: User) -> None:
    response = client_of(researcher).get("/admin/")
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize("model", [Run, RegisteredModel, Connection, Project], ids=lambda model: model._meta.label)
def test_a_list_costs_the_same_number_of_queries_however_long_it_is(
    client: Client, rows: dict[type[Model], Model], project: Project, model: type[Model]
) -> None:
    counts = []
    for number in (4, 20):
        for _ in range(number):
            make_model()
        counts.append(count_queries(client, admin_url(model, "changelist")))
    assert counts[0] == counts[1] <= 12


def test_of_a_large_table_no_more_rows_are_counted_than_can_be_paged_through(
    client: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_tables.ShortPaginator, "most", 3)
    runs = [make_run(RunState.FINISHED, project=project, name=f"r{number}") for number in range(3)]
    assert "There are more" not in page_text(client.get(admin_url(Run, "changelist")))
    runs.append(make_run(RunState.FINISHED, project=project, name="r3"))
    text = page_text(client.get(admin_url(Run, "changelist")))
    assert "There are more than these 3. Search or filter to find the others." in text
    assert all(run.name in text for run in runs[1:])


@pytest.mark.parametrize("typed", ["night", "{uuid}", " {commit} ", "4711", "{user}"])
def test_a_run_is_found_by_what_operators_are_told_of_it(client: Client, project: Project, typed: str) -> None:
    run = make_run(RunState.FINISHED, project=project, name="tonight", batch_system_id="4711")
    make_run(RunState.FINISHED, project=project, name="another", commit_sha="0" * 40, created_by=make_user("eve"))
    text = typed.format(uuid=run.uuid, commit=run.commit_sha[:10], user=run.created_by.username)
    found = page_text(client.get(admin_url(Run, "changelist"), {"q": text}))
    assert "tonight" in found
    assert "another" not in found


def test_runs_are_filtered_by_site_without_reading_all_of_them(client: Client, project: Project) -> None:
    run = make_run(RunState.FINISHED, project=project, name="here")
    make_run(RunState.FINISHED, project=project, name="elsewhere", site_name="Other")
    with CaptureQueriesContext(connection) as queries:
        text = page_text(client.get(admin_url(Run, "changelist"), {"site_name": run.site_name}))
    assert "elsewhere" not in text
    assert not [one["sql"] for one in queries if "DISTINCT" in one["sql"] and "runs_run" in one["sql"]]
