"""Where one is signed in, and being signed out there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from mantik.accounts.models import Session, User
from mantik.accounts.sessions import SessionStore
from mantik.accounts.tasks import sweep_sessions
from mantik.audit.models import AuditEvent
from tests.conftest import ClientOf
from tests.support.factories import PASSWORD, make_user
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

SESSIONS = "/settings/account/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`wait(minutes=16)`: for Django it is so much later than before."""
    begun, passed = timezone.now, timedelta()

    def wait(**time: float) -> None:
        nonlocal passed
        passed += timedelta(**time)
        monkeypatch.setattr(timezone, "now", lambda: begun() + passed)

    return wait


def signed_in(**meta: str) -> Client:
    client = Client(**meta)  # type: ignore[arg-type]
    client.post("/accounts/sign-in/", {"username": "alice", "password": PASSWORD})
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/settings/account/").status_code == 200


def test_the_page_lists_browsers_and_addresses(alice: User) -> None:
    signed_in(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="203.0.113.7")
    text = page_text(signed_in(HTTP_USER_AGENT="curl/8.9").get(SESSIONS))
    assert "Firefox on Linux 203.0.113.7" in text
    assert "curl/8.9 this browser" in text


def test_one_session_is_ended_and_no_other(alice: User) -> None:
    here, there = signed_in(), signed_in(REMOTE_ADDR="203.0.113.7")
    session = Session.objects.get(ip="203.0.113.7")
    here.post(f"{SESSIONS}{session.uuid}/end/")
    assert (is_signed_in(here), is_signed_in(there)) == (True, False)
    assert AuditEvent.objects.get(verb="account.sessions_ended").after == {"sessions": 1}


def test_all_others_are_ended_at_once(alice: User) -> None:
    here, *others = (signed_in() for _ in range(3))
    assert "2 other sessions ended." in page_text(here.post(f"{SESSIONS}end/", follow=True))
    assert is_signed_in(here)
    assert not any(is_signed_in(other) for other in others)


def test_nobody_ends_or_sees_a_session_of_somebody_else(client_of: ClientOf, alice: User) -> None:
    hers = signed_in(REMOTE_ADDR="203.0.113.7")
    session = Session.objects.get(user=alice)
    bob = client_of(make_user("bob"))
    assert bob.post(f"{SESSIONS}{session.uuid}/end/").status_code == 404
    assert "203.0.113.7" not in page_text(bob.get(SESSIONS))
    assert is_signed_in(hers)


def test_signing_out_leaves_no_row(alice: User) -> None:
    client = signed_in()
    client.post("/accounts/sign-out/")
    assert not Session.objects.of(alice).exists()


def test_a_look_at_a_page_writes_nothing_until_a_quarter_of_an_hour_is_over(
    alice: User, wait: Callable[..., None]
) -> None:
    client = signed_in()
    before = Session.objects.get(user=alice)
    client.get("/settings/account/")
    assert Session.objects.get(user=alice).seen_at == before.seen_at
    wait(minutes=16)
    client.get("/settings/account/")
    after = Session.objects.get(user=alice)
    assert after.seen_at - before.seen_at >= timedelta(minutes=15)
    assert after.expire_date > before.expire_date
    assert (after.uuid, after.created_at) == (before.uuid, before.created_at)


def test_a_session_lasts_two_weeks_from_when_it_was_used(alice: User, wait: Callable[..., None]) -> None:
    client = signed_in()
    for _ in range(2):
        wait(days=13)
        assert is_signed_in(client)
    wait(days=15)
    assert not is_signed_in(client)
    sweep_sessions()
    assert not Session.objects.exists()


def test_what_the_database_holds_signs_nobody_in(client: Client, alice: User) -> None:
    key = signed_in().session.session_key
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_key, session_data FROM accounts_session")
        row_key, data = cursor.fetchone()
    assert key not in (row_key, data)
    assert "_auth_user_id" not in data
    client.cookies["mantik-session"] = row_key
    assert not is_signed_in(client)


def test_another_secret_key_signs_everybody_out(alice: User, settings: Settings) -> None:
    client = signed_in()
    settings.SECRET_KEY = "another one, of the same length as the one before it was"
    assert not is_signed_in(client)


def test_a_key_nobody_was_given_is_not_taken(client: Client) -> None:
    """Or somebody could choose the key of a session that another then signs in with."""
    store = SessionStore("chosen")
    store["x"] = 1
    store.load()
    assert store.session_key is None


def test_somebody_who_is_shut_out_is_signed_out_everywhere(client_of: ClientOf, operator: User, alice: User) -> None:
    hers = signed_in()
    page = f"/admin/accounts/user/{alice.pk}/change/"
    form = client_of(operator).get(page).context["adminform"].form
    values = {name: value for name, value in form.initial.items() if value is not None and name != "is_active"}
    values |= {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    response = client_of(operator).post(page, values)
    assert response.status_code == 302, response.context["adminform"].form.errors
    assert not is_signed_in(hers)
    assert not Session.objects.of(alice).exists()
    event = AuditEvent.objects.get(verb="account.disabled")
    assert (event.actor_name, event.target_name) == ("otto", "alice")
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert not is_signed_in(hers)
