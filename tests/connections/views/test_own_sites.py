"""Sites that members add for themselves, where operators allow it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from connections.models import Site
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from tests.conftest import ClientOf
from tests.support.factories import make_connection, make_site
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

LIST = "/settings/connections/"
ADD = f"{LIST}sites/add/"
URL = "https://hpc.example.org:8080/SITE/rest/core"


@pytest.fixture(autouse=True)
def allowed(settings: Settings) -> None:
    settings.MANTIK_MEMBERS_ADD_SITES = True


@pytest.fixture
def client(confirmed_client_of: ClientOf, outsider: User) -> Client:
    return confirmed_client_of(outsider)


def form(**changes: Any) -> dict[str, Any]:
    return {"name": "My cluster", "base_url": URL, "ca_bundle": "", "notes": "Behind the lab."} | changes


def test_it_is_for_who_added_it(client: Client, confirmed_client_of: ClientOf, outsider: User, owner: User) -> None:
    text = page_text(client.post(ADD, form(), follow=True))
    assert "My cluster was added; only you and operators see it." in text
    assert Site.objects.get().added_by == outsider
    choose = f"{LIST}add/?kind=unicore-password"
    assert "My cluster" in page_text(client.get(choose))
    assert "My cluster" in page_text(client.get(LIST))
    assert "My cluster" not in page_text(confirmed_client_of(owner).get(choose))
    assert "My cluster" not in page_text(confirmed_client_of(owner).get(LIST))
    assert AuditEvent.objects.get(verb="site.added").actor == outsider


def test_somebody_elses_site_cannot_be_chosen(client: Client, owner: User) -> None:
    theirs = make_site(added_by=owner)
    wrong = {"kind": "unicore-password", "name": "x", "site": str(theirs.uuid), "login_name": "ada", "secret": "x"}
    response = client.post(f"{LIST}add/", wrong)
    assert response.status_code == 422
    assert "Select a valid choice." in page_text(response)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"base_url": "ftp://x"}, "is not of the form https://host:port/SITE/rest/core"),
        ({"base_url": "http://hpc.example.org/rest/core"}, "would send passwords unencrypted; use https://"),
        ({"base_url": "https://me:pass@hpc.example.org/rest/core"}, "contains credentials"),
        ({"ca_bundle": "not PEM"}, "This contains no certificate in PEM format."),
        ({"base_url": "https://catalogue.example.org/rest/core"}, "There is already a site with this name or address."),
        ({"name": "catalogue"}, "There is already a site with this name or address."),
    ],
)
def test_a_wrong_form_comes_back_with_a_sentence(client: Client, changes: dict[str, str], sentence: str) -> None:
    make_site(name="Catalogue", base_url="https://catalogue.example.org/rest/core")
    response = client.post(ADD, form(**changes))
    assert response.status_code == 422
    assert sentence in page_text(response)
    assert "Behind the lab." in page_text(response)
    assert Site.objects.count() == 1


def test_it_can_be_deleted_when_nothing_leads_to_it(client: Client, outsider: User) -> None:
    site = make_site(name="Mine", added_by=outsider)
    held = make_connection(owner=outsider, site=site)
    path = f"{LIST}sites/{site.uuid}/delete/"
    assert "Delete the site Mine?" in page_text(client.get(path))
    assert "Mine was not deleted. Delete your connections to it first." in page_text(client.post(path, follow=True))
    held.delete()
    assert "Mine was deleted." in page_text(client.post(path, follow=True))
    assert not Site.objects.exists()


def test_neither_the_catalogue_nor_others_sites_can_be_deleted(client: Client, owner: User) -> None:
    for site in (make_site(), make_site(added_by=owner)):
        assert client.post(f"{LIST}sites/{site.uuid}/delete/").status_code == 404
    assert Site.objects.count() == 2


def test_without_the_setting_there_is_no_such_page(client: Client, settings: Settings) -> None:
    assert "Add a site" in page_text(client.get(f"{LIST}add/"))
    settings.MANTIK_MEMBERS_ADD_SITES = False
    assert client.get(ADD).status_code == 404
    assert client.post(ADD, form()).status_code == 404
    assert "Ask an operator to add it." in page_text(client.get(f"{LIST}add/"))
