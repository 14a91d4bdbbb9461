"""Settings > Activity: what owners read of what was changed."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.audit.services import record
from projects.models import Project
from projects.roles import Role
from projects.services import members, projects
from tests.conftest import ClientOf
from tests.support.factories import make_project
from tests.support.pages import count_queries, page_text

pytestmark = pytest.mark.django_db

ACTIVITY = "/projects/pv-yield/settings/activity/"
EXPORT = "/projects/pv-yield/settings/activity.csv"


def export(client: Client, query: str = "") -> list[dict[str, str]]:
    response: Any = client.get(f"{EXPORT}{query}")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_an_owner_reads_who_changed_what_from_what_to_what(
    client_of: ClientOf, project: Project, owner: User, guest: User
) -> None:
    members.change_role(project=project, user=guest, role=Role.REPORTER, actor=owner)
    projects.edit_project(project=project, actor=owner, name="PV yields", summary="", is_public=True, slug="pv")
    text = page_text(client_of(owner).get("/projects/pv/settings/activity/"))
    assert "Alice Owner (alice) made the project public seen by: was members is anybody just now" in text
    assert (
        "Alice Owner (alice) edited the project's name, summary or description name: was PV yield is PV yields just now"
        in text
    )
    assert "Alice Owner (alice) changed the project's address address: was pv-yield is pv just now" in text
    assert "Alice Owner (alice) changed the role of gus role: was Guest is Reporter just now" in text


def test_a_person_is_named_as_on_other_pages_with_the_login_beside_it(
    client_of: ClientOf, project: Project, owner: User
) -> None:
    owner.first_name, owner.last_name = "Alice", "Liddell"
    owner.save()
    projects.edit_project(project=project, actor=owner, name="PV", summary="")
    text = page_text(client_of(owner).get(ACTIVITY))
    assert "Alice Liddell (alice) edited the project's name, summary or description" in text
    assert "By Alice Liddell" in text


def test_events_of_other_projects_are_not_there(client_of: ClientOf, project: Project, owner: User) -> None:
    other = make_project(name="Other")
    projects.edit_project(project=other, actor=owner, name="Renamed elsewhere", summary="")
    client = client_of(owner)
    assert "Renamed elsewhere" not in page_text(client.get(ACTIVITY))
    assert "Nothing has changed yet." in page_text(client.get(ACTIVITY))
    assert export(client) == []


def test_what_is_shown_can_be_chosen_and_exported(
    client_of: ClientOf, project: Project, owner: User, maintainer: User, guest: User
) -> None:
    projects.edit_project(project=project, actor=maintainer, name="PV", summary="")
    projects.edit_project(project=project, actor=owner, name="PV yield", summary="")
    members.remove_member(project=project, user=guest, actor=owner)
    client = client_of(owner)

    def shown(query: str) -> tuple[int, list[str]]:
        page = client.get(f"{ACTIVITY}{query}").content.decode()
        return page.count('class="row-name"'), [row["verb"] for row in export(client, query)]

    assert shown("") == (3, ["member.removed", "project.edited", "project.edited"])
    assert shown("?about=member") == (1, ["member.removed"])
    assert shown("?person=maria") == (1, ["project.edited"])
    assert shown("?about=member&person=maria") == (0, [])
    assert shown("?about=nonsense&person=nobody")[0] == 3
    assert f'href="{EXPORT}?about=member"' in client.get(f"{ACTIVITY}?about=member").content.decode()


def test_the_export_holds_no_formula(client_of: ClientOf, project: Project, owner: User) -> None:
    projects.edit_project(project=project, actor=owner, name='=HYPERLINK("http://x")', summary="")
    (row,) = export(client_of(owner))
    assert row["target_name"].startswith("'=")
    assert row["actor"] == "alice"


def test_a_long_history_is_paged(client_of: ClientOf, project: Project, owner: User) -> None:
    for number in range(60):
        record("project.edited", actor=owner, target=project, project=project, after={"name": f"N{number}"})
    client = client_of(owner)
    first = client.get(ACTIVITY).content.decode()
    assert first.count('class="row-name"') == 50
    older = re.search(r'href="([^"]*)" rel="next"', first)
    assert older
    assert client.get(older.group(1)).content.decode().count('class="row-name"') == 10
    assert len(export(client)) == 60
    count = count_queries(client, ACTIVITY)
    AuditEvent.objects.filter(pk__in=list(AuditEvent.objects.values_list("pk", flat=True)[:55])).delete()
    assert count_queries(client, ACTIVITY) == count


@pytest.mark.parametrize("people", ["maintainer", "researcher", "guest"])
def test_only_owners_read_it(client_of: ClientOf, request: pytest.FixtureRequest, people: str) -> None:
    client = client_of(request.getfixturevalue(people))
    assert client.get(ACTIVITY).status_code == client.get(EXPORT).status_code == 403
    settings = client.get("/projects/pv-yield/settings/")
    assert ACTIVITY not in settings.content.decode()


def test_every_change_of_settings_leaves_one_event_and_none_leaves_none(
    client_of: ClientOf, project: Project, owner: User
) -> None:
    client = client_of(owner)
    form = {"name": "PV yield", "summary": "", "slug": "pv-yield"}
    client.post("/projects/pv-yield/settings/", form)
    assert not AuditEvent.objects.exists()
    client.post("/projects/pv-yield/settings/", form | {"is_public": "on"})
    assert [event.verb for event in AuditEvent.objects.all()] == ["project.made_public"]
