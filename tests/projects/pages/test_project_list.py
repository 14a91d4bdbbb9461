"""The list of projects: whose they are, labels, search, and what it costs."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Label, Project
from projects.roles import Role
from projects.services import labels
from tests.conftest import ClientOf
from tests.support.factories import join, join_by_group, make_invitation, make_project
from tests.support.pages import count_queries, page_text

pytestmark = pytest.mark.django_db


def label(project: Project, *names: str) -> None:
    project.labels.set([Label.objects.get_or_create(name=name)[0] for name in names])


def listed(client: Client, query: str = "") -> list[str]:
    """The names of the projects, as they follow each other."""
    content = client.get(f"/projects/{query}").content.decode()
    return re.findall(r'class="row-link" href="[^"]*">([^<]*)<', content)


def test_ones_own_the_public_ones_and_all_are_three_lists(
    client_of: ClientOf, researcher: User, public_project: Project
) -> None:
    make_project(name="Secret weapon")
    by_group = make_project(name="By group")
    join_by_group(by_group, Role.REPORTER, researcher)
    client = client_of(researcher)
    assert listed(client) == ["By group", "PV yield"]
    assert listed(client, "?show=public") == ["Open data"]
    assert listed(client, "?show=all") == ["By group", "Open data", "PV yield"]
    assert "By group Reporter private never" in page_text(client.get("/projects/"))


def test_who_is_only_invited_is_led_to_the_invitation(client_of: ClientOf, project: Project, outsider: User) -> None:
    client = client_of(outsider)
    assert "You are not in a project yet." in page_text(client.get("/projects/"))
    make_invitation(project=project, user=outsider)
    response = client.get("/projects/")
    assert "You are invited to a project." in page_text(response)
    assert re.search(r'href="/settings/invitations/">.*Answer the invitation</a>', response.content.decode())


def test_who_is_signed_out_sees_public_projects_whatever_they_ask_for(
    client: Client, project: Project, public_project: Project
) -> None:
    for query in ("", "?show=all", "?show=mine"):
        assert listed(client, query) == ["Open data"]
    assert "My projects" not in page_text(client.get("/projects/"))


def test_projects_are_found_by_their_labels_all_of_those_chosen(client: Client) -> None:
    for name, words in {"Sun": ["solar", "hpc"], "Wind": ["wind", "hpc"], "Bare": []}.items():
        label(make_project(name=name, is_public=True), *words)
    assert listed(client, "?label=hpc") == ["Wind", "Sun"]
    assert listed(client, "?label=hpc&label=SOLAR") == ["Sun"]
    assert listed(client, "?label=nothing") == []
    assert "No project matches the filter." in page_text(client.get("/projects/?label=nothing"))


@pytest.mark.parametrize("text", ["sea", "SEA", "spray on", "salt"])
def test_projects_are_found_by_words_of_name_summary_and_labels(client: Client, text: str) -> None:
    found = make_project(name="By the Sea", summary="Spray on panels", is_public=True)
    label(found, "salty")
    make_project(name="Desert", is_public=True)
    assert listed(client, f"?q={text}") == ["By the Sea"]


def test_the_search_keeps_the_other_filters(client_of: ClientOf, outsider: User) -> None:
    content = client_of(outsider).get("/projects/?show=all&label=solar").content.decode()
    assert '<input type="hidden" name="show" value="all">' in content
    assert '<input type="hidden" name="label" value="solar">' in content


def test_labels_of_projects_one_does_not_see_are_not_suggested(
    client: Client, client_of: ClientOf, project: Project, researcher: User, public_project: Project
) -> None:
    label(project, "unpublished-idea", "solar")
    label(public_project, "solar")
    assert "unpublished-idea" not in client.get("/projects/").content.decode()
    assert labels.suggestions(researcher) == ["solar", "unpublished-idea"]
    assert labels.suggestions(researcher, without=["solar"]) == ["unpublished-idea"]


def test_a_long_list_is_paged_without_gap_or_double(client: Client) -> None:
    for number in range(120):
        make_project(name=f"P{number:03}", is_public=True)
    seen: list[str] = []
    query = ""
    for _ in range(3):
        content = client.get(f"/projects/{query}").content.decode()
        seen += re.findall(r'class="row-link" href="[^"]*">([^<]*)<', content)
        older = re.search(r'href="/projects/(\?[^"]*)" rel="next"', content)
        query = older.group(1) if older else ""
    assert seen == [f"P{number:03}" for number in reversed(range(120))]
    assert query == ""


def test_the_list_costs_the_same_however_long_it_is(client_of: ClientOf, outsider: User) -> None:
    client = client_of(outsider)
    counts = []
    for number in (5, 40):
        for _ in range(number):
            made = make_project(is_public=True)
            join(made, Role.GUEST, outsider)
            label(made, "solar", "wind")
        counts.append(
            [count_queries(client, f"/projects/{query}") for query in ("", "?show=all", "?label=solar&q=pro")]
        )
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 12


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("Solar,  thin   film ,#HPC", ["solar", "thin film", "hpc"]),
        ("wind, Wind, WIND,,", ["wind"]),
    ],
)
def test_labels_are_stored_in_one_form(text: str, names: list[str]) -> None:
    assert labels.parse(text) == names


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("x" * 31, "is longer than 30 characters"), (",".join("abcdefghijk"), "These are 11 labels")],
)
def test_labels_that_cannot_be_are_explained(
    client_of: ClientOf, maintainer: User, project: Project, text: str, sentence: str
) -> None:
    response = client_of(maintainer).post("/projects/pv-yield/settings/", {"name": "PV yield", "labels": text})
    assert response.status_code == 422
    assert sentence in page_text(response)
    assert text in response.content.decode()
    assert not project.labels.exists()


def test_a_maintainer_labels_a_project(client_of: ClientOf, maintainer: User, project: Project) -> None:
    client = client_of(maintainer)
    client.post("/projects/pv-yield/settings/", {"name": "PV yield", "labels": "Solar, HPC"})
    assert "solar hpc" not in page_text(client.get("/projects/pv-yield/"))
    assert "hpc solar" in page_text(client.get("/projects/pv-yield/"))
    assert 'value="hpc, solar"' in client.get("/projects/pv-yield/settings/").content.decode()
    event = AuditEvent.objects.get(verb="project.labelled")
    assert (event.actor, event.before, event.after) == (maintainer, {"labels": []}, {"labels": ["hpc", "solar"]})
    client.post("/projects/pv-yield/settings/", {"name": "PV yield", "labels": "hpc, solar"})
    assert AuditEvent.objects.filter(verb="project.labelled").count() == 1
