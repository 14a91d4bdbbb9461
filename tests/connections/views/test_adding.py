"""How a member comes to the form of a new connection, and back to where they were: the site first, then the kind."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from connections.models import Connection
from connections.services import connections
from mantik.accounts.models import User
from projects.models import Project
from tests.conftest import ClientOf
from tests.support.factories import make_site
from tests.support.pages import links, page_text

pytestmark = pytest.mark.django_db

LIST = "/settings/connections/"
ADD = f"{LIST}add/"


@pytest.fixture
def client(confirmed_client_of: ClientOf, outsider: User) -> Client:
    return confirmed_client_of(outsider)


def test_the_site_is_chosen_first_and_then_a_kind_that_it_takes(client: Client) -> None:
    plain = make_site(name="JSC", notes="Ask for an account in building 16.3.")
    institute = make_site(name="CSCS", oidc_issuer="https://login.example.org", oidc_client_id="mantik")
    first = client.get(ADD)
    assert "A site, where runs are computed" in page_text(first)
    assert "UNICORE site, with" not in page_text(first)
    assert {f"{ADD}?site={plain.uuid}", f"{ADD}?kind=git-token", f"{ADD}?kind=ssh-key"} <= set(links(first).values())

    kinds = client.get(f"{ADD}?site={plain.uuid}")
    text = page_text(kinds)
    assert "Add connection to JSC" in text
    assert "Ask for an account in building 16.3." in text
    assert "institute's login" not in text
    assert "Git host" not in text
    assert f"{ADD}?site={plain.uuid}&kind=unicore-key" in links(kinds).values()
    assert "institute's login" in page_text(client.get(f"{ADD}?site={institute.uuid}"))

    form = client.get(f"{ADD}?site={plain.uuid}&kind=unicore-key").content.decode()
    assert f'<option value="{plain.uuid}" selected>JSC</option>' in form


def test_a_link_to_a_site_that_is_not_offered_says_so(client: Client, owner: User) -> None:
    for gone in (str(uuid4()), "x", str(make_site(name="Old", is_offered=False).uuid), make_site(added_by=owner).uuid):
        text = page_text(client.get(f"{ADD}?site={gone}&kind=unicore-key"))
        assert "The site of this link does not exist, or it is not offered to you. Choose another one." in text
        assert "A site, where runs are computed" in text
    assert "does not exist" not in page_text(client.get(ADD))


@pytest.mark.parametrize("kind", ["unicore-oidc", "git-token"])
def test_a_link_to_a_kind_that_the_site_does_not_take_says_so(client: Client, kind: str) -> None:
    text = page_text(client.get(f"{ADD}?site={make_site(name='JSC').uuid}&kind={kind}"))
    assert "JSC does not take this kind of connection: " in text
    assert "Add connection to JSC" in text


def test_without_a_site_the_page_says_who_adds_one(client: Client) -> None:
    assert "There is no site yet. Ask an operator to add it." in page_text(client.get(ADD))


def test_the_first_steps_are_gone_back_to(confirmed_client_of: ClientOf, owner: User, project: Project) -> None:
    hers = confirmed_client_of(owner)
    site = make_site(name="JSC")
    home = reverse("projects:overview", args=[project.slug])
    encoded = home.replace("/", "%2F")
    step = f"{ADD}?next={encoded}"
    assert step in links(hers.get(home)).values()
    [chosen] = [link for link in links(hers.get(step)).values() if "site=" in link]
    [kind] = [link for link in links(hers.get(chosen)).values() if "unicore-password" in link]
    assert kind == f"{ADD}?site={site.uuid}&kind=unicore-password&next={encoded}"
    values = {"kind": "unicore-password", "name": "juwels", "site": str(site.uuid), "login_name": "a", "secret": "b"}
    stored = hers.post(kind, values, follow=True)
    made = Connection.objects.get()
    assert stored.redirect_chain == [(f"{LIST}?next={encoded}#connection-{made.uuid}", 302)]
    assert home in links(stored).values()
    assert "Go on where you were" in page_text(stored)
    # So does a test that was asked for, and a secret that is replaced because the first one was wrong.
    tested = hers.post(f"{LIST}{made.uuid}/test/?next={encoded}")
    assert tested["Location"] == f"{LIST}?next={encoded}#connection-{made.uuid}"
    assert f"{LIST}{made.uuid}/secret/?next={encoded}" in links(stored).values()
    assert f'"{LIST}{made.uuid}/card/?next={encoded}"' in stored.content.decode()


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\0", "/\\evil"])
def test_no_way_leads_to_another_place(client: Client, there: str) -> None:
    assert "Go on where you were" not in page_text(client.get(LIST, {"next": there}))
    assert "Go on where you were" not in page_text(client.get(LIST))


def test_what_was_sent_twice_at_once_is_told_of_what_was_added(
    client: Client, outsider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second looks for the first, finds nothing yet, and then that the name is taken."""
    form = {"kind": "git-token", "name": "git", "secret": "s3cret", "idempotency_key": "k"}
    first = client.post(f"{ADD}?kind=git-token", form)
    known, looks = connections.added_before, iter([""])
    monkeypatch.setattr(connections, "added_before", lambda asked, *, owner: next(looks, known(asked, owner=owner)))
    second = client.post(f"{ADD}?kind=git-token", form)
    assert (second.status_code, second["Location"]) == (302, first["Location"])
    assert Connection.objects.get(owner=outsider).name == "git"
    # Of another form the name is taken.
    assert client.post(f"{ADD}?kind=git-token", form | {"idempotency_key": "other"}).status_code == 422
