"""Every change of a connection or a site leaves an event, and no event holds a secret."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from connections.logins.kinds import Kind
from connections.models import Connection, Site
from connections.services import connections
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from tests.conftest import ClientOf
from tests.support.factories import make_connection, make_site

pytestmark = pytest.mark.django_db

SITE_ADMIN = "/admin/connections/site/"
SITE = {
    "name": "JSC",
    "base_url": "https://hpc.example.org/SITE/rest/core",
    "is_offered": "on",
    "oidc_issuer": "https://login.example.org",
    "oidc_client_id": "mantik",
}


def events() -> list[tuple[str, str]]:
    found = AuditEvent.objects.filter(verb__regex="^(connection|site)").order_by("pk")
    return [(event.verb, event.actor_name) for event in found]


def everything_told() -> str:
    return str(list(AuditEvent.objects.values()))


def test_a_connections_life(outsider: User) -> None:
    made = connections.add_connection(
        owner=outsider, kind=Kind.GIT_TOKEN, name="github", secret="hunter2", now=timezone.now()
    )
    connections.replace_secret(connection=made, secret="hunter3", now=timezone.now())
    connections.delete_connection(connection=made)
    verbs = ("added", "secret_replaced", "deleted")
    assert events() == [(f"connection.{verb}", outsider.username) for verb in verbs]
    assert "hunter" not in everything_told()


def test_a_refused_name_leaves_none(outsider: User) -> None:
    make_connection(owner=outsider, name="github")
    with pytest.raises(connections.NameTaken):
        connections.add_connection(owner=outsider, kind=Kind.GIT_TOKEN, name="GitHub", secret="x", now=timezone.now())
    assert events() == []


def test_an_operator_deletes_a_connection(client_of: ClientOf, operator: User) -> None:
    made = make_connection()
    client_of(operator).post(f"/admin/connections/connection/{made.pk}/delete/", {"post": "yes"})
    assert not Connection.objects.exists()
    assert events() == [("connection.deleted", operator.username)]


@pytest.fixture
def admin(confirmed_client_of: ClientOf, operator: User) -> Client:
    return confirmed_client_of(operator)


def test_an_operator_adds_and_changes_a_site(admin: Client, operator: User) -> None:
    admin.post(f"{SITE_ADMIN}add/", SITE | {"new_oidc_secret": "hunter2"})
    site = Site.objects.get()
    assert site.reveal_oidc_secret() == "hunter2"
    page = admin.get(f"{SITE_ADMIN}{site.pk}/change/").content.decode()
    assert "hunter2" not in page
    assert site.sealed_oidc_secret not in page

    admin.post(f"{SITE_ADMIN}{site.pk}/change/", SITE | {"name": "Jülich"})

    changed = AuditEvent.objects.get(verb="site.changed")
    assert (changed.before, changed.after) == ({"name": "JSC"}, {"name": "Jülich"})
    site.refresh_from_db()
    assert site.reveal_oidc_secret() == "hunter2"
    verbs = ("site.added", "site.login_secret_replaced", "site.changed")
    assert events() == [(verb, operator.username) for verb in verbs]
    assert "hunter2" not in everything_told()


def test_an_operator_forgets_a_client_secret(admin: Client) -> None:
    site = make_site()
    site.put_oidc_secret("hunter2")
    site.save()
    form = {"name": site.name, "base_url": site.base_url, "is_offered": "on", "forget_oidc_secret": "on"}
    admin.post(f"{SITE_ADMIN}{site.pk}/change/", form)
    site.refresh_from_db()
    assert site.reveal_oidc_secret() == ""


def test_an_operator_deletes_a_site(admin: Client, operator: User) -> None:
    site = make_site()
    admin.post(f"{SITE_ADMIN}{site.pk}/delete/", {"post": "yes"})
    assert events() == [("site.deleted", operator.username)]
    assert not Site.objects.exists()


def test_a_site_that_connections_lead_to_is_not_deleted(admin: Client) -> None:
    used = make_connection().site
    assert used
    response = admin.post(f"{SITE_ADMIN}{used.pk}/delete/", {"post": "yes"})
    assert response.status_code == 200
    assert events() == []
    assert Site.objects.exists()
