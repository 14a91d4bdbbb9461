"""Whoever adds or replaces a secret says first who they are, unless they did so a moment ago."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from django.urls import reverse

from connections.models import Connection, Site
from mantik.accounts.models import User
from mantik.kept_forms.owners import OWNER_FIELD, mark_of
from projects.code.forms import NEW_KEY
from projects.models import Project
from tests.conftest import ClientOf
from tests.support.factories import make_code_repository, make_connection, make_site
from tests.support.pages import page_text

TOKEN = "c" * 32
PASSWORD = "correct horse battery staple"


@pytest.fixture
def client(client_of: ClientOf, owner: User) -> Client:
    owner.set_password(PASSWORD)
    owner.save()
    return client_of(owner)


@pytest.fixture
def places(owner: User, project: Project) -> dict[str, str]:
    """Everything that takes a secret, or decides whom one is told to."""
    add = reverse("connections:add")
    repository = make_code_repository(project=project, created_by=owner, offered_host_key="ssh-ed25519 AAAA")
    return {
        **{f"add {kind}": f"{add}?kind={kind}" for kind in Connection.Kind.values},
        "replace": reverse("connections:secret", args=[make_connection(owner=owner).uuid]),
        "host key": reverse("projects:code-host-key", args=[project.slug, repository.uuid]),
    }


def test_each_asks_first(client: Client, places: dict[str, str]) -> None:
    for name, url in places.items():
        for answer in (client.get(url), client.post(url, {"secret": "s3cret"})):
            assert answer.status_code == 302, name
            assert "again" in answer["Location"] or "reauthenticate" in answer["Location"], name


def test_none_asks_who_has_just_said_so(confirmed_client_of: ClientOf, owner: User, places: dict[str, str]) -> None:
    hers = confirmed_client_of(owner)
    assert {name: hers.get(url).status_code for name, url in places.items()} == dict.fromkeys(places, 200)


def test_so_does_a_key_that_mantik_makes_for_code(
    client: Client, confirmed_client_of: ClientOf, owner: User, project: Project
) -> None:
    """And once confirmed the very same form goes through: being asked is not what it has done."""
    repository = make_code_repository(project=project, created_by=owner)
    add = reverse("projects:code-add", args=[project.slug])
    edit = reverse("projects:code-edit", args=[project.slug, repository.uuid])
    where = {"url": "ssh://git@git.example.org/code.git", "platform": "other"}
    form = {"name": "code", **where, "connection": NEW_KEY, "idempotency_key": "k"}
    for url in (add, edit):
        assert "/again/" in client.post(url, form)["Location"] or "reauth" in client.post(url, form)["Location"], url
        assert "/again/" not in client.post(url, form | {"connection": ""}).get("Location", ""), url
    assert not Connection.objects.filter(owner=owner).exists()
    stored = confirmed_client_of(owner).post(add, form | {"name": "more code"})
    assert stored["Location"].startswith(f"/projects/{project.slug}/code/")
    assert Connection.objects.get(owner=owner).kind == Connection.Kind.SSH_KEY


def test_a_sign_in_counts_for_a_while(confirmed_client_of: ClientOf, owner: User, places: dict[str, str]) -> None:
    """It leaves a record as saying so again does, without its mark."""
    hers = confirmed_client_of(owner)
    for ago, status in ((60, 200), (3600, 302)):
        session = hers.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time() - ago}]
        session.save()
        assert {name: hers.get(url).status_code for name, url in places.items()} == dict.fromkeys(places, status)


def test_what_concerns_no_secret_asks_nothing(client: Client, owner: User) -> None:
    connection = make_connection(owner=owner)
    for name in ("rename", "delete"):
        assert client.get(reverse(f"connections:{name}", args=[connection.uuid])).status_code == 200


def test_a_form_that_is_nobodys_is_not_kept_with_its_secret_either(client: Client) -> None:
    client.post(f"{reverse('connections:add')}?kind=unicore-password", {"secret": "never-kept-s3cret"})
    assert "never-kept" not in str(dict(client.session))


def test_what_was_typed_comes_back_without_its_secret(client: Client, owner: User) -> None:
    site = make_site(name="JSC")
    add = reverse("connections:add")
    form = {
        "kind": "unicore-password",
        "name": "cluster of the institute",
        "site": str(site.uuid),
        "login_name": "ada",
        "secret": "never-kept-s3cret",
        OWNER_FIELD: mark_of(owner),
        "csrfmiddlewaretoken": TOKEN,
        "idempotency_key": "k",
    }
    client.cookies["mantik-csrf"] = TOKEN
    asked = client.post(f"{add}?kind=unicore-password", form)
    assert not Connection.objects.filter(owner=owner).exists()
    assert "never-kept" not in str(dict(client.session))
    again = client.post(asked["Location"], {"password": PASSWORD}, follow=True)
    text = again.content.decode()
    assert "cluster of the institute" in text
    assert "never-kept-s3cret" not in text
    assert "only what is secret has to be entered again" in page_text(again)
    client.post(f"{add}?kind=unicore-password", form)
    assert Connection.objects.get(owner=owner).name == "cluster of the institute"


SITE = {"name": "JSC", "base_url": "https://hpc.example.org:8080/JSC/rest/core", "is_offered": "on"}
SERVICE = {"oidc_issuer": "https://login.example.org", "oidc_token_url": "https://login.example.org/token"}


@pytest.fixture
def site(operator: User) -> Site:
    operator.set_password(PASSWORD)
    operator.save()
    site = make_site(**SITE | {"is_offered": True}, **SERVICE)
    site.put_oidc_secret("old-s3cret")
    site.save()
    return site


@pytest.mark.parametrize(
    "typed",
    [
        {"new_oidc_secret": "new-s3cret"},
        {"forget_oidc_secret": "on"},
        {"oidc_token_url": "https://elsewhere.example.org/token"},
        {"oidc_issuer": "https://elsewhere.example.org"},
    ],
)
def test_so_does_the_admin_before_the_secret_of_a_login_service_is_replaced_or_told_to_another(
    client_of: ClientOf, confirmed_client_of: ClientOf, operator: User, site: Site, typed: dict[str, str]
) -> None:
    """And once confirmed the very same form goes through."""
    url = reverse("admin:connections_site_change", args=[site.pk])
    form = SITE | SERVICE | typed | {"idempotency_key": "k"}
    asked = client_of(operator).post(url, form)
    assert "again" in asked["Location"] or "reauthenticate" in asked["Location"]
    stored = Site.objects.get()
    assert (stored.reveal_oidc_secret(), stored.oidc_token_url) == ("old-s3cret", SERVICE["oidc_token_url"])
    assert confirmed_client_of(operator).post(url, form)["Location"] == reverse("admin:connections_site_changelist")
    changed = Site.objects.get()
    assert (changed.sealed_oidc_secret, changed.oidc_token_url, changed.oidc_issuer) != (
        stored.sealed_oidc_secret,
        stored.oidc_token_url,
        stored.oidc_issuer,
    )


def test_so_does_the_admin_before_it_adds_one(
    client_of: ClientOf, confirmed_client_of: ClientOf, operator: User, site: Site
) -> None:
    url, name = reverse("admin:connections_site_add"), "Elsewhere"
    form = SITE | {"name": name, "base_url": "https://else.example.org/A/rest/core", "new_oidc_secret": "s3cret"}
    form["idempotency_key"] = "k"
    hers = client_of(operator)
    asked = hers.post(url, form)
    assert "again" in asked["Location"] or "reauthenticate" in asked["Location"]
    assert not Site.objects.filter(name=name).exists()
    assert "s3cret" not in str(dict(hers.session))
    assert confirmed_client_of(operator).post(url, form).status_code == 302
    assert Site.objects.get(name=name).reveal_oidc_secret() == "s3cret"


def test_what_else_operators_change_of_a_site_asks_nothing(client_of: ClientOf, operator: User, site: Site) -> None:
    url = reverse("admin:connections_site_change", args=[site.pk])
    assert client_of(operator).get(url).status_code == 200
    client_of(operator).post(url, SITE | SERVICE | {"notes": "new"})
    assert Site.objects.get().notes == "new"
