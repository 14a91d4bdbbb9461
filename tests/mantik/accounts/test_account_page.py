"""Who one is: name, time zone, theme."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from tests.conftest import ClientOf
from tests.support.pages import count_queries, page_text

pytestmark = pytest.mark.django_db

ACCOUNT = "/settings/account/"
FORM = {"first_name": "Alice", "last_name": "Okafor", "time_zone": "Europe/Berlin", "theme": "dark"}


@pytest.fixture
def hers(client_of: ClientOf, alice: User) -> Client:
    return client_of(alice)


def test_it_is_for_who_is_signed_in(client: Client) -> None:
    assert client.get(ACCOUNT)["Location"] == f"/accounts/sign-in/?next={ACCOUNT}"


def test_it_says_what_there_is(hers: Client) -> None:
    text = page_text(hers.get(ACCOUNT))
    assert "Signed in as alice" in text
    assert "alice@example.org" in text
    assert "none: the password alone is enough to sign in" in text


def test_what_is_changed_is_kept_and_told(hers: Client, alice: User) -> None:
    assert hers.post(ACCOUNT, FORM)["Location"] == ACCOUNT
    alice.refresh_from_db()
    assert (alice.display_name, alice.time_zone, alice.theme) == ("Alice Okafor", "Europe/Berlin", "dark")
    event = AuditEvent.objects.get(verb="account.edited")
    assert event.before == {"first_name": "", "last_name": "", "time_zone": "", "theme": ""}
    assert event.after == FORM


def test_saving_without_a_change_leaves_no_event(hers: Client) -> None:
    hers.post(ACCOUNT, dict.fromkeys(FORM, ""))
    assert not AuditEvent.objects.filter(verb="account.edited").exists()


@pytest.mark.parametrize("wrong", [{"time_zone": "Europe/Atlantis"}, {"theme": "pink"}, {"first_name": "x" * 200}])
def test_what_is_wrong_comes_back_with_what_was_typed(hers: Client, alice: User, wrong: dict[str, str]) -> None:
    response = hers.post(ACCOUNT, FORM | wrong)
    assert response.status_code == 422
    assert 'value="Okafor"' in response.content.decode()
    alice.refresh_from_db()
    assert alice.last_name == ""


def test_pages_come_in_the_theme_that_was_chosen(hers: Client, alice: User) -> None:
    assert 'data-theme-kept="auto"' in hers.get(ACCOUNT).content.decode()
    assert hers.post(f"{ACCOUNT}theme/", {"theme": "dark"}).status_code == 204
    assert '<html lang="en" data-bs-theme="dark"' in hers.get(ACCOUNT).content.decode()
    assert hers.post(f"{ACCOUNT}theme/", {"theme": "pink"}).status_code == 422


def test_the_zone_of_the_browser_is_offered_to_who_has_chosen_none(hers: Client, alice: User) -> None:
    assert 'data-zone-offer="UTC"' in hers.get("/projects/?q=a").content.decode()
    # Where no script shows it, nobody reads it.
    assert "Your browser is in" not in page_text(hers.get("/projects/"))
    chosen = hers.post(f"{ACCOUNT}time-zone/?next=/projects/%3Fq%3Da", {"time_zone": "Asia/Tokyo"}, follow=True)
    assert chosen.redirect_chain == [("/projects/?q=a", 302)]
    assert "Pages now show times in Asia/Tokyo." in page_text(chosen)
    assert "data-zone-offer" not in chosen.content.decode()
    alice.refresh_from_db()
    assert alice.time_zone == "Asia/Tokyo"
    assert AuditEvent.objects.get(verb="account.edited").after == {"time_zone": "Asia/Tokyo"}


def test_who_keeps_the_zone_is_not_asked_again(hers: Client, alice: User, settings: Settings) -> None:
    settings.TIME_ZONE = "CET"
    assert "Pages now show times in CET." in page_text(
        hers.post(f"{ACCOUNT}time-zone/", {"time_zone": "CET"}, follow=True)
    )
    assert "data-zone-offer" not in hers.get("/projects/").content.decode()
    # The form of the account knows the zone that was kept.
    assert hers.post(ACCOUNT, FORM | {"time_zone": "CET"}).status_code == 302


@pytest.mark.parametrize("zone", ["", "Europe/Atlantis", "x" * 300, "\0"])
def test_a_zone_that_there_is_not_is_refused_with_a_sentence(hers: Client, alice: User, zone: str) -> None:
    refused = hers.post(f"{ACCOUNT}time-zone/?next=https://evil.example/", {"time_zone": zone}, follow=True)
    assert refused.redirect_chain == [(ACCOUNT, 302)]
    assert "Mantik does not know this time zone." in page_text(refused)
    alice.refresh_from_db()
    assert alice.time_zone == ""


def test_the_menu_leads_to_it(hers: Client) -> None:
    assert f'href="{ACCOUNT}"' in hers.get("/projects/").content.decode()


def test_it_costs_the_same_however_many_sessions_there_are(hers: Client, client_of: ClientOf, alice: User) -> None:
    before = count_queries(hers, ACCOUNT)
    for _ in range(5):
        client_of(alice)
    assert count_queries(hers, ACCOUNT) == before
