"""Name, summary, visibility and address of a project; and what becomes of an address it had before."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from mantik.accounts.models import User
from projects.addressing import slugs
from projects.models import FormerAddress, Project
from projects.roles import Role
from projects.services import projects
from tests.conftest import ClientOf
from tests.support.factories import join, make_former_address, make_project, make_run, make_user
from tests.support.pages import page_text

SETTINGS = "/projects/pv-yield/settings/"


def form(**changes: str) -> dict[str, str]:
    return {"name": "PV yield", "summary": "Panels", "slug": "pv-yield"} | changes


@pytest.mark.django_db
def test_a_maintainer_changes_name_and_summary_and_no_more(
    client_of: ClientOf, project: Project, maintainer: User
) -> None:
    client = client_of(maintainer)
    content = client.get(SETTINGS).content.decode()
    assert 'name="slug"' not in content
    assert 'name="is_public"' not in content
    sent = form(name="PV", slug="pv", is_public="on")
    assert "The settings are saved." in page_text(client.post(SETTINGS, sent, follow=True))
    project.refresh_from_db()
    assert (project.name, project.summary, project.slug, project.is_public) == ("PV", "Panels", "pv-yield", False)


@pytest.mark.django_db
def test_an_owner_makes_it_public_and_private_again(
    client: Client, client_of: ClientOf, project: Project, owner: User
) -> None:
    owners = client_of(owner)
    owners.post(SETTINGS, form(is_public="on"))
    assert client.get("/projects/pv-yield/").status_code == 200
    owners.post(SETTINGS, form())
    assert client.get("/projects/pv-yield/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"slug": ""}, "This field is required."),
        ({"slug": "no spaces"}, "slug"),
        ({"slug": "add"}, "The address add is taken. Choose another one."),
        ({"slug": "open-data"}, "The address open-data is taken. Choose another one."),
        ({"slug": "once-there"}, "The address once-there is taken. Choose another one."),
        ({"summary": "x" * 201}, "at most 200 characters"),
    ],
)
def test_wrong_settings_come_back_with_a_sentence(
    client_of: ClientOf, project: Project, public_project: Project, owner: User, changes: dict[str, str], sentence: str
) -> None:
    make_former_address(public_project, "once-there")
    response = client_of(owner).post(SETTINGS, form(name="Changed") | changes)
    assert response.status_code == 422
    assert sentence in page_text(response)
    project.refresh_from_db()
    assert (project.name, project.slug) == ("PV yield", "pv-yield")


@pytest.mark.django_db
def test_after_a_rename_old_links_lead_to_the_same_page(client_of: ClientOf, project: Project, owner: User) -> None:
    run = make_run(project=project)
    client = client_of(owner)
    answer = client.post(SETTINGS, form(slug="pv"), follow=True)
    assert answer.redirect_chain == [("/projects/pv/settings/", 302)]
    for path in ("", "code/", "members/", f"runs/{run.uuid}/", f"runs/{run.uuid}/?tab=log&path=", "settings/"):
        old = client.get(f"/projects/pv-yield/{path}")
        assert (old.status_code, old["Location"]) == (301, f"/projects/pv/{path}")
        # It may move back, and a browser keeps a 301 for ever.
        assert "no-store" in old["Cache-Control"]
    assert client.post("/projects/pv-yield/settings/", form()).status_code == 404


@pytest.mark.django_db
def test_a_former_address_tells_an_outsider_nothing(
    client: Client, client_of: ClientOf, project: Project, owner: User, outsider: User
) -> None:
    slugs.move(project, "pv", actor=owner)
    assert client_of(outsider).get("/projects/pv-yield/").status_code == 404
    assert client.get("/projects/pv-yield/").status_code == 404


@pytest.mark.django_db
def test_a_former_address_is_nobody_elses(client_of: ClientOf, project: Project, owner: User, outsider: User) -> None:
    slugs.move(project, "pv", actor=owner)
    response = client_of(outsider).post("/projects/add/", {"name": "Mine", "slug": "pv-yield"})
    assert response.status_code == 422
    assert "The address pv-yield is taken. Choose another one." in page_text(response)
    with pytest.raises(slugs.SlugTaken):
        projects.create_project(owner=outsider, name="Mine", slug="pv-yield", summary="", is_public=False)
    other = make_project(slug="other")
    with pytest.raises(slugs.SlugTaken):
        projects.edit_project(project=other, actor=outsider, name="Changed", summary="", slug="pv-yield")
    other.refresh_from_db()
    assert (other.slug, other.name == "Changed") == ("other", False)
    assert list(FormerAddress.objects.values_list("slug", flat=True)) == ["pv-yield"]


@pytest.mark.django_db
def test_a_project_goes_back_to_where_it_was(client_of: ClientOf, project: Project, owner: User) -> None:
    for slug in ("pv", "photovoltaics", "pv-yield", "pv-yield"):
        slugs.move(project, slug, actor=owner)
    assert sorted(FormerAddress.objects.values_list("slug", flat=True)) == ["photovoltaics", "pv"]
    client = client_of(owner)
    assert client.get("/projects/pv-yield/").status_code == 200
    assert client.get("/projects/pv/")["Location"] == "/projects/pv-yield/"


@pytest.mark.django_db(transaction=True)
def test_who_takes_the_address_while_it_is_being_left_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newcomer waits for the rename to be stored, and then sees whose address it was."""
    project = make_project(slug="old")
    newcomer = make_user("newcomer")
    moved, asked = threading.Event(), threading.Event()
    check = slugs.check_never_had_by_another

    def check_later(checked: Project) -> None:
        if checked.pk == project.pk:
            moved.set()
            asked.wait(timeout=10)
            # Long enough for the other to have run into the row that is not stored yet.
            threading.Event().wait(0.3)
        check(checked)

    def take() -> bool:
        moved.wait(timeout=10)
        asked.set()
        try:
            projects.create_project(owner=newcomer, name="New", slug="old", summary="", is_public=False)
        except slugs.SlugTaken:
            return True
        finally:
            connection.close()
        return False

    def leave() -> None:
        try:
            slugs.move(project, "new", actor=newcomer)
        finally:
            connection.close()

    monkeypatch.setattr(slugs, "check_never_had_by_another", check_later)
    with ThreadPoolExecutor(2) as pool:
        leaving, taking = pool.submit(leave), pool.submit(take)
        leaving.result()
        assert taking.result()
    assert list(Project.objects.values_list("slug", flat=True)) == ["new"]


@pytest.mark.django_db
def test_the_bell_and_the_settings_are_not_offered_to_the_signed_out(client: Client, public_project: Project) -> None:
    join(public_project, Role.OWNER)
    content = client.get("/projects/open-data/").content.decode()
    assert "/settings/invitations/" not in content
    assert "/projects/open-data/settings/" not in content
